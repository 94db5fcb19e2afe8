#include "actors/runtime/host.hpp"

#include <stdexcept>

#include "actors/runtime/own_metrics.hpp"

namespace troupe::runtime {

void component::consume(const batch_ref&, receipt) {
  throw std::logic_error("this component takes no batches");
}

bool component::serve(const std::string&, const http::server_request&, const std::shared_ptr<http::responder>&) {
  return false;
}

const std::string& component_context::id() const {
  return host_.id_;
}
std::filesystem::path component_context::data_path() const {
  return shared_.storage / host_.id_;
}
timer component_context::at(time_point when, std::function<void()> what) {
  return {host_.timers_, when, std::move(what)};
}
poster component_context::post() {
  return poster(host_.sink_);
}
void component_context::connect(unsigned outlet, const std::vector<std::shared_ptr<const receiver>>& to) {
  std::vector<std::string> ids;
  ids.reserve(to.size());
  for (const auto& one : to)
    ids.push_back(one->component());
  host_.cell_.connect(outlet, ids);
  host_.consumers_.resize(std::max<std::size_t>(host_.consumers_.size(), outlet + 1));
  host_.consumers_[outlet] = std::move(ids);
}
void component_context::push(unsigned outlet, const batch_ref& batch, receipt of) {
  host_.cell_.push(outlet, batch, std::move(of));
}
bool component_context::has_room() const {
  return host_.cell_.has_room();
}
void component_context::set_exports(config::value exports) {
  host_.links_.exports_changed(host_.id_, std::move(exports));
}
void component_context::set_health(health_state state, std::string message) {
  host_.status_.change([&](auto& view) { view.own.become(state, std::move(message), wall_ms()); });
}
component_metrics& component_context::metrics() {
  return *host_.metrics_;
}

host::host(std::string id, const component_definition& definition, services& shared)
    : id_(std::move(id)),
      definition_(definition),
      shared_(shared),
      context_(*this, shared),
      metrics_(shared.metrics.component(id_, "/")),
      cell_(id_, static_cast<std::uint64_t>(shared.time.wall_ns())) {
  cell_.on_failure = [this](const cell::failure& how) { failed(how); };
  cell_.on_room = [this] { running()->on_room(); };
  set_run_health(health_state::unknown, "component created");
}

host::~host() = default;

result<void> host::prepare(arguments_ref arguments) {
  arguments_ = std::move(arguments);
  try {
    prepared_ = make();
  } catch (const std::exception& e) {
    return failure(e.what());
  }
  status_.change([&](auto& view) {
    view.evaluation.become(health_state::healthy, "component evaluated", shared_.time.wall_ms());
  });
  return {};
}

std::unique_ptr<component> host::make() {
  const auto life = ++life_;
  sink_ = std::make_shared<const poster::sink>([weak = weak_from_this(), life](std::function<void()> what) {
    const auto self = weak.lock();
    if (!self) return;
    self->links_.post([weak, life, what = std::move(what)] {
      if (const auto self = weak.lock(); self && self->life_ == life) self->cell_.run(self->shared_.time.now(), what);
    });
  });
  status_.change([](auto& view) { view.own = {health_state::healthy, "", 0}; });
  return definition_.make(context_, arguments_);
}

void host::start() {
  cell_.start(shared_.time.now(), [this]() -> std::unique_ptr<consumer> {
    auto made = prepared_ ? std::move(prepared_) : make();
    made->start();
    set_run_health(health_state::healthy, "started component");
    if (cell_.restarts() == 0) {
      context_.publish(started{});
    } else {
      context_.publish(restarted{restart_delay_, cell_.restarts()}, shared_.tracing.begin(event_kind<restarted>::span));
    }
    return made;
  });
}

void host::failed(const cell::failure& how) {
  ++life_;
  set_run_health(health_state::unhealthy, "component failed: " + how.what);
  restart_delay_ = how.delay;
  context_.publish(runtime::failed{how.what});
  if (how.quarantined) context_.publish(quarantined{how.producer, how.items, how.what});
}

void host::on_mail(const edge_mail& mail) {
  std::visit([&](const auto& what) { cell_.on_mail(shared_.time.now(), mail.from, what); }, mail.what);
}

void host::on_posted(const std::function<void()>& what) {
  what();
}

void host::on_time() {
  cell_.on_time(shared_.time.now());
  while (auto due = timers_.take_due(shared_.time.now()))
    cell_.run(shared_.time.now(), due);
}

std::optional<time_point> host::wake_at() const {
  const auto timer = timers_.next();
  const auto edges = cell_.wake_at();
  if (!timer || !edges) return timer ? timer : edges;
  return std::min(*timer, *edges);
}

void host::flush() {
  for (auto& mail : cell_.take_mail())
    links_.send(std::move(mail));
  if (!taps_.empty()) forget_taps();
  status_.change([&](auto& view) {
    view.restarts = cell_.restarts();
    view.inbox = cell_.inbox();
    view.edges = cell_.ledgers();
    view.consumers = consumers_;
    view.busy = busy_;
    if (const auto* one = running()) view.outside = one->outside();
  });
  if (!finishing_ || !finished_) return;
  if (const auto* one = running(); cell_.drained() && (!one || one->finished())) std::exchange(finished_, nullptr)();
}

void host::update(arguments_ref arguments) {
  // Also for the next life, should this one just be waiting.
  const auto before = std::exchange(arguments_, std::move(arguments));
  cell_.run(shared_.time.now(), [&] {
    const auto began = shared_.time.now();
    const auto updated = running()->update(arguments_);
    if (!updated) {
      arguments_ = before;
      context_.publish(evaluation_failed{context_.id(), updated.error().message, shared_.time.now() - began});
    }
    status_.change([&](auto& view) {
      view.evaluation.become(
          updated ? health_state::healthy : health_state::unhealthy,
          updated ? "component evaluated" : "component evaluation failed: " + updated.error().message,
          shared_.time.wall_ms());
    });
  });
}

void host::watch(const std::shared_ptr<tap>& by) {
  taps_.push_back(by);
  const auto each = [this](auto&& f) {
    for (const auto& weak : taps_) {
      if (const auto one = weak.lock()) f(*one);
    }
  };
  cell_.on_taken = [each](const auto& producer, const auto& batch) {
    each([&](tap& one) { one.taken(producer, batch); });
  };
  cell_.on_pushed = [each](const auto& consumers, const auto& batch) {
    each([&](tap& one) { one.pushed(consumers, batch); });
  };
}

/// With the last that looked the hooks go: what nobody looks at costs nothing.
void host::forget_taps() {
  std::erase_if(taps_, [](const auto& one) { return one.expired(); });
  if (!taps_.empty()) return;
  cell_.on_taken = nullptr;
  cell_.on_pushed = nullptr;
}

void host::neighbour_gone(const std::string& id) {
  cell_.forget_consumer(id);
  cell_.forget_producer(id);
}

void host::ends_soon() {
  cell_.run(shared_.time.now(), [this] { running()->ends_soon(); });
}

clock_duration host::finish(std::function<void()> done) {
  finished_ = std::move(done);
  finishing_ = true;
  cell_.run(shared_.time.now(), [this] { running()->finish(); });
  const auto* one = running();
  return one ? one->finishes_within() : clock_duration{};
}

void host::stop(const std::string& reason) {
  finished_ = nullptr;
  cell_.give_up(reason);
  cell_.stop();
  ++life_;
  timers_.clear();
  set_run_health(health_state::exited, "component shut down cleanly");
  context_.publish(stopped{});
}

std::string host::debug_info() const {
  const auto* one = running();
  return one ? one->debug_info() : "[]";
}

bool host::serve(const std::string& path, const http::server_request& request,
                 const std::shared_ptr<http::responder>& answer) {
  bool served = false;
  cell_.run(shared_.time.now(), [&] { served = running()->serve(path, request, answer); });
  return served;
}

void host::set_run_health(health_state state, std::string message) {
  status_.change([&](auto& view) { view.run.become(state, std::move(message), shared_.time.wall_ms()); });
}

}  // namespace troupe::runtime
