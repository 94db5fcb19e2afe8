#include "actors/app/logging_block.hpp"

namespace troupe::app {

namespace {

struct arguments {
  std::string level = "info";
  std::string format = "logfmt";
  friend bool operator==(const arguments&, const arguments&) = default;
};

const config::component_schema& schema() {
  static const auto schema = [] {
    auto s = config::describe<arguments>("logging", config::stability::generally_available,
                                         "How the collector's own log is written.");
    s.choice("level", &arguments::level, {"debug", "info", "warn", "error"}, "What is less important is not written.")
        .choice("format", &arguments::format, {"logfmt", "json"}, "How a line looks.");
    return s;
  }();
  return schema;
}

}  // namespace

runtime::setting_definition logging_block(runtime::log_subscriber& log) {
  runtime::setting_definition made;
  made.schema = &schema();
  made.apply = [&log](const runtime::arguments_ref& given) -> result<void> {
    const auto& a = *static_cast<const arguments*>(given.get());
    log.set_level(a.level == "debug"  ? runtime::log_level::debug
                  : a.level == "info" ? runtime::log_level::info
                  : a.level == "warn" ? runtime::log_level::warn
                                      : runtime::log_level::error);
    log.set_format(a.format == "json" ? runtime::log_format::json : runtime::log_format::logfmt);
    return {};
  };
  return made;
}

}  // namespace troupe::app
