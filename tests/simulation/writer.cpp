#include "tests/simulation/writer.hpp"

#include <algorithm>
#include <stdexcept>

#include "protocol/http/verdict.hpp"
#include "tests/simulation/components.hpp"

namespace troupe::simulation {

writer::writer(stage& on, journal::disk& disk, std::string directory, const writer_settings& settings,
               journal_witness& witness)
    : on_(on), directory_(std::move(directory)), settings_(settings), witness_(witness) {
  journal::open_report report;
  auto opened = journal::journal::open(disk, directory_, settings.journal, report);
  if (!opened) throw std::runtime_error(opened.error().message);
  journal_ = std::move(*opened);
  for (unsigned i = 0; i < settings.endpoints; ++i) {
    auto one = std::make_unique<endpoint>(
        endpoint{i, "endpoint " + std::to_string(i), writing::delivery(settings.delivery), {}, 0, false, {}, {}});
    one->begin = journal_->add_cursor(one->cursor);
    one->reads.emplace(*journal_, one->begin);
    on_.note(one->cursor + " begins at " + std::to_string(one->begin));
    endpoints_.push_back(std::move(one));
  }
  on_.note("journal opened: " + std::to_string(report.records) + " records, next " + std::to_string(journal_->next()) +
           ", " + std::to_string(report.torn_bytes) + " bytes torn, " + std::to_string(report.damaged_bytes) +
           " damaged");
  sync_timer_ = on_.at(on_.now() + settings_.sync_every, [this] { begin_sync(); });
  reclaim_timer_ = on_.at(on_.now() + settings_.reclaim_every, [this] { reclaim(); });
  pump();
}

writer::~writer() {
  witness_.quiet = false;
  if (syncing_ || !journal_->sync()) return;
  for (const auto& one : endpoints_)
    witness_.saved[one->index] = journal_->cursors().at(one->cursor);
  witness_.durable = journal_->count().durable;
}

void writer::consume(const runtime::batch_ref& batch, runtime::receipt of) {
  auto in = std::static_pointer_cast<const sample_batch>(batch);
  on_.hazard("before the append");
  taste(*in);
#ifdef TROUPE_BUG_SETTLE_BEFORE_APPEND
  of.settle();
#endif
  if (unwritten_.empty() && append(*in, of)) {
    on_.hazard("after the append");
    written(std::move(of));
    pump();
  } else {
    // It keeps its place and is not settled: its edge holds the rest back, within its bound.
    if (unwritten_.empty()) retry_timer_ = on_.at(on_.now() + std::chrono::seconds(1), [this] { retry_append(); });
    unwritten_.push_back({std::move(in), std::move(of)});
  }
  testify();
  on_.hazard("after all was done");
}

bool writer::append(const sample_batch& batch, const runtime::receipt& of) {
  const auto identity = of.identity();
  if (identity.source != 0 && journal_->last_number(identity.source) >= identity.number) return true;
  const std::vector<journal::definition_id> needs{batch.lane + 1};
  const auto at = journal_->append(
      encode(batch), static_cast<std::uint32_t>(batch.samples.size()), {identity.source, identity.number}, needs,
      [](auto id) { return "lane " + std::to_string(id - 1); }, on_.wall_ms());
  on_.note(describe(batch.samples.front()) +
           (at ? " is record " + std::to_string(*at) : " not written: " + at.error().message));
  witness_.appended[at ? *at : journal_->next()] =
      batch.samples;  // what failed may be there when the process ended in it
  if (!at) return false;
  return true;
}

void writer::written(runtime::receipt of) {
  if (!settings_.always) return of.settle();
  undurable_.push_back({journal_->next(), std::move(of)});
  settle_durable();
  if (!undurable_.empty()) begin_sync();
}

void writer::settle_durable() {
  while (!undurable_.empty() && undurable_.front().before <= journal_->count().durable)
    undurable_.pop_front();
}

void writer::retry_append() {
  while (!unwritten_.empty() && append(*unwritten_.front().batch, unwritten_.front().of)) {
    written(std::move(unwritten_.front().of));
    unwritten_.pop_front();
  }
  if (!unwritten_.empty()) {
    reclaim();
    retry_timer_ = on_.at(on_.now() + std::chrono::seconds(1), [this] { retry_append(); });
  }
  pump();
}

void writer::begin_sync() {
  sync_timer_ = on_.at(on_.now() + settings_.sync_every, [this] { begin_sync(); });
  if (syncing_ || !journal_->needs_sync()) return;
  syncing_ = true;
  auto ticket = journal_->begin_sync();
  std::map<unsigned, sequence> cursors;
  for (const auto& one : endpoints_)
    cursors[one->index] = journal_->cursors().at(one->cursor);
  on_.sync(ticket, [this, ticket, cursors] {
    syncing_ = false;
    if (!journal_->finish_sync(*ticket)) return;  // tried again when the timer says so
    on_.note("synced up to " + std::to_string(journal_->count().durable));
    witness_.saved = cursors;
    witness_.durable = journal_->count().durable;
    settle_durable();
    if (!undurable_.empty()) begin_sync();
    testify();
    on_.hazard("after a sync");
  });
}

void writer::reclaim() {
  reclaim_timer_ = on_.at(on_.now() + settings_.reclaim_every, [this] { reclaim(); });
  for (const auto& lost : journal_->reclaim(on_.wall_ms())) {
    on_.note(std::to_string(lost.items) + " samples given up for " + lost.cursor);
    for (const auto& one : endpoints_) {
      if (one->cursor == lost.cursor) witness_.lost_samples[one->index] += lost.items;
    }
  }
}

void writer::pump() {
  for (auto& one : endpoints_)
    pump(*one);
}

void writer::pump(endpoint& one) {
  take(one);
  while (auto plan = one.sends.next(on_.now(), on_.wall_ms()))
    send(one, *plan);
  const auto done = done_before(one);
  one.window.erase(one.window.begin(), one.window.lower_bound(done));
  journal_->advance(one.cursor, done);
  const auto at = one.sends.wake_at(on_.now());
  one.wake = at ? on_.at(*at, [this, &one] { pump(one); }) : runtime::timer();
  testify();
}

void writer::take(endpoint& one) {
  one.at_end = false;
  while (one.sends.counts().pending < settings_.capacity) {
    const auto next = one.reads->next();
    one.at_end = next && !*next;
    if (!next || !*next) return;
    auto batch = decode((*next)->payload);
    if (!batch || one.reads->definition(batch->lane + 1) != "lane " + std::to_string(batch->lane)) {
      witness_.complaint = directory_ + ", record " + std::to_string((*next)->number) + ": not what was written";
      return;
    }
    writing::parcel parcel{(*next)->number, batch->lane, on_.wall_ms(), {}};
    for (const auto& piece : pieces_of(*batch))
      parcel.pieces.push_back({static_cast<std::uint32_t>(piece.size()), static_cast<std::uint32_t>(piece.size())});
    one.window.emplace(parcel.number, std::move(*batch));
    one.sends.offer(std::move(parcel), on_.now());
  }
}

/// Whole series each: what a series has in a batch is not divided.
std::vector<std::vector<sample>> writer::pieces_of(const sample_batch& batch) const {
  std::vector<std::vector<sample>> pieces;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::map<std::uint32_t, std::vector<sample>>> series;
  for (const auto& one : batch.samples)
    series[{one.source, one.lane}][one.series].push_back(one);
  for (const auto& [lane, all] : series) {
    for (const auto& [index, samples] : all) {
      if (pieces.empty() || pieces.back().size() + samples.size() > settings_.samples_per_piece) pieces.emplace_back();
      pieces.back().insert(pieces.back().end(), samples.begin(), samples.end());
    }
  }
  return pieces;
}

void writer::send(endpoint& one, const writing::request_plan& plan) {
  std::vector<sample> body;
  for (const auto& [number, index] : plan.pieces) {
    const auto piece = pieces_of(one.window.at(number)).at(index);
    body.insert(body.end(), piece.begin(), piece.end());
  }
  on_.send(one.index, directory_, std::move(body), [this, &one, number = plan.number](const backend_answer& answer) {
    on_.hazard("before an answer is looked at");
    const auto verdict = http::classify(answer.status, answer.retry_after, true, on_.wall_ms());
    writing::request_outcome outcome;
    using kind = http::verdict::kind;
    if (verdict.what == kind::retry) outcome = {writing::request_outcome::kind::retry, verdict.after};
    if (verdict.what == kind::refused) outcome.what = writing::request_outcome::kind::refused;
    one.sends.ended(number, outcome, on_.now());
    pump(one);
    on_.hazard("after an answer");
  });
}

void writer::testify() {
  bool quiet = unwritten_.empty() && undurable_.empty();
  for (const auto& one : endpoints_) {
    witness_.done[one->index] = done_before(*one);
    quiet = quiet && one->sends.idle() && one->at_end;
  }
  witness_.quiet = quiet;
}

}  // namespace troupe::simulation
