#include "actors/store/local/directory_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>
#include <system_error>

namespace troupe::store {

namespace {

struct held_lock {
  int fd = -1;
  std::size_t holders = 0;
};
struct held_locks {
  std::mutex mutex;
  std::map<std::filesystem::path, held_lock> by_directory;
};
held_locks& held() {
  static auto& all = *new held_locks;  // those that hold one may end later
  return all;
}

tl::unexpected<directory_lock::refusal> refused(const std::string& doing, const std::filesystem::path& what,
                                                const std::error_code& why) {
  return tl::unexpected(directory_lock::refusal{"cannot " + doing + " " + what.string() + ": " + why.message()});
}

}  // namespace

directory_lock::~directory_lock() {
  auto& all = held();
  const std::lock_guard only(all.mutex);
  const auto mine = all.by_directory.find(directory_);
  if (--mine->second.holders > 0) return;
  ::close(mine->second.fd);
  all.by_directory.erase(mine);
}

tl::expected<std::unique_ptr<directory_lock>, directory_lock::refusal> directory_lock::take(
    const std::filesystem::path& directory) {
  std::error_code why;
  std::filesystem::create_directories(directory, why);
  if (why) return refused("make directory", directory, why);
  auto place = std::filesystem::canonical(directory, why);
  if (why) return refused("find directory", directory, why);
  auto& all = held();
  const std::lock_guard only(all.mutex);
  if (const auto known = all.by_directory.find(place); known != all.by_directory.end()) {
    ++known->second.holders;
    return std::make_unique<directory_lock>(std::move(place));
  }
  const auto path = place / "lock";
  const auto last = [] { return std::error_code(errno, std::generic_category()); };
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return refused("open", path, last());
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const auto reason = last();
    ::close(fd);
    if (reason != std::errc::operation_would_block) return refused("lock", path, reason);
    return tl::unexpected(refusal{"the store in " + directory.string() + " is in use by another process", true});
  }
  all.by_directory[place] = {fd, 1};
  return std::make_unique<directory_lock>(std::move(place));
}

}  // namespace troupe::store
