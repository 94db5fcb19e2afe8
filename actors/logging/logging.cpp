#include "actors/logging/logging.hpp"

#include "actors/runtime/own_metrics.hpp"

namespace troupe::logging {

const config::component_schema& schema() {
  static const auto schema = [] {
    auto s = config::describe<arguments>("logging", config::stability::generally_available,
                                         "How the collector's own log is written, and where to.");
    s.choice("level", &arguments::level, {"debug", "info", "warn", "error"}, "What is less important is not written.")
        .choice("format", &arguments::format, {"logfmt", "json"}, "How a line looks.")
        .choice("destination", &arguments::destination, {"stderr"}, "Where lines go on this machine.")
        .attribute("write_to", &arguments::write_to, "Receivers that get each line as an entry, too.");
    return s;
  }();
  return schema;
}

namespace {

own_log::settings settings_of(const arguments& a) {
  own_log::settings made;
  made.level = a.level == "debug"   ? log_level::debug
               : a.level == "warn"  ? log_level::warn
               : a.level == "error" ? log_level::error
                                    : log_level::info;
  made.format = a.format == "json" ? log_format::json : log_format::logfmt;
  made.forwards = !runtime::receivers_of(a.write_to).empty();
  return made;
}

}  // namespace

logging::logging(runtime::component_context& context, const std::shared_ptr<const arguments>& arguments,
                 std::shared_ptr<own_log> log)
    : context_(context), log_(std::move(log)), out_(context, 0) {
  out_.connect(runtime::receivers_of(arguments->write_to));
}

logging::~logging() {
  log_->waiting().on_items(nullptr);
}

void logging::start() {
  log_->waiting().on_items([post = context_.post(), this](bool) { post([this] { drain(); }); });
}

result<void> logging::update(const runtime::arguments_ref& arguments) {
  drain();  // to those that it was meant for
  out_.connect(runtime::receivers_of(static_cast<const logging::arguments_type*>(arguments.get())->write_to));
  return {};
}

void logging::drain() {
  for (auto& batch : log_->waiting().take())
    out_.push(std::move(batch), {});
  const auto forgotten = log_->waiting().take_forgotten();
  if (forgotten == 0) return;
  context_.metrics()
      .counter("troupe_logging_dropped_entries_total", "Lines of the own log that did not go to write_to, by reason.",
               {{"reason", "queue_is_full"}})
      .add(static_cast<double>(forgotten));
  context_.publish(runtime::log_entries_lost{forgotten});
}

runtime::component_definition definition(std::shared_ptr<own_log> log, runtime::event_bus& bus) {
  runtime::component_definition made;
  made.schema = &schema();
  made.once = true;
  made.end_rank = 2;
  made.configure = [log, &bus](const runtime::arguments_ref& a) {
    log->configure(settings_of(*static_cast<const arguments*>(a.get())), bus);
  };
  made.make = [log](runtime::component_context& context, const runtime::arguments_ref& a) {
    return std::make_unique<logging>(context, std::static_pointer_cast<const arguments>(a), log);
  };
  return made;
}

}  // namespace troupe::logging
