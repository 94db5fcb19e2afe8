#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <unordered_map>
#include <vector>

#include "actors/runtime/supervision.hpp"
#include "protocol/journal/format.hpp"

namespace troupe::writer {

using journal::sequence;
using runtime::clock_duration;
using runtime::time_point;

/// How an endpoint sends.
struct delivery_settings {
  std::size_t max_in_flight = 50;                     ///< requests
  std::size_t probes = 1;                             ///< requests tried at a time while the backend fails
  std::uint64_t max_size = 2000;                      ///< of a request, in the unit of amount::size
  std::uint64_t min_size = 0;                         ///< enough for a request to go before the deadline; 0: max_size
  clock_duration deadline = std::chrono::seconds(5);  ///< how long a parcel waits for a request to fill up
  clock_duration min_backoff = std::chrono::milliseconds(30);
  clock_duration max_backoff = std::chrono::seconds(5);
  double multiplier = 2;         ///< from one pause to the next
  double randomization = 0;      ///< a pause may be so much shorter or longer, as a share of it
  unsigned max_retries = 0;      ///< then the request is given up; 0: never
  clock_duration max_elapsed{};  ///< since the first attempt, likewise; 0: for ever
  clock_duration age_limit{};    ///< of a parcel's timestamp; 0: none
  friend bool operator==(const delivery_settings&, const delivery_settings&) = default;
};

/// What goes into a request whole: so many samples, entries or spans, and what of a request's size they take.
struct amount {
  std::uint32_t items = 0, size = 0;
  std::uint32_t route = 0;   ///< a request has pieces of one route only
  std::uint32_t weight = 0;  ///< what it takes of what an endpoint may hold
};

/// A batch as the endpoint sends it: pieces that may go in different requests at the same time.
struct parcel {
  sequence number = 0;
  std::uint64_t lane = 0;  ///< parcels of one lane arrive in order
  std::int64_t timestamp_ms = 0;
  std::vector<amount> pieces;
};

/// One piece in a request.
struct piece {
  sequence number = 0;
  std::uint32_t index = 0;
};

using request_number = std::uint64_t;
struct request_plan {
  request_number number = 0;
  unsigned attempt = 0;  ///< 0: the first
  std::vector<piece> pieces;
  std::uint64_t items = 0;
  std::uint32_t route = 0;
  bool changed = false;  ///< another content than at the last attempt (some became too old): encode again
};

/// How a request ended.
struct request_outcome {
  enum class kind : std::uint8_t { delivered, retry, refused } what = kind::delivered;
  std::optional<clock_duration> retry_after;  ///< what the backend asked for
  std::uint64_t rejected = 0;                 ///< of what was delivered: items that the backend took for nothing
};

/// In items.
struct delivery_counts {
  std::uint64_t delivered = 0, refused = 0, given_up = 0, too_old = 0, overflowed = 0, retried = 0;
  std::uint64_t pending = 0;         ///< handed over and not done with
  std::uint64_t pending_weight = 0;  ///< of those
};

/// Decides what one endpoint sends when: fills requests, has several under way but never two with the same lane out of
/// order, retries with back-off, one request at a time while the backend fails, and knows up to where everything is
/// done. Plain: it is given the time and what happened, and says what to send.
class delivery {
 public:
  /// `seed`: of the scatter of its pauses; another one on each node, lest they all come back at once.
  explicit delivery(delivery_settings settings, std::uint64_t seed = 0) : settings_(settings), random_(seed) {}
  void set(delivery_settings settings) { settings_ = settings; }

  /// The next parcel, in the order of the journal. One without pieces is done at once.
  void offer(parcel one, time_point now);
  /// So many items were never offered, for want of room.
  void overflow(std::uint64_t items) { counts_.overflowed += items; }
  /// What to send now; nothing: wait until wake_at() or for an answer.
  [[nodiscard]] std::optional<request_plan> next(time_point now, std::int64_t wall_ms);
  /// How a request that next() gave out ended. Returns whether it is over: delivered, refused, or given up because it
  /// was tried too often or too long. False: next() will give it out again.
  bool ended(request_number number, const request_outcome& how, time_point now);
  [[nodiscard]] std::optional<time_point> wake_at(time_point now) const;
  /// Whatever failed before is no reason to wait any longer.
  void retry_now();

  /// Whether the request is under way or waits to be tried again; one whose pieces have all become too old is neither.
  [[nodiscard]] bool holds(request_number number) const { return requests_.contains(number); }
  [[nodiscard]] std::size_t requests() const { return requests_.size(); }  ///< that it holds

  /// Everything before this is done with; 0 while nothing was ever offered.
  [[nodiscard]] sequence done_before() const { return parcels_.empty() ? next_ : parcels_.front().of.number; }
  [[nodiscard]] bool idle() const { return parcels_.empty(); }
  /// Fills no more requests: what waits goes out without waiting for the deadline.
  void flush() { flushing_ = true; }

  [[nodiscard]] const delivery_counts& counts() const { return counts_; }
  [[nodiscard]] std::size_t in_flight() const { return flying_; }
  [[nodiscard]] bool failing() const { return failures_ > 0; }

 private:
  struct held {
    parcel of;
    std::uint32_t next_piece = 0;  ///< the first that is in no request yet
    std::uint32_t done = 0;
    time_point since{};
  };
  struct request {
    std::vector<piece> pieces;
    std::uint64_t items = 0, size = 0;
    std::uint32_t route = 0;
    time_point began{};
    unsigned attempt = 0;
    bool flying = false;
    time_point not_before{};
    clock_duration backoff{};
  };

  struct lane {
    std::deque<sequence> parcels;    ///< not done, in order
    std::uint64_t waiting_size = 0;  ///< of their pieces that are in no request yet
    bool open = false;               ///< the first of them has such a piece
  };
  /// A request that is being filled.
  struct filling {
    request made;
    std::int64_t wall_ms;
    std::set<sequence> followers;  ///< may go into this request and no other: all before them in their lanes do
  };
  [[nodiscard]] const held& at(sequence number) const;
  [[nodiscard]] held& at(sequence number);
  [[nodiscard]] const amount& of(const piece& one) const { return at(one.number).of.pieces[one.index]; }
  [[nodiscard]] std::size_t allowed_in_flight() const;
  [[nodiscard]] std::optional<request_plan> retry(time_point now, std::int64_t wall_ms);
  [[nodiscard]] std::optional<request_plan> fill(time_point now, std::int64_t wall_ms);
  [[nodiscard]] time_point due_at() const;
  [[nodiscard]] std::optional<sequence> next_for(const filling& into) const;
  bool put(held& from, filling& into);
  [[nodiscard]] bool too_old(const parcel& one, std::int64_t wall_ms) const;
  [[nodiscard]] bool exhausted(const request& one, time_point now) const;
  void pause(request& one, const request_outcome& how, time_point now);
  void open(lane& one);
  void shut(lane& one);
  void done(const piece& one);
  void finish(const held& one);
  void pop_done();

  delivery_settings settings_;
  std::mt19937_64 random_;
  std::deque<held> parcels_;      // consecutive numbers are not needed, ascending ones are
  std::set<sequence> ready_;      // the first of each open lane
  std::uint64_t ready_size_ = 0;  // what waits in those lanes
  std::unordered_map<std::uint64_t, lane> lanes_;
  std::map<request_number, request> requests_;
  request_number last_request_ = 0;
  sequence next_ = 0;
  std::size_t flying_ = 0;
  unsigned failures_ = 0;  // in a row
  bool flushing_ = false;
  delivery_counts counts_;
};

}  // namespace troupe::writer
