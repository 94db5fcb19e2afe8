#include "protocol/relabel/replacement.hpp"

#include <algorithm>

#include "protocol/relabel/letter_case.hpp"

namespace troupe::relabel {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

/// How many bytes of `text` belong to a group's name.
std::size_t name_length(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size()) {
    const std::size_t next = text[length] == '_' ? 1 : letter_or_digit(text.substr(length));
    if (next == 0) break;
    length += next;
  }
  return length;
}

/// The group's number, -1 where the name is none.
int number_of(std::string_view name) {
  constexpr std::size_t most_digits = 8;
  const bool number = std::all_of(name.begin(), name.end(), is_digit) && name.size() <= most_digits &&
                      (name[0] != '0' || name.size() == 1);
  if (!number) return -1;
  int value = 0;
  for (const char c : name)
    value = value * 10 + (c - '0');
  return value;
}

}  // namespace

replacement::replacement(std::string_view text, const anchored_regex& regex) {
  std::string before;
  while (!text.empty()) {
    const auto dollar = text.find('$');
    before += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    if (text.substr(0, 1) == "$") {
      before += '$';
      text.remove_prefix(1);
      continue;
    }
    const bool braces = text.substr(0, 1) == "{";
    const auto inner = text.substr(braces ? 1 : 0);
    const std::size_t length = name_length(inner);
    if (length == 0 || (braces && inner.substr(length, 1) != "}")) {
      before += '$';
      continue;
    }
    group_called(inner.substr(0, length), regex, before);
    text.remove_prefix(length + (braces ? 2 : 0));
  }
  if (!before.empty()) pieces_.push_back({std::move(before), -1});
}

void replacement::group_called(std::string_view name, const anchored_regex& regex, std::string& before) {
  const int number = number_of(name);
  const int group = number >= 0 ? number : regex.group_named(name);
  if (group < 0 || group > regex.groups()) return;  // always empty
  pieces_.push_back({std::move(before), group});
  before.clear();
  needed_ = std::max(needed_, static_cast<std::size_t>(group) + 1);
}

void replacement::expand(std::span<const std::string_view> found, std::string& out) const {
  for (const auto& [text, group] : pieces_) {
    out += text;
    if (group >= 0) out += found[static_cast<std::size_t>(group)];
  }
}

bool is_label_template(std::string_view text) {
  if (text.empty() || is_digit(text[0])) return false;
  while (!text.empty()) {
    std::size_t take = 1;
    if (text[0] == '$') {
      const bool braces = text.substr(1, 1) == "{";
      const auto inner = text.substr(braces ? 2 : 1);
      const auto length =
          static_cast<std::size_t>(std::find_if_not(inner.begin(), inner.end(), is_word) - inner.begin());
      if (length == 0 || (braces && inner.substr(length, 1) != "}")) return false;
      take = length + (braces ? 3 : 1);
    } else if (!is_word(text[0])) {
      return false;
    }
    text.remove_prefix(take);
  }
  return true;
}

}  // namespace troupe::relabel
