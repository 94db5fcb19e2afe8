#include "protocol/exposition/writer.hpp"

#include "protocol/telemetry/number.hpp"
#include "protocol/telemetry/series_text.hpp"

namespace troupe::exposition {
namespace {

using telemetry::metric_type;

std::string_view name_in_text(metric_type type) {
  switch (type) {
    case metric_type::counter:
      return "counter";
    case metric_type::gauge:
    case metric_type::info:
    case metric_type::stateset:
      return "gauge";
    case metric_type::histogram:
    case metric_type::gauge_histogram:
      return "histogram";
    case metric_type::summary:
      return "summary";
    case metric_type::unknown:
      break;
  }
  return "untyped";
}

std::string_view name_in_open_metrics(metric_type type) {
  switch (type) {
    case metric_type::counter:
      return "counter";
    case metric_type::gauge:
      return "gauge";
    case metric_type::info:
      return "info";
    case metric_type::stateset:
      return "stateset";
    case metric_type::histogram:
      return "histogram";
    case metric_type::gauge_histogram:
      return "gaugehistogram";
    case metric_type::summary:
      return "summary";
    case metric_type::unknown:
      break;
  }
  return "unknown";
}

/// What OpenMetrics demands of the names of a type's samples, and forbids for the family's.
std::string_view demanded_suffix(metric_type type) {
  if (type == metric_type::counter) return "_total";
  if (type == metric_type::info) return "_info";
  return {};
}

void append_help(std::string_view text, bool quotes, std::string& out) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

}  // namespace

void page_writer::family(std::string_view name, metric_type type, std::string_view help) {
  name_ = name;
  const bool strict = kind_ == format::open_metrics;
  std::string_view family = name;
  std::string_view type_word = strict ? name_in_open_metrics(type) : name_in_text(type);
  if (const std::string_view suffix = demanded_suffix(type); strict && !suffix.empty()) {
    if (family.size() > suffix.size() && family.ends_with(suffix)) {
      family.remove_suffix(suffix.size());
    } else {
      // The sample keeps the name that is queried, so the family cannot have the type.
      type_word = name_in_open_metrics(metric_type::unknown);
    }
  }
  std::string written(family);
  if (!telemetry::is_legacy_metric_name(family)) {
    written = '"';
    telemetry::append_escaped(family, written);
    written += '"';
  }
  if (!help.empty()) {
    out_.append("# HELP ").append(written) += ' ';
    append_help(help, strict, out_);
    out_ += '\n';
  }
  out_.append("# TYPE ").append(written).append(" ").append(type_word) += '\n';
}

void page_writer::sample(std::string_view suffix, const std::vector<telemetry::label_view>& labels, double value) {
  std::string name = name_;
  name += suffix;
  std::vector<telemetry::label_view> all{{"__name__", name}};
  all.insert(all.end(), labels.begin(), labels.end());
  // OpenMetrics 1.0, "Numbers in label values": bounds are floats.
  std::string bound;
  for (auto& label : all) {
    if (kind_ != format::open_metrics || (label.name != "le" && label.name != "quantile")) continue;
    bound = telemetry::open_metrics_float(label.value);
    label.value = bound;
    break;
  }
  telemetry::append_series_text(all, out_);
  out_ += ' ';
  telemetry::append_number(value, out_);
  out_ += '\n';
}

std::string page_writer::finish() {
  if (kind_ == format::open_metrics) out_ += "# EOF\n";
  return std::exchange(out_, {});
}

}  // namespace troupe::exposition
