#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/http_client/own_session.hpp"
#include "actors/prometheus/fan_out.hpp"
#include "actors/prometheus/scrape/arguments.hpp"
#include "actors/prometheus/scrape/page_series.hpp"
#include "actors/prometheus/scrape/schedule.hpp"
#include "actors/prometheus/scrape/scrape_metrics.hpp"
#include "actors/prometheus/scrape/target.hpp"
#include "actors/runtime/component.hpp"
#include "protocol/http/client.hpp"

namespace troupe::prometheus {

/// prometheus.scrape: fetches the pages of its targets, each at its own time, and pushes what they became.
class scrape final : public runtime::component {
 public:
  using arguments_type = scraping::arguments;
  scrape(runtime::component_context& context, std::shared_ptr<const scraping::arguments> arguments);
  ~scrape() override;

  void start() override;
  [[nodiscard]] static result<void> check(runtime::services& shared, const scraping::arguments& arguments);
  result<void> update(const runtime::arguments_ref& arguments) override;
  void finish() override;
  [[nodiscard]] bool finished() const override { return in_flight_ == 0; }
  [[nodiscard]] std::string debug_info() const override;
  [[nodiscard]] std::optional<runtime::traffic> outside() const override { return outside_; }

 private:
  /// A target while it is scraped.
  struct active {
    active(target of, const page_rules& rules, std::uint64_t seed);
    target what;
    schedule when;
    page_series series;
    http::request request;  ///< but for nothing: the same each time
    runtime::timer next;
    std::int64_t tick_ns = 0;       ///< when the current scrape was due
    std::int64_t timestamp_ms = 0;  ///< of the scrape in flight
    http::request_id in_flight = 0;
    std::optional<runtime::time_point> begun;  ///< the last scrape
    runtime::summary* distances = nullptr;     ///< of scrapes with its interval
    runtime::work span;                        ///< of that scrape
    bool missed = false;                       ///< a tick came while a scrape was in flight
    bool leaves = false;                       ///< it is among `leaving_`
    // What is shown of it.
    std::string last_error;
    std::int64_t last_scrape_ms = 0;
    double last_duration = 0;
    std::uint64_t last_samples = 0, failures = 0;
    bool scraped = false;
  };
  using active_ref = std::shared_ptr<active>;
  /// A target that is no more, until its series are marked stale.
  struct leaving {
    active_ref who;
    runtime::timer due;
  };

  [[nodiscard]] result<void> apply(std::shared_ptr<const scraping::arguments> arguments);
  void set_targets();
  void change(active& one, target what);
  [[nodiscard]] active_ref with_labels(const telemetry::label_set& labels);
  void prepare(active& one);
  void schedule_next(const active_ref& one);
  void begin(const active_ref& one, std::int64_t tick_ns);
  void ended(const active_ref& one, const http::response& answer);
  void publish_outcome(active& one, page_outcome outcome, double seconds);
  void leave(active_ref one);
  void show_health();

  runtime::component_context& context_;
  http_client::own_session session_;
  std::shared_ptr<const scraping::arguments> arguments_;
  page_rules rules_;
  std::string accept_;
  std::uint64_t seed_;
  fan_out out_;
  scrape_metrics metrics_;
  page_scratch scratch_;
  std::map<std::string, active_ref> targets_;                 // by labels and URL
  std::vector<std::pair<std::string, std::string>> refused_;  // labels and reason of targets that can't be scraped
  std::vector<leaving> leaving_;
  std::string limit_error_;  // all targets are refused because there are too many
  runtime::traffic outside_;
  std::size_t in_flight_ = 0, down_ = 0;
  bool finishing_ = false;
};

}  // namespace troupe::prometheus
