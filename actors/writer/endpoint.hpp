#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/runtime/component.hpp"
#include "actors/writer/outage.hpp"
#include "actors/writer/protocol.hpp"
#include "actors/writer/source.hpp"

namespace troupe::writer {

struct endpoint_settings {
  delivery_settings delivery;
  std::uint64_t max_pending = 0;  ///< read from the journal and not answered for, in the unit of amount::weight
  bool drop_on_overflow = false;  ///< what comes while so much is pending is dropped rather than left on the disk
  clock_duration drain = std::chrono::seconds(5);  ///< at the end it is tried so long to send what waits
};

/// One backend: takes from the journal what the window has room for, sends it, and knows up to where all is done with.
class endpoint {
 public:
  /// `key`: its cursor's name. `name`: in metrics and events.
  endpoint(runtime::component_context& context, std::string key, std::string name, std::unique_ptr<protocol> how,
           std::unique_ptr<batch_source> source, sequence begin);
  ~endpoint();
  endpoint(const endpoint&) = delete;

  /// What is under way goes on.
  void set(const endpoint_settings& settings);
  /// It has another address: what waited for the old one's recovery is tried at once.
  void moved();
  [[nodiscard]] protocol& speaks() const { return *protocol_; }

  void pump();    ///< there is more to read
  void finish();  ///< the end comes: what waits is sent without waiting for more
  /// After finish(): nothing is left to send, or it is not worth waiting for.
  [[nodiscard]] bool finished(sequence end) const;
  [[nodiscard]] clock_duration drain() const { return settings_.drain; }

  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] sequence done_before() const;
  [[nodiscard]] sequence wanted() const { return wanted_; }  ///< the next entry it reads
  [[nodiscard]] std::size_t in_flight() const { return delivery_.in_flight(); }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }  ///< empty: all is well
  [[nodiscard]] const delivery_counts& counts() const { return delivery_.counts(); }
  struct report {
    std::string name, url, state, last_error;
    std::uint64_t delivered = 0, refused = 0, given_up = 0, overflowed = 0, retried = 0, pending = 0, in_flight = 0;
  };
  [[nodiscard]] report describe() const;
  /// As the component API shows debug info.
  [[nodiscard]] static std::string debug_json(const std::vector<report>& all);
  /// Called when done_before() or trouble() may have changed.
  std::function<void()> on_progress;

 private:
  /// A batch, or what of it is in one lane: one of delivery's parcels.
  struct held {
    sequence number;  ///< delivery's
    telemetry::batch_ref batch;
    std::shared_ptr<const void> how;
    std::int64_t timestamp_ms;
    std::uint32_t first_piece;  ///< of the batch
  };
  /// A request that is under way or waits to be tried again.
  struct flight {
    body_ref body;
    std::uint32_t route = 0;
    std::int64_t newest_ms = 0;
    bool self_telemetry = false;                   // all of it is own telemetry
    std::vector<telemetry::trace_context> traces;  // that its batches belong to
  };
  void take();
  void offer(batch_source::entry one);
  void drop(const batch_source::entry& one);
  void stalled(std::string why);
  void tell_unreadable(std::uint64_t records, std::string what);
  void send(const request_plan& plan);
  [[nodiscard]] flight make_flight(const request_plan& plan);
  void answered(request_number number, std::uint64_t items, unsigned attempt, const reply& how);
  void tell_delivered(const flight& what, std::uint64_t items, const reply& how);
  void tell_failed(const flight& what, std::uint64_t items, unsigned attempt, const reply& how, bool over);
  void tell_dropped(const flight& what, std::uint64_t items, const reply& how, const outage::telling& how_loud);
  [[nodiscard]] static runtime::work during(const flight& what);
  void arm();
  void forget_done();
  [[nodiscard]] const held& at(sequence number) const;

  runtime::component_context& context_;
  std::string key_, name_;
  std::unique_ptr<batch_source> source_;
  std::unique_ptr<protocol> protocol_;
  endpoint_settings settings_;
  delivery delivery_;
  sequence wanted_;
  std::optional<sequence> overflows_from_;  // what was there before is not dropped for want of room
  std::deque<held> window_;                 // what is offered and not done
  std::unordered_map<request_number, flight> flights_;
  std::string trouble_, last_error_;
  outage outage_, drops_, unreadable_, overflow_;
  runtime::timer wake_, drain_timer_;
  bool drained_ = false;                                                   // the time for it is over
  std::shared_ptr<const bool> life_ = std::make_shared<const bool>(true);  // answers that come later find it gone
};

}  // namespace troupe::writer
