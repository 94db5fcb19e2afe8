#include "protocol/relabel/regex.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace troupe::relabel {

namespace {

/// Go's words for what RE2 complains about (regexp/syntax, ErrorCode).
const char* in_words(re2::RE2::ErrorCode code) {
  switch (code) {
    case re2::RE2::ErrorBadEscape:
      return "invalid escape sequence";
    case re2::RE2::ErrorBadCharClass:
      return "invalid character class";
    case re2::RE2::ErrorBadCharRange:
      return "invalid character class range";
    case re2::RE2::ErrorMissingBracket:
      return "missing closing ]";
    case re2::RE2::ErrorMissingParen:
      return "missing closing )";
    case re2::RE2::ErrorUnexpectedParen:
      return "unexpected )";
    case re2::RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case re2::RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case re2::RE2::ErrorRepeatSize:
      return "invalid repeat count";
    case re2::RE2::ErrorRepeatOp:
      return "invalid nested repetition operator";
    case re2::RE2::ErrorBadPerlOp:
      return "invalid or unsupported Perl syntax";
    case re2::RE2::ErrorBadUTF8:
      return "invalid UTF-8";
    case re2::RE2::ErrorBadNamedCapture:
      return "invalid named capture";
    case re2::RE2::ErrorPatternTooLarge:
      return "expression too large";
    default:
      return "internal error";
  }
}

tl::unexpected<error> refuse(const std::string& why, std::string_view where) {
  return failure("error parsing regexp: " + why + ": `" + std::string(where) + "`");
}

/// How long the bracket expression at `text[at] == '['` is.
std::size_t bracket_length(std::string_view text, std::size_t at) {
  std::size_t i = at + 1;
  if (i < text.size() && text[i] == '^') ++i;
  if (i < text.size() && text[i] == ']') ++i;  // stands for itself
  while (i < text.size() && text[i] != ']') {
    if (text[i] == '\\') {
      i += 2;
    } else if (const auto end = text.find(":]", i + 2); text.substr(i, 2) == "[:" && end != std::string_view::npos) {
      i = end + 2;
    } else {
      ++i;
    }
  }
  return std::min(i + 1, text.size()) - at;
}

/// RE2 knows a byte `\C` that Go does not, and its older versions do not know Go's `(?<name>…)`.
result<std::string> from_go(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t take = 1;
    if (text.substr(i, 2) == "\\Q") {
      const auto end = text.find("\\E", i + 2);
      take = (end == std::string_view::npos ? text.size() : end + 2) - i;
    } else if (text[i] == '\\') {
      if (text.substr(i, 2) == "\\C") return refuse("invalid escape sequence", "\\C");
      take = std::min<std::size_t>(2, text.size() - i);
    } else if (text[i] == '[') {
      take = bracket_length(text, i);
    } else if (text.substr(i, 3) == "(?<" && i + 3 < text.size() &&
               (std::isalnum(static_cast<unsigned char>(text[i + 3])) != 0 || text[i + 3] == '_')) {
      out += "(?P<";
      i += 3;
      continue;
    }
    out += text.substr(i, take);
    i += take;
  }
  return out;
}

}  // namespace

result<anchored_regex> anchored_regex::compile(std::string_view text) {
  auto translated = from_go("^(?s:" + std::string(text) + ")$");
  if (!translated) return tl::unexpected(translated.error());
  auto regex = std::make_shared<const re2::RE2>(*translated, re2::RE2::Quiet);
  if (!regex->ok()) return refuse(in_words(regex->error_code()), regex->error_arg());
  anchored_regex made;
  made.regex_ = std::move(regex);
  return made;
}

int anchored_regex::groups() const {
  return regex_->NumberOfCapturingGroups();
}

int anchored_regex::group_named(std::string_view name) const {
  const auto& names = regex_->NamedCapturingGroups();
  const auto at = names.find(std::string(name));
  return at == names.end() ? -1 : at->second;
}

bool anchored_regex::matches(std::string_view text) const {
  return match(text, {});
}

bool anchored_regex::match(std::string_view text, std::span<std::string_view> found) const {
  constexpr std::size_t few = 8;
  std::array<re2::StringPiece, few> local;
  std::vector<re2::StringPiece> large;
  if (found.size() > few) large.resize(found.size());
  re2::StringPiece* const pieces = found.size() > few ? large.data() : local.data();
  // The anchors stand in the expression: `a)|(?:b` is thought of as Prometheus thinks of it.
  if (!regex_->Match({text.data(), text.size()}, 0, text.size(), re2::RE2::UNANCHORED, pieces,
                     static_cast<int>(found.size()))) {
    return false;
  }
  for (std::size_t i = 0; i < found.size(); ++i)
    found[i] = {pieces[i].data(), pieces[i].size()};
  return true;
}

}  // namespace troupe::relabel
