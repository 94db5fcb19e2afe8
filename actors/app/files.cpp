#include "actors/app/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace troupe::app {

namespace {

auto refuse(const std::string& what) {
  return failure(what + ": " + std::generic_category().message(errno));
}

/// Closed when it goes; errno stays what it was.
class descriptor {
 public:
  explicit descriptor(int number) : number_(number) {}
  ~descriptor() {
    const int why = errno;
    if (number_ >= 0) ::close(number_);
    errno = why;
  }
  descriptor(const descriptor&) = delete;

  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

/// False: errno says why.
bool write_all(int to, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(to, text.data(), text.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool write_in_place(const std::string& path, std::string_view content) {
  const descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file.is_open() && write_all(file.get(), content) &&
         ::ftruncate(file.get(), static_cast<off_t>(content.size())) == 0 && ::fsync(file.get()) == 0;
}

/// `name`: of the file, open as `file`, that is to be in its place.
bool put_in_place(const descriptor& file, const std::string& name, const struct stat& as, const std::string& path,
                  std::string_view content) {
  // Whose it is can be kept only by some; whoever may write it may also read it.
  [[maybe_unused]] const int owned = ::fchown(file.get(), as.st_uid, as.st_gid);
  return write_all(file.get(), content) && ::fchmod(file.get(), as.st_mode & 07777U) == 0 && ::fsync(file.get()) == 0 &&
         ::rename(name.c_str(), path.c_str()) == 0;
}

}  // namespace

result<void> replace_content(const std::string& path, std::string_view content) {
  std::error_code failed;
  const auto target = std::filesystem::canonical(path, failed);
  if (failed) return failure(path + ": " + failed.message());
  struct stat as {};
  if (::access(target.c_str(), W_OK) != 0 || ::stat(target.c_str(), &as) != 0) return refuse(path);
  if (!S_ISREG(as.st_mode)) return failure(path + ": is not a regular file");
  auto name = (target.parent_path() / ("." + target.filename().string() + ".XXXXXX")).string();
  const descriptor beside(::mkostemp(name.data(), O_CLOEXEC));
  if (beside.is_open()) {
    if (put_in_place(beside, name, as, target, content)) return {};
    const int why = errno;
    ::unlink(name.c_str());
    errno = why;
    return refuse(path);
  }
  const bool forbidden = errno == EACCES || errno == EPERM;
  if (!forbidden || !write_in_place(target, content)) return refuse(path);
  return {};
}

result<void> write_output(std::string_view text) {
  if (!write_all(STDOUT_FILENO, text)) return refuse("standard output");
  return {};
}

}  // namespace troupe::app
