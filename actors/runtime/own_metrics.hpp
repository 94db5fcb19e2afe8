#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/exposition/page.hpp"
#include "protocol/telemetry/label.hpp"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Summary;
}  // namespace prometheus

namespace troupe::runtime {

using telemetry::label_set;
using telemetry::metric_type;

/// The instruments: thread-safe, a few nanoseconds (histograms and summaries take a lock). They live in a
/// component_metrics.
class counter {
 public:
  counter();
  ~counter();
  void add(double by = 1);  ///< what is negative is ignored
  [[nodiscard]] double value() const;

 private:
  std::unique_ptr<::prometheus::Counter> counter_;
};

class gauge {
 public:
  gauge();
  ~gauge();
  void set(double value);
  void add(double by);  ///< may be negative
  [[nodiscard]] double value() const;

 private:
  std::unique_ptr<::prometheus::Gauge> gauge_;
};

class histogram {
 public:
  explicit histogram(const std::vector<double>& bounds);
  ~histogram();
  void observe(double value);
  /// Many at once, at the price of one.
  void observe_all(std::span<const double> values);

 private:
  friend class component_metrics;
  std::vector<double> bounds_;
  std::unique_ptr<::prometheus::Histogram> histogram_;
};

/// A quantile and its tolerated error, over the last ten minutes.
struct quantile {
  double q, error;
};

class summary {
 public:
  explicit summary(const std::vector<quantile>& quantiles);
  ~summary();
  void observe(double value);

 private:
  friend class component_metrics;
  std::unique_ptr<::prometheus::Summary> summary_;
};

struct measured {
  label_set labels;
  double value = 0;
};

/// Keeps a collector going; when it is gone the function has run for the last time (the destructor waits for a page
/// that is being written, so it must not run under a lock that the function takes).
class collection {
 public:
  collection() = default;
  collection(collection&&) noexcept = default;
  collection& operator=(collection&& other) noexcept;
  ~collection();

 private:
  friend class component_metrics;
  struct entry;
  explicit collection(std::shared_ptr<entry> of) : entry_(std::move(of)) {}
  std::shared_ptr<entry> entry_;
};

struct metrics_registry;

/// The metrics of one component (or of a controller, or of the process): its constant labels are added to all of them,
/// and they vanish with it. All functions from any thread. They throw std::invalid_argument if the name is none, or is
/// in use with another type.
class component_metrics : public std::enable_shared_from_this<component_metrics> {
 public:
  ~component_metrics();
  component_metrics(const component_metrics&) = delete;
  component_metrics& operator=(const component_metrics&) = delete;

  /// The same name and labels give the same instrument. Counters are named as they are queried, with `_total` where
  /// they have it.
  runtime::counter& counter(std::string_view name, std::string_view help, const label_set& labels = {});
  runtime::gauge& gauge(std::string_view name, std::string_view help, const label_set& labels = {});
  /// `bounds`: upper, rising, without +Inf; those of the first call count.
  runtime::histogram& histogram(std::string_view name, std::string_view help, const std::vector<double>& bounds,
                                const label_set& labels = {});
  runtime::summary& summary(std::string_view name, std::string_view help, const std::vector<quantile>& quantiles,
                            const label_set& labels = {});
  /// The series goes from the page; references to the instrument end.
  void remove(std::string_view name, const label_set& labels = {});

  using reader = std::function<std::vector<measured>()>;
  /// `read` is called for each page, in the thread that asks for it. Counter, gauge or unknown. What it throws ends on
  /// the page as the absence of its series.
  [[nodiscard]] collection collect(std::string_view name, metric_type type, std::string_view help, reader read);

  [[nodiscard]] const label_set& labels() const { return labels_; }

 private:
  friend class own_metrics;
  struct state;
  component_metrics(std::shared_ptr<metrics_registry> in, label_set labels);
  template <class Instrument, class... Arguments>
  Instrument& instrument(std::string_view name, metric_type type, std::string_view help, const label_set& labels,
                         const Arguments&... arguments);

  label_set labels_;
  std::unique_ptr<state> state_;
};

/// All metrics of the process.
class own_metrics {
 public:
  own_metrics();
  ~own_metrics();
  own_metrics(const own_metrics&) = delete;
  own_metrics& operator=(const own_metrics&) = delete;

  /// Labels component_id and component_path. Asked again for one that still lives, it is the same. May be held
  /// longer than this object.
  std::shared_ptr<component_metrics> component(std::string_view id, std::string_view path = "/");
  std::shared_ptr<component_metrics> controller(std::string_view id = "", std::string_view path = "/");
  std::shared_ptr<component_metrics> process();  ///< no constant labels

  /// Families sorted by name, series by labels; of two equal series of a component the one registered last.
  [[nodiscard]] std::string page(exposition::format kind) const;
  /// For a reader: which page it is being read for; 0 outside of one. Families that must agree with each other are read
  /// once per page.
  [[nodiscard]] static std::uint64_t current_page();

 private:
  std::shared_ptr<component_metrics> scope(label_set labels);
  std::shared_ptr<metrics_registry> registry_;
};

}  // namespace troupe::runtime
