#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/telemetry/result.hpp"

namespace troupe::journal {

/// An open file that grows at its end. sync() may be called from another thread than the rest.
class file {
 public:
  virtual ~file() = default;
  /// All of it or an error; after an error some of it may be there.
  [[nodiscard]] virtual result<void> append(std::string_view bytes) = 0;
  [[nodiscard]] virtual result<void> truncate(std::uint64_t size) = 0;
  [[nodiscard]] virtual result<void> sync() = 0;
};

/// Held as long as the object lives.
class directory_lock {
 public:
  virtual ~directory_lock() = default;
};

/// The seam between the journal and where it is kept. Errors say what could not be done to which file, and why.
class disk {
 public:
  virtual ~disk() = default;
  [[nodiscard]] virtual result<void> make_directory(
      const std::string& path) = 0;  ///< with its parents; there already: fine
  [[nodiscard]] virtual result<std::unique_ptr<directory_lock>> lock(const std::string& directory) = 0;
  [[nodiscard]] virtual result<std::vector<std::string>> list(const std::string& directory) = 0;  ///< names, sorted
  [[nodiscard]] virtual result<std::unique_ptr<file>> open(const std::string& path) = 0;  ///< made if it isn't there
  [[nodiscard]] virtual result<std::uint64_t> size(const std::string& path) = 0;
  /// Up to `length` bytes from `offset`; fewer only at the file's end.
  [[nodiscard]] virtual result<std::string> read(const std::string& path, std::uint64_t offset, std::size_t length) = 0;
  [[nodiscard]] virtual result<void> remove(const std::string& path) = 0;
  [[nodiscard]] virtual result<void> rename(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual result<void> sync_directory(const std::string& path) = 0;
  /// Of a file that nobody has open; one that isn't there any more is fine.
  [[nodiscard]] virtual result<void> sync_file(const std::string& path) = 0;
};

/// The file system. Stateless; any thread.
class posix_disk final : public disk {
 public:
  [[nodiscard]] result<void> make_directory(const std::string& path) override;
  [[nodiscard]] result<std::unique_ptr<directory_lock>> lock(const std::string& directory) override;
  [[nodiscard]] result<std::vector<std::string>> list(const std::string& directory) override;
  [[nodiscard]] result<std::unique_ptr<file>> open(const std::string& path) override;
  [[nodiscard]] result<std::uint64_t> size(const std::string& path) override;
  [[nodiscard]] result<std::string> read(const std::string& path, std::uint64_t offset, std::size_t length) override;
  [[nodiscard]] result<void> remove(const std::string& path) override;
  [[nodiscard]] result<void> rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] result<void> sync_directory(const std::string& path) override;
  [[nodiscard]] result<void> sync_file(const std::string& path) override;
};

}  // namespace troupe::journal
