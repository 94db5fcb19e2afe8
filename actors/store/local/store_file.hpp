#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "actors/store/local/sqlite.hpp"

namespace troupe::store {

struct retention {
  std::int64_t max_age_ms = 0;  ///< 0: no bound
  std::uint64_t max_bytes = 0;  ///< 0: no bound
};

/// How much was removed: samples, entries or spans.
struct removed {
  std::uint64_t by_age = 0, by_size = 0;
};

/// How much of what came was kept, and how much of it was there already.
struct kept {
  std::uint64_t added = 0, duplicates = 0;
};

/// One database file of the store, its writing side. One thread at a time, any; readers have connections of their own.
class store_file {
 public:
  /// Renames the file to `.damaged`, over one that was there. All connections to it must be closed: the last one to
  /// close would take the new file's log with it.
  static void set_aside(const std::string& path);

  /// What is in use on the disk.
  [[nodiscard]] std::uint64_t bytes();
  /// It was found damaged while in use: set it aside and open it again.
  [[nodiscard]] bool damaged() const { return db_.damaged(); }

 protected:
  /// Opens or makes it. `schema`: of version 1. A file of a newer version is an error.
  [[nodiscard]] result<void> open(const std::string& path, const char* schema);
  /// All of it or nothing.
  template <class F>
  [[nodiscard]] result<void> in_transaction(F&& work) {
    auto ok = db_.run("BEGIN IMMEDIATE");
    if (ok) ok = work();
    if (ok) ok = db_.run("COMMIT");
    if (!ok) roll_back();
    return ok;
  }
  /// While it is larger than `most`: `remove_some` takes away a small part, oldest first, and says how much that was.
  template <class F>
  [[nodiscard]] result<std::uint64_t> shrink(std::uint64_t most, F&& remove_some) {
    std::uint64_t gone = 0;
    while (most > 0 && bytes() > most) {
      const result<std::uint64_t> some = remove_some();
      if (!some) return some;
      if (*some == 0) break;
      gone += *some;
      if (auto ok = db_.run("PRAGMA incremental_vacuum"); !ok) return tl::unexpected(ok.error());
    }
    return gone;
  }
  /// Gives free pages back, some at a time.
  [[nodiscard]] result<void> tidy();

  connection db_;

 private:
  void roll_back();
};

template <class T>
using opened = std::pair<std::unique_ptr<T>, result<void>>;

/// `open`: a file that is no database, or a damaged one, is set aside, `note` says so, and it is opened once more.
template <class Open>
auto open_or_begin(const std::string& path, std::string& note, Open open) -> result<decltype(open().first)> {
  auto made = open();
  if (!made.second && made.first->damaged()) {
    note = made.second.error().message + "; kept as " + path + ".damaged, a new one is begun";
    made.first.reset();
    store_file::set_aside(path);
    made = open();
  }
  if (!made.second) return tl::unexpected(made.second.error());
  return std::move(made.first);
}

}  // namespace troupe::store
