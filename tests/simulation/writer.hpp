#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/writer/delivery.hpp"
#include "tests/simulation/stage.hpp"

namespace troupe::simulation {

namespace writing = troupe::writer;  // `writer` is the simulated one here

using journal::sequence;

/// What the world knows of a journal, independent of it: who died with what in hand is judged by this.
struct journal_witness {
  std::map<sequence, std::vector<sample>> appended;
  sequence durable = 1;                            ///< what the journal said last
  std::map<unsigned, sequence> saved;              ///< by endpoint: the cursor that the disk has for sure
  std::map<unsigned, std::uint64_t> lost_samples;  ///< by endpoint: what the journal says it gave up
  std::string complaint;                           ///< what a writer found wrong with what it read
  std::map<unsigned, sequence> done;               ///< by endpoint: how far it is
  bool quiet = false;                              ///< the writer has nothing more to do
};

struct writer_settings {
  bool always = false;  ///< settle when the disk has it for good; else when it is written
  unsigned endpoints = 1;
  std::size_t capacity = 40;  ///< samples pending per endpoint
  std::size_t samples_per_piece = 2;
  clock_duration sync_every = std::chrono::seconds(1);
  clock_duration reclaim_every = std::chrono::seconds(5);
  journal::options journal;
  writing::delivery_settings delivery;
};

/// A writer around the real journal and the real delivery, as prometheus.remote_write puts them together.
class writer final : public runtime::consumer {
 public:
  /// Throws when the journal cannot be opened.
  writer(stage& on, journal::disk& disk, std::string directory, const writer_settings& settings,
         journal_witness& witness);
  ~writer() override;
  void consume(const runtime::batch_ref& batch, runtime::receipt of) override;

 private:
  struct endpoint {
    unsigned index = 0;
    std::string cursor;
    writing::delivery sends;
    std::optional<journal::reader> reads;
    sequence begin = 0;
    bool at_end = false;                      // there was nothing more to read
    std::map<sequence, sample_batch> window;  // offered and not done
    runtime::timer wake;
  };
  struct unwritten {
    sample_batch_ref batch;
    runtime::receipt of;
  };
  struct undurable {
    sequence before = 0;  // durable once the journal's end is beyond
    runtime::receipt of;
  };

  [[nodiscard]] bool append(const sample_batch& batch, const runtime::receipt& of);
  void written(runtime::receipt of);
  void retry_append();
  void settle_durable();
  void begin_sync();
  void synced(const journal::journal::sync_ticket& ticket);
  void reclaim();
  void pump();
  void pump(endpoint& one);
  void take(endpoint& one);
  void send(endpoint& one, const writing::request_plan& plan);
  [[nodiscard]] std::vector<std::vector<sample>> pieces_of(const sample_batch& batch) const;
  [[nodiscard]] sequence done_before(const endpoint& one) const { return std::max(one.begin, one.sends.done_before()); }
  void testify();

  stage& on_;
  std::string directory_;
  const writer_settings& settings_;
  journal_witness& witness_;
  std::unique_ptr<journal::journal> journal_;
  std::vector<std::unique_ptr<endpoint>> endpoints_;
  std::deque<unwritten> unwritten_;
  std::deque<undurable> undurable_;
  runtime::timer sync_timer_, retry_timer_, reclaim_timer_;
  bool syncing_ = false;
};

}  // namespace troupe::simulation
