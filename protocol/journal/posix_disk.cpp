#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "protocol/journal/disk.hpp"

namespace troupe::journal {

namespace {

tl::unexpected<error> failed(const char* to, const std::string& path, int reason = errno) {
  return failure(std::string("cannot ") + to + " " + path + ": " + std::strerror(reason));
}

class descriptor {
 public:
  explicit descriptor(int fd) : fd_(fd) {}
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  descriptor(const descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

class posix_file final : public file {
 public:
  posix_file(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  result<void> append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failed("write to", path_);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }
  result<void> truncate(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return failed("truncate", path_);
    return {};
  }
  result<void> sync() override {
    if (::fdatasync(fd_.get()) != 0) return failed("sync", path_);
    return {};
  }

 private:
  descriptor fd_;
  std::string path_;
};

class posix_lock final : public directory_lock {
 public:
  explicit posix_lock(int fd) : fd_(fd) {}

 private:
  descriptor fd_;
};

}  // namespace

result<void> posix_disk::make_directory(const std::string& path) {
  std::error_code why;
  std::filesystem::create_directories(path, why);
  if (why) return failed("make directory", path, why.value());
  return {};
}

result<std::unique_ptr<directory_lock>> posix_disk::lock(const std::string& directory) {
  const std::string path = directory + "/lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return failed("open", path);
  auto held = std::make_unique<posix_lock>(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return failure("the journal in " + directory + " is in use by another process");
    return failed("lock", path);
  }
  return held;
}

result<std::vector<std::string>> posix_disk::list(const std::string& directory) {
  std::error_code why;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator at(directory, why), end; !why && at != end; at.increment(why)) {
    names.push_back(at->path().filename().string());
  }
  if (why) return failed("list", directory, why.value());
  std::sort(names.begin(), names.end());
  return names;
}

result<std::unique_ptr<file>> posix_disk::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return failed("open", path);
  return std::make_unique<posix_file>(fd, path);
}

result<std::uint64_t> posix_disk::size(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return failed("look at", path);
  return static_cast<std::uint64_t>(about.st_size);
}

result<std::string> posix_disk::read(const std::string& path, std::uint64_t offset, std::size_t length) {
  const descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return failed("open", path);
  std::string bytes(length, '\0');
  std::size_t have = 0;
  while (have < length) {
    const auto got = ::pread(fd.get(), bytes.data() + have, length - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

result<void> posix_disk::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove", path);
  return {};
}

result<void> posix_disk::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failed("rename", from);
  return {};
}

result<void> posix_disk::sync_directory(const std::string& path) {
  const descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return failed("open", path);
  if (::fsync(fd.get()) != 0) return failed("sync", path);
  return {};
}

result<void> posix_disk::sync_file(const std::string& path) {
  const descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0 && errno == ENOENT) return {};
  if (fd.get() < 0) return failed("open", path);
  if (::fdatasync(fd.get()) != 0) return failed("sync", path);
  return {};
}

}  // namespace troupe::journal
