#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "actors/runtime/process_metrics.hpp"
#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::runtime;

namespace {

/// A /proc of our own.
struct invented_proc {
  invented_proc() {
    char name[] = "/tmp/troupe-proc-XXXXXX";
    root = mkdtemp(name);
    std::filesystem::create_directories(root / "self/fd");
    std::filesystem::create_directories(root / "self/net");
    std::filesystem::create_directories(root / "net");
  }
  ~invented_proc() { std::filesystem::remove_all(root); }
  invented_proc(const invented_proc&) = delete;
  void write(const char* file, std::string_view text) const { std::ofstream(root / file) << text; }
  std::filesystem::path root;
};

}  // namespace

TEST_CASE("what /proc says is read field by field", "[own_metrics]") {
  const invented_proc proc;
  proc.write("self/stat",
             "42 (a ) b) (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 150 0 0 20 0 7 0 5000 1000000 30 "
             "18446744073709551615 1 1\n");
  proc.write("stat", "cpu  1 2 3\nbtime 1700000000\nprocesses 5\n");
  proc.write("self/limits",
             "Limit                     Soft Limit           Hard Limit           Units     \n"
             "Max open files            1024                 4096                 files     \n"
             "Max address space         unlimited            unlimited            bytes     \n");
  for (const char* fd : {"self/fd/0", "self/fd/1", "self/fd/2"})
    proc.write(fd, "");
  proc.write("self/net/netstat",
             "TcpExt: SyncookiesSent InOctets\nTcpExt: 1 2\n"
             "IpExt: InNoRoutes InOctets OutOctets\nIpExt: 9 1234 5678\n");
  proc.write("net/dev",
             "Inter-|   Receive                                                |  Transmit\n"
             " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs\n"
             "    lo: 100 1 0 0 0 0 0 0 200 1 0 0 0 0 0 0\n"
             "  eth0:3000 1 0 0 0 0 0 0 4000 1 0 0 0 0 0 0\n");
  const process_state state = read_process(proc.root);
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  CHECK(state.cpu_seconds == 400 / ticks);
  CHECK(state.threads == 7);
  CHECK(state.start_time_seconds == 1700000000 + 5000 / ticks);
  CHECK(state.virtual_bytes == 1000000);
  CHECK(state.resident_bytes == 30.0 * static_cast<double>(sysconf(_SC_PAGESIZE)));
  CHECK(state.max_fds == 1024);
  CHECK(state.virtual_max_bytes == 18446744073709551615.0);
  CHECK(state.open_fds == 3);
  CHECK(state.received_bytes == 1234);
  CHECK(state.transmitted_bytes == 5678);
  CHECK(state.machine_received_bytes == 3100);
  CHECK(state.machine_transmitted_bytes == 4200);
}

TEST_CASE("what cannot be read is absent, not zero", "[own_metrics]") {
  const invented_proc proc;
  std::filesystem::remove(proc.root / "self/fd");
  const auto text = GENERATE(values<const char*>({"", "42", "42 (name", "42 (name)", "42 (name) S x y z\n"}));
  proc.write("self/stat", text);
  proc.write("self/limits", "Max open files            many\n");
  proc.write("self/net/netstat", "IpExt: InOctets\nIpExt:\n");
  proc.write("net/dev", "lo: 1 2\n");
  const process_state state = read_process(proc.root);
  for (const auto& value : {state.cpu_seconds, state.start_time_seconds, state.resident_bytes, state.virtual_bytes,
                            state.virtual_max_bytes, state.open_fds, state.max_fds, state.threads, state.received_bytes,
                            state.transmitted_bytes, state.machine_received_bytes, state.machine_transmitted_bytes}) {
    CHECK_FALSE(value);
  }
}

TEST_CASE("the process is on the page", "[own_metrics]") {
  own_metrics metrics;
  auto process = std::make_unique<process_metrics>(metrics, "1.2.3");
  const std::string page = metrics.page(exposition::format::prometheus_text);
  for (const char* name :
       {"process_cpu_seconds_total ", "process_start_time_seconds ", "process_resident_memory_bytes ",
        "process_virtual_memory_bytes ", "process_open_fds ", "process_max_fds ",
        "alloy_resources_process_resident_memory_bytes ", "alloy_resources_process_cpu_seconds_total ",
        "alloy_resources_process_start_time_seconds ", "alloy_resources_process_virtual_memory_bytes "}) {
    CAPTURE(name);
    CHECK(page.find(std::string("\n") + name) != std::string::npos);
  }
  CHECK(page.find("alloy_build_info{goarch=\"") != std::string::npos);
  CHECK(page.find("version=\"1.2.3\"} 1\n") != std::string::npos);
  // Of Go's runtime there is none.
  CHECK(page.find("go_") == std::string::npos);

  const process_state now = read_process();
  CHECK(now.cpu_seconds.value() >= 0);
  CHECK(now.resident_bytes.value() > 1e6);
  CHECK(now.open_fds.value() >= 3);
  CHECK(now.start_time_seconds.value() > 1.6e9);
  process.reset();
  CHECK(metrics.page(exposition::format::prometheus_text).find("process_open_fds") == std::string::npos);
}
