#pragma once

#include "tests/simulation/world.hpp"

namespace troupe::simulation {

class world::place final : public stage, public std::enable_shared_from_this<place> {
 public:
  place(world& in, placement what, std::string directory)
      : world_(in),
        what_(std::move(what)),
        directory_(std::move(directory)),
        cell_(std::make_unique<runtime::cell>(what_.id, static_cast<std::uint64_t>(in.now_.time_since_epoch().count()),
                                              in.plan_.limits)) {}

  void start();
  void on_time();
  [[nodiscard]] std::optional<time_point> wake_at() const;
  /// The component throws in a handler.
  void crash();
  void end();  ///< the cell goes, without a word to anybody

  [[nodiscard]] runtime::cell& cell() const { return *cell_; }
  [[nodiscard]] const placement& what() const { return what_; }
  [[nodiscard]] const std::string& id() const { return what_.id; }
  [[nodiscard]] const std::string& directory() const { return directory_; }
  /// The writer whose backends it sends to: an earlier journal of it keeps them.
  [[nodiscard]] std::string writes_as() const { return what_.id.substr(0, what_.id.find('@')); }

  [[nodiscard]] time_point now() const override { return world_.now_; }
  [[nodiscard]] std::int64_t wall_ms() const override {
    return now().time_since_epoch() / std::chrono::milliseconds(1);
  }
  [[nodiscard]] runtime::timer at(time_point when, std::function<void()> what) override {
    return {timers_, when, std::move(what)};
  }
  void push(const runtime::batch_ref& batch, runtime::receipt of) override { cell_->push(0, batch, std::move(of)); }
  [[nodiscard]] bool has_room() const override { return cell_->has_room(); }
  void hazard(const char* where) override;
  void note(const std::string& what) override { world_.note(id() + ": " + what); }
  void send(unsigned endpoint, const std::string& journal, std::vector<sample> what, answered then) override;
  void sync(std::shared_ptr<journal::journal::sync_ticket> ticket, std::function<void()> then) override;

 private:
  /// A handler of the component as it is now, for later.
  [[nodiscard]] std::function<void()> posted(std::function<void()> what);

  world& world_;
  placement what_;
  std::string directory_;
  runtime::timers timers_;
  std::uint64_t life_ = 0;
  std::unique_ptr<runtime::cell> cell_;
};

}  // namespace troupe::simulation
