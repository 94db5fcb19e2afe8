// What a sample costs on its way into remote write and into the journal: `remote_write_micro [ROUNDS] [PAGE]`. Prints
// nanoseconds and bytes; nothing here passes or fails. PAGE: a file with a real page, instead of a made-up one.
#include <snappy.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "protocol/exposition/page.hpp"
#include "protocol/remote_write/journal_record.hpp"
#include "protocol/remote_write/request.hpp"

using namespace troupe;
using namespace troupe::remote_write;

namespace {

/// About what a node exporter prints: families of one series, families per CPU and per disk, numbers of all lengths.
std::string node_page() {
  static constexpr const char* modes[] = {"idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"};
  static constexpr const char* words[] = {"memory", "network", "disk", "filesystem", "vmstat", "netstat", "sockstat"};
  std::mt19937_64 random(1);
  std::string page;
  int series = 0;
  for (int f = 0; series < 888; ++f) {
    const std::string name = std::string("node_") + words[f / 16 % 7] + "_measure_" + std::to_string(f * 7919 % 1000) +
                             (f % 3 == 0 ? "_bytes" : "_seconds_total");
    page += "# HELP " + name + " Measure number " + std::to_string(f) + " of the node.\n";
    page += "# TYPE " + name + (f % 3 == 0 ? " gauge\n" : " counter\n");
    const int count = std::min(888 - series, f % 25 == 0 ? 64 : f % 5 == 0 ? 9 : 1);
    for (int i = 0; i < count; ++i, ++series) {
      page += name;
      if (count > 9) {
        page += "{cpu=\"" + std::to_string(i / 8) + "\",mode=\"" + modes[i % 8] + "\"}";
      } else if (count > 1) {
        page += "{device=\"/dev/disk/by-path/" + std::to_string(i) + "\",fstype=\"ext4\",mountpoint=\"/srv/data\"}";
      }
      char value[40];
      switch (random() % 4) {
        case 0:
          page += " 0\n";
          break;
        case 1:
          page += " " + std::to_string(random() % 1'000'000) + "\n";
          break;
        case 2:
          std::snprintf(value, sizeof value, " %.2f\n", static_cast<double>(random() % 100'000'000) / 100);
          page += value;
          break;
        default:
          std::snprintf(value, sizeof value, " %.9e\n", static_cast<double>(random() % 100'000'000'000));
          page += value;
      }
    }
  }
  return page;
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

std::string request_of(const block_template& steady, const telemetry::metrics_batch& batch) {
  request_builder request;
  for (std::size_t i = 0; i < steady.pieces().size(); ++i)
    request.add(steady, i, batch, true);
  return request.finish();
}

void measure_sending(const block_template& steady, telemetry::metrics_batch batch, int rounds) {
  const auto count = static_cast<double>(steady.series());
  std::size_t wire = 0;
  const auto report = [&](const char* what, double ns) {
    std::printf("%-34s %6.2f ns and %5.1f bytes a sample\n", what, ns / count, static_cast<double>(wire) / count);
  };
  std::string out;
  const double append = fastest_of(rounds, [&] {
    out.clear();
    for (std::size_t i = 0; i < steady.pieces().size(); ++i)
      steady.append(i, batch, out);
    wire = out.size();
  });
  report("template, one time for all:", append);
  report("the whole message:", fastest_of(rounds, [&] { wire = request_of(steady, batch).size(); }));

  std::string raw, packed;
  const auto message = request_of(steady, batch);
  if (!snappy::Uncompress(message.data(), message.size(), &raw)) std::abort();
  wire = 0;
  const double copy = fastest_of(rounds, [&] { out.assign(message); });
  report("(a copy of as many bytes:)", copy);
  report("snappy alone, of encoded bytes:", fastest_of(rounds, [&] {
           snappy::Compress(raw.data(), raw.size(), &packed);
           wire = packed.size();
         }));

  for (std::size_t i = 0; i < steady.series(); ++i)
    batch.own_timestamps_ms.push_back(batch.timestamp_ms - static_cast<std::int64_t>(i % 7));
  report("each with its own time:", fastest_of(rounds / 20 + 1, [&] { wire = request_of(steady, batch).size(); }));
  batch.own_timestamps_ms.clear();
  for (std::uint32_t i = 0; i < steady.series(); i += 100)
    batch.exemplars.push_back({i, "{trace_id=\"0123456789abcdef\"}", 1, batch.timestamp_ms});
  report("an exemplar in every hundred:",
         fastest_of(rounds / 20 + 1, [&] { wire = request_of(steady, batch).size(); }));
}

void measure_journal(const telemetry::metrics_batch& batch, int rounds) {
  const auto count = static_cast<double>(batch.values.size());
  std::string record;
  const double encode = fastest_of(rounds, [&] {
    record.clear();
    encode_record(batch, record);
  });
  std::printf("%-34s %6.2f ns and %5.1f bytes a sample\n", "a journal record:", encode / count,
              static_cast<double>(record.size()) / count);
  const auto needs = definitions_of(*batch.block);
  std::size_t bytes = 0;
  std::map<definition_id, std::string> known;
  for (const auto id : needs)
    bytes += (known[id] = definition(*batch.block, id)).size();
  std::printf("%-34s %zu, %.1f bytes a series\n", "its definitions:", needs.size(), static_cast<double>(bytes) / count);
  record_decoder decoder;
  const auto find = [&](definition_id id) { return std::string_view(known.at(id)); };
  const double decode = fastest_of(rounds, [&] {
    if (!decoder.decode(record, 1, find)) std::abort();
  });
  std::printf("%-34s %6.2f ns a sample\n", "a record read back:", decode / count);
}

}  // namespace

int main(int count, char** arguments) {
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 2000;
  std::string page = node_page();
  if (count > 2) {
    std::ifstream file(arguments[2]);
    page.assign(std::istreambuf_iterator<char>(file), {});
  }
  const auto parsed = exposition::parse_page(page, exposition::format::prometheus_text);
  if (!parsed) {
    std::printf("%s\n", parsed.error().message.c_str());
    return 1;
  }
  const auto block = std::make_shared<telemetry::series_block>(
      parsed->layout->chunks, telemetry::label_set{{"instance", "host-0001.example.net:9100"}, {"job", "node"}});
  telemetry::metrics_batch batch;
  batch.block = block;
  batch.timestamp_ms = 1'700'000'000'123;
  batch.values = parsed->values.values;

  const block_template steady(block, {}, 2000);
  std::size_t raw = 0;
  for (const auto& piece : steady.pieces())
    raw += piece.raw_bytes;
  const auto series = static_cast<double>(block->size());
  std::printf("%zu series, %zu pieces, %.1f bytes a series uncompressed, %.1f in the template's memory\n",
              block->size(), steady.pieces().size(), static_cast<double>(raw) / series,
              static_cast<double>(steady.bytes()) / series);
  const double build = fastest_of(rounds / 20 + 1, [&] { block_template(block, {}, 2000); });
  std::printf("%-34s %6.0f ns a series\n", "to make the template:", build / series);
  measure_sending(steady, batch, rounds);
  measure_journal(batch, rounds);
  return 0;
}
