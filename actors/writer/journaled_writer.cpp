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

/// Which cursor belongs to an endpoint: its name, or its URL and tenant; of several with the same the second is
/// `URL#2`.
std::vector<std::string> keys_of(const std::vector<endpoint_plan>& endpoints) {
  std::map<std::string, int> count;
  std::vector<std::string> keys;
  for (const auto& one : endpoints) {
    std::string key = one.name.empty() ? one.url + (one.tenant.empty() ? "" : " " + one.tenant) : one.name;
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
  if (journal_) note_progress();
  endpoints_.clear();
  if (!journal_ || syncing_) return;
  const bool saved = journal_->sync().has_value();
  const auto& all = journal_->cursors();
  const bool sent =
      std::all_of(all.begin(), all.end(), [&](const auto& one) { return one.second == journal_->next(); });
  // So that what stays tells of what is unsent, to whoever finds it without its component.
  if (saved && sent) (void)journal_->reclaim(context_.wall_ms(), true);
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

/// Where the nth endpoint begins, which was not there before. One in the place of another that is gone goes on for it;
/// else it goes on for all that are gone, rather twice than not at all; what is only added gets what comes from now on.
sequence journaled_writer::begin_of(std::size_t nth, const std::vector<std::string>& keys,
                                    const std::vector<std::string>& before) const {
  if (!journal_->cursors_known()) return 0;
  const auto& all = journal_->cursors();
  const auto gone = [&](const std::string& key) { return std::find(keys.begin(), keys.end(), key) == keys.end(); };
  if (before.size() == keys.size() && gone(before[nth]) && all.contains(before[nth])) return all.at(before[nth]);
  sequence begin = journal_->next();
  for (const auto& [name, at] : all) {
    if (gone(name)) begin = std::min(begin, at);
  }
  return begin;
}

result<std::unique_ptr<endpoint>> journaled_writer::endpoint_for(const endpoint_plan& plan, const std::string& key,
                                                                 sequence begin) {
  const auto known =
      std::find_if(endpoints_.begin(), endpoints_.end(), [&](const auto& e) { return e && e->key() == key; });
  std::unique_ptr<endpoint> one;
  if (known != endpoints_.end()) {
    const auto address = (*known)->speaks().url();
    if (const auto ok = plan.update((*known)->speaks()); !ok) return tl::unexpected(ok.error());
    one = std::move(*known);
    if (one->speaks().url() != address) one->moved();
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
  const auto cursors = journal_->cursors();
  std::vector<std::string> before;
  for (const auto& one : endpoints_)
    before.push_back(one->key());
  std::vector<std::unique_ptr<endpoint>> next;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto one = endpoint_for(plan.endpoints[i], keys[i], begin_of(i, keys, before));
    if (!one) {  // what was there stays, what is new is not wanted yet
      for (auto& kept : next) {
        if (std::find(before.begin(), before.end(), kept->key()) != before.end()) endpoints_.push_back(std::move(kept));
      }
      std::erase(endpoints_, nullptr);
      if (!before.empty()) forget_cursors_without_endpoint(0);  // those whose place they were to take are still there
      return tl::unexpected(one.error());
    }
    next.push_back(std::move(*one));
  }
  endpoints_ = std::move(next);
  sequence taken_over = journal_->next();  // from here on somebody sends what another was to send
  for (const auto& one : endpoints_) {
    if (!cursors.contains(one->key())) taken_over = std::min(taken_over, journal_->cursors().at(one->key()));
  }
  forget_cursors_without_endpoint(taken_over);
  // Whose place is not on the disk begins with what comes after a crash, as if it were new.
  if (journal_->cursors() != cursors && !syncing_) {
    if (const auto ok = journal_->sync(); !ok) broken(sync_trouble_, ok.error().message);
  }
  journal_->set_ages(std::chrono::duration_cast<milliseconds>(plan.min_age).count(),
                     std::chrono::duration_cast<milliseconds>(plan.max_age).count());
  settle_when_sent_ = plan.settle_when_sent;
  settle_sent();
  reclaim_every_ = plan.reclaim_every;
  reclaim_timer_ = context_.after(reclaim_every_, [this] { reclaim(false); });
  count_journal();
  return {};
}

/// What one of them had still before it is given up and said, but for what another has taken over.
void journaled_writer::forget_cursors_without_endpoint(sequence taken_over) {
  const auto all = journal_->cursors();
  for (const auto& [name, at] : all) {
    const auto& key = name;
    if (std::any_of(endpoints_.begin(), endpoints_.end(), [&](const auto& e) { return e->key() == key; })) continue;
    if (const auto left = journal_->waiting(name); at < taken_over && left.items > 0) {
      metrics_->lost({name, "endpoint_removed", left.records, left.items});
      context_.publish(runtime::journal_data_lost{left.items, "endpoint_removed"});
    }
    journal_->remove_cursor(name);
  }
}

void journaled_writer::start() {
  sync_timer_ = context_.after(sync_every, [this] { begin_sync(); });
  pump();
}

void journaled_writer::consume(const telemetry::batch_ref& batch, runtime::receipt of) {
  if (batch->items() == 0) return;
  if (held_.empty()) {
    if (const auto ok = append(batch, of); ok) {
      if (*ok) on_appended(*batch);
      mended(append_trouble_);
      appended(std::move(of), journal_->next());
      return pump();
    } else {
      metrics_->failed_appends.add();
      failed_to_append(ok.error().message);
    }
  }
  if (gives_up_) return reject(*batch, std::move(of));
  hold(batch, std::move(of));
  pump();
}

/// It has its place among the others and is not settled before it is sent or written: its edge bounds how many there
/// are.
void journaled_writer::hold(const telemetry::batch_ref& batch, runtime::receipt of) {
  on_appended(*batch);
  const auto number = journal_->leave_out();
  recent_.hold(number, batch);
  held_.push_back({number, batch, std::move(of)});
}

void journaled_writer::let_go(const held& one) {
  recent_.let_go(one.number);
  journal_->left_out_is_done();
}

/// In their order, each in its place, whether somebody sends it already or not.
void journaled_writer::write_held() {
  while (!held_.empty()) {
    auto& one = held_.front();
    if (const auto ok = append(one.batch, one.of, one.number); !ok) return failed_to_append(ok.error().message);
    mended(append_trouble_);
    let_go(one);
    appended(std::move(one.of), one.number + 1);
    held_.pop_front();
  }
}

void journaled_writer::failed_to_append(const std::string& why) {
  retry_later();
  broken(append_trouble_, why);
}

void journaled_writer::retry_later() {
  if (!std::exchange(retries_, true)) retry_timer_ = context_.after(retry_append_every, [this] { retry_append(); });
}

void journaled_writer::retry_append() {
  retries_ = false;
  reclaim(true);
  write_held();
  if (!append_trouble_.why.empty()) retry_later();
  pump();
}

/// The end must not wait for a disk: what can't be written until then, and isn't sent, is refused.
void journaled_writer::ends_soon() {
  give_up_timer_ = context_.after(finishes_within(), [this] { give_up(); });
}

void journaled_writer::give_up() {
  gives_up_ = true;
  reclaim(true);
  write_held();
  for (; !held_.empty(); held_.pop_front()) {
    let_go(held_.front());
    reject(*held_.front().batch, std::move(held_.front().of));
  }
}

void journaled_writer::reject(const telemetry::batch& batch, runtime::receipt of) {
  metrics_->lost({"", "unwritable", 1, batch.items()});
  context_.publish(runtime::journal_data_lost{batch.items(), "unwritable"});
  of.reject("journal_unwritable");
}

/// Whether it was new.
result<bool> journaled_writer::append(const telemetry::batch_ref& batch, const runtime::receipt& of,
                                      sequence in_place_of) {
  const auto identity = of.identity();
  if (identity.source != 0 && journal_->last_number(identity.source) >= identity.number)
    return false;  // handed over a second time
  const auto began = context_.now();
  payload_.clear();
  format_.encode(*batch, payload_);
  const auto needs = format_.definitions_of(*batch);
  const auto number = journal_->append(
      payload_, static_cast<std::uint32_t>(batch->items()), {identity.source, identity.number}, needs,
      [&](journal::definition_id id) { return format_.definition(*batch, id); }, context_.wall_ms(), in_place_of);
  if (!number) return tl::unexpected(number.error());
  context_.publish(runtime::journal_appended{batch->items(), payload_.size(), context_.now() - began},
                   context_.tracing().part_of(batch->context), batch->self_telemetry);
  recent_.add(*number, batch);
  return true;
}

/// It is safe: that settles it, unless it is to be sent first. Of a batch that was handed over a second time the place
/// in the journal is not known: it counts as the last.
void journaled_writer::appended(runtime::receipt of, sequence before) {
  if (!settle_when_sent_) return of.settle();
  unsent_.push_back({before, std::move(of)});
}

void journaled_writer::settle_sent() {
  sequence done = journal_->next();
  for (const auto& one : endpoints_)
    done = std::min(done, one->done_before());
  for (; !held_.empty() && held_.front().number < done; held_.pop_front()) {
    let_go(held_.front());
    held_.front().of.settle();
  }
  while (!unsent_.empty() && (!settle_when_sent_ || unsent_.front().before <= done)) {
    unsent_.front().of.settle();
    unsent_.pop_front();
  }
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
  count_journal();
  count_waiting();
  if (syncing_ || !journal_->needs_sync()) return;
  syncing_ = true;
  auto ticket = journal_->begin_sync();
  context_.shared().blocking.run([this, ticket, post = context_.post()] {
    ticket->run();
    post([this, ticket] {
      syncing_ = false;
      if (const auto ok = journal_->finish_sync(*ticket); !ok) {
        metrics_->failed_syncs.add();
        broken(sync_trouble_, ok.error().message);
      } else {
        mended(sync_trouble_);
      }
    });
  });
}

void journaled_writer::count_waiting() {
  note_progress();
  waiting_ = 0;
  for (const auto& one : endpoints_) {
    if (one->done_before() < journal_->next()) waiting_ = std::max(waiting_, journal_->waiting(one->key()).items);
  }
}

void journaled_writer::reclaim(bool make_room) {
  reclaim_timer_ = context_.after(reclaim_every_, [this] { reclaim(false); });
  for (const auto& one : journal_->reclaim(context_.wall_ms(), make_room)) {
    metrics_->lost(one);
    context_.publish(runtime::journal_data_lost{one.items, one.reason});
  }
  count_journal();
}

void journaled_writer::count_journal() {
  const auto counts = journal_->count();
  metrics_->bytes.set(static_cast<double>(counts.bytes));
  metrics_->segments.set(static_cast<double>(counts.segments));
  metrics_->next_record.set(static_cast<double>(counts.next));
}

/// A disk that fails is worth a line, and one a minute while it does.
void journaled_writer::broken(disk_trouble& trouble, const std::string& why) {
  trouble.why = why;
  if (journal_outage_.failed(context_.now()).worth_a_line)
    context_.publish(runtime::message{"", runtime::log_level::error, std::string(trouble.what) + ": " + why});
  show_health();
}

void journaled_writer::mended(disk_trouble& trouble) {
  if (trouble.why.empty()) return;
  trouble.why.clear();
  if (append_trouble_.why.empty() && sync_trouble_.why.empty() && journal_outage_.over())
    context_.publish(runtime::message{"", runtime::log_level::info, "the journal can be written again"});
  show_health();
}

void journaled_writer::show_health() {
  const auto& trouble = append_trouble_.why.empty() ? sync_trouble_.why : append_trouble_.why;
  std::string text = trouble.empty() ? "" : "journal: " + trouble;
  for (const auto& one : endpoints_) {
    if (one->trouble().empty()) continue;
    text += (text.empty() ? "" : "; ") + one->key() + ": " + one->trouble();
  }
  context_.set_health(text.empty() ? runtime::health_state::healthy : runtime::health_state::unhealthy, text);
}

void journaled_writer::finish() {
  finishing_ = true;
  count_waiting();
  for (auto& one : endpoints_)
    one->finish();
}

/// What is left then is sent after the next start.
bool journaled_writer::finished() const {
  return finishing_ && !syncing_ && held_.empty() &&
         std::all_of(endpoints_.begin(), endpoints_.end(),
                     [&](const auto& e) { return e->finished(journal_->next()); });
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
