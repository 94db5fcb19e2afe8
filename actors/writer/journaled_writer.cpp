#include "actors/writer/journaled_writer.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "actors/runtime/blocking_pool.hpp"
#include "actors/runtime/own_metrics.hpp"

namespace troupe::writer {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Batches that endpoints which keep up read from memory.
constexpr std::size_t recent_bytes = std::size_t{16} << 20;
constexpr auto sync_every = seconds(1);
constexpr auto retry_append_every = seconds(1);

/// Has no state; outlives what is still being synced when a component goes.
journal::posix_disk the_disk;

/// Which cursor belongs to an endpoint: its name, or its URL; of several with the same URL the second is `URL#2`.
std::vector<std::string> keys_of(const std::vector<endpoint_plan>& endpoints) {
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

std::string name_of(const endpoint_plan& one, const std::string& key) {
  if (!one.name.empty()) return one.name;
  char text[8];
  std::snprintf(text, sizeof text, "%06x", static_cast<unsigned>(std::hash<std::string>()(key) & 0xffffff));
  return text;
}

}  // namespace

/// What every writer counts of its journal.
struct journaled_writer::metrics {
  explicit metrics(runtime::component_metrics& in)
      : of(in),
        failed_appends(in.counter("troupe_journal_failed_appends_total",
                                  "Batches that could not be written at the first attempt.")),
        failed_syncs(
            in.counter("troupe_journal_failed_syncs_total", "Attempts to make the journal durable that failed.")),
        bytes(in.gauge("troupe_journal_bytes", "Size of the journal on the disk.")),
        segments(in.gauge("troupe_journal_segments", "Segments of the journal.")),
        next_record(in.gauge("troupe_journal_next_record", "Number of the record that is written next.")) {}
  void lost(const journal::loss& what) {
    of.counter("troupe_journal_lost_items_total", "Items that were removed before they were sent.",
               {{"endpoint", what.cursor}, {"reason", what.reason}})
        .add(static_cast<double>(what.items));
  }
  runtime::component_metrics& of;
  runtime::counter& failed_appends;
  runtime::counter& failed_syncs;
  runtime::gauge& bytes;
  runtime::gauge& segments;
  runtime::gauge& next_record;
};

journaled_writer::journaled_writer(runtime::component_context& context, const record_format& format)
    : context_(context),
      format_(format),
      metrics_(std::make_unique<metrics>(context.metrics())),
      recent_(recent_bytes) {}

journaled_writer::~journaled_writer() {
  endpoints_.clear();
  if (journal_ && !syncing_) (void)journal_->sync();
}

void journaled_writer::open_journal() {
  journal::open_report report;
  const auto began = context_.now();
  const auto directory = (context_.data_path() / "journal").string();
  journal::options how;
  if (context_.shared().sync_each_batch) how.sync = journal::sync_mode::always;
  auto opened = journal::journal::open(the_disk, directory, how, report);
  if (!opened) throw std::runtime_error(opened.error().message);
  journal_ = std::move(*opened);
  for (const auto& one : report.damage)
    context_.publish(runtime::journal_damaged{directory, one, report.damaged_bytes});
  const auto took = context_.now() - began;
  on_opened(report.damage.size(), took);
  context_.publish(runtime::journal_opened{directory, report.segments, report.records, report.bytes, took});
}

/// Where an endpoint begins that was not there before. A renamed one goes on for the one that is gone: it leaves
/// nothing out and sends nothing twice; what is added gets what comes from now on.
sequence journaled_writer::begin_of_new(const std::vector<std::string>& keys) const {
  if (journal_->cursors().empty()) return 0;
  sequence begin = journal_->next();
  for (const auto& [name, at] : journal_->cursors()) {
    if (std::find(keys.begin(), keys.end(), name) == keys.end()) begin = std::min(begin, at);
  }
  return begin;
}

result<std::unique_ptr<endpoint>> journaled_writer::endpoint_for(const endpoint_plan& plan, const std::string& key,
                                                                 sequence begin) {
  const auto known =
      std::find_if(endpoints_.begin(), endpoints_.end(), [&](const auto& e) { return e && e->key() == key; });
  std::unique_ptr<endpoint> one;
  if (known != endpoints_.end()) {
    if (const auto ok = plan.update((*known)->speaks()); !ok) return tl::unexpected(ok.error());
    one = std::move(*known);
  } else {
    const auto name = name_of(plan, key);
    auto how = plan.make(name);
    if (const auto ok = plan.update(*how); !ok) return tl::unexpected(ok.error());
    one = std::make_unique<endpoint>(context_, key, name, std::move(how),
                                     std::make_unique<journal_source>(*journal_, recent_, format_),
                                     journal_->add_cursor(key, begin));
    one->on_progress = [this] { progressed(); };
  }
  one->set(plan.settings);
  return one;
}

result<void> journaled_writer::apply(const writer_plan& plan) {
  if (!journal_) open_journal();
  note_progress();
  const auto keys = keys_of(plan.endpoints);
  const auto begin = begin_of_new(keys);
  std::vector<std::string> before;
  for (const auto& one : endpoints_)
    before.push_back(one->key());
  std::vector<std::unique_ptr<endpoint>> next;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto one = endpoint_for(plan.endpoints[i], keys[i], begin);
    if (!one) {  // what was there stays, what is new is not wanted yet
      for (auto& kept : next) {
        if (std::find(before.begin(), before.end(), kept->key()) != before.end()) endpoints_.push_back(std::move(kept));
      }
      std::erase(endpoints_, nullptr);
      if (!before.empty()) forget_cursors_without_endpoint();
      return tl::unexpected(one.error());
    }
    next.push_back(std::move(*one));
  }
  endpoints_ = std::move(next);
  forget_cursors_without_endpoint();
  journal_->set_ages(std::chrono::duration_cast<milliseconds>(plan.min_age).count(),
                     std::chrono::duration_cast<milliseconds>(plan.max_age).count());
  settle_when_sent_ = plan.settle_when_sent;
  settle_sent();
  reclaim_every_ = plan.reclaim_every;
  reclaim_timer_ = context_.after(reclaim_every_, [this] { reclaim(); });
  return {};
}

void journaled_writer::forget_cursors_without_endpoint() {
  std::vector<std::string> unused;
  for (const auto& one : journal_->cursors()) {
    const bool used =
        std::any_of(endpoints_.begin(), endpoints_.end(), [&](const auto& e) { return e->key() == one.first; });
    if (!used) unused.push_back(one.first);
  }
  for (const auto& name : unused)
    journal_->remove_cursor(name);
}

void journaled_writer::start() {
  sync_timer_ = context_.after(sync_every, [this] { begin_sync(); });
  pump();
}

void journaled_writer::consume(const telemetry::batch_ref& batch, runtime::receipt of) {
  if (batch->items() == 0) return;
  if (unwritten_.empty()) {
    const auto ok = append(batch, of);
    if (ok) {
      appended(std::move(of));
      pump();
      return;
    }
    metrics_->failed_appends.add();
    trouble_ = ok.error().message;
    show_health();
    retry_timer_ = context_.after(retry_append_every, [this] { retry_append(); });
  }
  // It keeps its place and is not settled: its edge holds the rest back, within its bound.
  unwritten_.push_back({batch, std::move(of)});
}

result<void> journaled_writer::append(const telemetry::batch_ref& batch, const runtime::receipt& of) {
  const auto identity = of.identity();
  if (identity.source != 0 && journal_->last_number(identity.source) >= identity.number)
    return {};  // handed over a second time
  const auto began = context_.now();
  payload_.clear();
  format_.encode(*batch, payload_);
  const auto needs = format_.definitions_of(*batch);
  const auto number = journal_->append(
      payload_, static_cast<std::uint32_t>(batch->items()), {identity.source, identity.number}, needs,
      [&](journal::definition_id id) { return format_.definition(*batch, id); }, context_.wall_ms());
  if (!number) return tl::unexpected(number.error());
  on_appended(*batch);
  context_.publish(runtime::journal_appended{batch->items(), payload_.size(), context_.now() - began},
                   context_.tracing().part_of(batch->context), batch->self_telemetry);
  recent_.add(*number, batch);
  return {};
}

/// It is safe: that settles it, unless it is to be sent first. Of a batch that was handed over a second time the place
/// in the journal is not known: it counts as the last.
void journaled_writer::appended(runtime::receipt of) {
  if (!settle_when_sent_) return of.settle();
  unsent_.push_back({journal_->next(), std::move(of)});
}

void journaled_writer::settle_sent() {
  sequence done = journal_->next();
  for (const auto& one : endpoints_)
    done = std::min(done, one->done_before());
  while (!unsent_.empty() && (!settle_when_sent_ || unsent_.front().before <= done)) {
    unsent_.front().of.settle();
    unsent_.pop_front();
  }
}

void journaled_writer::retry_append() {
  std::size_t done = 0;
  for (; done < unwritten_.size(); ++done) {
    const auto ok = append(unwritten_[done].batch, unwritten_[done].of);
    if (!ok) {
      trouble_ = ok.error().message;
      break;
    }
    appended(std::move(unwritten_[done].of));
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

void journaled_writer::pump() {
  sequence slowest = journal_->next();
  for (auto& one : endpoints_) {
    one->pump();
    slowest = std::min(slowest, one->wanted());
  }
  recent_.forget_before(slowest);
}

void journaled_writer::note_progress() {
  for (auto& one : endpoints_)
    journal_->advance(one->key(), one->done_before());
}

void journaled_writer::progressed() {
  note_progress();
  settle_sent();
  show_health();
}

/// What was written and how far endpoints are goes to the disk for good, beside the actor.
void journaled_writer::begin_sync() {
  sync_timer_ = context_.after(sync_every, [this] { begin_sync(); });
  waiting_ = 0;
  for (auto& one : endpoints_) {
    journal_->advance(one->key(), one->done_before());
    if (one->done_before() < journal_->next()) waiting_ = std::max(waiting_, journal_->waiting(one->key()).items);
  }
  if (syncing_ || !journal_->needs_sync()) return;
  syncing_ = true;
  auto ticket = journal_->begin_sync();
  context_.shared().blocking.run([this, ticket, post = context_.post()] {
    ticket->run();
    post([this, ticket] {
      syncing_ = false;
      if (const auto ok = journal_->finish_sync(*ticket); !ok) {
        metrics_->failed_syncs.add();
        trouble_ = ok.error().message;
        show_health();
      }
    });
  });
}

void journaled_writer::reclaim() {
  reclaim_timer_ = context_.after(reclaim_every_, [this] { reclaim(); });
  for (const auto& one : journal_->reclaim(context_.wall_ms())) {
    metrics_->lost(one);
    context_.publish(runtime::journal_data_lost{one.items, one.reason});
  }
  const auto counts = journal_->count();
  metrics_->bytes.set(static_cast<double>(counts.bytes));
  metrics_->segments.set(static_cast<double>(counts.segments));
  metrics_->next_record.set(static_cast<double>(counts.next));
}

void journaled_writer::show_health() {
  std::string text = trouble_.empty() ? "" : "journal: " + trouble_;
  for (const auto& one : endpoints_) {
    if (one->trouble().empty()) continue;
    text += (text.empty() ? "" : "; ") + one->key() + ": " + one->trouble();
  }
  context_.set_health(text.empty() ? runtime::health_state::healthy : runtime::health_state::unhealthy, text);
}

void journaled_writer::finish() {
  finishing_ = true;
  for (auto& one : endpoints_)
    one->finish();
}

/// What is left then is sent after the next start.
bool journaled_writer::finished() const {
  return finishing_ && !syncing_ && std::all_of(endpoints_.begin(), endpoints_.end(), [&](const auto& e) {
           return e->finished(journal_->next());
         });
}

runtime::clock_duration journaled_writer::finishes_within() const {
  runtime::clock_duration longest{};
  for (const auto& one : endpoints_)
    longest = std::max(longest, one->drain());
  return longest;
}

/// Of all endpoints together, but for what waits.
std::optional<runtime::traffic> journaled_writer::outside() const {
  runtime::traffic all;
  for (const auto& one : endpoints_) {
    const auto& counts = one->counts();
    all.delivered += counts.delivered;
    all.lost += counts.refused + counts.given_up + counts.too_old + counts.overflowed;
  }
  all.waiting = waiting_;
  return all;
}

std::string journaled_writer::debug_info() const {
  std::vector<endpoint::report> all;
  for (const auto& one : endpoints_)
    all.push_back(one->describe());
  return endpoint::debug_json(all);
}

}  // namespace troupe::writer
