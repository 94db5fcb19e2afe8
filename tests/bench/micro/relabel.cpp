// How long it takes to relabel a block, which happens once, and its columns, which happens each time:
// `relabel_micro [ROUNDS]`. Prints nanoseconds a series and how many chunks stay shared; nothing here passes or fails.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "protocol/relabel/block_map.hpp"
#include "protocol/relabel/external_labels.hpp"

using namespace troupe;

namespace {

/// A block like a node exporter's page: families of one series, families per CPU and mode, families per disk.
telemetry::block_ref node_block(int host) {
  static constexpr const char* modes[] = {"idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"};
  telemetry::chunk_builder builder;
  int series = 0;
  for (int f = 0; series < 888; ++f) {
    const std::string name = "node_subsystem_" + std::to_string(f * 7919 % 1000) + "_measure_seconds_total";
    telemetry::metric_family family;
    family.name = name;
    family.help = "Measure number " + std::to_string(f) + " of the node's subsystem.";
    builder.family(telemetry::intern(std::move(family)));
    const int count = std::min(888 - series, f % 25 == 0 ? 64 : f % 5 == 0 ? 9 : 1);
    for (int i = 0; i < count; ++i, ++series) {
      std::string text = name;
      if (count > 9) {
        text += "{cpu=\"" + std::to_string(i / 8) + "\",mode=\"" + modes[i % 8] + "\"}";
      } else if (count > 1) {
        text += "{device=\"/dev/disk/by-path/" + std::to_string(i) + "\",fstype=\"ext4\",mountpoint=\"/srv/data\"}";
      }
      builder.series(text + " ");
    }
  }
  return std::make_shared<telemetry::series_block>(
      builder.finish(),
      telemetry::label_set{{"instance", "host-" + std::to_string(host) + ".example.com:9100"}, {"job", "node"}});
}

template <class F>
double fastest_of(int rounds, F&& f) {
  double best = 1e300;
  for (int i = 0; i < rounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    f();
    best = std::min(best, std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

std::size_t shared_chunks(const telemetry::series_block& a, const telemetry::series_block& b) {
  return static_cast<std::size_t>(std::count_if(a.chunks().begin(), a.chunks().end(), [&b](const auto& chunk) {
    return std::find(b.chunks().begin(), b.chunks().end(), chunk) != b.chunks().end();
  }));
}

struct example {
  const char* what;
  std::vector<relabel::rule_options> rules;
};

void measure(const example& one, int rounds) {
  const auto rules = relabel::rules::compile(one.rules);
  if (!rules) {
    std::printf("%s: %s\n", one.what, rules.error().message.c_str());
    std::exit(1);
  }
  const auto block = node_block(1);
  const auto neighbour = node_block(2);
  const auto to = relabel::map_block(*rules, block);
  const auto to_neighbour = relabel::map_block(*rules, neighbour);
  telemetry::metrics_batch batch;
  batch.block = block;
  batch.values.assign(block->size(), 1.5);
  const auto in = std::make_shared<const telemetry::metrics_batch>(std::move(batch));
  const auto series = static_cast<double>(block->size());
  const double map = fastest_of(rounds, [&] { (void)relabel::map_block(*rules, block); });
  const double column = fastest_of(rounds * 20, [&] { (void)relabel::map_batch(to, in); });
  const auto& now = to.unchanged ? *block : *to.block;
  const auto& there = to_neighbour.unchanged ? *neighbour : *to_neighbour.block;
  std::printf(
      "%-28s block %6.0f ns a series, column %5.2f ns a series; %zu series; of %zu chunks %zu stay, %zu shared by "
      "hosts\n",
      one.what, map / series, column / series, now.size(), now.chunks().size(), shared_chunks(now, *block),
      shared_chunks(now, there));
}

}  // namespace

int main(int count, char** arguments) {
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 200;
  const std::vector<example> examples{
      {"no match", {{{"__name__"}, ";", "go_.*", 0, "", "$1", "drop"}}},
      {"a target's label", {{{"instance"}, ";", "([^:]+):.*", 0, "host", "$1", "replace"}}},
      {"dropped by name", {{{"__name__"}, ";", "node_subsystem_(1|2|3).*", 0, "", "$1", "drop"}}},
      {"dropped by mode", {{{"mode"}, ";", "idle|steal", 0, "", "$1", "drop"}}},
      {"own label renamed",
       {{{"mode"}, ";", "(.+)", 0, "cpu_mode", "$1", "replace"}, {{}, ";", "mode", 0, "", "$1", "labeldrop"}}},
      {"hash of the name", {{{"__name__"}, ";", "(.*)", 16, "shard", "$1", "hashmod"}}},
      {"five rules",
       {{{"instance"}, ";", "([^:]+):.*", 0, "host", "$1", "replace"},
        {{"mode"}, ";", "steal", 0, "", "$1", "drop"},
        {{"device"}, ";", "/dev/(.*)", 0, "device", "$1", "replace"},
        {{}, ";", "fstype", 0, "", "$1", "labeldrop"},
        {{"__name__"}, ";", "node_.*", 0, "", "$1", "keep"}}},
  };
  for (const auto& one : examples)
    measure(one, rounds);
  const auto block = node_block(1);
  const double external = fastest_of(rounds, [&] {
    (void)relabel::with_external_labels(block, {{"cluster", "a"}, {"replica", "b"}});
  });
  std::printf("%-28s block %6.0f ns a series\n", "external labels", external / static_cast<double>(block->size()));
  return 0;
}
