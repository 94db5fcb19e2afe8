#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/prometheus/remote_write/arguments.hpp"
#include "actors/prometheus/remote_write/delivery.hpp"
#include "actors/prometheus/remote_write/encoder.hpp"
#include "actors/prometheus/remote_write/endpoint_metrics.hpp"
#include "actors/prometheus/remote_write/metadata_sender.hpp"
#include "actors/runtime/component.hpp"
#include "protocol/http/client.hpp"
#include "protocol/journal/journal.hpp"

namespace troupe::prometheus {

/// Where an endpoint gets batches from, in the order of the journal: memory for one that keeps up, else the disk.
class batch_source {
 public:
  struct entry {
    sequence number = 0;
    telemetry::metrics_ref batch;  ///< null: the record is damaged and was counted
  };
  virtual ~batch_source() = default;
  /// The first entry at or after `from`; nothing: there is none yet.
  [[nodiscard]] virtual std::optional<entry> read(sequence from) = 0;
};

/// One backend: takes from the journal what the window has room for, sends it, and knows up to where all is done with.
class endpoint {
 public:
  endpoint(runtime::component_context& context, std::string key, std::string name, batch_source& source,
           sequence begin);
  ~endpoint();
  endpoint(const endpoint&) = delete;

  [[nodiscard]] result<void> update(const remote_writing::endpoint_arguments& arguments,
                                    const telemetry::label_set& external);
  /// There is more to read.
  void pump();
  /// Sends what waits without waiting for more.
  void flush();

  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] sequence done_before() const { return std::max(delivery_.done_before(), begin_); }
  [[nodiscard]] sequence wanted() const { return wanted_; }  ///< the next entry it reads
  [[nodiscard]] std::size_t in_flight() const { return delivery_.in_flight(); }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }  ///< empty: all is well
  struct report {
    std::string name, url, state, last_error;
    std::uint64_t delivered = 0, refused = 0, retried = 0, pending = 0, in_flight = 0;
  };
  [[nodiscard]] report describe() const;
  /// As the component API shows debug info.
  [[nodiscard]] static std::string debug_json(const std::vector<report>& all);
  [[nodiscard]] std::size_t active_series() const { return encoder_->active_series(); }
  /// Called when done_before() or trouble() may have changed.
  std::function<void()> on_progress;

 private:
  struct held {
    telemetry::metrics_ref batch;
    encoded_ref how;
  };
  void take();
  void send(const request_plan& plan);
  void answered(request_number number, std::uint64_t samples, std::int64_t newest_ms, const http::response& answer,
                unsigned attempt);
  void arm();
  void forget_done();
  [[nodiscard]] std::shared_ptr<const std::string> build(const request_plan& plan);

  runtime::component_context& context_;
  std::string key_, name_;
  batch_source& source_;
  remote_writing::endpoint_arguments arguments_;
  telemetry::label_set external_;
  std::shared_ptr<http::session> session_;
  std::unique_ptr<encoder> encoder_;
  std::unique_ptr<endpoint_metrics> metrics_;
  std::unique_ptr<metadata_sender> metadata_;
  delivery delivery_;
  sequence begin_, wanted_;
  std::deque<std::pair<sequence, held>> window_;  // what is offered and not done
  std::unordered_map<request_number, std::shared_ptr<const std::string>>
      bodies_;  // of requests that may be tried again
  std::string trouble_, last_error_;
  runtime::timer wake_;
  std::shared_ptr<const bool> life_ = std::make_shared<const bool>(true);  // answers that come later find it gone
};

}  // namespace troupe::prometheus
