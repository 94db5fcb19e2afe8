#include "actors/runtime/own_metrics.hpp"

#include <algorithm>
#include <atomic>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/summary.h>
#include <stdexcept>
#include <variant>

#include "protocol/exposition/writer.hpp"
#include "protocol/telemetry/number.hpp"
#include "protocol/telemetry/series_text.hpp"

namespace troupe::runtime {
namespace {

struct family_info {
  std::string name, help;
  metric_type type;
};
using info_ref = std::shared_ptr<const family_info>;

using instrument_ref = std::variant<std::shared_ptr<counter>, std::shared_ptr<gauge>, std::shared_ptr<histogram>,
                                    std::shared_ptr<summary>>;

/// One line of a page to be. `more` is the label that only this line has: le or quantile.
struct line {
  std::string_view suffix;
  std::string more_name, more_value;
  double value = 0;
};
struct series {
  label_set labels;
  std::vector<line> lines;
};
struct family {
  info_ref info;
  std::vector<series> all;
};
using families = std::map<std::string, family, std::less<>>;

std::string number_text(double value) {
  std::string out;
  telemetry::append_number(value, out);
  return out;
}

label_set with(label_set labels, const label_set& constant) {
  for (const auto& [name, value] : constant)
    labels.set(name, value);
  return labels;
}

}  // namespace

counter::counter() : counter_(std::make_unique<prometheus::Counter>()) {}
counter::~counter() = default;
void counter::add(double by) {
  counter_->Increment(by);
}
double counter::value() const {
  return counter_->Value();
}

gauge::gauge() : gauge_(std::make_unique<prometheus::Gauge>()) {}
gauge::~gauge() = default;
void gauge::set(double value) {
  gauge_->Set(value);
}
void gauge::add(double by) {
  gauge_->Increment(by);
}
double gauge::value() const {
  return gauge_->Value();
}

histogram::histogram(const std::vector<double>& bounds)
    : bounds_(bounds), histogram_(std::make_unique<prometheus::Histogram>(bounds)) {}
histogram::~histogram() = default;
void histogram::observe(double value) {
  histogram_->Observe(value);
}
void histogram::observe_all(std::span<const double> values) {
  if (values.empty()) return;
  std::vector<double> more(bounds_.size() + 1);
  double sum = 0;
  for (const double value : values) {
    more[static_cast<std::size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin())] += 1;
    sum += value;
  }
  histogram_->ObserveMultiple(more, sum);
}

summary::summary(const std::vector<quantile>& quantiles) {
  prometheus::Summary::Quantiles wanted;
  for (const auto& [q, error] : quantiles)
    wanted.emplace_back(q, error);
  summary_ = std::make_unique<prometheus::Summary>(wanted, std::chrono::minutes(10));
}
summary::~summary() = default;
void summary::observe(double value) {
  summary_->Observe(value);
}

struct metrics_registry {
  /// The family of this name, as long as anybody uses it.
  info_ref use(std::string_view name, metric_type type, std::string_view help) {
    if (!telemetry::is_legacy_metric_name(name)) {
      throw std::invalid_argument("\"" + std::string(name) + "\" is not a name for a metric");
    }
    const std::lock_guard lock(mutex);
    if (const auto found = infos.find(name); found != infos.end()) {
      if (auto info = found->second.lock()) {
        if (info->type == type) return info;
        throw std::invalid_argument("the metric " + info->name + " exists with another type");
      }
    }
    std::erase_if(infos, [](const auto& one) { return one.second.expired(); });
    auto info = std::make_shared<family_info>(family_info{std::string(name), std::string(help), type});
    infos[info->name] = info;
    return info;
  }

  std::vector<std::shared_ptr<component_metrics>> living() const {
    std::vector<std::shared_ptr<component_metrics>> out;
    const std::lock_guard lock(mutex);
    for (const auto& [labels, scope] : scopes) {
      if (auto alive = scope.lock()) out.push_back(std::move(alive));
    }
    return out;
  }

  mutable std::mutex mutex;
  std::map<std::string, std::weak_ptr<const family_info>, std::less<>> infos;
  std::map<label_set, std::weak_ptr<component_metrics>> scopes;
  std::atomic<std::uint64_t> failed_readers{0};
};

struct collection::entry {
  std::mutex mutex;
  component_metrics::reader read;  // empty: over
  info_ref info;

  void end() {
    const std::lock_guard lock(mutex);
    read = nullptr;
    info = nullptr;
  }
};

collection& collection::operator=(collection&& other) noexcept {
  if (entry_ && entry_ != other.entry_) entry_->end();
  entry_ = std::move(other.entry_);
  return *this;
}
collection::~collection() {
  if (entry_) entry_->end();
}

struct component_metrics::state {
  using entry_ref = std::shared_ptr<collection::entry>;
  struct own_family {
    info_ref info;
    std::map<label_set, instrument_ref> all;
  };

  void gather(families& out);
  void gather_instruments(families& out);
  void read(collection::entry& from, families& out);

  std::shared_ptr<metrics_registry> registry;
  const label_set* labels = nullptr;
  std::mutex mutex;
  std::map<std::string, own_family, std::less<>> instruments;
  std::vector<std::weak_ptr<collection::entry>> entries;

  static std::vector<line> lines_of(const runtime::counter& of) { return {{"", {}, {}, of.value()}}; }
  static std::vector<line> lines_of(const runtime::gauge& of) { return {{"", {}, {}, of.value()}}; }
  static std::vector<line> lines_of(const runtime::histogram& of);
  static std::vector<line> lines_of(const runtime::summary& of);
};

std::vector<line> component_metrics::state::lines_of(const runtime::histogram& of) {
  const auto now = of.histogram_->Collect().histogram;
  std::vector<line> out;
  for (const auto& bucket : now.bucket) {
    out.push_back({"_bucket", "le", number_text(bucket.upper_bound), static_cast<double>(bucket.cumulative_count)});
  }
  out.push_back({"_sum", {}, {}, now.sample_sum});
  out.push_back({"_count", {}, {}, static_cast<double>(now.sample_count)});
  return out;
}

std::vector<line> component_metrics::state::lines_of(const runtime::summary& of) {
  const auto now = of.summary_->Collect().summary;
  std::vector<line> out;
  for (const auto& one : now.quantile)
    out.push_back({"", "quantile", number_text(one.quantile), one.value});
  out.push_back({"_sum", {}, {}, now.sample_sum});
  out.push_back({"_count", {}, {}, static_cast<double>(now.sample_count)});
  return out;
}

namespace {

/// Null: meanwhile the name stands for something else.
family* place_for(const info_ref& info, families& out) {
  family& place = out[info->name];
  if (!place.info) place.info = info;
  return place.info->type == info->type ? &place : nullptr;
}

}  // namespace

void component_metrics::state::gather_instruments(families& out) {
  const std::lock_guard lock(mutex);
  for (const auto& [name, from] : instruments) {
    family* const to = place_for(from.info, out);
    if (!to) continue;
    for (const auto& [series_labels, one] : from.all) {
      to->all.push_back({series_labels, std::visit([](const auto& of) { return lines_of(*of); }, one)});
    }
  }
}

void component_metrics::state::read(collection::entry& from, families& out) {
  const std::lock_guard lock(from.mutex);
  if (!from.read) return;
  family* const to = place_for(from.info, out);
  if (!to) return;
  try {
    for (auto& one : from.read())
      to->all.push_back({with(std::move(one.labels), *labels), {{"", {}, {}, one.value}}});
  } catch (...) {
    registry->failed_readers.fetch_add(1);
  }
}

void component_metrics::state::gather(families& out) {
  gather_instruments(out);
  std::vector<entry_ref> now;
  {
    const std::lock_guard lock(mutex);
    std::erase_if(entries, [](const auto& one) { return one.expired(); });
    for (const auto& one : entries) {
      if (auto alive = one.lock()) now.push_back(std::move(alive));
    }
  }
  // Without the lock: a reader may take its time, and may count.
  for (const auto& one : now)
    read(*one, out);
}

component_metrics::component_metrics(std::shared_ptr<metrics_registry> in, label_set labels)
    : labels_(std::move(labels)), state_(std::make_unique<state>()) {
  state_->registry = std::move(in);
  state_->labels = &labels_;
}

component_metrics::~component_metrics() {
  const std::lock_guard lock(state_->registry->mutex);
  const auto found = state_->registry->scopes.find(labels_);
  if (found != state_->registry->scopes.end() && found->second.expired()) state_->registry->scopes.erase(found);
}

template <class Instrument, class... Arguments>
Instrument& component_metrics::instrument(std::string_view name, metric_type type, std::string_view help,
                                          const label_set& labels, const Arguments&... arguments) {
  const info_ref info = state_->registry->use(name, type, help);
  const std::lock_guard lock(state_->mutex);
  auto& family = state_->instruments[info->name];
  family.info = info;
  label_set all_labels = with(labels, labels_);
  auto found = family.all.find(all_labels);
  if (found == family.all.end()) {
    found = family.all.emplace(std::move(all_labels), std::make_shared<Instrument>(arguments...)).first;
  }
  // One name, one type, one kind of instrument.
  return *std::get<std::shared_ptr<Instrument>>(found->second);
}

counter& component_metrics::counter(std::string_view name, std::string_view help, const label_set& labels) {
  return instrument<runtime::counter>(name, metric_type::counter, help, labels);
}
gauge& component_metrics::gauge(std::string_view name, std::string_view help, const label_set& labels) {
  return instrument<runtime::gauge>(name, metric_type::gauge, help, labels);
}
histogram& component_metrics::histogram(std::string_view name, std::string_view help, const std::vector<double>& bounds,
                                        const label_set& labels) {
  const bool rising = std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal()) == bounds.end();
  if (!rising) throw std::invalid_argument("the bounds of " + std::string(name) + " do not rise");
  return instrument<runtime::histogram>(name, metric_type::histogram, help, labels, bounds);
}
summary& component_metrics::summary(std::string_view name, std::string_view help,
                                    const std::vector<quantile>& quantiles, const label_set& labels) {
  return instrument<runtime::summary>(name, metric_type::summary, help, labels, quantiles);
}

void component_metrics::remove(std::string_view name, const label_set& labels) {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->instruments.find(name);
  if (found == state_->instruments.end()) return;
  found->second.all.erase(with(labels, labels_));
  if (found->second.all.empty()) state_->instruments.erase(found);
}

collection component_metrics::collect(std::string_view name, metric_type type, std::string_view help, reader read) {
  if (type != metric_type::counter && type != metric_type::gauge && type != metric_type::unknown) {
    throw std::invalid_argument("a collector of " + std::string(name) + " gives single values");
  }
  auto entry = std::make_shared<collection::entry>();
  entry->info = state_->registry->use(name, type, help);
  entry->read = std::move(read);
  const std::lock_guard lock(state_->mutex);
  state_->entries.push_back(entry);
  return collection(std::move(entry));
}

own_metrics::own_metrics() : registry_(std::make_shared<metrics_registry>()) {}
own_metrics::~own_metrics() = default;

std::shared_ptr<component_metrics> own_metrics::scope(label_set labels) {
  const std::lock_guard lock(registry_->mutex);
  auto& place = registry_->scopes[labels];
  if (auto alive = place.lock()) return alive;
  std::shared_ptr<component_metrics> made(new component_metrics(registry_, std::move(labels)));
  place = made;
  return made;
}

std::shared_ptr<component_metrics> own_metrics::component(std::string_view id, std::string_view path) {
  return scope({{"component_id", std::string(id)}, {"component_path", std::string(path)}});
}
std::shared_ptr<component_metrics> own_metrics::controller(std::string_view id, std::string_view path) {
  return scope({{"controller_id", std::string(id)}, {"controller_path", std::string(path)}});
}
std::shared_ptr<component_metrics> own_metrics::process() {
  return scope({});
}

namespace {

void write(const family& from, exposition::page_writer& to) {
  to.family(from.info->name, from.info->type, from.info->help);
  std::vector<telemetry::label_view> labels;
  for (std::size_t i = 0; i < from.all.size(); ++i) {
    const series& one = from.all[i];
    if (i + 1 < from.all.size() && from.all[i + 1].labels == one.labels) continue;
    for (const line& each : one.lines) {
      labels.clear();
      for (const auto& [name, value] : one.labels)
        labels.push_back({name, value});
      if (!each.more_name.empty()) labels.push_back({each.more_name, each.more_value});
      to.sample(each.suffix, labels, each.value);
    }
  }
}

}  // namespace

namespace {

thread_local std::uint64_t page_in_hand = 0;

/// The page that this thread is writing, while it does.
class page_mark {
 public:
  page_mark() {
    static std::atomic<std::uint64_t> last{0};
    page_in_hand = ++last;
  }
  ~page_mark() { page_in_hand = 0; }
  page_mark(const page_mark&) = delete;
};

}  // namespace

std::uint64_t own_metrics::current_page() {
  return page_in_hand;
}

std::string own_metrics::page(exposition::format kind) const {
  const page_mark mark;
  families all;
  for (const auto& scope : registry_->living())
    scope->state_->gather(all);
  const auto failures = std::make_shared<family_info>(family_info{"troupe_metrics_readers_failed_total",
                                                                  "How often a value for this page could not be read.",
                                                                  metric_type::counter});
  if (family* const own = place_for(failures, all)) {
    own->all.push_back({{}, {{"", {}, {}, static_cast<double>(registry_->failed_readers.load())}}});
  }
  exposition::page_writer writer(kind);
  for (auto& [name, one] : all) {
    if (one.all.empty()) continue;
    std::stable_sort(one.all.begin(), one.all.end(),
                     [](const series& a, const series& b) { return a.labels < b.labels; });
    write(one, writer);
  }
  return writer.finish();
}

}  // namespace troupe::runtime
