#include "actors/store/local/selector.hpp"

#include "actors/store/local/quoted_text.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace troupe::store {

struct selector::compiled {
  explicit compiled(const std::string& text) : regex("^(?s:" + text + ")$", re2::RE2::Quiet) {}
  re2::RE2 regex;
};

namespace {

constexpr std::size_t most_text = 16 << 10;
constexpr std::size_t most_matchers = 64;

class parser {
 public:
  explicit parser(std::string_view text) : text_(text) {}

  result<std::vector<matcher>> run() {
    std::vector<matcher> all;
    blanks();
    if (const auto name = word(true); !name.empty()) {
      all.push_back({matcher::kind::equal, "__name__", std::string(name)});
      named_ = true;
    }
    blanks();
    if (take('{')) {
      for (blanks(); !take('}'); blanks()) {
        auto one = condition();
        if (!one) return tl::unexpected(one.error());
        all.push_back(std::move(*one));
        if (all.size() > most_matchers) return failure("more than " + std::to_string(most_matchers) + " conditions");
        blanks();
        if (!take(',') && peek() != '}') return wrong("\",\" or \"}\"");
      }
    }
    blanks();
    if (at_ != text_.size()) return wrong("the end");
    if (all.empty()) return failure("a selector needs a name or a condition, e.g. up{job=\"a\"}");
    return all;
  }

 private:
  tl::unexpected<error> wrong(const std::string& expected) const {
    return failure("selector, character " + std::to_string(at_ + 1) + ": expected " + expected);
  }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c || c == '\0') return false;
    ++at_;
    return true;
  }
  void blanks() {
    while (std::isspace(static_cast<unsigned char>(peek())))
      ++at_;
  }
  std::string_view word(bool colons) {
    const std::size_t begin = at_;
    const auto fits = [&](unsigned char c) {
      return std::isalpha(c) || c == '_' || (colons && c == ':') || (at_ > begin && std::isdigit(c));
    };
    while (at_ < text_.size() && fits(static_cast<unsigned char>(text_[at_])))
      ++at_;
    return text_.substr(begin, at_ - begin);
  }
  [[nodiscard]] bool at_quote() const { return peek() == '"' || peek() == '\'' || peek() == '`'; }
  result<std::string> quoted(bool lenient) {
    auto text = unquote(text_, at_, lenient);
    if (!text) return wrong(text.error().message);
    return text;
  }
  /// `name="value"`, where the name may stand in quotes, or a metric's name in quotes.
  result<matcher> condition() {
    matcher one;
    const bool in_quotes = at_quote();
    if (in_quotes) {
      auto name = quoted(false);
      if (!name) return tl::unexpected(name.error());
      one.name = std::move(*name);
    } else {
      one.name = word(false);
    }
    if (one.name.empty()) return wrong("a label name");
    blanks();
    if (in_quotes && (peek() == ',' || peek() == '}')) {
      if (std::exchange(named_, true)) return failure("selector: the metric's name is given twice");
      return matcher{matcher::kind::equal, "__name__", std::move(one.name)};
    }
    if (take('=')) {
      one.how = take('~') ? matcher::kind::matches : matcher::kind::equal;
    } else if (take('!')) {
      if (take('='))
        one.how = matcher::kind::not_equal;
      else if (take('~'))
        one.how = matcher::kind::not_matches;
      else
        return wrong("\"!=\" or \"!~\"");
    } else {
      return wrong("=, !=, =~ or !~");
    }
    blanks();
    if (!at_quote()) return wrong("a text in quotes");
    const bool regex = one.how == matcher::kind::matches || one.how == matcher::kind::not_matches;
    auto value = quoted(regex);
    if (!value) return tl::unexpected(value.error());
    one.value = std::move(*value);
    return one;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool named_ = false;  // the metric
};

}  // namespace

result<selector> selector::parse(std::string_view text) {
  if (text.size() > most_text) return failure("a selector of more than " + std::to_string(most_text) + " bytes");
  auto all = parser(text).run();
  if (!all) return tl::unexpected(all.error());
  selector made;
  made.matchers_ = std::move(*all);
  for (const auto& one : made.matchers_) {
    std::shared_ptr<const compiled> regex;
    if (one.how == matcher::kind::matches || one.how == matcher::kind::not_matches) {
      regex = std::make_shared<const compiled>(one.value);
      if (!regex->regex.ok())
        return failure("invalid regular expression \"" + one.value + "\": " + regex->regex.error());
    }
    made.regexes_.push_back(std::move(regex));
  }
  return made;
}

bool selector::matches(const telemetry::label_set& labels) const {
  for (std::size_t i = 0; i < matchers_.size(); ++i) {
    const auto& one = matchers_[i];
    const auto value = labels.get(one.name);
    bool good = false;
    switch (one.how) {
      case matcher::kind::equal:
        good = value == one.value;
        break;
      case matcher::kind::not_equal:
        good = value != one.value;
        break;
      case matcher::kind::matches:
        good = re2::RE2::FullMatch({value.data(), value.size()}, regexes_[i]->regex);
        break;
      case matcher::kind::not_matches:
        good = !re2::RE2::FullMatch({value.data(), value.size()}, regexes_[i]->regex);
        break;
    }
    if (!good) return false;
  }
  return true;
}

bool matches(const selectors& any, const telemetry::label_set& labels) {
  return any.empty() || std::any_of(any.begin(), any.end(), [&](const selector& one) { return one.matches(labels); });
}

const matcher* selector::indexed() const {
  const matcher* narrow = nullptr;
  for (const auto& one : matchers_) {
    if (one.how == matcher::kind::equal && !one.value.empty() && (!narrow || one.name == "__name__")) narrow = &one;
  }
  return narrow;
}

}  // namespace troupe::store
