#pragma once

#include <random>
#include <string>

#include "protocol/exposition/page.hpp"

/// Pages for tests, made from a seed.
struct page_maker {
  std::mt19937_64 random;
  troupe::exposition::format kind;

  std::uint64_t below(std::uint64_t n) { return random() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  bool text() const { return kind == troupe::exposition::format::prometheus_text; }

  std::string number() {
    switch (below(8)) {
      case 0:
        return "0";
      case 1:
        return std::to_string(below(100));
      case 2:
        return std::to_string(random());
      case 3:
        return std::to_string(below(1000)) + "." + std::to_string(below(100'000));
      case 4:
        return "1." + std::to_string(below(1'000'000'000)) + "e+0" + std::to_string(below(10));
      case 5:
        return one_in(2) ? "NaN" : "+Inf";
      case 6:
        return "-" + std::to_string(below(1'000'000)) + "e-5";
      default:
        return std::to_string(below(1'000'000'000));
    }
  }

  std::string series(const std::string& name) {
    static constexpr const char* values[] = {"",     "x", "/dev/sda1", "\xc3\xa4\xe2\x82\xac", "q\\\"b\\\\n\\n",
                                             "0.25", "1"};
    const std::uint64_t labels = below(5);
    if (labels == 0 && one_in(2)) return name;
    std::string line = name + "{";
    for (std::uint64_t i = 0; i < labels; ++i) {
      if (i > 0) line += ',';
      line += (one_in(5) ? std::string("le") : "label_" + std::to_string(below(9))) + "=\"" + values[below(7)] + "\"";
    }
    if (text() && one_in(9)) line += " ";
    return line + "}";
  }

  std::string rest() {
    if (text()) return one_in(9) ? " " + std::to_string(below(2'000'000'000'000)) : one_in(30) ? " \t" : "";
    std::string end = one_in(9) ? " " + std::to_string(below(2'000'000'000)) + ".5" : "";
    if (one_in(6))
      end += " # {trace_id=\"" + std::to_string(random()) + "\"} " + number() + (one_in(2) ? " 17.25" : "");
    return end;
  }

  std::string page(std::uint64_t families) {
    static constexpr const char* types[] = {"counter", "gauge", "histogram", "summary"};
    std::string body;
    for (std::uint64_t f = 0; f < families; ++f) {
      const std::string name = "family_" + std::to_string(below(1000));
      if (!one_in(4)) body += "# HELP " + name + " Help of the \\n family.\n";
      if (!one_in(4)) body += "# TYPE " + name + " " + types[below(4)] + "\n";
      if (text() && one_in(6)) body += one_in(2) ? "\n" : "# a remark\n";
      for (std::uint64_t i = below(6); i > 0; --i) {
        body += (text() && one_in(20) ? " " : "") + series(name) + " " + number() + rest() + "\n";
      }
    }
    if (!text()) body += one_in(2) ? "# EOF" : "# EOF\n";
    if (text() && !body.empty() && one_in(4)) body.pop_back();
    return body;
  }
};

/// The same page at the next scrape: the numbers at the ends of lines differ.
inline std::string next_scrape(const std::string& body, page_maker& maker) {
  std::string next;
  for (std::size_t begin = 0; begin < body.size();) {
    const std::size_t newline = std::min(body.find('\n', begin), body.size());
    const std::string line = body.substr(begin, newline - begin);
    const std::size_t blank = line.rfind("} ");
    const bool plain = !line.empty() && line[0] != '#' && blank != std::string::npos && line.find('}') == blank &&
                       line.find(' ', blank + 2) == std::string::npos && line.find('\t') == std::string::npos;
    next += plain ? line.substr(0, blank + 2) + maker.number() : line;
    if (newline < body.size()) next += '\n';
    begin = newline + 1;
  }
  return next;
}
