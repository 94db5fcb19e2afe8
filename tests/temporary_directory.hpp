#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace troupe::testing {

/// A new directory that goes with the test.
class temporary_directory {
 public:
  temporary_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "troupe-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~temporary_directory() { std::filesystem::remove_all(path_); }
  temporary_directory(const temporary_directory&) = delete;

  /// Writes beside and renames, as careful people rotate secrets; answers the path.
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / (name + ".new"), std::ios::binary) << text;
    std::filesystem::rename(path_ / (name + ".new"), path_ / name);
    return (path_ / name).string();
  }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace troupe::testing
