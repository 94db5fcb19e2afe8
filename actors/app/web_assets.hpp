#pragma once

#include <span>
#include <string_view>

namespace troupe::app {

/// A file of the page, part of the program.
struct web_asset {
  std::string_view path;  ///< below web/, "js/main.js"; libraries below "lib/"
  std::string_view bytes;
};

/// All of them, sorted by path. Generated (embed.cmake).
[[nodiscard]] std::span<const web_asset> web_assets();

}  // namespace troupe::app
