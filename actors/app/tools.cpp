#include "actors/app/tools.hpp"

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <iterator>

#include "actors/app/components.hpp"
#include "actors/app/files.hpp"
#include "actors/app/shown_diagnostics.hpp"
#include "actors/app/suggestion.hpp"
#include "actors/app/tap_stream.hpp"
#include "actors/runtime/graph.hpp"
#include "actors/runtime/controller.hpp"
#include "actors/runtime/events.hpp"
#include "config/format.hpp"
#include "protocol/http/follow.hpp"
#include "protocol/http/url.hpp"

namespace troupe::app {

namespace {

int fail(const std::string& message) {
  std::fprintf(stderr, "Error: %s\n", message.c_str());
  return 1;
}

/// All that a configuration may name, with nothing running.
struct everything {
  everything() {
    add_components(kinds);
    add_blocks(kinds, own);
  }
  runtime::event_bus events;
  runtime::tracer tracer;
  own_telemetry own{events, std::make_shared<logging::own_log>(),
                    std::make_shared<tracing::own_traces>(tracer, "", "")};
  runtime::registry kinds;
};

void complain(const config::diagnostics& all, const runtime::registry& kinds) {
  std::fputs((shown(all, kinds, isatty(2) != 0) + "\n").c_str(), stderr);
}

}  // namespace

int validate(const command& asked) {
  const auto sources = config::read_sources(asked.path);
  if (!sources) return fail(sources.error());
  const everything known;
  config::diagnostics all;
  const auto what = runtime::configuration::parse(*sources, all);
  if (!all.has_errors()) {
    all.add(runtime::validate(what, known.kinds, {asked.run.stability}));
  }
  if (all.empty()) return 0;
  all.sort();
  complain(all, known.kinds);
  return fail("validation failed");
}

int format(const command& asked) {
  const bool from_input = asked.path.empty() || asked.path == "-";
  config::source_ref source;
  if (from_input) {
    if (asked.write) return fail("--write needs a file");
    source = config::source_file::make("<stdin>", std::string(std::istreambuf_iterator<char>(std::cin), {}));
  } else {
    auto read = config::read_source(asked.path);
    if (!read) return fail(read.error());
    source = *read;
  }
  const auto formatted = config::format(source);
  if (!formatted) {
    complain(formatted.error(), everything().kinds);
    return fail("encountered errors during formatting");
  }
  if (asked.test)
    return *formatted == source->text()
               ? 0
               : fail(source->name() + " is not formatted: run troupe fmt --write " + asked.path);
  if (!asked.write) return print(*formatted);
  if (*formatted == source->text()) return 0;
  const auto written = replace_content(asked.path, *formatted);
  return written ? 0 : fail("cannot write " + written.error().message);
}

int list_components(const command& asked) {
  std::string text;
  const auto cell = [&](std::string_view content, std::size_t width) {
    text.append(content).append(content.size() < width ? width - content.size() : 0, ' ').append(" ");
  };
  if (asked.events) {
    for (const auto& one : runtime::event_types()) {
      std::string fields;
      for (const auto name : one.fields)
        (fields += fields.empty() ? "" : ", ") += name;
      cell(one.name, 24);
      cell(to_string(one.level), 6);
      cell(one.span != nullptr ? one.span : "-", 14);
      text.append("\"").append(one.message).append("\" ").append(fields).append("\n");
    }
    return print(text);
  }
  const everything all;
  const auto& kinds = all.kinds;
  if (asked.name.empty()) {
    for (const auto& [name, one] : kinds.all()) {
      cell(name, 28);
      text.append(one.schema->doc()).append("\n");
    }
    return print(text);
  }
  const config::component_schema* schema = nullptr;
  if (const auto* one = kinds.find(asked.name)) schema = one->schema;
  if (!schema) {
    std::vector<std::string> names;
    for (const auto& [name, one] : kinds.all())
      names.push_back(name);
    auto meant = suggestion(asked.name, names);
    if (!meant.empty()) meant.back() = ' ';  // on the same line
    return fail("there is no component \"" + asked.name + "\". " + meant + "troupe components lists them all");
  }
  return print(schema->documentation());
}

/// Items come separated; each is printed as a line as soon as it is whole.
int tap(const command& asked) {
  std::string rest;
  int failed = 0;
  const auto show = [&](std::string_view piece) {
    rest += piece;
    std::string lines;
    std::size_t begin = 0;
    for (std::size_t end; (end = rest.find(tap_separator, begin)) != std::string::npos;) {
      if (end > begin) lines.append(rest, begin, end - begin).append("\n");
      begin = end + tap_separator.size();
    }
    rest.erase(0, begin);
    failed = print(lines);
    return failed == 0;
  };
  std::string url = asked.server;
  while (url.ends_with('/'))
    url.pop_back();
  if (url.find("://") == std::string::npos) url.insert(0, "http://");
  http::query_parameters query{{"sampleProb", std::to_string(asked.sample)}};
  if (!asked.edge.empty()) query.emplace_back("edge", asked.edge);
  url += "/api/v0/web/debug/" + http::percent_encode(asked.name) + "?" + http::encode_query(std::move(query));
  const auto ended = http::follow(url, show);
  return ended || failed != 0 ? failed : fail(ended.error().message);
}

int print_version() {
  return print("troupe " TROUPE_VERSION "\n");
}

int print(std::string_view text) {
  const auto written = write_output(text);
  return written ? 0 : fail("cannot write " + written.error().message);
}

}  // namespace troupe::app
