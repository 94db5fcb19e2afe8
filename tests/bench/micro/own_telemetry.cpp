// What the collector's own logs and traces cost: `micro_own_telemetry [ROUNDS]`. Prints rates per CPU second and
// nanoseconds; nothing here passes or fails.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>

#include "actors/logging/own_log.hpp"
#include "actors/runtime/event_bus.hpp"
#include "actors/runtime/tracing.hpp"
#include "actors/tracing/own_traces.hpp"
#include "protocol/journal/journal.hpp"
#include "protocol/loki/push.hpp"
#include "protocol/loki/stream_labels.hpp"
#include "protocol/telemetry/codec.hpp"

using namespace troupe;
using runtime::event_bus;

namespace {

/// Of all threads of this process.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// CPU seconds that it takes.
template <class F>
double cost(F&& what) {
  const double begin = cpu_seconds();
  what();
  return cpu_seconds() - begin;
}

void publish_line(event_bus& bus, std::uint64_t i) {
  bus.publish({.component_id = "prometheus.scrape.default"},
              runtime::scrape_recovered{"prometheus.scrape.default", "http://10.0.0.1:9100/metrics", i});
}

/// From the event to a journal record of the entry: formatted, collected, encoded, appended.
void log_to_journal(std::size_t rounds, const std::filesystem::path& directory) {
  static journal::posix_disk disk;
  journal::open_report report;
  auto journal = journal::journal::open(disk, directory.string(), {}, report);
  if (!journal) return void(std::fprintf(stderr, "%s\n", journal.error().message.c_str()));
  event_bus bus;
  const int nowhere = open("/dev/null", O_WRONLY);
  const auto log = std::make_shared<logging::own_log>(nowhere);
  log->configure({logging::log_level::info, logging::log_format::logfmt, true}, bus);
  std::string payload;
  std::uint64_t bytes = 0;
  const auto drain = [&] {
    for (const auto& batch : log->waiting().take()) {
      payload.clear();
      telemetry::encode_logs(*batch, payload);
      bytes += payload.size();
      (void)(*journal)->append(payload, static_cast<std::uint32_t>(batch->items()), {}, {}, nullptr, 0);
    }
  };
  const double spent = cost([&] {
    for (std::size_t i = 0; i < rounds; ++i) {
      publish_line(bus, i);
      if (i % 1000 == 999) drain();
    }
    drain();
  });
  close(nowhere);
  std::printf("event to journal              %8.2f M records per CPU second (%.0f B each)\n",
              static_cast<double>(rounds) / spent / 1e6, static_cast<double>(bytes) / static_cast<double>(rounds));
}

/// The line alone.
void event_to_line(std::size_t rounds) {
  struct liner final : runtime::event_subscriber {
    [[nodiscard]] runtime::event_interest interest() const override {
      return runtime::event_interest().all(runtime::log_level::info);
    }
    void on_event(const runtime::event& what) noexcept override {
      line.clear();
      logging::append_line(what, logging::log_format::logfmt, line);
    }
    std::string line;
  };
  event_bus bus;
  bus.subscribe(std::make_shared<liner>());
  const double spent = cost([&] {
    for (std::size_t i = 0; i < rounds; ++i)
      publish_line(bus, i);
  });
  std::printf("event to line                 %8.0f ns\n", spent / static_cast<double>(rounds) * 1e9);
}

/// From batches to the compressed body of a push.
void push_bodies(std::size_t rounds) {
  telemetry::logs_builder builder;
  const auto labels = std::make_shared<const telemetry::label_set>(
      telemetry::label_set{{"job", "shop"}, {"instance", "node-1"}, {"filename", "/var/log/shop/access.log"}});
  std::uint64_t seed = 1;
  while (builder.text_bytes() < 900'000) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    builder.add(labels, static_cast<std::int64_t>(seed >> 1),
                "10.1." + std::to_string(seed >> 56) + ".7 - - [25/Nov/2026:12:00:00 +0000] \"GET /cart/" +
                    std::to_string(seed >> 40) + " HTTP/1.1\" 200 " + std::to_string(seed >> 48) +
                    " \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\" rt=0." + std::to_string(seed >> 54));
  }
  const auto batch = builder.finish();
  const auto selector = loki::stream_labels(*labels, {});
  std::size_t sent = 0;
  const double spent = cost([&] {
    for (std::size_t i = 0; i < rounds; ++i) {
      loki::push_builder push;
      for (const auto& one : batch->entries())
        push.add(selector, one);
      sent += push.finish().size();
    }
  });
  const double lines = static_cast<double>(batch->text_bytes() * rounds);
  std::printf("loki push, batch to body      %8.0f MB of lines per CPU second (compressed to %.0f %%)\n",
              lines / spent / 1e6, 100 * static_cast<double>(sent) / lines);
}

void spans(std::size_t rounds, double fraction, const char* what) {
  event_bus bus;
  runtime::tracer tracer;
  const auto traces = std::make_shared<tracing::own_traces>(tracer, "node-1", "1");
  bus.subscribe(traces);
  // A log at level info takes the early events and wants none of these.
  const auto log = std::make_shared<logging::own_log>(-1);
  log->configure({}, bus);
  traces->configure({.fraction = fraction, .forwards = true});
  const double spent = cost([&] {
    for (std::size_t i = 0; i < rounds; ++i) {
      const auto span = tracer.begin("scrape");
      bus.publish({.component_id = "prometheus.scrape.default", .trace = span.self, .parent = span.parent},
                  runtime::scrape_finished{"http://10.0.0.1:9100/metrics", i, std::chrono::milliseconds(3)});
      if (i % 1000 == 999) (void)traces->waiting().take();
    }
  });
  std::printf("%-29s %8.0f ns\n", what, spent / static_cast<double>(rounds) * 1e9);
}

}  // namespace

int main(int count, char** arguments) {
  std::signal(SIGPIPE, SIG_IGN);  // as the program does
  const std::size_t rounds = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 1'000'000;
  char directory[] = "/tmp/micro-own-telemetry-XXXXXX";
  if (mkdtemp(directory) == nullptr) return 1;
  event_to_line(rounds);
  log_to_journal(rounds, std::filesystem::path(directory) / "journal");
  push_bodies(rounds / 2500 + 1);
  spans(rounds, 0, "a span that is not sampled");
  spans(rounds, 1, "a sampled span, in its batch");
  std::filesystem::remove_all(directory);
}
