#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/runtime/cell.hpp"
#include "actors/runtime/event_bus.hpp"
#include "actors/runtime/health.hpp"
#include "actors/runtime/receiver.hpp"
#include "actors/runtime/services.hpp"
#include "actors/runtime/timers.hpp"
#include "actors/runtime/tracing.hpp"
#include "protocol/telemetry/result.hpp"

namespace troupe::http {
struct server_request;
class responder;
}  // namespace troupe::http

namespace troupe::runtime {

class component_metrics;
class host;

/// Runs functions in a component's actor from other threads. Copies are cheap; what is posted after the component has
/// gone (or was restarted) is dropped unrun.
class poster {
 public:
  using sink = std::function<void(std::function<void()>)>;
  poster() = default;
  explicit poster(std::shared_ptr<const sink> to) : to_(std::move(to)) {}
  void operator()(std::function<void()> what) const { (*to_)(std::move(what)); }

 private:
  std::shared_ptr<const sink> to_;
};

/// What a component may ask of the runtime. Used in the component's actor only, but for post() copies. Outlives the
/// component.
class component_context {
 public:
  component_context(host& of, services& shared) : host_(of), shared_(shared) {}

  [[nodiscard]] const std::string& id() const;  ///< prometheus.scrape.default
  [[nodiscard]] std::filesystem::path data_path()
      const;  ///< its own directory under the storage path; it makes it itself
  [[nodiscard]] time_point now() const { return shared_.time.now(); }
  [[nodiscard]] std::int64_t wall_ms() const { return shared_.time.wall_ms(); }

  [[nodiscard]] timer at(time_point when, std::function<void()> what);
  [[nodiscard]] timer after(clock_duration delay, std::function<void()> what) {
    return at(now() + delay, std::move(what));
  }
  [[nodiscard]] poster post();

  /// Where the outlet leads from now on.
  void connect(unsigned outlet, const std::vector<std::shared_ptr<const receiver>>& to);
  void push(unsigned outlet, const batch_ref& batch, receipt of);
  [[nodiscard]] bool has_room() const;

  /// What others see of this component from now on; those that refer to it are evaluated again.
  void set_exports(config::value exports);
  /// Its own opinion of itself; as long as it runs well and says nothing, it is healthy.
  void set_health(health_state state, std::string message);

  [[nodiscard]] component_metrics& metrics();
  [[nodiscard]] services& shared() { return shared_; }
  /// Says that something happened; `during`: in which unit of work, or that it was one itself; `own`: it was done to
  /// deliver own telemetry.
  template <class Event>
  void publish(const Event& what, const work& during = {}, bool own = false) {
    shared_.events.publish(
        event_header{.component_id = id(), .self_telemetry = own, .trace = during.self, .parent = during.parent}, what);
  }
  [[nodiscard]] const tracer& tracing() const { return shared_.tracing; }

 private:
  host& host_;
  services& shared_;
};

/// A way out for batches. Pushes of one handler go out when it ends well.
template <class Batch>
class outlet {
 public:
  outlet(component_context& context, unsigned number) : context_(context), number_(number) {}
  void connect(const std::vector<std::shared_ptr<const receiver>>& to) { context_.connect(number_, to); }
  void push(std::shared_ptr<const Batch> batch, receipt of) { context_.push(number_, std::move(batch), std::move(of)); }
  [[nodiscard]] bool has_room() const { return context_.has_room(); }

 private:
  component_context& context_;
  unsigned number_;
};

/// What crosses the border of the process, in items, since the component was made.
struct traffic {
  std::uint64_t received = 0;   ///< a source: read from outside
  std::uint64_t delivered = 0;  ///< a writer: taken by its backends, or stored
  std::uint64_t waiting = 0;    ///< a writer: what its slowest backend has still before it
  std::uint64_t lost = 0;       ///< refused or given up
  friend bool operator==(const traffic&, const traffic&) = default;
};

using arguments_ref = std::shared_ptr<const void>;  ///< what the component's schema decoded

/// What runs in an actor. All calls come from there, one at a time. An exception from any of them means that the
/// component is destroyed and made again after a pause.
class component : public consumer {
 public:
  /// All edges are there; timers may run.
  virtual void start() {}
  /// In place. On an error the old arguments stay in use and the component is shown as unhealthy.
  virtual result<void> update(const arguments_ref& arguments) = 0;
  void consume(const batch_ref& batch, receipt of) override;
  /// A source that was held back may go on.
  virtual void on_room() {}

  /// Its end, or that of those who send to it, has begun: finish() follows when they are through.
  virtual void ends_soon() {}
  /// The end comes: a source makes nothing new, a writer brings to safety what it holds.
  virtual void finish() {}
  [[nodiscard]] virtual bool finished() const { return true; }
  /// So long it may take from finish() to finished() where it knows; less than the controller's patience is no matter.
  [[nodiscard]] virtual clock_duration finishes_within() const { return {}; }

  /// None: it only passes on. Asked often.
  [[nodiscard]] virtual std::optional<traffic> outside() const { return std::nullopt; }
  /// JSON of the API's `debugInfo`: an array of attributes and blocks.
  [[nodiscard]] virtual std::string debug_info() const { return "[]"; }
  /// A request below /api/v0/component/ID/; `path` is what follows, without the slash. False: nothing there.
  virtual bool serve(const std::string& path, const http::server_request&, const std::shared_ptr<http::responder>&);
};

}  // namespace troupe::runtime
