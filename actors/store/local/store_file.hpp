#pragma once

#include <cstdint>
#include <memory>
#include <string>

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

/// One database file of the store, its writing side: opening, bounds and transactions are the same for all. One thread
/// at a time, any; readers have connections of their own.
class store_file {
 public:
  virtual ~store_file() = default;
  store_file(const store_file&) = delete;
  /// Renames the file to `.damaged`, over one that was there. All connections to it must be closed: the last one to
  /// close would take the new file's log with it.
  static void set_aside(const std::string& path);

  /// Removes what is beyond the bounds, oldest first.
  [[nodiscard]] result<removed> retain(const retention& bounds, std::int64_t now_ms);
  /// What is in use on the disk.
  [[nodiscard]] std::uint64_t bytes();
  /// It was found damaged while in use: set it aside and open it again.
  [[nodiscard]] bool damaged() const { return db_.damaged(); }

 protected:
  /// `schema`: of version 1. `per_ms`: times in it are milliseconds times this.
  store_file(const char* schema, std::int64_t per_ms) : schema_(schema), per_ms_(per_ms) {}

  /// Opens it with `make()`, an object of the file's class. A file that is no database, or a damaged one, is set aside,
  /// `note` says so, and a new one is begun.
  template <class Make>
  [[nodiscard]] static auto open_or_begin(const std::string& path, std::string& note, Make make)
      -> result<decltype(make())> {
    auto made = make();
    auto ok = made->prepare(path);
    if (!ok && made->damaged()) {
      note = ok.error().message + "; kept as " + path + ".damaged, a new one is begun";
      made.reset();
      set_aside(path);
      made = make();
      ok = made->prepare(path);
    }
    if (!ok) return tl::unexpected(ok.error());
    return made;
  }
  /// All of it or nothing.
  template <class F>
  [[nodiscard]] result<void> in_transaction(F&& work) {
    auto ok = db_.run("BEGIN IMMEDIATE");
    if (ok) ok = work();
    if (ok) ok = db_.run("COMMIT");
    if (!ok) roll_back();
    return ok;
  }
  /// The one number that a query gives, into `to`.
  [[nodiscard]] result<void> read_number(const char* sql, std::int64_t& to);

  connection db_;

 private:
  /// The schema is there: makes what its class needs.
  [[nodiscard]] virtual result<void> ready() = 0;
  /// What is older than this, in the file's own unit; says how much that was.
  [[nodiscard]] virtual result<std::uint64_t> remove_before(std::int64_t time) = 0;
  /// A small part, the oldest there is; likewise.
  [[nodiscard]] virtual result<std::uint64_t> remove_oldest() = 0;
  /// What nothing refers to any more.
  [[nodiscard]] virtual result<void> remove_unused() = 0;

  [[nodiscard]] result<void> prepare(const std::string& path);
  [[nodiscard]] result<std::uint64_t> shrink(std::uint64_t most);
  void roll_back();

  const char* schema_;
  std::int64_t per_ms_;
};

}  // namespace troupe::store
