#include "actors/writer/source.hpp"

#include <utility>

namespace troupe::writer {

void recent_batches::add(sequence number, telemetry::batch_ref batch) {
  if (!entries_.empty() && entries_.back().number + 1 != number) entries_.clear(), bytes_ = 0;
  bytes_ += batch->bytes();
  entries_.push_back({number, std::move(batch)});
  while (bytes_ > max_bytes_ && entries_.size() > 1) {
    bytes_ -= entries_.front().batch->bytes();
    entries_.pop_front();
  }
}

void recent_batches::forget_before(sequence number) {
  while (!entries_.empty() && entries_.front().number < number) {
    bytes_ -= entries_.front().batch->bytes();
    entries_.pop_front();
  }
}

std::optional<batch_source::entry> recent_batches::held_from(sequence number) const {
  const auto at = held_.lower_bound(number);
  if (at == held_.end()) return std::nullopt;
  return batch_source::entry{at->first, at->second};
}

std::optional<batch_source::entry> recent_batches::find(sequence number) const {
  if (const auto held = held_.find(number); held != held_.end()) return batch_source::entry{number, held->second};
  if (entries_.empty() || number < entries_.front().number || number > entries_.back().number) return std::nullopt;
  return entries_[number - entries_.front().number];
}

result<std::optional<batch_source::entry>> journal_source::read(sequence from) {
  if (from >= journal_.next()) return std::nullopt;
  if (auto found = recent_.find(from)) {
    reader_.reset();  // it keeps up: memory is enough
    return found;
  }
  auto next = read_disk(from);
  const auto held = recent_.held_from(from);
  if (!next || !held || (*next && (*next)->number < held->number)) return next;
  reader_.reset();  // the disk knows nothing of it
  return held;
}

result<std::optional<batch_source::entry>> journal_source::read_disk(sequence from) {
  if (!reader_ || reader_->wanted() > from) reader_.emplace(journal_, from), missing_ = 0;
  const auto next = reader_->next();
  if (!next) return tl::unexpected(next.error());
  if (!*next) return std::nullopt;
  const auto& record = **next;
  auto batch =
      decoder_->decode(record.payload, reader_->segment(), [&](definition_id id) { return reader_->definition(id); });
  entry made{record.number, nullptr};
  made.missing = reader_->missing() - std::exchange(missing_, reader_->missing());
  if (batch) {
    made.batch = std::move(*batch);
  } else {
    made.damage = batch.error().message;
  }
  return made;
}

}  // namespace troupe::writer
