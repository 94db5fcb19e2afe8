#include "actors/runtime/running_metrics.hpp"

#include <map>
#include <set>

namespace troupe::runtime {

running_metrics::running_metrics(own_metrics& in, std::function<component_views()> views)
    : own_(in.controller()), views_(std::move(views)) {
  collect_components();
  collect_edges();
}

void running_metrics::collect(std::string_view name, metric_type type, std::string_view help,
                              component_metrics::reader read) {
  collections_.push_back(own_->collect(name, type, help, std::move(read)));
}

void running_metrics::collect_each(std::string_view name, std::string_view help,
                                   std::function<double(const component_status::view&)> pick) {
  collect(name, metric_type::counter, help, [this, pick = std::move(pick)] {
    std::vector<measured> all;
    for (const auto& one : *views_())
      all.push_back({{{"component_id", one.id}, {"component_path", "/"}}, pick(one.running->status().get())});
    return all;
  });
}

void running_metrics::collect_components() {
  collect("alloy_component_controller_running_components", metric_type::gauge, "Components by health.", [this] {
    std::map<health_state, double> count;
    for (const auto& one : *views_()) {
      if (!one.block) ++count[one.running->status().get().overall().state];
    }
    std::vector<measured> all;
    all.reserve(count.size());
    for (const auto& [state, number] : count)
      all.push_back({{{"health_type", std::string(to_string(state))}}, number});
    return all;
  });
  collect("alloy_component_graph_connection", metric_type::gauge, "Which component sends to which.", [this] {
    std::vector<measured> all;
    for (const auto& one : *views_()) {
      std::set<std::string> to;
      for (const auto& outlet : one.running->status().get().consumers)
        to.insert(outlet.begin(), outlet.end());
      for (const auto& id : to)
        all.push_back({{{"from", one.id}, {"to", id}}, 1});
    }
    return all;
  });
  collect_each("troupe_component_restarts_total", "How often a component was started again after it had failed.",
               [](const auto& of) { return static_cast<double>(of.restarts); });
  collect_each("troupe_component_busy_seconds_total",
               "Time that a component spent in its actor: what it costs, but for what is done beside it.",
               [](const auto& of) { return std::chrono::duration<double>(of.busy).count(); });
}

/// All edges as they were at one moment: each ledger is read once for a page, so that what is said about it there
/// agrees.
const running_metrics::edge_list& running_metrics::edges_of_page() const {
  thread_local std::uint64_t page = 0;
  thread_local edge_list edges;
  if (page == 0 || page != own_metrics::current_page()) {
    page = own_metrics::current_page();
    edges.clear();
    for (const auto& one : *views_()) {
      for (auto& [to, counts] : one.running->status().get().edges)
        edges.push_back({one.id, to, std::move(counts)});
    }
  }
  return edges;
}

/// pushed = settled + dropped of all reasons + in flight, for each edge at every reading.
void running_metrics::collect_edges() {
  using amount = std::function<void(const label_set&, const ledger&, std::vector<measured>&)>;
  const auto edges = [this](std::string_view name, metric_type type, std::string_view help, amount read) {
    collect(name, type, help, [this, read] {
      std::vector<measured> all;
      for (const auto& [from, to, counts] : edges_of_page())
        read({{"from", from}, {"to", to}}, counts, all);
      return all;
    });
  };
  const auto items = [&](std::string_view name, metric_type type, std::string_view help, auto pick) {
    edges(name, type, help, [pick](const label_set& edge, const ledger& counts, auto& all) {
      all.push_back({edge, static_cast<double>(pick(counts))});
    });
  };
  const auto dropped = [&](std::string_view name, std::string_view help, auto pick) {
    edges(name, metric_type::counter, help, [pick](const label_set& edge, const ledger& counts, auto& all) {
      for (const auto& [reason, lost] : counts.dropped) {
        auto labels = edge;
        labels.set("reason", reason);
        all.push_back({std::move(labels), static_cast<double>(pick(lost))});
      }
    });
  };
  items("troupe_edge_pushed_items_total", metric_type::counter, "Samples, entries or spans that the producer pushed.",
        [](const ledger& l) { return l.pushed.items; });
  items("troupe_edge_settled_items_total", metric_type::counter,
        "Items for which everything further down took responsibility.",
        [](const ledger& l) { return l.settled.items; });
  dropped("troupe_edge_dropped_items_total", "Items that were given up, by reason.",
          [](const ledger::amount& a) { return a.items; });
  items("troupe_edge_in_flight_items", metric_type::gauge, "Items that are neither settled nor dropped.",
        [](const ledger& l) { return l.in_flight.items; });
  items("troupe_edge_pushed_batches_total", metric_type::counter, "Batches that the producer pushed.",
        [](const ledger& l) { return l.pushed.batches; });
  items("troupe_edge_settled_batches_total", metric_type::counter,
        "Batches for which everything further down took responsibility.",
        [](const ledger& l) { return l.settled.batches; });
  dropped("troupe_edge_dropped_batches_total", "Batches that were given up, by reason.",
          [](const ledger::amount& a) { return a.batches; });
  items("troupe_edge_in_flight_batches", metric_type::gauge, "Batches that are neither settled nor dropped.",
        [](const ledger& l) { return l.in_flight.batches; });
  items("troupe_edge_unsettled_bytes", metric_type::gauge, "Memory of the batches in flight.",
        [](const ledger& l) { return l.unsettled_bytes; });
  items("troupe_edge_resent_batches_total", metric_type::counter, "Batches that were sent once more after a restart.",
        [](const ledger& l) { return l.resent; });
}

}  // namespace troupe::runtime
