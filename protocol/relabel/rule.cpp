#include "protocol/relabel/rule.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "protocol/relabel/letter_case.hpp"
#include "protocol/relabel/regex.hpp"
#include "protocol/relabel/replacement.hpp"
#include "protocol/telemetry/series_text.hpp"
#include "protocol/telemetry/utf8.hpp"

namespace troupe::relabel {

namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  telemetry::append_escaped(text, out);
  return out + '"';
}

bool needs_target(action how) {
  switch (how) {
    case action::replace:
    case action::hashmod:
    case action::lowercase:
    case action::uppercase:
    case action::keepequal:
    case action::dropequal:
      return true;
    default:
      return false;
  }
}

result<void> check_names(const rule_options& rule, action how) {
  const rule_options plain;
  const bool templates = how == action::replace && rule.target_label.find('$') != std::string::npos;
  const bool valid =
      templates ? is_label_template(rule.target_label) : telemetry::is_legacy_label_name(rule.target_label);
  if (needs_target(how) && rule.target_label.empty()) {
    return failure("relabel configuration for " + rule.action + " action requires 'target_label' value");
  }
  if (needs_target(how) && !valid) {
    return failure(quoted(rule.target_label) + " is invalid 'target_label' for " + rule.action + " action");
  }
  const bool no_replacement =
      how == action::lowercase || how == action::uppercase || how == action::keepequal || how == action::dropequal;
  if (no_replacement && rule.replacement != plain.replacement) {
    return failure("'replacement' can not be set for " + rule.action + " action");
  }
  if (how == action::labelmap && !is_label_template(rule.replacement)) {
    return failure(quoted(rule.replacement) + " is invalid 'replacement' for " + rule.action + " action");
  }
  return {};
}

/// Fields that would have no effect.
result<void> check_idle_fields(const rule_options& rule, action how) {
  const rule_options plain;
  const bool no_numbers =
      rule.modulus == plain.modulus && rule.separator == plain.separator && rule.replacement == plain.replacement;
  if ((how == action::labeldrop || how == action::labelkeep) &&
      !(no_numbers && rule.source_labels.empty() && rule.target_label.empty())) {
    return failure(rule.action + " action requires only 'regex', and no other fields");
  }
  if ((how == action::keepequal || how == action::dropequal) && !(no_numbers && rule.regex == plain.regex)) {
    return failure(rule.action + " action requires only 'source_labels' and 'target_label', and no other fields");
  }
  return {};
}

/// The last eight bytes of the MD5, as a big-endian number.
std::uint64_t hash_of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  // Asked for by name, so that a machine in FIPS mode finds it, too: it protects nothing here.
  static const EVP_MD* const md5 = EVP_MD_fetch(nullptr, "MD5", "-fips");
  if (md5 == nullptr || EVP_Digest(text.data(), text.size(), digest.data(), &size, md5, nullptr) != 1) {
    throw std::runtime_error("hashmod needs MD5, and OpenSSL's default provider has none here");
  }
  std::uint64_t number = 0;
  for (std::size_t i = 8; i < 16; ++i)
    number = number << 8 | digest[i];
  return number;
}

/// One series' labels while the rules work on them. Those that were changed come last, in the order of their change:
/// labelmap looks at them in this order, and of two labels that get the same name the last one stays.
class edited_labels {
 public:
  explicit edited_labels(telemetry::label_buffer& labels) : buffer_(labels), untouched_(labels.labels().size()) {}

  [[nodiscard]] const std::vector<telemetry::label_view>& all() const { return buffer_.labels(); }
  [[nodiscard]] std::string_view get(std::string_view name) const { return buffer_.get(name); }

  void set(std::string_view name, std::string_view value) {
    if (value.empty()) {
      remove_if([name](const telemetry::label_view& l) { return l.name == name; });
      return;
    }
    auto& labels = buffer_.labels();
    const auto at = std::find_if(labels.begin(), labels.end(), [name](const auto& l) { return l.name == name; });
    telemetry::label_view changed{at == labels.end() ? buffer_.keep(name) : at->name, buffer_.keep(value)};
    const auto index = static_cast<std::size_t>(at - labels.begin());
    if (index >= untouched_ && at != labels.end()) {
      at->value = changed.value;
      return;
    }
    if (at != labels.end()) {
      labels.erase(at);
      --untouched_;
    }
    labels.push_back(changed);
  }

  template <class Predicate>
  void remove_if(Predicate goes) {
    auto& labels = buffer_.labels();
    std::size_t kept = 0;
    std::size_t untouched = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (goes(labels[i])) continue;
      if (i < untouched_) ++untouched;
      labels[kept++] = labels[i];
    }
    labels.resize(kept);
    untouched_ = untouched;
  }

 private:
  telemetry::label_buffer& buffer_;
  std::size_t untouched_;
};

/// Memory that the rules of one series use in turn.
struct scratch {
  std::string joined, name, value;
  std::vector<std::string_view> groups;
};

}  // namespace

const std::vector<std::string>& action_names() {
  static const std::vector<std::string> names{"replace",  "keep",      "drop",      "keepequal", "dropequal", "hashmod",
                                              "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase"};
  return names;
}

std::optional<action> parse_action(std::string_view name) {
  const auto& all = action_names();
  const auto at = std::find(all.begin(), all.end(), name);
  if (at == all.end()) return std::nullopt;
  return static_cast<action>(at - all.begin());
}

result<void> validate(const rule_options& rule) {
  const auto how = parse_action(rule.action);
  if (!how) return failure("unrecognized action type " + quoted(rule.action));
  if (const auto regex = anchored_regex::compile(rule.regex); !regex) return tl::unexpected(regex.error());
  if (*how == action::hashmod && rule.modulus == 0) {
    return failure("relabel configuration for hashmod requires non-zero modulus");
  }
  if (auto names = check_names(rule, *how); !names) return names;
  if (auto fields = check_idle_fields(rule, *how); !fields) return fields;
  if (!telemetry::is_valid_utf8(rule.separator)) return failure("'separator' is not valid UTF-8");
  if (!telemetry::is_valid_utf8(rule.replacement)) return failure("'replacement' is not valid UTF-8");
  return {};
}

struct rules::compiled {
  compiled(const rule_options& from, anchored_regex with)
      : how(*parse_action(from.action)),
        options(from),
        regex(std::move(with)),
        target(from.target_label, regex),
        value(from.replacement, regex) {}

  [[nodiscard]] bool apply(edited_labels& labels, scratch& memory) const;

  action how;
  rule_options options;
  anchored_regex regex;
  replacement target;
  replacement value;

 private:
  [[nodiscard]] std::string_view text_of(const edited_labels& labels, std::string& joined) const;
  void replace(std::string_view text, edited_labels& labels, scratch& memory) const;
  void map_names(edited_labels& labels, scratch& memory) const;
};

/// The source labels' values, joined.
std::string_view rules::compiled::text_of(const edited_labels& labels, std::string& joined) const {
  if (options.source_labels.empty()) return {};
  if (options.source_labels.size() == 1) return labels.get(options.source_labels[0]);
  joined.clear();
  for (std::size_t i = 0; i < options.source_labels.size(); ++i) {
    if (i > 0) joined += options.separator;
    joined += labels.get(options.source_labels[i]);
  }
  return joined;
}

void rules::compiled::replace(std::string_view text, edited_labels& labels, scratch& memory) const {
  memory.groups.resize(std::max(target.groups_needed(), value.groups_needed()));
  if (!regex.match(text, memory.groups)) return;
  memory.name.clear();
  target.expand(memory.groups, memory.name);
  if (!telemetry::is_legacy_label_name(memory.name)) return;
  memory.value.clear();
  value.expand(memory.groups, memory.value);
  labels.set(memory.name, memory.value);
}

void rules::compiled::map_names(edited_labels& labels, scratch& memory) const {
  const auto before = labels.all();
  memory.groups.resize(std::max<std::size_t>(1, value.groups_needed()));
  for (const auto& one : before) {
    if (!regex.match(one.name, memory.groups)) continue;
    memory.name.clear();
    value.expand(memory.groups, memory.name);
    // Prometheus would make a label without a name here, which nobody accepts.
    if (!memory.name.empty()) labels.set(memory.name, one.value);
  }
}

bool rules::compiled::apply(edited_labels& labels, scratch& memory) const {
  const std::string_view text = text_of(labels, memory.joined);
  switch (how) {
    case action::keep:
      return regex.matches(text);
    case action::drop:
      return !regex.matches(text);
    case action::keepequal:
      return labels.get(options.target_label) == text;
    case action::dropequal:
      return labels.get(options.target_label) != text;
    case action::replace:
      replace(text, labels, memory);
      break;
    case action::lowercase:
      labels.set(options.target_label, to_lower(text));
      break;
    case action::uppercase:
      labels.set(options.target_label, to_upper(text));
      break;
    case action::hashmod:
      labels.set(options.target_label, std::to_string(hash_of(text) % options.modulus));
      break;
    case action::labelmap:
      map_names(labels, memory);
      break;
    case action::labeldrop:
      labels.remove_if([this](const auto& l) { return regex.matches(l.name); });
      break;
    case action::labelkeep:
      labels.remove_if([this](const auto& l) { return !regex.matches(l.name); });
      break;
  }
  return true;
}

result<rules> rules::compile(std::span<const rule_options> all) {
  auto made = std::make_shared<std::vector<std::unique_ptr<const compiled>>>();
  for (const auto& one : all) {
    if (auto ok = validate(one); !ok) return tl::unexpected(ok.error());
    auto regex = anchored_regex::compile(one.regex);
    if (!regex) return tl::unexpected(regex.error());
    made->push_back(std::make_unique<const compiled>(one, std::move(*regex)));
  }
  rules result;
  result.compiled_ = std::move(made);
  return result;
}

bool rules::empty() const {
  return !compiled_ || compiled_->empty();
}

bool rules::apply(telemetry::label_buffer& labels) const {
  if (empty()) return true;
  edited_labels edited(labels);
  scratch memory;
  for (const auto& one : *compiled_) {
    if (!one->apply(edited, memory)) return false;
  }
  labels.sort();
  return true;
}

bool rules::apply(telemetry::label_set& labels) const {
  telemetry::label_buffer buffer;
  for (const auto& [name, value] : labels)
    buffer.add(name, value);
  if (!apply(buffer)) return false;
  labels = buffer.to_set();
  return true;
}

}  // namespace troupe::relabel
