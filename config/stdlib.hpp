#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe::config {

class scope;
class value;

/// The scope under every scope: `constants`, `sys`, `string`, `array`, `encoding`, `convert`, `file`, `coalesce` and
/// the old flat names. `module_path` is null here: it depends on the file that asks.
const scope& stdlib();

/// The directory of a configuration file, as its path was given.
inline constexpr std::string_view module_path_name = "module_path";
value module_path(const std::string& file);

enum class standing { current, experimental, deprecated };

/// How a standard library name stands, given the traversal that leads to it (`array.combine_maps`, `env`, `sys.env`);
/// nothing when its first part isn't of the library.
std::optional<standing> stdlib_standing(std::string_view traversal);

}  // namespace troupe::config
