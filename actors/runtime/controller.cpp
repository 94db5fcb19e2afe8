#include "actors/runtime/controller.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <set>

#include "actors/runtime/controller_metrics.hpp"
#include "actors/runtime/countdown.hpp"
#include "actors/runtime/event_bus.hpp"
#include "actors/runtime/events.hpp"
#include "actors/runtime/running_metrics.hpp"

namespace troupe::runtime {

namespace {

event_header header_of(const work& during = {}) {
  return {.component_id = "", .origin = event_origin::controller, .trace = during.self, .parent = during.parent};
}

source_place place_of(const config::ast::block& block) {
  return {block.where.source->name(), block.where.first().line, block.where.last().line};
}

std::string decode_text(const config::diagnostics& why) {
  return why.empty() ? "unknown" : why[0].message;
}

}  // namespace

struct controller::inside {
  inside(const registry& kinds, services& shared, engine& actors, controller_options options)
      : kinds(kinds),
        shared(shared),
        actors(actors),
        options(options),
        metrics(shared.metrics),
        running_metrics(shared.metrics, [this] { return view(); }),
        thread(actors.make_detached()) {}

  struct running {
    std::shared_ptr<host> of;
    arguments_ref arguments;
    bool exports_by_itself = false;  ///< it has said what it exports; what its arguments say no longer counts

    /// Whether it runs with these, and nothing has gone wrong since.
    [[nodiscard]] bool has(const graph_node& node, const arguments_ref& other) const {
      return of->status().get().evaluation.state != health_state::unhealthy && node.schema().equal(arguments, other);
    }
  };
  /// What one node comes to in a load that is being prepared.
  struct prepared {
    arguments_ref arguments;
    config::value exports;
    std::shared_ptr<host> fresh;  ///< null: there is one already
  };
  using prepared_nodes = std::map<std::string, prepared>;

  load_result load(std::shared_ptr<const configuration> what);
  [[nodiscard]] load_plan plan(std::shared_ptr<const configuration> what);
  [[nodiscard]] prepared_nodes evaluate(const graph& next, config::diagnostics& out, const work* load);
  [[nodiscard]] result<void> check(const std::string& id, const graph_node& node, const arguments_ref& arguments);
  [[nodiscard]] config::value exports_of(const std::string& id, const graph_node& node,
                                         const arguments_ref& arguments) const;
  void apply(graph next, prepared_nodes made);
  void configure(const prepared_nodes& made);
  [[nodiscard]] std::shared_ptr<countdown> run(const graph& next, prepared_nodes& made);
  void announce_end(const std::string& id);
  void tell_left_behind(const std::string& id);
  bool end(const std::vector<std::string>& rank, const std::string& reason);
  bool end_all(std::set<std::string> which);
  void forget(const std::string& id);
  void exports_changed(const std::string& id, config::value value, time_point when);
  void evaluate_again(const std::string& id, time_point since, const work& span);
  void publish_view();
  void stop(const std::function<void(bool)>& farewell);
  component_views view() const {
    std::lock_guard lock(mutex);
    return views;
  }

  const registry& kinds;
  services& shared;
  engine& actors;
  const controller_options options;
  controller_metrics metrics;

  // In the controller's thread only.
  graph current;
  std::map<std::string, running> components;
  std::map<std::string, config::value> exports;
  bool stopped = false;

  mutable std::mutex mutex;
  component_views views = std::make_shared<std::vector<component_view>>();
  std::atomic<bool> ready = false;
  runtime::running_metrics running_metrics;

  std::unique_ptr<detached> thread;  // last: it ends first
};

load_result controller::inside::load(std::shared_ptr<const configuration> what) {
  load_result result;
  result.span = shared.tracing.begin(event_kind<config_loaded>::span);
  graph next(std::move(what), kinds, options.language, result.diagnostics);
  if (!result.ok()) return result;
  const auto busy = metrics.evaluating();
  auto made = evaluate(next, result.diagnostics, &result.span);
  if (!result.ok()) return result;  // what was prepared goes; nobody has seen it
  apply(std::move(next), std::move(made));
  ready = true;
  return result;
}

load_plan controller::inside::plan(std::shared_ptr<const configuration> what) {
  load_plan result;
  const graph next(std::move(what), kinds, options.language, result.diagnostics);
  if (!result.ok()) return result;
  const auto made = evaluate(next, result.diagnostics, nullptr);
  if (!result.ok()) return result;
  const auto json = [](const graph& in, const std::string& id, const arguments_ref& arguments) {
    return in.find(id)->schema().to_json(arguments);
  };
  for (const auto& [id, one] : made) {
    const auto at = components.find(id);
    if (at == components.end()) {
      result.changes.push_back({planned_change::kind::added, id, "", json(next, id, one.arguments)});
    } else if (!next.find(id)->schema().equal(at->second.arguments, one.arguments)) {
      result.changes.push_back(
          {planned_change::kind::updated, id, json(current, id, at->second.arguments), json(next, id, one.arguments)});
    } else {
      ++result.unchanged;
    }
  }
  for (const auto& [id, one] : components) {
    if (!made.contains(id))
      result.changes.push_back({planned_change::kind::removed, id, json(current, id, one.arguments), ""});
  }
  std::sort(result.changes.begin(), result.changes.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return result;
}

config::value controller::inside::exports_of(const std::string& id, const graph_node& node,
                                             const arguments_ref& arguments) const {
  const auto at = components.find(id);
  if (at != components.end() && at->second.exports_by_itself) return exports.at(id);
  return node.component->exports ? node.component->exports({id, shared}, arguments.get()) : config::object();
}

/// Whether it could be updated with these, or made; nothing to ask where it has them already.
result<void> controller::inside::check(const std::string& id, const graph_node& node, const arguments_ref& arguments) {
  if (!node.component->check) return {};
  if (const auto at = components.find(id); at != components.end() && at->second.has(node, arguments)) return {};
  return node.component->check(shared, arguments.get());
}

/// Decodes every block in order and, as part of a load, prepares what is new; nothing that runs is touched.
controller::inside::prepared_nodes controller::inside::evaluate(const graph& next, config::diagnostics& out,
                                                                const work* load) {
  prepared_nodes made;
  std::map<std::string, config::value> values;
  for (const auto& id : next.order()) {
    const auto& node = *next.find(id);
    const bool uses_known =
        std::all_of(node.uses.begin(), node.uses.end(), [&](const auto& u) { return values.contains(u); });
    if (!uses_known) {  // it refers to what failed: check what can be checked, say nothing twice
      node.schema().typecheck(*node.block, config::scope(), out);
      continue;
    }
    config::diagnostics own;
    prepared one;
    const auto began = shared.time.now();
    const auto failed = [&](const std::string& why) {
      if (load)
        shared.events.publish(header_of(shared.tracing.part_of(load->self)),
                              evaluation_failed{id, why, shared.time.now() - began});
    };
    one.arguments = node.schema().decode(*node.block, next.scope_of(node, values), own);
    if (own.has_errors()) {
      out.add(own);
      failed(decode_text(own));
      continue;
    }
    one.exports = exports_of(id, node, one.arguments);
    if (load && !components.contains(id)) {
      one.fresh = std::make_shared<host>(id, *node.component, shared);
    }
    if (const auto ok = one.fresh ? one.fresh->prepare(one.arguments) : check(id, node, one.arguments); !ok) {
      out.error(node.block->head(), "Failed to build component: " + ok.error().message);
      failed(ok.error().message);
      continue;
    }
    if (load) {
      shared.events.publish(header_of(shared.tracing.part_of(load->self)),
                            runtime::evaluated{id, shared.time.now() - began});
    }
    values[id] = one.exports;
    made.emplace(id, std::move(one));
  }
  return made;
}

/// The switch: what is gone ends, what is kept is updated, what is new starts. Of what is gone, that to which something
/// sends that is kept ends last, when that sends elsewhere: so nothing is sent to what has ended.
void controller::inside::apply(graph next, prepared_nodes made) {
  std::set<std::string> sent_to;
  std::vector<std::string> gone, gone_late;
  const auto& order = current.order();
  for (auto at = order.rbegin(); at != order.rend();
       ++at) {  // those that refer to others first: sources before writers
    const bool stays = made.contains(*at);
    const bool late = sent_to.contains(*at);
    if (!stays && components.contains(*at)) (late ? gone_late : gone).push_back(*at);
    const auto& uses = current.find(*at)->uses;
    if (stays || late) sent_to.insert(uses.begin(), uses.end());
  }
  for (const auto* each : {&gone, &gone_late}) {
    for (const auto& id : *each)
      announce_end(id);
  }
  for (const auto& id : gone)
    end({id}, "component_removed");
  configure(made);
  const auto updated = run(next, made);
  if (!gone_late.empty()) updated->wait_for(options.drain_deadline);
  for (const auto& id : gone_late)
    end({id}, "component_removed");
  current = std::move(next);
  publish_view();
}

void controller::inside::configure(const prepared_nodes& made) {
  for (const auto& [name, kind] : kinds.all()) {
    if (!kind.configure) continue;
    const auto at = made.find(name);
    kind.configure(at != made.end() ? at->second.arguments : kind.schema->default_arguments());
  }
}

/// Starts what is new and updates what has changed; the countdown is at its end when all updates are done.
std::shared_ptr<countdown> controller::inside::run(const graph& next, prepared_nodes& made) {
  auto updating = std::make_shared<countdown>(1);
  exports.clear();
  for (const auto& id : next.order()) {
    const auto& node = *next.find(id);
    auto& one = made.at(id);
    exports[id] = one.exports;
    if (one.fresh) {
      actors.add(one.fresh, [this](const std::string& whose, config::value value) {
        const auto when = shared.time.now();
        thread->post([this, whose, value = std::move(value), when, waits = metrics.queued()] {
          exports_changed(whose, value, when);
        });
      });
      actors.post(id, [h = one.fresh] { h->start(); });
      components[id] = {one.fresh, one.arguments, false};
      if (!node.component->once) metrics.prepare(id);
    } else if (auto& kept = components.at(id); !kept.has(node, one.arguments)) {
      kept.arguments = one.arguments;
      updating->expect();
      actors.post(id, [h = kept.of, a = one.arguments, done = once_gone([updating] { updating->done(); })]() mutable {
        h->update(a);
        done();
      });
    }
  }
  updating->done();
  return updating;
}

void controller::inside::announce_end(const std::string& id) {
  actors.post(id, [h = components.at(id).of] { h->ends_soon(); });
}

/// What a writer could not send stays in its directory, where nobody but a component of that name finds it.
void controller::inside::tell_left_behind(const std::string& id) {
  const auto outside = components.at(id).of->status().get().outside;
  if (!outside || outside->waiting == 0) return;
  shared.events.publish(header_of(), message{id, log_level::warn,
                                             "a component was removed with " + std::to_string(outside->waiting) +
                                                 " items unsent; they are sent when one of its name is there again"});
}

/// Ends these together: each finishes what it has, within the deadline; then it is stopped and forgotten. Returns
/// whether all were in time.
bool controller::inside::end(const std::vector<std::string>& rank, const std::string& reason) {
  std::string names;
  for (const auto& id : rank)
    names += (names.empty() ? "" : ", ") + id;
  auto waiting = std::make_shared<countdown>(rank.size());
  for (const auto& id : rank) {
    actors.post(id, [h = components.at(id).of, waiting] {
      constexpr auto to_come_back = std::chrono::seconds(5);
      const auto longest = h->finish([waiting] { waiting->done(); });
      if (longest > clock_duration::zero()) waiting->allow(longest + to_come_back);
    });
  }
  const auto began = shared.time.now();
  const bool drained = waiting->wait_for(options.drain_deadline);
  if (!drained) shared.events.publish(header_of(), watchdog_fired{"draining " + names, shared.time.now() - began});
  if (reason == "component_removed") {
    for (const auto& id : rank)
      tell_left_behind(id);
  }
  auto stopping = std::make_shared<countdown>(rank.size());
  for (const auto& id : rank) {
    actors.post(id, [h = components.at(id).of, reason, gone = once_gone([stopping] { stopping->done(); })]() mutable {
      h->stop(reason);
      gone();
    });
  }
  constexpr auto patience = std::chrono::seconds(5);
  if (!stopping->wait_for(patience)) shared.events.publish(header_of(), watchdog_fired{"stopping " + names, patience});
  for (const auto& id : rank)
    forget(id);
  return drained;
}

void controller::inside::forget(const std::string& id) {
  actors.remove(id);
  components.erase(id);
  for (const auto& [other, one] : components) {
    actors.post(other, [h = one.of, id] { h->neighbour_gone(id); });
  }
}

void controller::inside::exports_changed(const std::string& id, config::value value, time_point when) {
  const auto at = components.find(id);
  if (at == components.end() || stopped) return;
  at->second.exports_by_itself = true;
  if (exports.at(id) == value) return;
  exports[id] = std::move(value);
  if (const auto* node = current.find(id)) {
    for (const auto& user : node->used_by)
      evaluate_again(user, when, shared.tracing.begin(event_kind<runtime::evaluated>::span));
  }
  publish_view();
}

void controller::inside::evaluate_again(const std::string& id, time_point since, const work& span) {
  const auto& node = *current.find(id);
  auto& one = components.at(id);
  const auto began = shared.time.now();
  config::diagnostics why;
  const auto arguments = node.schema().decode(*node.block, current.scope_of(node, exports), why);
  const auto now = shared.time.now();
  metrics.evaluated(id, began - since, now - began);
  const auto failed = [&](const std::string& doing, const std::string& error) {
    one.of->status().change([&](auto& view) {
      view.evaluation.become(health_state::unhealthy, "component evaluation failed: " + doing + error,
                             shared.time.wall_ms());
    });
    shared.events.publish(header_of(span), evaluation_failed{id, error, now - began});
  };
  if (why.has_errors()) return failed("decoding configuration: ", decode_text(why));
  if (const auto ok = check(id, node, arguments); !ok) return failed("", ok.error().message);
  shared.events.publish(header_of(span), runtime::evaluated{id, now - began});
  if (one.has(node, arguments)) return;
  one.arguments = arguments;
  actors.post(id, [h = one.of, arguments] { h->update(arguments); });
  if (!node.component->exports || one.exports_by_itself) return;
  auto value = node.component->exports({id, shared}, arguments.get());
  if (exports.at(id) == value) return;
  exports[id] = std::move(value);
  for (const auto& user : node.used_by)
    evaluate_again(user, since, shared.tracing.part_of(span.self));  // ends: the graph has no cycles
}

void controller::inside::publish_view() {
  auto next = std::make_shared<std::vector<component_view>>();
  for (const auto& [id, one] : components) {
    const auto* node = current.find(id);
    if (!node) continue;
    next->push_back({id, node->block->full_name(), node->block->label, node->uses, node->used_by,
                     node->schema().to_json(one.arguments), config::exports_json(exports.at(id)), one.of,
                     node->component->once, place_of(*node->block)});
  }
  std::lock_guard lock(mutex);
  views = std::move(next);
}

/// Rank by rank: what nobody of them refers to first, that is, sources; writers last.
bool controller::inside::end_all(std::set<std::string> which) {
  bool drained = true;
  while (!which.empty()) {
    std::vector<std::string> rank;
    for (const auto& id : which) {
      const auto* node = current.find(id);
      const bool used = node && std::any_of(node->used_by.begin(), node->used_by.end(),
                                            [&](const auto& user) { return which.contains(user); });
      if (!used) rank.push_back(id);
    }
    drained = end(rank, "shutdown") && drained;
    for (const auto& id : rank)
      which.erase(id);
  }
  return drained;
}

/// A component has the highest end_rank of those that send to it, over whatever way.
void controller::inside::stop(const std::function<void(bool)>& farewell) {
  if (std::exchange(stopped, true)) return;
  std::map<std::string, unsigned> rank_of;
  std::set<unsigned> ranks{0};
  for (auto at = current.order().rbegin(); at != current.order().rend(); ++at) {
    const auto& node = *current.find(*at);
    auto& own = rank_of[*at];
    own = std::max(own, node.component->end_rank);
    ranks.insert(own);
    for (const auto& used : node.uses)
      rank_of[used] = std::max(rank_of[used], own);
  }
  for (const auto& [id, one] : components)
    announce_end(id);
  bool drained = true;
  for (const auto rank : ranks) {
    std::set<std::string> which;
    for (const auto& [id, one] : components) {
      if (rank_of[id] == rank) which.insert(id);
    }
    if (rank > 0 && rank == *ranks.rbegin() && farewell) farewell(drained);
    drained = end_all(std::move(which)) && drained;
  }
  if (*ranks.rbegin() == 0 && farewell) farewell(drained);
  publish_view();
}

controller::controller(const registry& kinds, services& shared, engine& actors, controller_options options)
    : inside_(std::make_unique<inside>(kinds, shared, actors, options)) {}

controller::~controller() {
  stop();
}

void controller::load(std::shared_ptr<const configuration> what, std::function<void(const load_result&)> done) {
  inside_->thread->post([this, what = std::move(what), done = std::move(done)] { done(inside_->load(what)); });
}

void controller::plan(std::shared_ptr<const configuration> what, std::function<void(const load_plan&)> done) {
  inside_->thread->post([this, what = std::move(what), done = std::move(done)] { done(inside_->plan(what)); });
}

load_result controller::load(std::shared_ptr<const configuration> what) {
  std::promise<load_result> said;
  load(std::move(what), [&](const load_result& result) { said.set_value(result); });
  return said.get_future().get();
}

void controller::stop(const std::function<void(bool)>& farewell) {
  std::promise<void> over;
  inside_->thread->post([&] {
    inside_->stop(farewell);
    over.set_value();
  });
  over.get_future().wait();
}

std::vector<component_view> controller::components() const {
  return *inside_->view();
}
bool controller::ready() const {
  return inside_->ready;
}

config::diagnostics validate(const std::shared_ptr<const configuration>& what, const registry& kinds,
                             const language_limits& limits) {
  config::diagnostics out;
  const graph checked(what, kinds, limits, out);
  for (const auto& [id, node] : checked.nodes())
    node.schema().typecheck(*node.block, config::scope(), out);
  return out;
}

}  // namespace troupe::runtime
