#include "actors/app/files.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/catch.hpp"
#include "tests/temporary_directory.hpp"

using namespace troupe;
using troupe::testing::temporary_directory;
namespace fs = std::filesystem;

namespace {

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t entries(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

/// Files may not grow beyond so many bytes, as if the disk were full.
class small_files {
 public:
  explicit small_files(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~small_files() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, SIG_DFL);
  }
  small_files(const small_files&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("a file's content is replaced: its mode stays, a link stays a link") {
  temporary_directory directory;
  fs::create_directory(directory.file("real"));
  const auto file = directory.file("real/a"), link = directory.file("link");
  std::ofstream(file) << "before, and longer";
  ::chmod(file.c_str(), 0640);
  fs::create_symlink("real/a", link);
  REQUIRE(app::replace_content(link, "after"));
  CHECK(content(file) == "after");
  CHECK(fs::is_symlink(link));
  CHECK(fs::status(file).permissions() == static_cast<fs::perms>(0640));
  CHECK(entries(directory.file("real")) == 1);
}

TEST_CASE("where the new content has no room the old one is whole, and the reason is told") {
  temporary_directory directory;
  const auto file = directory.file("a");
  std::ofstream(file) << "before";
  const auto done = [&] {
    const small_files limit(1000);
    return app::replace_content(file, std::string(2000, 'x'));
  }();
  REQUIRE_FALSE(done);
  CHECK(done.error().message == file + ": File too large");
  CHECK(content(file) == "before");
  CHECK(entries(fs::path(file).parent_path()) == 1);
  CHECK(app::replace_content(directory.file("none"), "x").error().message ==
        directory.file("none") + ": No such file or directory");
}

TEST_CASE("where no file may be made beside it a file is written in place") {
  temporary_directory directory;
  fs::create_directory(directory.file("shut"));
  const auto file = directory.file("shut/a");
  std::ofstream(file) << "before, and longer";
  ::chmod(file.c_str(), 0666);
  ::chmod(directory.file("").c_str(), 0755);
  ::chmod(directory.file("shut").c_str(), 0555);
  const auto privileged = ::geteuid() == 0;
  if (privileged) REQUIRE(::seteuid(65534) == 0);
  const auto done = app::replace_content(file, "after");
  if (privileged) REQUIRE(::seteuid(0) == 0);
  CHECK(done);
  CHECK(content(file) == "after");
  ::chmod(directory.file("shut").c_str(), 0755);
}
