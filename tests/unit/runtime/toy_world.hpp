#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/runtime/cell.hpp"

namespace troupe::runtime::test {

/// A batch that is only a number.
struct toy_batch final : telemetry::batch {
  explicit toy_batch(int n, std::size_t size = 100) : number(n), size(size) {}
  [[nodiscard]] telemetry::signal kind() const override { return telemetry::signal::metrics; }
  [[nodiscard]] std::size_t items() const override { return 1; }
  [[nodiscard]] std::size_t bytes() const override { return size; }
  int number;
  std::size_t size;
};
inline batch_ref toy(int n, std::size_t size = 100) {
  return std::make_shared<toy_batch>(n, size);
}
inline int number_of(const batch_ref& b) {
  return static_cast<const toy_batch&>(*b).number;
}

/// Does what the test says with each batch.
struct toy_consumer final : consumer {
  explicit toy_consumer(std::function<void(const batch_ref&, receipt)> f) : f(std::move(f)) {}
  void consume(const batch_ref& batch, receipt of) override { f(batch, std::move(of)); }
  std::function<void(const batch_ref&, receipt)> f;
};

/// Cells and a mail service that loses nothing.
struct toy_world {
  std::map<std::string, std::unique_ptr<cell>> cells;
  time_point now{std::chrono::hours(1)};
  std::uint64_t epoch = 1000;

  cell& add(const std::string& id, cell_limits limits = {}) {
    return *(cells[id] = std::make_unique<cell>(id, epoch += 1000, limits));
  }
  void host(const std::string& id, std::function<void(const batch_ref&, receipt)> f) {
    cells.at(id)->start(now, [f] { return std::make_unique<toy_consumer>(f); });
  }
  /// Delivers until nobody has anything to say.
  void settle() {
    for (bool some = true; some;) {
      some = false;
      for (auto& [id, one] : cells) {
        for (auto& mail : one->take_mail()) {
          some = true;
          auto to = cells.find(mail.to);
          if (to == cells.end()) continue;
          std::visit([&](const auto& what) { to->second->on_mail(now, mail.from, what); }, mail.what);
        }
      }
    }
  }
  void pass(clock_duration time) {
    now += time;
    for (auto& [id, one] : cells)
      one->on_time(now);
    settle();
  }
};

}  // namespace troupe::runtime::test
