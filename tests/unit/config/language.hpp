#pragma once

#include "config/evaluator.hpp"
#include "config/parser.hpp"
#include "config/secret.hpp"

#include <string>

/// What the tests of the language share.
namespace language {

/// All messages of a parse, one a line, without the file's name.
inline std::string mistakes(const std::string& text) {
  troupe::config::diagnostics found;
  troupe::config::parse(troupe::config::source_file::make("", text), found);
  std::string all;
  for (const auto& d : found)
    all += d.text() + "\n";
  return all;
}

/// The printed value of an expression, or the messages that say why there is none.
inline std::string value_of(const std::string& text, const troupe::config::scope& names = troupe::config::scope()) {
  troupe::config::diagnostics found;
  const auto e = troupe::config::parse_expression(troupe::config::source_file::make("", text), found);
  std::string all;
  if (e) {
    const auto v = troupe::config::evaluate(e->root, names);
    if (v) return troupe::config::print(*v);
    found = v.error();
  }
  for (const auto& d : found)
    all += (all.empty() ? "" : "\n") + d.text();
  return all;
}

struct example {
  std::string text;
  std::string expected;
};

}  // namespace language
