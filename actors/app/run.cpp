#include "actors/app/run.hpp"

#include <link.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <span>
#include <thread>

#include "actors/app/collector.hpp"
#include "actors/app/shown_diagnostics.hpp"

namespace troupe::app {

namespace {

/// Signals are waited for in one thread; all others are started with them blocked.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int one : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&set, one);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

const char* name_of(int signal) {
  return signal == SIGINT ? "SIGINT" : "SIGTERM";
}

/// Ends the process if the orderly end hangs, or if a second signal asks for it.
void watch_the_end(const sigset_t& set, std::chrono::nanoseconds longest) {
  std::thread([set, longest] {
    timespec left{};
    left.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(longest).count();
    for (;;) {
      const int signal = sigtimedwait(&set, nullptr, longest.count() > 0 ? &left : nullptr);
      if (signal == SIGHUP) continue;
      std::fprintf(stderr,
                   signal < 0 ? "The shutdown hangs: leaving without it.\n" : "Asked again: leaving at once.\n");
      _exit(signal < 0 ? 1 : 128 + signal);
    }
  }).detach();
}

/// The start runs through much code that is never needed again: linking, schemas, the first load. It need not stay
/// mapped; what is still used comes back from the page cache, a few hundred faults once.
void unmap_what_only_the_start_needed() {
  dl_iterate_phdr(
      [](dl_phdr_info* of, std::size_t, void*) {
        const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
        for (const auto& one : std::span(of->dlpi_phdr, of->dlpi_phnum)) {
          // What may be written holds relocations: it is the process's own.
          if (one.p_type != PT_LOAD || (one.p_flags & PF_W) != 0) continue;
          const auto begin = (of->dlpi_addr + one.p_vaddr) & ~(page - 1);
          const auto end = of->dlpi_addr + one.p_vaddr + one.p_memsz;
          madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);  // NOLINT(performance-no-int-to-ptr)
        }
        return 0;
      },
      nullptr);
}

}  // namespace

int run(const run_options& options) {
  const sigset_t signals = block_signals();
  auto started = collector::start(options);
  if (!started) {
    std::fprintf(stderr, "Error: %s\n", started.error().message.c_str());
    return 1;
  }
  auto& running = **started;
  const auto first = running.load();
  if (!first.ok()) {
    std::fprintf(stderr, "%s\n", shown(first.diagnostics, running.kinds(), isatty(2) != 0).c_str());
    std::fprintf(stderr, "Error: could not perform the initial load successfully\n");
    return 1;
  }
  const auto& prefix = options.ui_path_prefix;
  std::fprintf(stderr, "Troupe is running: http://%s%s\n", running.address().c_str(),
               prefix == "/" ? "" : prefix.c_str());
  unmap_what_only_the_start_needed();
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal == SIGHUP) {
      running.load("signal", [&running](const runtime::load_result& result) {
        if (!result.ok())  // warnings are in the log
          std::fprintf(stderr, "%s\n", shown(result.diagnostics, running.kinds(), isatty(2) != 0).c_str());
      });
      continue;
    }
    watch_the_end(signals, options.shutdown_deadline.count() > 0 ? options.shutdown_deadline + std::chrono::seconds(10)
                                                                 : std::chrono::nanoseconds(0));
    running.stop(name_of(signal));
    started->reset();
    return 0;
  }
}

}  // namespace troupe::app
