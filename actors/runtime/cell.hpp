#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/runtime/edge.hpp"
#include "actors/runtime/supervision.hpp"

namespace troupe::runtime {

/// What crosses between two cells. Goes by CAF inside a node, by bytes between nodes, by a lossy medium in the
/// simulation.
struct edge_mail {
  std::string from, to;  ///< component ids
  std::variant<edge_offer, edge_answer> what;
};

/// What a cell hosts: the part of a component that handles batches.
class consumer {
 public:
  virtual ~consumer() = default;
  /// In order per producer. What it pushes meanwhile goes out when it returns, or, if it throws, not at all.
  virtual void consume(const batch_ref& batch, receipt of) = 0;
};

struct cell_limits {
  edge_limits edge;
  restart_policy restarts;
  clock_duration probe_every = std::chrono::seconds(1);  ///< asks a silent consumer where it stands
};

/// One component's side of all its edges: what it was sent and has not settled, what it pushed and is not settled. It
/// survives the component. A plain state machine: events and the time go in, mail comes out; one thread at a time.
class cell {
 public:
  enum class phase : std::uint8_t {
    stopped,
    running,
    waiting
  };  ///< waiting: failed, to be started again at `restart_at()`

  /// `epoch`: larger than that of any cell before in this place; wall-clock nanoseconds, say.
  cell(std::string id, std::uint64_t epoch, cell_limits limits = {});
  ~cell();
  cell(const cell&) = delete;

  [[nodiscard]] const std::string& id() const { return id_; }

  /// `make` makes the component; it may throw, which counts as a failure of the component.
  void start(time_point now, std::function<std::unique_ptr<consumer>()> make);
  void stop();  ///< destroys the component; edges stay
  [[nodiscard]] consumer* component() const { return component_.get(); }

  /// Runs a handler of the component (a timer, an answer from outside) as a unit: what it pushes goes out at its end,
  /// or, if it throws, not at all, and the component is started again.
  template <class F>
  void run(time_point now, F&& handler) {
    if (phase_ != phase::running) return;
    guarded(now, {}, std::function<void()>(std::forward<F>(handler)));
    work(now);
  }

  void on_mail(time_point now, const std::string& from, const edge_offer& offer);
  void on_mail(time_point now, const std::string& from, const edge_answer& answer);
  /// Due restarts and probes, and room that came without an answer.
  void on_time(time_point now);
  /// When on_time wants to be called next; none: nothing to wait for.
  [[nodiscard]] std::optional<time_point> wake_at() const;

  /// All that should be sent now.
  [[nodiscard]] std::vector<edge_mail> take_mail();

  // The outlet's side.
  /// Where an outlet leads from now on. An edge that no outlet names any more delivers what it has and ends.
  void connect(unsigned outlet, std::vector<std::string> consumers);
  /// In a handler only.
  void push(unsigned outlet, const batch_ref& batch, receipt of);
  /// Whether a batch of a source that can wait should be pushed now.
  [[nodiscard]] bool has_room() const;
  /// Called (in the cell's thread) when has_room() has become true again.
  std::function<void()> on_room;

  /// Gone for good: a consumer's batches are given up, counted with the reason "consumer_removed".
  void forget_consumer(const std::string& consumer);
  void forget_producer(const std::string& producer);

  [[nodiscard]] phase current() const { return phase_; }
  [[nodiscard]] std::uint64_t restarts() const { return supervision_.restarts(); }
  [[nodiscard]] bool drained() const;                           ///< nothing waits to be worked on, nothing is unsettled
  [[nodiscard]] std::map<std::string, ledger> ledgers() const;  ///< by consumer; edges that are no more included
  [[nodiscard]] std::size_t inbox() const;                      ///< batches that wait to be worked on
  void give_up(const std::string& reason);                      ///< the end: nothing unsettled will be delivered

  /// Where set, it is shown what goes over the edges: a batch that was taken from a producer, or one that goes out to
  /// these consumers.
  std::function<void(const std::string& producer, const batch_ref& batch)> on_taken;
  std::function<void(const std::vector<std::string>& consumers, const batch_ref& batch)> on_pushed;

  struct failure {
    std::string what;
    clock_duration delay{};
    bool quarantined = false;  ///< the batch that did it will not be tried again
    std::string producer;      ///< of that batch; empty: no batch
    std::size_t items = 0;     ///< in that batch
  };
  std::function<void(const failure&)> on_failure;  ///< told about each, in the cell's thread

 private:
  struct tracked;
  struct producer_side {
    producer_side(std::uint64_t incarnation, std::uint64_t name) : receiver(incarnation), name(name) {}
    edge_receiver receiver;
    std::uint64_t name;                                           // a hash of the producer's id
    std::map<batch_number, std::shared_ptr<tracked>> deliveries;  // taken, not settled
    batch_number deadly = 0;                                      // the number that killed last, and how often
    unsigned kills = 0;
  };
  [[nodiscard]] static std::uint64_t identity_of(const producer_side& producer);
  struct tracked : delivery {
    tracked(std::vector<delivery*>* touched, producer_side* from, batch_number number)
        : delivery(touched, {identity_of(*from), number}), from(from) {}
    producer_side* from;
  };
  struct consumer_side {
    consumer_side(std::uint64_t epoch, edge_limits limits, ledger counts) : sender(epoch, limits, std::move(counts)) {}
    edge_sender sender;
    bool connected = true;
    time_point heard{};  // when it last answered, or was last asked; or when there was first something to wait for
    bool ask = false;
  };
  struct staged_push {
    unsigned outlet;
    batch_ref batch;
    receipt of;
  };

  bool guarded(time_point now, const std::string& producer, const std::function<void()>& handler);
  void work(time_point now);
  bool take_one(time_point now, const std::string& producer, producer_side& from);
  void commit(time_point now);
  void abort(time_point now, const std::string& producer, std::string what);
  void settle_finished();
  void look_for_room(time_point now);
  template <class Which>
  void drop_deliveries(producer_side& of, Which&& which);
  void create(time_point now);

  std::string id_;
  std::uint64_t next_epoch_;
  cell_limits limits_;
  phase phase_ = phase::stopped;
  supervision supervision_;
  time_point restart_at_{};
  std::function<std::unique_ptr<consumer>()> make_;
  std::vector<delivery*> touched_;
  std::map<std::string, producer_side> receivers_;
  std::map<std::string, consumer_side> senders_;
  std::map<std::string, ledger> closed_;
  std::vector<std::vector<std::string>> outlets_;
  std::vector<staged_push> staged_;
  std::unique_ptr<consumer> component_;  // last: what it holds points into all of the above
  bool in_handler_ = false, was_full_ = false;
};

}  // namespace troupe::runtime
