#include "actors/store/local/store.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "actors/runtime/blocking_pool.hpp"

namespace troupe::store {

namespace {

constexpr auto work_every = std::chrono::seconds(1);
constexpr auto maintain_every = std::chrono::minutes(2);
/// What waits of a signal is written early when it is this much.
constexpr std::size_t much_waiting_bytes = std::size_t{8} << 20;
/// So much of a signal waits at most while the database can't be written; then the oldest is given up, counted on its
/// edge.
constexpr std::size_t most_waiting_bytes = std::size_t{64} << 20;
/// What a batch costs beside what it holds: its receipt and its place.
constexpr std::size_t overhead_bytes = 256;
constexpr std::size_t most_at_once = 512;
constexpr std::size_t most_questions = 32;

/// How the metrics name each signal, what is counted of it, and what it is grouped by.
struct words {
  const char* signal;
  const char* items;
  const char* what;
  const char* groups;
  const char* groups_help;
};
constexpr of_each<words> words_of{
    {{"metrics", "samples", "Samples", "troupe_store_series", "Series that have samples, or may get some."},
     {"logs", "entries", "Log entries", "troupe_store_streams", "Streams that have log entries, or may get some."},
     {"traces", "spans", "Spans", "troupe_store_traces", "Traces that have spans."}}};

std::size_t cost(const telemetry::batch& batch) {
  return batch.bytes() + overhead_bytes;
}

std::string counted_items(const words& of, const char* how) {
  return std::string("troupe_store_") + how + "_" + of.items + "_total";
}

void decline(http::responder& answer, const std::string& why) {
  answer.respond(503, "application/json", error_json(why));
}

bool any(const of_each<bool>& all) {
  return std::find(all.begin(), all.end(), true) != all.end();
}

}  // namespace

local::local(runtime::component_context& context, std::shared_ptr<const storing::arguments> arguments)
    : context_(context),
      directory_(context.data_path()),
      lanes_{make_lane(0), make_lane(1), make_lane(2)},
      failures_(context.metrics().counter("troupe_store_commit_failures_total",
                                          "Attempts to change a database that failed.")) {
  // Whatever else is in the way may go: opening is tried again.
  if (auto lock = directory_lock::take(directory_)) {
    lock_ = std::move(*lock);
  } else if (lock.error().in_use) {
    throw std::runtime_error(lock.error().why);
  }
  (void)update(arguments);
}

local::~local() {
  // Closing writes what the logs still hold.
  if (files_) context_.shared().blocking.run([last = std::move(files_)] {});
}

local::lane local::make_lane(std::size_t signal) {
  auto& metrics = context_.metrics();
  const auto& words = words_of[signal];
  return {.batches = {},
          .appended = metrics.counter(counted_items(words, "appended"), std::string(words.what) + " that were stored."),
          .size = metrics.gauge("troupe_store_bytes", "Size of what is stored, by signal.", {{"signal", words.signal}}),
          .groups = metrics.gauge(words.groups, words.groups_help)};
}

config::value local::exports(const runtime::component_place& place, const storing::arguments&) {
  return config::object::in_order(
      {{"receiver", runtime::make_receiver(place.id, telemetry::signal::metrics)},
       {"logs_receiver", runtime::make_receiver(place.id, telemetry::signal::logs, "logs_receiver")},
       {"input", runtime::make_receiver(place.id, telemetry::signal::otlp)}});
}

result<void> local::update(const runtime::arguments_ref& given) {
  bounds_ = storing::retentions(*static_cast<const storing::arguments*>(given.get()));
  return {};
}

void local::start() {
  maintain_at_ = context_.now() + maintain_every;
  work();
}

bool local::anything_waits() const {
  return std::any_of(lanes_.begin(), lanes_.end(), [](const lane& one) { return !one.batches.empty(); });
}

bool local::much_waits() const {
  return std::any_of(lanes_.begin(), lanes_.end(), [](const lane& one) { return one.bytes >= much_waiting_bytes; });
}

void local::refuse(runtime::receipt of, telemetry::otlp_kind what, const char* reason) {
  const char* const signal = what == telemetry::otlp_kind::traces    ? "traces"
                             : what == telemetry::otlp_kind::metrics ? "metrics"
                                                                     : "logs";
  context_.metrics()
      .counter("troupe_store_refused_batches_total", "Batches of otelcol signals that can't be stored, by reason.",
               {{"signal", signal}, {"reason", reason}})
      .add();
  of.reject(reason);
}

/// It waits no longer: it is stored, or lost.
void local::leaves(const waiting& one, std::uint64_t& counted_as) {
  lanes_[static_cast<std::size_t>(one.batch->kind())].bytes -= cost(*one.batch);
  outside_.waiting -= one.batch->items();
  counted_as += one.batch->items();
}

void local::consume(const telemetry::batch_ref& batch, runtime::receipt of) {
  if (batch->kind() == telemetry::signal::otlp) {
    const auto& signals = static_cast<const telemetry::otlp_batch&>(*batch);
    if (signals.what != telemetry::otlp_kind::traces) return refuse(std::move(of), signals.what, "not_traces");
  }
  if (batch->items() == 0) return;
  auto& into = lanes_[static_cast<std::size_t>(batch->kind())];
  into.bytes += cost(*batch);
  outside_.waiting += batch->items();
  into.batches.push_back({batch, std::move(of), context_.now()});
  // What is being written can't be taken back: behind it the oldest goes.
  while (into.bytes > most_waiting_bytes && into.batches.size() > into.in_hand + 1) {
    auto& oldest = into.batches[into.in_hand];
    leaves(oldest, outside_.lost);
    oldest.of.reject("store_full");
    into.batches.erase(into.batches.begin() + static_cast<std::ptrdiff_t>(into.in_hand));
  }
  if ((finishing_ || into.bytes >= much_waiting_bytes) && !busy_ && trouble_.empty()) work();
}

void local::work() {
  timer_ = context_.after(work_every, [this] { work(); });
  if (busy_) return;
  if (!files_ || any(damaged_)) return open();
  if (context_.now() >= maintain_at_ && !finishing_) return maintain();
  if (anything_waits()) write();
}

void local::open() {
  if (asking_) return;  // a file is set aside only when nobody has it open
  busy_ = true;
  context_.shared().blocking.run([this, old = std::move(files_), aside = std::exchange(damaged_, {}),
                                  directory = directory_, post = context_.post()]() mutable {
    old.reset();
    std::vector<std::string> notes;
    auto opened = storage::open(directory, aside, notes);
    storage_ref made = opened ? std::move(*opened) : nullptr;
    post([this, made = std::move(made), trouble = opened ? std::string() : opened.error().message,
          notes = std::move(notes)] {
      busy_ = false;
      files_ = made;
      for (const auto& note : notes)
        context_.publish(runtime::message{"", runtime::log_level::error, note});
      if (!files_) failures_.add();
      show(trouble);
      if (files_) work();
      ask_next();
    });
  });
}

void local::run(std::function<of_each<result<void>>(storage&)> job, std::function<void()> then) {
  busy_ = true;
  context_.shared().blocking.run([this, on = files_, job = std::move(job), then = std::move(then),
                                  post = context_.post()]() mutable {
    outcome how{job(*on), on->damaged_for_writing(), on->bytes(), on->groups()};
    on.reset();  // whoever sets the files aside must find them closed
    post([this, how = std::move(how), then = std::move(then)] {
      ended(how);
      then();
      const bool well = std::all_of(how.how.begin(), how.how.end(), [](const auto& one) { return one.has_value(); });
      const bool many =
          std::any_of(lanes_.begin(), lanes_.end(), [](const lane& one) { return one.batches.size() >= most_at_once; });
      if (well && (many || much_waits() || finishing_)) work();
    });
  });
}

void local::ended(const outcome& how) {
  busy_ = false;
  std::string trouble;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    damaged_[i] = damaged_[i] || how.damaged[i];
    lanes_[i].in_hand = 0;
    lanes_[i].size.set(static_cast<double>(how.bytes[i]));
    lanes_[i].groups.set(static_cast<double>(how.groups[i]));
    if (how.how[i]) continue;
    failures_.add();
    if (trouble.empty()) trouble = std::string(words_of[i].signal) + ": " + how.how[i].error().message;
  }
  show(trouble);
}

void local::write() {
  load all;
  for (auto& one : lanes_)
    one.in_hand = std::min(most_at_once, one.batches.size());
  for (std::size_t i = 0; i < lanes_[0].in_hand; ++i)
    all.metrics.push_back(std::static_pointer_cast<const telemetry::metrics_batch>(lanes_[0].batches[i].batch));
  for (std::size_t i = 0; i < lanes_[1].in_hand; ++i)
    all.logs.push_back(std::static_pointer_cast<const telemetry::logs_batch>(lanes_[1].batches[i].batch));
  for (std::size_t i = 0; i < lanes_[2].in_hand; ++i)
    all.traces.push_back(std::static_pointer_cast<const telemetry::otlp_batch>(lanes_[2].batches[i].batch));
  const auto counts = of_each<std::size_t>{lanes_[0].in_hand, lanes_[1].in_hand, lanes_[2].in_hand};
  auto done = std::make_shared<of_each<stored>>();
  run(
      [all = std::move(all), done](storage& to) {
        *done = to.write(all);
        return of_each<result<void>>{(*done)[0].how, (*done)[1].how, (*done)[2].how};
      },
      [this, counts, done] {
        for (std::size_t i = 0; i < counts.size(); ++i)
          written(i, counts[i], (*done)[i]);
      });
}

/// Where it failed they stay, unsettled, and are tried again.
void local::written(std::size_t signal, std::size_t batches, const stored& how) {
  if (!how.how || batches == 0) return;
  auto& of = lanes_[signal];
  if (!how.why_undecodable.empty())
    context_.publish(runtime::message{"", runtime::log_level::warn, "traces are refused: " + how.why_undecodable});
  of.appended.add(static_cast<double>(how.items.added));
  if (how.items.duplicates > 0) {
    const auto& words = words_of[signal];
    context_.metrics()
        .counter(counted_items(words, "duplicate"),
                 std::string(words.what) + " that were there already and are kept once.")
        .add(static_cast<double>(how.items.duplicates));
  }
  for (std::size_t i = 0; i < batches; ++i) {
    auto& done = of.batches.front();
    if (i < how.undecodable.size() && how.undecodable[i]) {
      leaves(done, outside_.lost);
      refuse(std::move(done.of), telemetry::otlp_kind::traces, "undecodable");
    } else {
      leaves(done, outside_.delivered);
      context_.publish(runtime::batch_stored{done.batch->items(), context_.now() - done.since},
                       context_.tracing().part_of(done.batch->context), done.batch->self_telemetry);
      done.of.settle();
    }
    of.batches.pop_front();
  }
}

/// Rows into chunks, and what is too old or too much away.
void local::maintain() {
  maintain_at_ = context_.now() + maintain_every;
  auto gone = std::make_shared<of_each<removed>>();
  run(
      [gone, bounds = bounds_, now = context_.wall_ms()](storage& of) {
        auto done = of.maintain(bounds, now);
        *gone = done.gone;
        return std::move(done.how);
      },
      [this, gone] {
        for (std::size_t i = 0; i < gone->size(); ++i) {
          const auto& words = words_of[i];
          for (const auto& [reason, items] : {std::pair{"age", (*gone)[i].by_age}, {"size", (*gone)[i].by_size}}) {
            if (items == 0) continue;
            context_.metrics()
                .counter(counted_items(words, "removed"), std::string(words.what) + " that were removed, by reason.",
                         {{"reason", reason}})
                .add(static_cast<double>(items));
          }
        }
      });
}

void local::show(std::string trouble) {
  if (trouble == trouble_) return;
  trouble_ = std::move(trouble);
  context_.set_health(trouble_.empty() ? runtime::health_state::healthy : runtime::health_state::unhealthy, trouble_);
}

/// From now on what comes is written at once: whoever ends before this waits for it.
void local::finish() {
  finishing_ = true;
  work();
}

bool local::serve(const std::string& path, const http::server_request& request,
                  const std::shared_ptr<http::responder>& answer) {
  if (questions_.size() >= most_questions) {
    decline(*answer, "too many queries wait: try again");
    return true;
  }
  questions_.push_back({path, request, answer});
  ask_next();
  return true;
}

void local::ask_next() {
  if (asking_ || any(damaged_) || questions_.empty()) return;
  if (!files_) {
    if (busy_) return;  // being opened
    for (auto& one : std::exchange(questions_, {}))
      decline(*one.answer, "the database is not open: " + trouble_);
    return;
  }
  asking_ = true;
  context_.shared().blocking.run([this, on = files_, of = std::move(questions_.front()), now = context_.wall_ms(),
                                  post = context_.post()]() mutable {
    auto said = on->ask(of.path, of.request, now);
    const auto damaged = on->damaged_for_asking();
    on.reset();
    of.answer->respond(said.status, "application/json", std::move(said.json));
    post([this, damaged] {
      asking_ = false;
      for (std::size_t i = 0; i < damaged.size(); ++i)
        damaged_[i] = damaged_[i] || damaged[i];
      ask_next();
    });
  });
  questions_.pop_front();
}

}  // namespace troupe::store
