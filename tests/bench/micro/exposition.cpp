// How long a page takes, a line at a time: `exposition_micro [ROUNDS]`. Prints nanoseconds; nothing here passes or
// fails.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "protocol/exposition/page.hpp"

using namespace troupe;
using exposition::format;

namespace {

/// About what a node exporter prints: families of one series, families per CPU and per disk, counters in seconds, large
/// bytes.
std::string node_page(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto value = [&random]() -> std::string {
    char text[40];
    switch (random() % 10) {
      case 0:
      case 1:
      case 2:
        return "0";
      case 3:
        return std::to_string(random() % 100);
      case 4:
        return std::to_string(random() % 1'000'000);
      case 5:
      case 6:
        std::snprintf(text, sizeof text, "%.2f", static_cast<double>(random() % 100'000'000) / 100);
        return text;
      case 7:
        std::snprintf(text, sizeof text, "%.9e", static_cast<double>(random() % 100'000'000'000));
        return text;
      case 8:
        std::snprintf(text, sizeof text, "%.8g", static_cast<double>(random() % 1'000'000'000));
        return text;
      default:
        std::snprintf(text, sizeof text, "%.17g", static_cast<double>(random()) / 1e19);
        return text;
    }
  };
  static constexpr const char* modes[] = {"idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"};
  std::string page;
  int series = 0;
  for (int f = 0; series < 888; ++f) {
    const std::string name = "node_subsystem_" + std::to_string(f * 7919 % 1000) + "_measure_seconds_total";
    page += "# HELP " + name + " Measure number " + std::to_string(f) + " of the node's subsystem.\n";
    page += "# TYPE " + name + (f % 3 == 0 ? " gauge\n" : " counter\n");
    const int count = std::min(888 - series, f % 25 == 0 ? 64 : f % 5 == 0 ? 9 : 1);
    for (int i = 0; i < count; ++i, ++series) {
      page += name;
      if (count > 9) {
        page += "{cpu=\"" + std::to_string(i / 8) + "\",mode=\"" + modes[i % 8] + "\"}";
      } else if (count > 1) {
        page += "{device=\"/dev/disk/by-path/" + std::to_string(i) + "\",fstype=\"ext4\",mountpoint=\"/srv/data\"}";
      }
      page += " " + value() + "\n";
    }
  }
  return page;
}

template <class F>
double fastest_of(int rounds, F&& f) {
  double best = 1e300;
  for (int i = 0; i < rounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    f(i);
    best = std::min(best, std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

}  // namespace

int main(int count, char** arguments) {
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 2000;
  const std::string first = node_page(1);
  const auto parsed = exposition::parse_page(first, format::prometheus_text);
  if (!parsed) {
    std::printf("%s\n", parsed.error().message.c_str());
    return 1;
  }
  const auto lines = static_cast<double>(parsed->layout->lines);
  exposition::page_values out;
  // Several pages in turn, so that neither branches nor caches know the numbers by heart.
  std::vector<std::string> pages;
  for (std::uint64_t seed = 2; seed < 66; ++seed)
    pages.push_back(node_page(seed));
  std::size_t matched = 0;
  const double match = fastest_of(rounds, [&](int i) {
    matched += exposition::match(*parsed->layout, pages[static_cast<std::size_t>(i) % pages.size()], out) ? 1 : 0;
  });
  const double parse =
      fastest_of(rounds / 20 + 1, [&](int) { (void)exposition::parse_page(first, format::prometheus_text); });
  std::printf("page: %zu bytes, %.0f lines, %zu chunks; %zu of %d matched\n", first.size(), lines,
              parsed->layout->chunks.size(), matched, rounds);
  std::printf("match: %.1f us, %.1f ns a line, %.2f GB/s\n", match / 1000, match / lines,
              static_cast<double>(first.size()) / match);
  std::printf("parse: %.1f us, %.1f ns a line\n", parse / 1000, parse / lines);
  return 0;
}
