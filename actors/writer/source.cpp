#include "actors/writer/source.hpp"

namespace troupe::writer {

void recent_batches::add(sequence number, telemetry::batch_ref batch) {
  bytes_ += batch->bytes();
  entries_.push_back({number, std::move(batch), {}});
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

std::optional<batch_source::entry> recent_batches::find(sequence number) const {
  if (entries_.empty() || number < entries_.front().number || number > entries_.back().number) return std::nullopt;
  return entries_[number - entries_.front().number];
}

result<std::optional<batch_source::entry>> journal_source::read(sequence from) {
  if (from >= journal_.next()) return std::nullopt;
  if (auto found = recent_.find(from)) {
    reader_.reset();  // it keeps up: memory is enough
    return found;
  }
  return read_disk(from);
}

result<std::optional<batch_source::entry>> journal_source::read_disk(sequence from) {
  if (!reader_ || reader_->wanted() > from) reader_.emplace(journal_, from);
  const auto next = reader_->next();
  if (!next) return tl::unexpected(next.error());
  if (!*next) return std::nullopt;
  const auto& record = **next;
  auto batch =
      decoder_->decode(record.payload, reader_->segment(), [&](definition_id id) { return reader_->definition(id); });
  if (!batch) return entry{record.number, nullptr, batch.error().message};
  return entry{record.number, std::move(*batch)};
}

}  // namespace troupe::writer
