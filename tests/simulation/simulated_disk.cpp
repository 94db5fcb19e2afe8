#include "tests/simulation/simulated_disk.hpp"

#include <algorithm>

namespace troupe::simulation {

class simulated_disk::open_file final : public journal::file {
 public:
  open_file(simulated_disk& on, content_ref of, std::string path)
      : on_(on), of_(std::move(of)), path_(std::move(path)), life_(on.life_) {}

  result<void> append(std::string_view bytes) override {
    if (auto ok = usable("write to"); !ok) return ok;
    if (on_.full_ || on_.dead_) {
      of_->now += bytes.substr(0, on_.chance_.below(bytes.size() + 1));
      return failure("cannot write to " + path_ + ": no space left");
    }
    of_->now += bytes;
    return {};
  }
  result<void> truncate(std::uint64_t size) override {
    if (auto ok = usable("truncate"); !ok || on_.dead_) return failure("cannot truncate " + path_);
    of_->now.resize(static_cast<std::size_t>(size));
    return {};
  }
  result<void> sync() override {
    if (auto ok = usable("sync"); !ok || on_.dead_ || on_.no_syncs_) return failure("cannot sync " + path_);
    of_->durable = of_->now;
    return {};
  }

 private:
  result<void> usable(const char* to) {
    if (life_ != on_.life_) return failure(path_ + " belongs to a process that is no more");
    return on_.operation(to, path_);
  }
  simulated_disk& on_;
  content_ref of_;
  std::string path_;
  std::uint64_t life_;
};

class simulated_disk::held_lock final : public journal::directory_lock {
 public:
  held_lock(simulated_disk& on, std::string directory) : on_(on), directory_(std::move(directory)), life_(on.life_) {}
  ~held_lock() override {
    if (life_ == on_.life_) on_.locked_.erase(directory_);
  }
  held_lock(const held_lock&) = delete;

 private:
  simulated_disk& on_;
  std::string directory_;
  std::uint64_t life_;
};

void simulated_disk::die_after(unsigned operations) {
  dead_ = dead_ || operations == 0;
  dying_ = true;
  operations_left_ = operations;
}

/// An error: the process was gone before. Afterwards dead_ says that it ends in this operation.
result<void> simulated_disk::operation(const char* what, const std::string& path) {
  if (dead_) return failure(std::string("cannot ") + what + ' ' + path + ": the process is gone");
  if (dying_ && --operations_left_ == 0) dead_ = true;
  return {};
}

void simulated_disk::apply(const change& one, names& to) {
  if (!one.gone.empty()) to.erase(one.gone);
  if (one.what) to[one.made] = one.what;
}

void simulated_disk::changed(change one) {
  apply(one, now_);
  pending_.push_back(std::move(one));
}

void simulated_disk::lose_unsynced(content& of) {
  if (of.now.starts_with(of.durable)) {
    of.now.resize(static_cast<std::size_t>(chance_.between(of.durable.size(), of.now.size())));
  } else if (chance_.chance(0.5)) {
    of.now = of.durable;
  }
  of.durable = of.now;
}

void simulated_disk::revive(bool power_was_lost) {
  dead_ = dying_ = full_ = no_syncs_ = false;
  ++life_;
  locked_.clear();
  if (!power_was_lost) return;
  pending_.resize(static_cast<std::size_t>(chance_.below(pending_.size() + 1)));
  for (const auto& one : pending_)
    apply(one, durable_);
  pending_.clear();
  now_ = durable_;
  for (auto& [path, of] : now_)
    lose_unsynced(*of);
}

result<void> simulated_disk::make_directory(const std::string& path) {
  return operation("make directory", path);
}

result<std::unique_ptr<journal::directory_lock>> simulated_disk::lock(const std::string& directory) {
  if (dead_) return failure("the process is gone");
  if (!locked_.insert(directory).second)
    return failure("the journal in " + directory + " is in use by another process");
  return std::make_unique<held_lock>(*this, directory);
}

result<std::vector<std::string>> simulated_disk::list(const std::string& directory) {
  std::vector<std::string> all;
  for (const auto& [path, of] : now_) {
    if (path.starts_with(directory + '/')) all.push_back(path.substr(directory.size() + 1));
  }
  return all;
}

result<std::unique_ptr<journal::file>> simulated_disk::open(const std::string& path) {
  if (auto ok = operation("open", path); !ok || dead_) return failure("cannot open " + path);
  const auto at = now_.find(path);
  if (at != now_.end()) return std::make_unique<open_file>(*this, at->second, path);
  if (full_ && chance_.chance(0.5)) return failure("cannot open " + path + ": no space left");
  auto fresh = std::make_shared<content>();
  changed({"", path, fresh});
  return std::make_unique<open_file>(*this, fresh, path);
}

result<std::uint64_t> simulated_disk::size(const std::string& path) {
  const auto at = now_.find(path);
  if (at == now_.end() || dead_) return failure("cannot look at " + path + ": there is no such file");
  return at->second->now.size();
}

result<std::string> simulated_disk::read(const std::string& path, std::uint64_t offset, std::size_t length) {
  const auto at = now_.find(path);
  if (at == now_.end() || dead_) return failure("cannot open " + path + ": there is no such file");
  const auto& all = at->second->now;
  return offset >= all.size() ? std::string() : all.substr(static_cast<std::size_t>(offset), length);
}

result<void> simulated_disk::remove(const std::string& path) {
  if (auto ok = operation("remove", path); !ok || dead_) return failure("cannot remove " + path);
  if (now_.contains(path)) changed({path, "", nullptr});
  return {};
}

result<void> simulated_disk::rename(const std::string& from, const std::string& to) {
  if (auto ok = operation("rename", from); !ok || dead_) return failure("cannot rename " + from);
  const auto at = now_.find(from);
  if (at == now_.end()) return failure("cannot rename " + from + ": there is no such file");
  changed({from, to, at->second});
  return {};
}

result<void> simulated_disk::sync_directory(const std::string& path) {
  if (auto ok = operation("sync", path); !ok || dead_ || no_syncs_) return failure("cannot sync " + path);
  std::erase_if(pending_, [&](const change& one) {
    if (!one.gone.starts_with(path + '/') && !one.made.starts_with(path + '/')) return false;
    apply(one, durable_);
    return true;
  });
  return {};
}

result<void> simulated_disk::sync_file(const std::string& path) {
  if (auto ok = operation("sync", path); !ok || dead_ || no_syncs_) return failure("cannot sync " + path);
  if (const auto at = now_.find(path); at != now_.end()) at->second->durable = at->second->now;
  return {};
}

}  // namespace troupe::simulation
