#include "actors/prometheus/remote_write/remote_write.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "actors/runtime/blocking_pool.hpp"
#include "protocol/remote_write/journal_record.hpp"

namespace troupe::prometheus {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// Batches that endpoints which keep up read from memory.
constexpr std::size_t recent_bytes = std::size_t{16} << 20;
constexpr auto sync_every = seconds(1);
constexpr auto retry_append_every = seconds(1);
/// What was sent is removed at least this often, whatever truncate_frequency says: the disk is not ours alone.
constexpr nanoseconds reclaim_at_least_every = std::chrono::minutes(1);
/// At the end this long is tried to send what waits; what is left is sent after the next start.
constexpr auto send_at_the_end = seconds(5);

/// Has no state; outlives what is still being synced when a component goes.
journal::posix_disk the_disk;

/// Which cursor belongs to an endpoint: its name, or its URL; of several with the same URL the second is `URL#2`.
std::vector<std::string> keys_of(const std::vector<remote_writing::endpoint_arguments>& endpoints) {
  std::map<std::string, int> count;
  std::vector<std::string> keys;
  for (const auto& one : endpoints) {
    std::string key = one.name.empty() ? one.url : one.name;
    for (char& c : key) {
      if (c == '\t' || c == '\n') c = ' ';
    }
    if (const int n = ++count[key]; n > 1) key += '#' + std::to_string(n);
    keys.push_back(std::move(key));
  }
  return keys;
}

std::string name_of(const remote_writing::endpoint_arguments& one, const std::string& key) {
  if (!one.name.empty()) return one.name;
  char text[8];
  std::snprintf(text, sizeof text, "%06x", static_cast<unsigned>(std::hash<std::string>()(key) & 0xffffff));
  return text;
}

}  // namespace

remote_write_component::remote_write_component(runtime::component_context& context,
                                               std::shared_ptr<const remote_writing::arguments> arguments)
    : context_(context), recent_(recent_bytes), metrics_(context.metrics()) {
  open_journal();
  if (const auto ok = apply(*arguments); !ok) throw std::runtime_error(ok.error().message);
}

remote_write_component::~remote_write_component() {
  backends_.clear();
  if (journal_ && !syncing_) (void)journal_->sync();
}

config::value remote_write_component::exports(const runtime::component_place& place, const remote_writing::arguments&) {
  return config::object::in_order({{"receiver", runtime::make_receiver(place.id, telemetry::signal::metrics)}});
}

void remote_write_component::open_journal() {
  journal::open_report report;
  const auto began = context_.now();
  const auto directory = (context_.data_path() / "journal").string();
  auto opened = journal::journal::open(the_disk, directory, journal::options{}, report);
  if (!opened) throw std::runtime_error(opened.error().message);
  journal_ = std::move(*opened);
  for (const auto& one : report.damage)
    context_.publish(runtime::journal_damaged{directory, one, report.damaged_bytes});
  metrics_.damaged(report.damage.size());
  context_.publish(
      runtime::journal_opened{directory, report.segments, report.records, report.bytes, context_.now() - began});
}

result<void> remote_write_component::apply(const remote_writing::arguments& arguments) {
  const telemetry::label_set external({arguments.external_labels.begin(), arguments.external_labels.end()});
  const auto keys = keys_of(arguments.endpoints);
  std::vector<backend> next;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto known = std::find_if(backends_.begin(), backends_.end(),
                                    [&](const backend& b) { return b.sends && b.sends->key() == keys[i]; });
    backend one;
    if (known != backends_.end()) {
      one = std::move(*known);
    } else {
      one.source = std::make_unique<journal_source>(*journal_, recent_);
      one.sends = std::make_unique<endpoint>(context_, keys[i], name_of(arguments.endpoints[i], keys[i]), *one.source,
                                             journal_->add_cursor(keys[i]));
      one.sends->on_progress = [this] { progressed(); };
    }
    auto ok = one.sends->update(arguments.endpoints[i], external);
    next.push_back(std::move(one));
    if (!ok) {
      for (auto& kept : next)
        backends_.push_back(std::move(kept));
      std::erase_if(backends_, [](const backend& b) { return !b.sends; });
      return ok;
    }
  }
  backends_ = std::move(next);
  std::vector<std::string> unused;
  for (const auto& [name, at] : journal_->cursors()) {
    if (std::find(keys.begin(), keys.end(), name) == keys.end()) unused.push_back(name);
  }
  for (const auto& name : unused)
    journal_->remove_cursor(name);
  journal_->set_ages(std::chrono::duration_cast<milliseconds>(arguments.wal.min_keepalive_time).count(),
                     std::chrono::duration_cast<milliseconds>(arguments.wal.max_keepalive_time).count());
  truncate_every_ = std::min(arguments.wal.truncate_frequency, reclaim_at_least_every);
  reclaim_timer_ = context_.after(truncate_every_, [this] { reclaim(); });
  return {};
}

void remote_write_component::start() {
  sync_timer_ = context_.after(sync_every, [this] { begin_sync(); });
  pump();
}

result<void> remote_write_component::update(const runtime::arguments_ref& arguments) {
  auto ok = apply(*std::static_pointer_cast<const remote_writing::arguments>(arguments));
  pump();
  return ok;
}

void remote_write_component::consume(const telemetry::batch_ref& batch, runtime::receipt of) {
  auto in = std::static_pointer_cast<const telemetry::metrics_batch>(batch);
  if (in->items() == 0) return;
  if (unwritten_.empty()) {
    const auto ok = append(in, of);
    if (ok) {
      of.settle();
      pump();
      return;
    }
    metrics_.failed_appends.add();
    trouble_ = ok.error().message;
    show_health();
    retry_timer_ = context_.after(retry_append_every, [this] { retry_append(); });
  }
  // It keeps its place and is not settled: its edge holds the rest back, within its bound.
  unwritten_.push_back({std::move(in), std::move(of)});
}

result<void> remote_write_component::append(const telemetry::metrics_ref& batch, const runtime::receipt& of) {
  const auto identity = of.identity();
  if (identity.source != 0 && journal_->last_number(identity.source) >= identity.number)
    return {};  // handed over a second time
  payload_.clear();
  remote_write::encode_record(*batch, payload_);
  const auto needs = remote_write::definitions_of(*batch->block);
  const auto number = journal_->append(
      payload_, static_cast<std::uint32_t>(batch->items()), {identity.source, identity.number}, needs,
      [&](journal::definition_id id) { return remote_write::definition(*batch->block, id); }, context_.wall_ms());
  if (!number) return tl::unexpected(number.error());
  metrics_.appended(batch->items(), batch->exemplars.size(), batch->timestamp_ms);
  recent_.add(*number, batch);
  return {};
}

void remote_write_component::retry_append() {
  std::size_t done = 0;
  for (; done < unwritten_.size(); ++done) {
    const auto ok = append(unwritten_[done].batch, unwritten_[done].of);
    if (!ok) {
      trouble_ = ok.error().message;
      break;
    }
    unwritten_[done].of.settle();
  }
  unwritten_.erase(unwritten_.begin(), unwritten_.begin() + static_cast<std::ptrdiff_t>(done));
  if (unwritten_.empty()) {
    trouble_.clear();
  } else {
    reclaim();
    retry_timer_ = context_.after(retry_append_every, [this] { retry_append(); });
  }
  show_health();
  pump();
}

void remote_write_component::pump() {
  sequence slowest = journal_->next();
  for (auto& one : backends_) {
    one.sends->pump();
    slowest = std::min(slowest, one.sends->wanted());
  }
  recent_.forget_before(slowest);
}

void remote_write_component::progressed() {
  for (auto& one : backends_)
    journal_->advance(one.sends->key(), one.sends->done_before());
  show_health();
}

/// What was written and how far endpoints are goes to the disk for good, beside the actor.
void remote_write_component::begin_sync() {
  sync_timer_ = context_.after(sync_every, [this] { begin_sync(); });
  for (auto& one : backends_)
    journal_->advance(one.sends->key(), one.sends->done_before());
  if (syncing_ || !journal_->needs_sync()) return;
  syncing_ = true;
  auto ticket = journal_->begin_sync();
  context_.shared().blocking.run([this, ticket, post = context_.post()] {
    ticket->run();
    post([this, ticket] {
      syncing_ = false;
      if (const auto ok = journal_->finish_sync(*ticket); !ok) {
        metrics_.syncs_failed.add();
        trouble_ = ok.error().message;
        show_health();
      }
    });
  });
}

void remote_write_component::reclaim() {
  reclaim_timer_ = context_.after(truncate_every_, [this] { reclaim(); });
  for (const auto& one : journal_->reclaim(context_.wall_ms())) {
    metrics_.lost(one);
    context_.publish(runtime::journal_data_lost{one.items, one.reason});
  }
  std::size_t series = 0;
  for (const auto& one : backends_)
    series = std::max(series, one.sends->active_series());
  metrics_.follow(journal_->count(), series);
}

void remote_write_component::show_health() {
  std::string text = trouble_.empty() ? "" : "journal: " + trouble_;
  for (const auto& one : backends_) {
    if (one.sends->trouble().empty()) continue;
    text += (text.empty() ? "" : "; ") + one.sends->key() + ": " + one.sends->trouble();
  }
  context_.set_health(text.empty() ? runtime::health_state::healthy : runtime::health_state::unhealthy, text);
}

void remote_write_component::finish() {
  finishing_ = true;
  for (auto& one : backends_)
    one.sends->flush();
  finish_timer_ = context_.after(send_at_the_end, [this] { settled_ = true; });
}

bool remote_write_component::finished() const {
  if (!finishing_ || syncing_) return false;
  return settled_ || std::all_of(backends_.begin(), backends_.end(), [&](const backend& b) {
           return b.sends->done_before() >= journal_->next() ||
                  (b.sends->in_flight() == 0 && !b.sends->trouble().empty());
         });
}

std::string remote_write_component::debug_info() const {
  std::vector<endpoint::report> all;
  for (const auto& one : backends_)
    all.push_back(one.sends->describe());
  return endpoint::debug_json(all);
}

}  // namespace troupe::prometheus
