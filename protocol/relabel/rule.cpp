#include "protocol/relabel/rule.hpp"

#include <openssl/evp.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "protocol/telemetry/series_text.hpp"

namespace troupe::relabel {

namespace {

enum class action { replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase };

std::optional<action> parse_action(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto& all = action_names();
  const auto at = std::find(all.begin(), all.end(), name);
  if (at == all.end()) return std::nullopt;
  return static_cast<action>(at - all.begin());
}

constexpr int most_groups = 32;
using groups = std::array<re2::StringPiece, most_groups>;

std::string_view view(const re2::StringPiece& piece) { return {piece.data(), piece.size()}; }

/// Go's Regexp.Expand: `$name`, `${name}`, `$1`, `$$`; the longest name counts, one that is none is empty.
void expand(std::string_view replacement, const re2::RE2& regex, const groups& matched, int count, std::string& out) {
  const auto group = [&](std::string_view name) {
    int index = -1;
    if (!name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c); })) {
      index = name.size() < 6 ? std::atoi(std::string(name).c_str()) : -1;
    } else {
      const auto& names = regex.NamedCapturingGroups();
      const auto at = names.find(std::string(name));
      if (at != names.end()) index = at->second;
    }
    if (index >= 0 && index < count) out += view(matched[static_cast<std::size_t>(index)]);
  };
  const auto is_word = [](unsigned char c) { return std::isalnum(c) || c == '_'; };
  for (std::size_t i = 0; i < replacement.size();) {
    if (replacement[i] != '$' || i + 1 == replacement.size()) {
      out += replacement[i++];
      continue;
    }
    if (replacement[i + 1] == '$') {
      out += '$';
      i += 2;
      continue;
    }
    const bool braces = replacement[i + 1] == '{';
    std::size_t begin = i + 1 + (braces ? 1 : 0), end = begin;
    while (end < replacement.size() && is_word(static_cast<unsigned char>(replacement[end]))) ++end;
    if (end == begin || (braces && (end == replacement.size() || replacement[end] != '}'))) {
      out += replacement[i++];  // no name: the dollar stands for itself
      continue;
    }
    group(replacement.substr(begin, end - begin));
    i = end + (braces ? 1 : 0);
  }
}

/// The last eight bytes of the MD5, as a big-endian number.
std::uint64_t hash_of(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_md5(), nullptr);
  std::uint64_t number = 0;
  for (unsigned i = 8; i < 16; ++i) number = number << 8 | digest[i];
  return number;
}

/// A label name in which `$1` or `${1}` may stand.
bool is_label_template(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      plain += text[i];
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == '{') {
      const auto end = text.find('}', i);
      if (end == std::string_view::npos || end == i + 2) return false;
      i = end;
    } else if (i + 1 == text.size()) {
      return false;
    }
    plain += 'x';
  }
  return telemetry::is_legacy_label_name(plain);
}

void set(telemetry::label_buffer& labels, std::string_view name, std::string_view value) {
  auto& all = labels.labels();
  const auto at = std::find_if(all.begin(), all.end(), [&](const auto& l) { return l.name == name; });
  if (value.empty()) {
    if (at != all.end()) all.erase(at);
  } else if (at != all.end()) {
    at->value = labels.keep(value);
  } else {
    const auto kept = labels.keep(name);
    labels.add(kept, labels.keep(value));
  }
}

}  // namespace

const std::vector<std::string>& action_names() {
  static const std::vector<std::string> names{"replace",  "keep",      "drop",      "keepequal", "dropequal", "hashmod",
                                              "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase"};
  return names;
}

result<void> validate(const rule_options& rule) {
  const auto parsed = parse_action(rule.action);
  if (!parsed) return failure("unknown relabel action \"" + rule.action + "\"");
  const auto needs_target = [&] { return failure("relabel configuration for " + rule.action + " action requires 'target_label' value"); };
  const rule_options plain;
  const bool only_target = rule.regex == plain.regex && rule.modulus == 0 && rule.separator == plain.separator && rule.replacement == plain.replacement;
  switch (*parsed) {
    case action::hashmod:
      if (rule.modulus == 0) return failure("relabel configuration for hashmod requires non-zero modulus");
      [[fallthrough]];
    case action::lowercase:
    case action::uppercase:
      if (rule.target_label.empty()) return needs_target();
      if (!telemetry::is_legacy_label_name(rule.target_label)) return failure("\"" + rule.target_label + "\" is invalid 'target_label' for " + rule.action + " action");
      break;
    case action::replace:
      if (rule.target_label.empty()) return needs_target();
      if (!is_label_template(rule.target_label)) return failure("\"" + rule.target_label + "\" is invalid 'target_label' for replace action");
      break;
    case action::keepequal:
    case action::dropequal:
      if (rule.target_label.empty()) return needs_target();
      if (!only_target) return failure(rule.action + " action requires only 'source_labels' and 'target_label', and no other fields");
      break;
    case action::labeldrop:
    case action::labelkeep:
      if (!rule.source_labels.empty() || !rule.target_label.empty() || rule.modulus != 0 || rule.separator != plain.separator || rule.replacement != plain.replacement) {
        return failure(rule.action + " action requires only 'regex', and no other fields");
      }
      break;
    case action::labelmap:
      if (!is_label_template(rule.replacement)) return failure("\"" + rule.replacement + "\" is invalid 'replacement' for labelmap action");
      break;
    case action::keep:
    case action::drop: break;
  }
  for (const auto& name : rule.source_labels) {
    if (!telemetry::is_legacy_label_name(name)) return failure("\"" + name + "\" is not a valid label name");
  }
  const re2::RE2 regex("^(?s:" + rule.regex + ")$", re2::RE2::Quiet);
  if (!regex.ok()) return failure("invalid regular expression \"" + rule.regex + "\": " + regex.error());
  if (regex.NumberOfCapturingGroups() >= most_groups) return failure("the regular expression has more than " + std::to_string(most_groups - 1) + " groups");
  return {};
}

struct rules::compiled {
  explicit compiled(const rule_options& from) : how(*parse_action(from.action)), options(from), regex("^(?s:" + from.regex + ")$", re2::RE2::Quiet) {}

  [[nodiscard]] bool apply(telemetry::label_buffer& labels) const;

  action how;
  rule_options options;
  re2::RE2 regex;

 private:
  [[nodiscard]] bool match(std::string_view text, groups& matched) const {
    return regex.Match({text.data(), text.size()}, 0, text.size(), re2::RE2::ANCHOR_BOTH, matched.data(), regex.NumberOfCapturingGroups() + 1);
  }
  [[nodiscard]] int group_count() const { return regex.NumberOfCapturingGroups() + 1; }
  void map(telemetry::label_buffer& labels) const;
};

void rules::compiled::map(telemetry::label_buffer& labels) const {
  const auto before = labels.labels();
  groups matched;
  std::string name;
  for (const auto& one : before) {
    if (!match(one.name, matched)) continue;
    name.clear();
    expand(options.replacement, regex, matched, group_count(), name);
    set(labels, name, one.value);
  }
}

bool rules::compiled::apply(telemetry::label_buffer& labels) const {
  auto& all = labels.labels();
  std::string text;
  for (std::size_t i = 0; i < options.source_labels.size(); ++i) {
    if (i > 0) text += options.separator;
    text += labels.get(options.source_labels[i]);
  }
  groups matched;
  switch (how) {
    case action::keep: return match(text, matched);
    case action::drop: return !match(text, matched);
    case action::keepequal: return labels.get(options.target_label) == text;
    case action::dropequal: return labels.get(options.target_label) != text;
    case action::replace: {
      if (!match(text, matched)) break;
      std::string target, value;
      expand(options.target_label, regex, matched, group_count(), target);
      if (!telemetry::is_legacy_label_name(target)) break;
      expand(options.replacement, regex, matched, group_count(), value);
      set(labels, target, value);
      break;
    }
    case action::lowercase:
    case action::uppercase:
      // ASCII only: other scripts keep their case.
      std::transform(text.begin(), text.end(), text.begin(), [&](unsigned char c) { return how == action::lowercase ? std::tolower(c) : std::toupper(c); });
      set(labels, options.target_label, text);
      break;
    case action::hashmod: set(labels, options.target_label, std::to_string(hash_of(text) % options.modulus)); break;
    case action::labelmap: map(labels); break;
    case action::labeldrop: std::erase_if(all, [&](const auto& l) { return match(l.name, matched); }); break;
    case action::labelkeep: std::erase_if(all, [&](const auto& l) { return !match(l.name, matched); }); break;
  }
  return true;
}

result<rules> rules::compile(std::span<const rule_options> all) {
  auto made = std::make_shared<std::vector<std::unique_ptr<const compiled>>>();
  for (const auto& one : all) {
    if (auto ok = validate(one); !ok) return tl::unexpected(ok.error());
    made->push_back(std::make_unique<const compiled>(one));
  }
  rules result;
  result.compiled_ = std::move(made);
  return result;
}

bool rules::empty() const { return !compiled_ || compiled_->empty(); }

bool rules::apply(telemetry::label_buffer& labels) const {
  if (empty()) return true;
  for (const auto& one : *compiled_) {
    if (!one->apply(labels)) return false;
  }
  labels.sort();
  return true;
}

}  // namespace troupe::relabel
