#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/prometheus/scrape/arguments.hpp"
#include "protocol/telemetry/label.hpp"
#include "protocol/telemetry/result.hpp"

namespace troupe::prometheus {

/// What is scraped: where, how often, and the labels that all of its series get.
struct target {
  telemetry::label_set labels;  ///< without those that start with `__`
  std::string url;              ///< as shown; where it is dialled may differ (alloy.internal is this process)
  std::int64_t interval_ns = 0;
  std::int64_t timeout_ns = 0;
  std::string unix_socket;  ///< __unix_socket__
  friend bool operator==(const target&, const target&) = default;
};

/// From the labels that discovery found and the component's arguments, as Prometheus does it (target labels win over
/// the arguments, `instance` defaults to the address). `job`: the job_name, or the component's id.
[[nodiscard]] result<target> make_target(const scraping::target_labels& labels, const scraping::arguments& arguments,
                                         const std::string& job);

}  // namespace troupe::prometheus
