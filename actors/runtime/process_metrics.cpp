#include "actors/runtime/process_metrics.hpp"

#include <charconv>
#include <chrono>
#include <fstream>
#include <limits>
#include <mutex>
#include <sstream>
#include <string>
#include <sys/utsname.h>
#include <unistd.h>

// jemalloc's, if it is linked (jemalloc(3), "mallctl").
extern "C" int mallctl(const char* name, void* old, std::size_t* old_size, void* set, std::size_t set_size)
    __attribute__((weak));

namespace troupe::runtime {
namespace {

using std::filesystem::path;

/// Empty if it cannot be read; files in /proc have no size beforehand.
std::string read_all(const path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return in ? text.str() : std::string();
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string word; in >> word;)
    out.push_back(word);
  return out;
}

std::optional<double> number_at(const std::vector<std::string>& row, std::size_t at) {
  return at < row.size() ? number(row[at]) : std::nullopt;
}

/// The words of the line that begins with `start`, what follows it.
std::vector<std::string> line_after(const std::string& text, std::string_view start) {
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(start)) return words(line.substr(start.size()));
  }
  return {};
}

void read_stat(const path& proc, process_state& out) {
  const std::string text = read_all(proc / "self/stat");
  // The name in parentheses may hold anything; what follows are numbers, the third field first.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return;
  const auto row = words(text.substr(name_end + 1));
  const auto field = [&](std::size_t number_in_manual) { return number_at(row, number_in_manual - 3); };
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto user = field(14), system = field(15), started = field(22), pages = field(24);
  if (user && system) out.cpu_seconds = (*user + *system) / ticks;
  out.threads = field(20);
  out.virtual_bytes = field(23);
  if (pages) out.resident_bytes = *pages * static_cast<double>(sysconf(_SC_PAGESIZE));
  const auto boot = number_at(line_after(read_all(proc / "stat"), "btime "), 0);
  if (started && boot) out.start_time_seconds = *boot + *started / ticks;
}

std::optional<double> limit(const std::string& limits, std::string_view name) {
  const auto row = line_after(limits, name);
  // As Go's client: no limit is the largest one.
  if (!row.empty() && row[0] == "unlimited") return static_cast<double>(std::numeric_limits<std::uint64_t>::max());
  return number_at(row, 0);
}

std::optional<double> count_entries(const path& directory) {
  std::error_code problem;
  double count = 0;
  for (std::filesystem::directory_iterator one(directory, problem), end; !problem && one != end;
       one.increment(problem)) {
    ++count;
  }
  if (problem) return std::nullopt;
  return count;
}

void read_network(const path& proc, process_state& out) {
  // Two lines with the same start: names, then numbers.
  std::istringstream in(read_all(proc / "self/net/netstat"));
  std::vector<std::string> names;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("IpExt:")) continue;
    const auto row = words(line);
    for (std::size_t i = 1; i < names.size() && i < row.size(); ++i) {
      if (names[i] == "InOctets") out.received_bytes = number(row[i]);
      if (names[i] == "OutOctets") out.transmitted_bytes = number(row[i]);
    }
    names = row;
  }
}

void read_interfaces(const path& proc, process_state& out) {
  std::istringstream in(read_all(proc / "net/dev"));
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const auto row = words(line.substr(colon + 1));
    const auto received = number_at(row, 0), transmitted = number_at(row, 8);
    if (!received || !transmitted) continue;
    out.machine_received_bytes = out.machine_received_bytes.value_or(0) + *received;
    out.machine_transmitted_bytes = out.machine_transmitted_bytes.value_or(0) + *transmitted;
  }
}

/// All metrics of a page come from one reading.
class snapshot {
 public:
  process_state get() {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (!taken_ || now - *taken_ > std::chrono::milliseconds(100)) state_ = read_process(), taken_ = now;
    return state_;
  }

 private:
  std::mutex mutex_;
  std::optional<std::chrono::steady_clock::time_point> taken_;
  process_state state_;
};

std::vector<measured> single(std::optional<double> value) {
  if (!value) return {};
  return {{{}, *value}};
}

std::optional<double> memory_statistic(const char* name) {
  // The numbers are those of the last epoch.
  std::uint64_t epoch = 1;
  std::size_t size = sizeof epoch;
  if (mallctl("epoch", &epoch, &size, &epoch, size) != 0) return std::nullopt;
  std::size_t value = 0;
  size = sizeof value;
  if (mallctl(name, &value, &size, nullptr, 0) != 0) return std::nullopt;
  return static_cast<double>(value);
}

/// Go's word for the architecture, which is what dashboards expect under `goarch`.
std::string architecture() {
  utsname machine{};
  if (uname(&machine) != 0) return "unknown";
  const std::string_view name = machine.machine;
  if (name == "x86_64") return "amd64";
  if (name == "aarch64") return "arm64";
  return std::string(name);
}

}  // namespace

process_state read_process(const path& proc) {
  process_state out;
  read_stat(proc, out);
  const std::string limits = read_all(proc / "self/limits");
  out.max_fds = limit(limits, "Max open files");
  out.virtual_max_bytes = limit(limits, "Max address space");
  out.open_fds = count_entries(proc / "self/fd");
  read_network(proc, out);
  read_interfaces(proc, out);
  return out;
}

process_metrics::process_metrics(own_metrics& of, std::string_view version) : metrics_(of.process()) {
  publish_process();
  if (mallctl) publish_memory();
  const label_set build{{"version", std::string(version)}, {"goos", "linux"}, {"goarch", architecture()}};
  collections_.push_back(
      metrics_->collect("alloy_build_info", metric_type::gauge, "Always 1; the labels say what was built.", [build] {
        return std::vector<measured>{{build, 1}};
      }));
}

void process_metrics::publish_process() {
  struct row {
    const char* name;
    metric_type type;
    std::optional<double> process_state::*value;
    const char* help;
  };
  constexpr auto counted = metric_type::counter, shown = metric_type::gauge;
  using s = process_state;
  static constexpr row rows[] = {
      {"process_cpu_seconds_total", counted, &s::cpu_seconds, "CPU time used, user and system, in seconds."},
      {"process_start_time_seconds", shown, &s::start_time_seconds, "When the process began, in Unix time."},
      {"process_resident_memory_bytes", shown, &s::resident_bytes, "Memory in RAM."},
      {"process_virtual_memory_bytes", shown, &s::virtual_bytes, "Address space in use."},
      {"process_virtual_memory_max_bytes", shown, &s::virtual_max_bytes, "Limit of the address space."},
      {"process_open_fds", shown, &s::open_fds, "Open file descriptors."},
      {"process_max_fds", shown, &s::max_fds, "Limit of open file descriptors."},
      {"process_network_receive_bytes_total", counted, &s::received_bytes,
       "Bytes received by IP in the network namespace of the process."},
      {"process_network_transmit_bytes_total", counted, &s::transmitted_bytes,
       "Bytes sent by IP in the network namespace of the process."},
      {"troupe_process_threads", shown, &s::threads, "Threads of the process."},
      {"alloy_resources_process_start_time_seconds", shown, &s::start_time_seconds, "As process_start_time_seconds."},
      {"alloy_resources_process_cpu_seconds_total", counted, &s::cpu_seconds, "As process_cpu_seconds_total."},
      {"alloy_resources_process_resident_memory_bytes", shown, &s::resident_bytes, "As process_resident_memory_bytes."},
      {"alloy_resources_process_virtual_memory_bytes", shown, &s::virtual_bytes, "As process_virtual_memory_bytes."},
      {"alloy_resources_machine_rx_bytes_total", counted, &s::machine_received_bytes,
       "Bytes received by all network interfaces, lo included."},
      {"alloy_resources_machine_tx_bytes_total", counted, &s::machine_transmitted_bytes,
       "Bytes sent by all network interfaces, lo included."},
  };
  const auto now = std::make_shared<snapshot>();
  for (const row& one : rows) {
    collections_.push_back(metrics_->collect(one.name, one.type, one.help,
                                             [now, value = one.value] { return single(now->get().*value); }));
  }
}

void process_metrics::publish_memory() {
  struct row {
    const char* name;
    const char* statistic;
    const char* help;
  };
  static constexpr row rows[] = {
      {"troupe_memory_allocated_bytes", "stats.allocated", "Memory that the program holds."},
      {"troupe_memory_active_bytes", "stats.active", "Memory of pages in which the program holds something."},
      {"troupe_memory_metadata_bytes", "stats.metadata", "Memory that the allocator needs for itself."},
      {"troupe_memory_resident_bytes", "stats.resident", "Most memory that the allocator may have in RAM."},
      {"troupe_memory_mapped_bytes", "stats.mapped", "Memory that the allocator has mapped."},
      {"troupe_memory_retained_bytes", "stats.retained", "Address space kept, given back to the system."},
  };
  for (const row& one : rows) {
    collections_.push_back(metrics_->collect(one.name, metric_type::gauge, one.help,
                                             [name = one.statistic] { return single(memory_statistic(name)); }));
  }
}

}  // namespace troupe::runtime
