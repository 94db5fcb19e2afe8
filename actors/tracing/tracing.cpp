#include "actors/tracing/tracing.hpp"

#include <algorithm>
#include <stdexcept>

#include "actors/runtime/own_metrics.hpp"
#include "actors/tracing/jaeger_sampler.hpp"
#include "protocol/http/client.hpp"
#include "protocol/http/url.hpp"

namespace troupe::tracing {

namespace {

/// Spans wait so long for others to travel with, and so long since those before them, unless there are many: each
/// journey costs an append, a request and a sync of the disk.
constexpr auto company = std::chrono::seconds(2), between = std::chrono::seconds(5);
constexpr std::uint64_t most_strategy_bytes = 1 << 20;

config::body_of<sampler_block> sampler_schema() {
  config::body_of<jaeger_remote> jaeger;
  jaeger.attribute("url", &jaeger_remote::url, "Where to ask.")
      .attribute("max_operations", &jaeger_remote::max_operations, "Operations that may have a share of their own.")
      .attribute("refresh_interval", &jaeger_remote::refresh_interval, "How often.")
      .check([](const jaeger_remote& j) {
        config::complaints all;
        if (const auto url = http::parse_url(j.url); !url) all.push_back({"url", url.error().message});
        if (j.max_operations < 0) all.push_back({"max_operations", "max_operations must not be negative"});
        if (j.refresh_interval.count() <= 0)
          all.push_back({"refresh_interval", "refresh_interval must be greater than 0"});
        return all;
      });
  config::body_of<sampler_block> s;
  s.block("jaeger_remote", &sampler_block::jaeger, jaeger, "A Jaeger collector says what is sampled.");

  return s;
}

own_traces::settings settings_of(const arguments& a) {
  own_traces::settings made;
  made.fraction = a.sampling_fraction;
  made.forwards = !runtime::receivers_of(a.write_to).empty();
  made.propagates = a.send_traceparent;
  made.asks_sampler = a.sampler.jaeger.has_value();
  return made;
}

}  // namespace

const config::component_schema& schema() {
  static const auto schema = [] {
    auto s = config::describe<arguments>("tracing", config::stability::generally_available,
                                         "Which of the collector's own work is traced, and where spans go.");
    s.attribute("sampling_fraction", &arguments::sampling_fraction,
                "The share of traces that is kept: 1 and more all, 0 and less none.")
        .attribute("write_to", &arguments::write_to, "Receivers that get the spans.")
        .attribute("send_traceparent", &arguments::send_traceparent,
                   "Whether W3C trace context goes out with requests and counts on those that come in.")
        .block("sampler", &arguments::sampler, sampler_schema(), "Who decides instead of sampling_fraction.");
    return s;
  }();
  return schema;
}

tracing::tracing(runtime::component_context& context, std::shared_ptr<const arguments> arguments,
                 std::shared_ptr<own_traces> traces)
    : context_(context), traces_(std::move(traces)), out_(context, 0), session_(context.shared()) {
  if (const auto ok = apply(std::move(arguments)); !ok) throw std::runtime_error(ok.error().message);
}

tracing::~tracing() {
  traces_->waiting().on_items(nullptr);
}

result<void> tracing::apply(std::shared_ptr<const arguments> arguments) {
  if (arguments->sampler.jaeger && !session_.is_open()) {
    if (auto ok = session_.open({}); !ok) return ok;
  }
  arguments_ = std::move(arguments);
  out_.connect(runtime::receivers_of(arguments_->write_to));
  return {};
}

void tracing::start() {
  traces_->waiting().on_items([post = context_.post(), this](bool much) {
    post([this, much] {
      if (much) return drain();
      drain_timer_ = context_.at(std::max(context_.now() + company, drained_at_ + between), [this] { drain(); });
    });
  });
  ask();
}

result<void> tracing::update(const runtime::arguments_ref& arguments) {
  drain();  // to those that it was meant for
  if (const auto ok = apply(std::static_pointer_cast<const tracing::arguments_type>(arguments)); !ok) return ok;
  ask();
  return {};
}

void tracing::drain() {
  drain_timer_ = {};
  drained_at_ = context_.now();
  for (auto& batch : traces_->waiting().take())
    out_.push(std::move(batch), {});
  const auto forgotten = traces_->waiting().take_forgotten();
  if (forgotten == 0) return;
  context_.metrics()
      .counter("troupe_tracing_dropped_spans_total", "Own spans that did not go to write_to, by reason.",
               {{"reason", "queue_is_full"}})
      .add(static_cast<double>(forgotten));
}

void tracing::ask() {
  ask_timer_ = {};
  const auto& jaeger = arguments_->sampler.jaeger;
  if (!jaeger) return;
  ask_timer_ = context_.after(jaeger->refresh_interval, [this] { ask(); });
  http::request request;
  request.url = jaeger->url + (jaeger->url.find('?') == std::string::npos ? "?" : "&") + "service=alloy";
  request.max_body_bytes = most_strategy_bytes;
  session_.submit(std::move(request), [this, post = context_.post()](http::response&& answer) {
    post([this, held = std::make_shared<http::response>(std::move(answer))] { answered(*held); });
  });
}

/// A sampler that can't be reached leaves what was decided before.
void tracing::answered(const http::response& answer) {
  const auto& jaeger = arguments_->sampler.jaeger;
  if (!jaeger) return;
  std::string trouble;
  if (!answer.ok()) {
    trouble = answer.error;
  } else if (answer.status != 200) {
    trouble = "HTTP status " + std::to_string(answer.status);
  } else if (auto made = jaeger_sampler::parse(answer.body.view(), static_cast<std::size_t>(jaeger->max_operations));
             !made) {
    trouble = made.error().message;
  } else {
    context_.shared().tracing.set(std::move(*made));
  }
  if (!trouble.empty()) trouble = "the remote sampler: " + trouble;
  if (trouble.empty() != trouble_.empty()) {  // told when it begins and when it is over
    const auto text =
        trouble.empty() ? "the remote sampler answers again" : trouble + "; what it said last still holds";
    context_.publish(runtime::message{"", trouble.empty() ? runtime::log_level::info : runtime::log_level::warn, text});
  }
  trouble_ = trouble;
  context_.set_health(trouble.empty() ? runtime::health_state::healthy : runtime::health_state::unhealthy, trouble);
}

runtime::component_definition definition(std::shared_ptr<own_traces> traces) {
  runtime::component_definition made;
  made.schema = &schema();
  made.once = true;
  made.end_rank = 1;
  made.configure = [traces](const runtime::arguments_ref& a) {
    traces->configure(settings_of(*static_cast<const arguments*>(a.get())));
  };
  made.make = [traces](runtime::component_context& context, const runtime::arguments_ref& a) {
    return std::make_unique<tracing>(context, std::static_pointer_cast<const arguments>(a), traces);
  };
  return made;
}

}  // namespace troupe::tracing
