#include "actors/store/local/store.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "actors/runtime/blocking_pool.hpp"
#include "actors/store/local/api.hpp"

namespace troupe::store {

namespace {

constexpr auto work_every = std::chrono::seconds(1);
constexpr auto maintain_every = std::chrono::minutes(2);
/// What waits is written early when it is this much.
constexpr std::size_t much_waiting_bytes = std::size_t{8} << 20;
/// So much waits at most while the database can't be written; then the oldest is given up, counted on its edge.
constexpr std::size_t most_waiting_bytes = std::size_t{64} << 20;
/// What a batch costs beside its columns: its receipt and its place.
constexpr std::size_t overhead_bytes = 256;
constexpr std::size_t most_at_once = 512;
constexpr std::size_t most_questions = 32;
/// A chunk of fewer samples costs more for its row than for them.
constexpr std::int64_t chunk_rows = 120;
constexpr std::int64_t longest_recent_ms = 30 * 60'000;
constexpr std::uint64_t most_recent_bytes = std::uint64_t{128} << 20;

std::size_t cost(const telemetry::metrics_batch& batch) {
  return batch.bytes() + overhead_bytes;
}

void refuse(http::responder& answer, const std::string& why) {
  answer.respond(503, "application/json", error_json(why));
}

}  // namespace

namespace storing {

const config::component_schema& schema() {
  static const auto schema = [] {
    auto s = config::describe<arguments>("store.local", config::stability::generally_available,
                                         "Keeps metrics in an embedded database, to be asked over HTTP.");
    s.exports("receiver", "MetricsReceiver", "Takes the samples to keep.");
    s.attribute("max_age", &arguments::max_age, "Older samples are removed; 0: never.")
        .attribute("max_size", &arguments::max_size, "Beyond this size the oldest samples are removed; 0: never.")
        .check([](const arguments& a) {
          config::complaints all;
          if (a.max_age.count() < 0) all.push_back({"max_age", "max_age must not be negative"});
          if (a.max_size.bytes < 0) all.push_back({"max_size", "max_size must not be negative"});
          return all;
        });
    return s;
  }();
  return schema;
}

}  // namespace storing

local::local(runtime::component_context& context, std::shared_ptr<const storing::arguments> arguments)
    : context_(context),
      directory_(context.data_path()),
      appended_(context.metrics().counter("troupe_store_appended_samples_total", "Samples that were stored.")),
      failures_(context.metrics().counter("troupe_store_commit_failures_total",
                                          "Attempts to change the database that failed.")),
      bytes_(context.metrics().gauge("troupe_store_bytes", "Size of what is stored.")),
      series_(context.metrics().gauge("troupe_store_series", "Series that have samples, or may get some.")) {
  (void)update(arguments);
}

local::~local() {
  // Closing writes what the log still holds.
  if (files_) context_.shared().blocking.run([last = std::move(files_)] {});
}

config::value local::exports(const runtime::component_place& place, const storing::arguments&) {
  return config::object::in_order({{"receiver", runtime::make_receiver(place.id, telemetry::signal::metrics)}});
}

result<void> local::update(const runtime::arguments_ref& given) {
  const auto& arguments = *static_cast<const storing::arguments*>(given.get());
  bounds_ = {std::chrono::duration_cast<std::chrono::milliseconds>(arguments.max_age).count(),
             static_cast<std::uint64_t>(arguments.max_size.bytes)};
  return {};
}

void local::start() {
  maintain_at_ = context_.now() + maintain_every;
  work();
}

void local::consume(const telemetry::batch_ref& batch, runtime::receipt of) {
  auto in = std::static_pointer_cast<const telemetry::metrics_batch>(batch);
  if (in->items() == 0) return;
  waiting_bytes_ += cost(*in);
  waiting_.push_back({std::move(in), std::move(of)});
  // What is being written can't be taken back: behind it the oldest goes.
  while (waiting_bytes_ > most_waiting_bytes && waiting_.size() > in_hand_ + 1) {
    auto& oldest = waiting_[in_hand_];
    waiting_bytes_ -= cost(*oldest.batch);
    oldest.of.reject("store_full");
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(in_hand_));
  }
  if (waiting_bytes_ >= much_waiting_bytes && !busy_ && trouble_.empty()) work();
}

void local::work() {
  timer_ = context_.after(work_every, [this] { work(); });
  if (busy_) return;
  if (!files_ || damaged_) return open();
  if (context_.now() >= maintain_at_) return maintain();
  if (!waiting_.empty()) write();
}

void local::open() {
  if (asking_) return;  // a file is set aside only when nobody has it open
  busy_ = true;
  context_.shared().blocking.run([this, old = std::move(files_), aside = std::exchange(damaged_, false),
                                  directory = directory_, post = context_.post()]() mutable {
    old.reset();
    const auto path = (directory / "store.db").string();
    auto made = std::make_shared<files>();
    std::string trouble, note;
    std::error_code why;
    std::filesystem::create_directories(directory, why);
    if (why) trouble = "cannot make directory " + directory.string() + ": " + why.message();
    if (aside) {
      database::set_aside(path);
      note = path + " is damaged; kept as " + path + ".damaged, a new one is begun";
    }
    if (trouble.empty()) {
      if (auto opened = database::open(path, note)) {
        made->writer = std::move(*opened);
      } else {
        trouble = opened.error().message;
      }
    }
    if (trouble.empty()) {
      if (auto opened = reader::open(path)) {
        made->queries = std::move(*opened);
      } else {
        trouble = opened.error().message;
      }
    }
    post([this, made = trouble.empty() ? std::move(made) : nullptr, trouble, note] {
      busy_ = false;
      files_ = made;
      if (!note.empty()) context_.publish(runtime::message{"", runtime::log_level::error, note});
      if (!files_) failures_.add();
      show(trouble);
      if (files_) work();
      ask_next();
    });
  });
}

void local::run(std::function<outcome(database&)> job, std::function<void()> then) {
  busy_ = true;
  context_.shared().blocking.run(
      [this, on = files_, job = std::move(job), then = std::move(then), post = context_.post()]() mutable {
        auto how = job(*on->writer);
        how.damaged = on->writer->damaged();
        how.bytes = on->writer->bytes();
        how.series = on->writer->series();
        on.reset();  // whoever sets the file aside must find it closed
        post([this, how = std::move(how), then = std::move(then)] {
          ended(how);
          if (how.how) then();
          if (how.how && (waiting_.size() >= most_at_once || waiting_bytes_ >= much_waiting_bytes || finishing_))
            work();
        });
      });
}

void local::ended(const outcome& how) {
  busy_ = false;
  in_hand_ = 0;
  if (how.damaged) damaged_ = true;
  bytes_.set(static_cast<double>(how.bytes));
  series_.set(static_cast<double>(how.series));
  if (!how.how) failures_.add();
  show(how.how ? "" : how.how.error().message);
}

void local::write() {
  std::vector<telemetry::metrics_ref> batches;
  for (std::size_t i = 0; i < std::min(most_at_once, waiting_.size()); ++i)
    batches.push_back(waiting_[i].batch);
  in_hand_ = batches.size();
  const auto count = batches.size();
  // Where it fails they stay, unsettled, and are tried again.
  run([batches = std::move(batches)](database& to) { return outcome{to.write(batches)}; },
      [this, count] {
        for (std::size_t i = 0; i < count; ++i) {
          auto& done = waiting_.front();
          appended_.add(static_cast<double>(done.batch->items()));
          waiting_bytes_ -= cost(*done.batch);
          done.of.settle();
          waiting_.pop_front();
        }
      });
}

/// Rows into chunks, and what is too old or too much away.
void local::maintain() {
  maintain_at_ = context_.now() + maintain_every;
  auto gone = std::make_shared<removed>();
  const auto now = context_.wall_ms();
  run(
      [gone, bounds = bounds_, now](database& of) {
        // The youngest rows stay: a query for the last minute reads them as they are.
        if (auto ok = of.compact({now - 60'000, chunk_rows, longest_recent_ms, most_recent_bytes}); !ok)
          return outcome{ok};
        auto done = of.retain(bounds, now);
        if (!done) return outcome{tl::unexpected(done.error())};
        *gone = *done;
        return outcome{};
      },
      [this, gone] {
        for (const auto& [reason, samples] : {std::pair{"age", gone->by_age}, {"size", gone->by_size}}) {
          if (samples == 0) continue;
          context_.metrics()
              .counter("troupe_store_removed_samples_total", "Samples that were removed, by reason.",
                       {{"reason", reason}})
              .add(static_cast<double>(samples));
        }
      });
}

void local::show(std::string trouble) {
  if (trouble == trouble_) return;
  trouble_ = std::move(trouble);
  context_.set_health(trouble_.empty() ? runtime::health_state::healthy : runtime::health_state::unhealthy, trouble_);
}

void local::finish() {
  finishing_ = true;
  work();
}

bool local::serve(const std::string& path, const http::server_request& request,
                  const std::shared_ptr<http::responder>& answer) {
  if (questions_.size() >= most_questions) {
    refuse(*answer, "too many queries wait: try again");
    return true;
  }
  questions_.push_back({path, request, answer});
  ask_next();
  return true;
}

void local::ask_next() {
  if (asking_ || damaged_ || questions_.empty()) return;
  if (!files_) {
    if (busy_) return;  // being opened
    for (auto& one : std::exchange(questions_, {}))
      refuse(*one.answer, "the database is not open: " + trouble_);
    return;
  }
  asking_ = true;
  context_.shared().blocking.run([this, on = files_, of = std::move(questions_.front()), now = context_.wall_ms(),
                                  post = context_.post()]() mutable {
    auto said = ask(*on->queries, of.path, of.request, now);
    const bool damaged = on->queries->damaged();
    on.reset();
    of.answer->respond(said.status, "application/json", std::move(said.json));
    post([this, damaged] {
      asking_ = false;
      if (damaged) damaged_ = true;
      ask_next();
    });
  });
  questions_.pop_front();
}

}  // namespace troupe::store
