#include "actors/store/local/store.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "actors/runtime/blocking_pool.hpp"
#include "actors/store/local/api.hpp"

namespace troupe::store {

namespace {

constexpr auto write_every = std::chrono::seconds(1);
constexpr auto maintain_every = std::chrono::minutes(2);
/// So much waits at most while the database can't be written; then the oldest is given up, counted on its edge.
constexpr std::size_t most_waiting_bytes = std::size_t{64} << 20;
constexpr std::size_t most_at_once = 512;

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
      appended_(context.metrics().counter("troupe_store_appended_samples_total", "Samples that were stored.")),
      failures_(
          context.metrics().counter("troupe_store_failed_writes_total", "Attempts to store samples that failed.")),
      bytes_(context.metrics().gauge("troupe_store_bytes", "Size of the database.")) {
  const auto directory = context.data_path();
  std::error_code why;
  std::filesystem::create_directories(directory, why);
  if (why) throw std::runtime_error("cannot make directory " + directory.string() + ": " + why.message());
  std::string note;
  auto opened = database::open((directory / "store.db").string(), note);
  if (!opened) throw std::runtime_error(opened.error().message);
  database_ = std::move(*opened);
  if (!note.empty()) context.publish(runtime::message{"", runtime::log_level::error, note});
  auto reading = reader::open(database_->path());
  if (!reading) throw std::runtime_error(reading.error().message);
  reader_ = std::move(*reading);
  (void)update(arguments);
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
  write_timer_ = context_.after(write_every, [this] { write(); });
  maintain_timer_ = context_.after(maintain_every, [this] { maintain(); });
}

void local::consume(const telemetry::batch_ref& batch, runtime::receipt of) {
  auto in = std::static_pointer_cast<const telemetry::metrics_batch>(batch);
  if (in->items() == 0) return;
  waiting_bytes_ += in->bytes();
  waiting_.push_back({std::move(in), std::move(of)});
  // What is being written can't be taken back: behind it the oldest goes.
  const std::size_t busy = writing_ ? std::min(most_at_once, waiting_.size()) : 0;
  while (waiting_bytes_ > most_waiting_bytes && waiting_.size() > busy + 1) {
    auto& oldest = waiting_[busy];
    waiting_bytes_ -= oldest.batch->bytes();
    oldest.of.reject("store_full");
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(busy));
  }
}

void local::write() {
  write_timer_ = context_.after(write_every, [this] { write(); });
  if (writing_ || waiting_.empty()) return;
  writing_ = true;
  std::vector<telemetry::metrics_ref> batches;
  for (std::size_t i = 0; i < std::min(most_at_once, waiting_.size()); ++i)
    batches.push_back(waiting_[i].batch);
  context_.shared().blocking.run([this, to = database_, batches = std::move(batches), post = context_.post()] {
    auto outcome = to->write(batches);
    post([this, count = batches.size(), outcome = std::move(outcome)] { written(count, outcome); });
  });
}

void local::written(std::size_t count, const result<void>& outcome) {
  writing_ = false;
  if (!outcome) {
    failures_.add();
    context_.set_health(runtime::health_state::unhealthy, outcome.error().message);
    return;  // they stay, unsettled, and are tried again
  }
  context_.set_health(runtime::health_state::healthy, "");
  for (std::size_t i = 0; i < count; ++i) {
    appended_.add(static_cast<double>(waiting_.front().batch->items()));
    waiting_bytes_ -= waiting_.front().batch->bytes();
    waiting_.front().of.settle();
    waiting_.pop_front();
  }
  if (waiting_.size() >= most_at_once || (finishing_ && !waiting_.empty())) write();
}

/// Rows into chunks, and what is too old or too much away. Takes its turn with writing.
void local::maintain() {
  if (writing_) {
    maintain_timer_ = context_.after(std::chrono::milliseconds(200), [this] { maintain(); });
    return;
  }
  maintain_timer_ = context_.after(maintain_every, [this] { maintain(); });
  writing_ = true;
  const auto now = context_.wall_ms();
  context_.shared().blocking.run([this, to = database_, bounds = bounds_, now, post = context_.post()] {
    auto outcome = to->compact(now - 60'000);
    removed gone;
    if (outcome) {
      if (auto done = to->retain(bounds, now)) {
        gone = *done;
      } else {
        outcome = tl::unexpected(done.error());
      }
    }
    post([this, outcome = std::move(outcome), gone, size = to->bytes()] {
      bytes_.set(static_cast<double>(size));
      for (const auto& [reason, samples] : {std::pair{"age", gone.by_age}, {"size", gone.by_size}}) {
        if (samples == 0) continue;
        context_.metrics()
            .counter("troupe_store_removed_samples_total", "Samples that were removed, by reason.",
                     {{"reason", reason}})
            .add(static_cast<double>(samples));
      }
      written(0, outcome);
    });
  });
}

void local::finish() {
  finishing_ = true;
  write();
}

bool local::serve(const std::string& path, const http::server_request& request,
                  const std::shared_ptr<http::responder>& answer) {
  context_.shared().blocking.run([from = reader_, path, request, answer, now = context_.wall_ms()] {
    auto said = ask(*from, path, request, now);
    answer->respond(said.status, "application/json", std::move(said.json));
  });
  return true;
}

}  // namespace troupe::store
