#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/runtime/receipt.hpp"
#include "protocol/telemetry/batch.hpp"

namespace troupe::runtime {

using telemetry::batch_ref;
using batch_number = std::uint64_t;  ///< counts from 1 within an epoch

struct edge_limits {
  std::size_t window_batches = 16;  ///< sent, not yet taken
  std::size_t window_bytes = std::size_t{8} << 20;
  std::size_t unsettled_bytes = std::size_t{64} << 20;  ///< beyond it the outlet pushes back
};

/// What an edge did since it was made, in batches and in items (samples, entries, spans):
/// pushed = settled + dropped of all reasons + in flight, at every moment.
struct ledger {
  struct amount {
    std::uint64_t batches = 0, items = 0;
    void add(std::uint64_t more_items) { ++batches, items += more_items; }
    friend bool operator==(const amount&, const amount&) = default;
  };
  amount pushed, settled, in_flight;
  std::map<std::string, amount> dropped;  ///< by reason
  std::uint64_t resent = 0;               ///< batches sent more than once
  std::size_t unsettled_bytes = 0;

  [[nodiscard]] bool balances() const;
};

struct numbered_batch {
  batch_number number = 0;
  batch_ref batch;  ///< null: settled already, the number only keeps the row whole
};

/// From producer to consumer. Without batches it asks where the consumer stands.
struct edge_offer {
  std::uint64_t epoch = 0;     ///< which numbering; a new producer begins a new one
  batch_number forgotten = 0;  ///< settled and forgotten by the producer, all up to here
  std::vector<numbered_batch> batches;
};

/// From consumer to producer.
struct edge_answer {
  std::uint64_t epoch = 0;
  /// Which receiver speaks, and its how manieth answer; of two answers the one with the smaller pair says nothing new.
  std::pair<std::uint64_t, std::uint64_t> stamp{};
  batch_number received = 0;  ///< all up to here are with the consumer
  batch_number taken = 0;     ///< all up to here have been worked on: their credit returns
  bool rewind = false;        ///< send again all after `received`
  std::vector<std::pair<batch_number, verdict>> settled;
};

/// The sending half of an edge: numbers batches, keeps each until it is settled, sends again what a restarted consumer
/// lost. Knows no clock, no actor, no network. The same object runs under an actor, over a link and in the simulation.
class edge_sender {
 public:
  /// `counts`: of the same edge before, when it is made again.
  explicit edge_sender(std::uint64_t epoch, edge_limits limits = {}, ledger counts = {})
      : epoch_(epoch), limits_(limits), counts_(std::move(counts)) {}

  /// Past its bound: whoever can wait, should. A push is still taken.
  [[nodiscard]] bool full() const { return counts_.unsettled_bytes >= limits_.unsettled_bytes; }
  void push(batch_ref batch, origin from);
  /// For a source that can't wait: drops the oldest batches that were never sent while more than the bound is not
  /// taken. What the consumer has taken is bounded further down; only at twice the bound it counts here, too.
  void give_up_oldest(const std::string& reason);
  /// Nobody will ever take what is left.
  void give_up_all(const std::string& reason);

  /// What the window allows to go now, in order; nothing: wait for an answer.
  [[nodiscard]] std::optional<edge_offer> next();
  /// Asks where the consumer stands; for when it has been silent with something unsettled.
  [[nodiscard]] edge_offer probe() const { return {epoch_, forgotten_, {}}; }
  void on_answer(const edge_answer& answer);

  [[nodiscard]] bool idle() const { return entries_.empty(); }
  [[nodiscard]] const ledger& counts() const { return counts_; }
  [[nodiscard]] std::size_t untaken() const { return sent_ - taken_; }  ///< batches

 private:
  struct entry {
    batch_ref batch;  ///< null once settled
    std::size_t bytes = 0;
    origin from;
    bool sent_once = false;
  };
  [[nodiscard]] entry* find(batch_number number);
  void settle(batch_number number, const verdict& how);
  void set_taken(batch_number up_to);
  void forget_settled();

  std::uint64_t epoch_;
  edge_limits limits_;
  std::deque<entry> entries_;   // numbers forgotten_+1 …
  batch_number forgotten_ = 0;  // the number before the first entry
  batch_number sent_ = 0, taken_ = 0;
  std::size_t untaken_bytes_ = 0;
  std::pair<std::uint64_t, std::uint64_t> last_stamp_{};
  ledger counts_;
};

/// The receiving half: hands each number out once and in order, remembers verdicts until the producer has heard them.
class edge_receiver {
 public:
  /// `incarnation`: larger than that of any earlier receiver in this place (the time it was made, say).
  explicit edge_receiver(std::uint64_t incarnation) : stamp_(incarnation, 0) {}

  /// Batches that are new here, in order; they stay with the receiver until take().
  void on_offer(const edge_offer& offer);

  /// The next batch to work on; null: none. Its place is kept until taken() or restarted().
  [[nodiscard]] const numbered_batch* front() const { return inbox_.empty() ? nullptr : &inbox_.front(); }
  void taken();                                    ///< the front one
  void settled(batch_number number, verdict how);  ///< a taken one
  /// The consumer died: what it had not taken must come again, and also these, taken but lost with it.
  void restarted(const std::set<batch_number>& lost);

  /// What the producer should hear; nothing: nothing new.
  [[nodiscard]] std::optional<edge_answer> answer();

  [[nodiscard]] std::size_t waiting() const { return inbox_.size(); }
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  [[nodiscard]] batch_number last_taken() const { return taken_; }

 private:
  void take_front();
  void skip_done();

  std::uint64_t epoch_ = 0;
  std::pair<std::uint64_t, std::uint64_t> stamp_;
  std::deque<numbered_batch> inbox_;
  batch_number received_ = 0, taken_ = 0;
  std::set<batch_number> done_;               // beyond taken_, worked on before a restart: not again
  std::map<batch_number, verdict> verdicts_;  // until the producer forgets the number
  std::vector<batch_number> unsaid_;          // verdicts not told yet
  bool changed_ = false, rewind_ = false, repeat_ = false;
};

}  // namespace troupe::runtime
