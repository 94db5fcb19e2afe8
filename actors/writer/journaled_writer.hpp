#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/runtime/component.hpp"
#include "actors/writer/endpoint.hpp"
#include "actors/writer/outage.hpp"
#include "actors/writer/record_format.hpp"
#include "protocol/journal/journal.hpp"

namespace troupe::writer {

/// One endpoint of a configuration.
struct endpoint_plan {
  std::string name;      ///< as configured; empty: one is made from the address
  std::string url;       ///< with `name` empty, what its cursor is called by
  std::string tenant{};  ///< told apart by it beside the URL; empty: none
  endpoint_settings settings;
  std::function<std::unique_ptr<protocol>(const std::string& name)> make;
  /// Before it is used, and when its arguments change; the protocol is what `make` made.
  std::function<result<void>(protocol&)> update;
};

struct writer_plan {
  std::vector<endpoint_plan> endpoints;
  std::chrono::nanoseconds min_age{};  ///< what all have sent is kept this long
  std::chrono::nanoseconds max_age{};  ///< what is not sent is kept this long; 0: no bound
  std::chrono::nanoseconds reclaim_every = std::chrono::minutes(1);
  bool settle_when_sent = false;  ///< what is handed over is settled when all endpoints are done with it, not before
};

/// What every writer is: it appends what it takes to its journal, which settles it; endpoints send from there, each at
/// its own pace, and save how far they are. A writer derives from it and says what its batches look like in the
/// journal, which endpoints there are, and what it counts.
class journaled_writer : public runtime::component {
 public:
  journaled_writer(runtime::component_context& context, const record_format& format);
  ~journaled_writer() override;

  void start() override;
  void consume(const telemetry::batch_ref& batch, runtime::receipt of) override;
  void ends_soon() override;
  void finish() override;
  [[nodiscard]] bool finished() const override;
  [[nodiscard]] runtime::clock_duration finishes_within() const override;
  [[nodiscard]] std::string debug_info() const override;
  [[nodiscard]] std::optional<runtime::traffic> outside() const override;

 protected:
  /// From the constructor of the derived class, and on each update.
  [[nodiscard]] result<void> apply(const writer_plan& plan);
  void pump();
  [[nodiscard]] runtime::component_context& context() const { return context_; }
  [[nodiscard]] const std::vector<std::unique_ptr<endpoint>>& endpoints() const { return endpoints_; }

  // What it counts beyond the journal itself.
  virtual void on_appended(const telemetry::batch&) {}
  virtual void on_opened(std::size_t /*damaged_places*/, runtime::clock_duration /*took*/) {}

 private:
  /// A batch that the journal could not take: it is sent from memory, or written when that works again.
  struct held {
    sequence number;
    telemetry::batch_ref batch;
    runtime::receipt of;
  };
  /// A batch that is in the journal, and settled only when all endpoints are done with what is before this number.
  struct unsent {
    sequence before;
    runtime::receipt of;
  };
  /// Something that the journal's disk does not do.
  struct disk_trouble {
    const char* what;   ///< in words, for the log
    std::string why{};  ///< the last error; empty: it does
  };
  struct metrics;
  void open_journal();
  [[nodiscard]] result<std::unique_ptr<endpoint>> endpoint_for(const endpoint_plan& plan, const std::string& key,
                                                               sequence begin);
  [[nodiscard]] sequence begin_of(std::size_t nth, const std::vector<std::string>& keys,
                                  const std::vector<std::string>& before) const;
  void note_progress();
  void forget_cursors_without_endpoint(sequence taken_over);
  [[nodiscard]] result<bool> append(const telemetry::batch_ref& batch, const runtime::receipt& of,
                                    sequence in_place_of = 0);
  void appended(runtime::receipt of, sequence before);
  void settle_sent();
  void hold(const telemetry::batch_ref& batch, runtime::receipt of);
  void let_go(const held& one);
  void write_held();
  void failed_to_append(const std::string& why);
  void retry_later();
  void retry_append();
  void give_up();
  void reject(const telemetry::batch& batch, runtime::receipt of);
  void broken(disk_trouble& trouble, const std::string& why);
  void mended(disk_trouble& trouble);
  void count_journal();
  void count_waiting();
  void progressed();
  void begin_sync();
  void reclaim(bool make_room);
  void show_health();

  runtime::component_context& context_;
  const record_format& format_;
  std::unique_ptr<metrics> metrics_;
  std::unique_ptr<journal::journal> journal_;
  recent_batches recent_;
  std::vector<std::unique_ptr<endpoint>> endpoints_;
  std::deque<held> held_;
  std::deque<unsent> unsent_;
  bool settle_when_sent_ = false;
  disk_trouble append_trouble_{"the journal can't take batches, they are held in memory"};
  disk_trouble sync_trouble_{"the journal can't be made durable"};
  outage journal_outage_;
  std::string payload_;
  std::chrono::nanoseconds reclaim_every_{};
  runtime::timer sync_timer_, reclaim_timer_, retry_timer_, give_up_timer_;
  std::uint64_t waiting_ = 0;  // items before the slowest endpoint, as of the last sync
  bool retries_ = false;       // retry_timer_ is set
  bool syncing_ = false, finishing_ = false, gives_up_ = false;
};

}  // namespace troupe::writer
