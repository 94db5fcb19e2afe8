#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "protocol/journal/disk.hpp"
#include "tests/simulation/dice.hpp"

namespace troupe::simulation {

/// A disk in memory that distinguishes what was written from what is there for good. The end of the process may come in
/// the middle of an operation (a write is then torn); from then on everything fails until revive(). A loss of power
/// keeps what was synced and, of the rest, what chance will have: of each file a part of its tail, of the directory's
/// changes the first few.
class simulated_disk final : public journal::disk {
 public:
  explicit simulated_disk(dice& chance) : chance_(chance) {}

  void fill(bool full) { full_ = full; }                  ///< writes end in the middle
  void refuse_syncs(bool refuse) { no_syncs_ = refuse; }  ///< and keep the data
  /// The process ends within the n-th operation from now that changes something; 0: now.
  void die_after(unsigned operations);
  void calm() { full_ = no_syncs_ = dying_ = false; }  ///< none of the above from now on
  [[nodiscard]] bool dead() const { return dead_; }
  [[nodiscard]] std::uint64_t life() const { return life_; }  ///< of the process: another after each revive()
  void revive(bool power_was_lost);

  [[nodiscard]] result<void> make_directory(const std::string& path) override;
  [[nodiscard]] result<std::unique_ptr<journal::directory_lock>> lock(const std::string& directory) override;
  [[nodiscard]] result<std::vector<std::string>> list(const std::string& directory) override;
  [[nodiscard]] result<std::unique_ptr<journal::file>> open(const std::string& path) override;
  [[nodiscard]] result<std::uint64_t> size(const std::string& path) override;
  [[nodiscard]] result<std::string> read(const std::string& path, std::uint64_t offset, std::size_t length) override;
  [[nodiscard]] result<void> remove(const std::string& path) override;
  [[nodiscard]] result<void> rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] result<void> sync_directory(const std::string& path) override;
  [[nodiscard]] result<void> sync_file(const std::string& path) override;

 private:
  struct content {
    std::string now, durable;
  };
  using content_ref = std::shared_ptr<content>;
  using names = std::map<std::string, content_ref>;
  struct change {  // of names: what was renamed away or removed, what is there since
    std::string gone, made;
    content_ref what;
  };
  class open_file;
  class held_lock;

  [[nodiscard]] result<void> operation(const char* what, const std::string& path);
  void changed(change one);
  static void apply(const change& one, names& to);
  void lose_unsynced(content& of);

  dice& chance_;
  names now_, durable_;
  std::vector<change> pending_;  // in the order they were made
  std::set<std::string> locked_;
  bool full_ = false, no_syncs_ = false, dead_ = false, dying_ = false;
  unsigned operations_left_ = 0;
  std::uint64_t life_ = 0;
};

}  // namespace troupe::simulation
