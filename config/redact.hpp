#pragma once

#include "config/schema.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace troupe::config {

/// A text to be shown: passwords of URLs in it (`http://user:password@host`) read "(secret)".
[[nodiscard]] std::string without_passwords(std::string_view text);

/// The text of a file to be shown to people: texts that are written where a secret is wanted read "(secret)", as do
/// passwords of URLs. Lines stay where they are. `schema_of`: what a block of that name may hold; null: unknown, it is
/// shown as it is.
[[nodiscard]] std::string redacted(const ast::file& of,
                                   const std::function<const body_schema*(std::string_view name)>& schema_of);

/// What all schemas together say of where secrets stand. One that knows no schema takes every text for a secret.
class secrecy {
 public:
  /// What blocks of that name hold at the top of a file. The schema must outlive this.
  void add(std::string name, const body_schema& of);
  /// Null: nobody knows it.
  [[nodiscard]] const body_schema* find(std::string_view block) const;
  /// What an attribute of that name holds, in whatever block: a secret in some, nothing secret in any, or nobody knows.
  enum class attribute { secret, open, unknown };
  [[nodiscard]] attribute of(std::string_view name) const;

 private:
  void add_attributes(const body_schema& of);

  std::map<std::string, const body_schema*, std::less<>> blocks_;
  std::map<std::string, bool, std::less<>> secret_;  // by attribute: in some schema
};

/// The text with `*` in the place of every character of it that must not be seen by whoever looks for a mistake; bytes
/// and lines stay where they are. Hidden are passwords of URLs, what is written where a secret is wanted, and texts in
/// attributes and blocks that nobody knows, as they may be secrets with a misspelt name. Where the text doesn't parse,
/// all texts are hidden but for labels and those in attributes that are open.
[[nodiscard]] std::string masked(const source_ref& of, const secrecy& hidden);

/// Whether such an attribute holds secrets, whole or in part.
[[nodiscard]] bool holds_secret(const attribute_schema& one);

}  // namespace troupe::config
