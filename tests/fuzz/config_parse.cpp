#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/evaluator.hpp"
#include "config/format.hpp"
#include "config/parser.hpp"

using namespace troupe::config;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_places(const diagnostics& list, std::string_view text) {
  for (const auto& d : list) {
    require(!d.message.empty());
    require(d.where.begin <= d.where.end && d.where.end <= text.size());
  }
  require(list.empty() || !pretty(list).empty());
}

// Every expression evaluates to something that prints, or to errors that have places.
void evaluate_all(const ast::body& statements, std::string_view text) {
  static const scope names;
  for (const auto& s : statements) {
    const auto* attribute = s.as_attribute();
    if (attribute == nullptr) {
      evaluate_all(s.as_block()->statements, text);
      continue;
    }
    const auto v = evaluate(attribute->value, names);
    if (v) {
      require(!print(*v).empty());
    } else {
      require(v.error().has_errors());
      check_places(v.error(), text);
    }
  }
}

}  // namespace

// Any bytes parse to a tree or to errors that have places. What parses is formatted to a text that parses, is its own
// formatting, and refers to the same things.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto source = source_file::make("f", std::string(reinterpret_cast<const char*>(data), size));
  diagnostics found;
  const auto file = parse(source, found);
  check_places(found, source->text());
  const auto formatted = format(source);
  require(formatted.has_value() == !found.has_errors());
  if (!formatted) return 0;
  evaluate_all(file.statements, source->text());

  diagnostics none;
  const auto again_source = source_file::make("f", *formatted);
  const auto again = parse(again_source, none);
  require(none.empty());
  require(again.comments.size() == file.comments.size());
  const auto before = references(file.statements);
  const auto after = references(again.statements);
  require(before.size() == after.size());
  for (std::size_t i = 0; i < before.size(); ++i)
    require(before[i].text() == after[i].text());
  require(*format(again_source) == *formatted);
  return 0;
}
