#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "actors/runtime/own_metrics.hpp"

namespace troupe::prometheus {

/// What an endpoint counts of the metadata that it sends, under the names of Prometheus' remote storage; labels
/// remote_name and url. They vanish with it: of two with the same labels the old one goes before the new one comes.
class metadata_metrics {
 public:
  metadata_metrics(runtime::component_metrics& in, const std::string& name, const std::string& url);
  ~metadata_metrics();
  metadata_metrics(const metadata_metrics&) = delete;

  void sent(std::uint64_t entries, std::size_t bytes);
  void failed(std::uint64_t entries) { failed_.add(static_cast<double>(entries)); }
  void retried(std::uint64_t entries) { retried_.add(static_cast<double>(entries)); }

 private:
  std::shared_ptr<runtime::component_metrics> in_;
  telemetry::label_set labels_;
  runtime::counter& entries_;
  runtime::counter& failed_;
  runtime::counter& retried_;
  runtime::counter& bytes_;
};

}  // namespace troupe::prometheus
