#pragma once

// One component in a host of its own: time stands still unless the test lets it pass, what it sends is noted.

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/runtime/host.hpp"
#include "protocol/telemetry/batch.hpp"
#include "tests/catch.hpp"
#include "tests/surroundings.hpp"

namespace troupe::testing {

/// Levels and names of what was told, at debug level.
struct told_events final : runtime::event_subscriber {
  runtime::event_interest interest() const override {
    return runtime::event_interest().all(runtime::log_level::debug).early(false);
  }
  void on_event(const runtime::event& what) noexcept override {
    seen.push_back(std::string(to_string(what.level())) + " " + std::string(what.kind().name));
  }
  std::vector<std::string> seen;
};

/// What all components share, with their metrics.
struct shared_world : surroundings<stopped_clock> {
  /// The value on the page of own metrics of this series, but for the labels of its component; none: not there.
  [[nodiscard]] std::optional<double> metric(const std::string& name, const std::string& labels = "") const {
    const auto page = metrics.page({});
    const std::string wanted =
        name + "{component_id=\"test\",component_path=\"/\"" + (labels.empty() ? "" : ",") + labels + "} ";
    const auto at = page.find("\n" + wanted);
    if (at == std::string::npos) return std::nullopt;
    return std::stod(page.substr(at + 1 + wanted.size()));
  }
};

template <class Component>
struct component_rig {
  shared_world world;
  runtime::component_definition kind;
  std::shared_ptr<runtime::host> of;
  std::vector<runtime::edge_mail> sent;

  explicit component_rig(const config::component_schema& schema)
      : kind(runtime::define<Component>(schema)), of(std::make_shared<runtime::host>("test", kind, world.shared)) {
    runtime::host_links links;
    links.send = [this](runtime::edge_mail mail) { sent.push_back(std::move(mail)); };
    links.post = [this](std::function<void()> what) {
      const std::lock_guard lock(mutex_);
      posted_.push_back(std::move(what));
    };
    links.exports_changed = [](const std::string&, config::value) {};
    of->link(std::move(links));
  }
  ~component_rig() {
    if (started_) of->stop("end");
  }

  void start(std::shared_ptr<const typename Component::arguments_type> arguments) {
    REQUIRE(of->prepare(std::move(arguments)));
    of->start();
    started_ = true;
  }
  void pass(runtime::clock_duration some) {
    world.time.time += some;
    of->on_time();
    run_posted();
    of->flush();
  }
  void run_posted() {
    while (const auto next = take_posted())
      of->on_posted(next);
  }
  /// As from an edge, in order.
  void take(telemetry::batch_ref batch) {
    of->on_mail({"before", "test", runtime::edge_offer{1, 0, {{++last_number_, std::move(batch)}}}});
    of->flush();
  }

 private:
  std::function<void()> take_posted() {
    const std::lock_guard lock(mutex_);
    if (posted_.empty()) return nullptr;
    auto next = std::move(posted_.front());
    posted_.pop_front();
    return next;
  }
  std::mutex mutex_;
  std::deque<std::function<void()>> posted_;
  runtime::batch_number last_number_ = 0;
  bool started_ = false;
};

/// One sample for each of these lines (`a{x="1"} `), all of one family.
inline std::shared_ptr<telemetry::metrics_batch> batch_of(const std::vector<std::string>& lines,
                                                          const telemetry::metric_family& family = {}) {
  telemetry::chunk_builder builder;
  builder.family(telemetry::intern(telemetry::metric_family(family)));
  for (const auto& one : lines)
    builder.series(one);
  auto made = std::make_shared<telemetry::metrics_batch>();
  made->block = std::make_shared<telemetry::series_block>(builder.finish(), telemetry::label_set{});
  made->timestamp_ms = 1'700'000'000'000;
  made->values.assign(lines.size(), 1);
  return made;
}

}  // namespace troupe::testing
