#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace troupe::store {

/// Keeps other processes away from a store's directory as long as somebody holds it. Within the process it is shared: a
/// store that is made again may begin while the one before still closes its files. Any thread.
class directory_lock {
 public:
  struct refusal {
    std::string why;
    bool in_use = false;  ///< by another process
  };
  /// Makes the directory.
  [[nodiscard]] static tl::expected<std::unique_ptr<directory_lock>, refusal> take(
      const std::filesystem::path& directory);

  explicit directory_lock(std::filesystem::path directory) : directory_(std::move(directory)) {}
  ~directory_lock();
  directory_lock(const directory_lock&) = delete;

 private:
  std::filesystem::path directory_;
};

}  // namespace troupe::store
