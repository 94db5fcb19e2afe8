#include "config/limits.hpp"
#include "config/stdlib_parts.hpp"
#include "config/unicode.hpp"

#include <algorithm>

namespace troupe::config {

namespace {

// All arguments as texts.
fitted<std::vector<std::string>> texts_of(arguments given) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < given.size(); ++i) {
    auto text = text_argument(given, i);
    if (!text) return tl::make_unexpected(text.error());
    texts.push_back(std::move(*text));
  }
  return texts;
}

/// A function from texts to a value.
template <class Run>
object::entry of_texts(std::string name, std::size_t count, Run run) {
  return fixed(std::move(name), count, [run](arguments given) -> fitted<value> {
    const auto texts = texts_of(given);
    if (!texts) return tl::make_unexpected(texts.error());
    return run(*texts);
  });
}

using texts = std::vector<std::string>;

fitted<value> bounded(std::string text) {
  if (text.size() > max_text_bytes)
    return refuse("makes a text of more than " + std::to_string(max_text_bytes) + " bytes");
  return value(std::move(text));
}

fitted<value> join(arguments given) {
  const array* list = given[0].as_array();
  if (list == nullptr && !given[0].is_null()) return at_argument(type_misfit(kind::array, given[0]), 0);
  const auto separator = text_argument(given, 1);
  if (!separator) return tl::make_unexpected(separator.error());
  std::string joined;
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    auto text = text_argument(*list, i);
    if (!text) {
      misfit why = text.error();
      why.path = {{i}};
      return at_argument(std::move(why), 0);
    }
    if (i > 0) joined += *separator;
    joined += *text;
    if (joined.size() > max_text_bytes) break;
  }
  return bounded(std::move(joined));
}

fitted<value> replace(const texts& t) {
  const std::string& text = t[0];
  const std::string& from = t[1];
  const std::string& to = t[2];
  std::string out;
  std::size_t at = 0;
  while (out.size() <= max_text_bytes) {
    if (from.empty()) {  // between all characters
      out += to;
      if (at == text.size()) return bounded(std::move(out));
      const std::size_t width = decode_utf8(std::string_view(text).substr(at)).width;
      out.append(text, at, width);
      at += width;
      continue;
    }
    const std::size_t found = text.find(from, at);
    out.append(text, at, found == std::string::npos ? found : found - at);
    if (found == std::string::npos) return bounded(std::move(out));
    out += to;
    at = found + from.size();
  }
  return bounded(std::move(out));
}

fitted<value> split(const texts& t) {
  std::string_view text = t[0];
  const std::string& separator = t[1];
  array parts;
  while (parts.size() < max_elements) {
    if (separator.empty()) {
      if (text.empty()) return value(std::move(parts));
      const std::size_t width = decode_utf8(text).width;
      parts.emplace_back(text.substr(0, width));
      text.remove_prefix(width);
      continue;
    }
    const std::size_t found = text.find(separator);
    parts.emplace_back(text.substr(0, found));
    if (found == std::string_view::npos) return value(std::move(parts));
    text.remove_prefix(found + separator.size());
  }
  return refuse("makes an array of more than " + std::to_string(max_elements) + " elements");
}

template <class Map>
std::string map_points(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const decoded d = decode_utf8(text);
    append_utf8(out, map(d.point));
    text.remove_prefix(d.width);
  }
  return out;
}

template <class Cut>
std::string_view trim(std::string_view text, Cut cut) {
  while (!text.empty()) {
    const decoded d = decode_utf8(text);
    if (!cut(d.point)) break;
    text.remove_prefix(d.width);
  }
  while (!text.empty()) {
    std::size_t begin = text.size() - 1;
    while (begin > 0 && text.size() - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80)
      --begin;
    decoded d = decode_utf8(text.substr(begin));
    if (begin + d.width != text.size()) {  // broken: the last byte stands alone
      begin = text.size() - 1;
      d = {};
    }
    if (!cut(d.point)) break;
    text = text.substr(0, begin);
  }
  return text;
}

fitted<value> trim_set(const texts& t) {
  std::u32string set;
  for (std::string_view rest = t[1]; !rest.empty(); rest.remove_prefix(decode_utf8(rest).width)) {
    set += decode_utf8(rest).point;
  }
  return value(trim(t[0], [&](char32_t point) { return set.find(point) != std::u32string::npos; }));
}

fitted<value> format(arguments given) {
  const auto pattern = text_argument(given, 0);
  if (!pattern) return tl::make_unexpected(pattern.error());
  auto text = format_text(*pattern, given.subspan(1));
  if (text) return value(std::move(*text));
  misfit why = text.error();
  if (why.argument != misfit::no_argument) ++why.argument;
  return tl::make_unexpected(std::move(why));
}

}  // namespace

library text_functions() {
  return {
      variadic("format", 1, format),
      fixed("join", 2, join),
      of_texts("replace", 3, replace),
      of_texts("split", 2, split),
      of_texts("to_lower", 1, [](const texts& t) -> fitted<value> { return value(map_points(t[0], lower_case)); }),
      of_texts("to_upper", 1, [](const texts& t) -> fitted<value> { return value(map_points(t[0], upper_case)); }),
      of_texts("trim", 2, trim_set),
      of_texts("trim_prefix", 2,
               [](const texts& t) -> fitted<value> {
                 return value(t[0].starts_with(t[1]) ? t[0].substr(t[1].size()) : t[0]);
               }),
      of_texts("trim_suffix", 2,
               [](const texts& t) -> fitted<value> {
                 return value(t[0].ends_with(t[1]) ? t[0].substr(0, t[0].size() - t[1].size()) : t[0]);
               }),
      of_texts("trim_space", 1, [](const texts& t) -> fitted<value> { return value(trim(t[0], is_space)); }),
  };
}

}  // namespace troupe::config
