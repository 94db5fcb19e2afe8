#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string_view>

#include "actors/app/options.hpp"
#include "actors/app/run.hpp"
#include "actors/app/tools.hpp"

/// Read by jemalloc when it starts: few arenas, and memory that is free goes back soon. A collector's memory is its
/// price.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:1,dirty_decay_ms:1000,muzzy_decay_ms:0";
}

namespace {

const std::terminate_handler usual_end = std::get_terminate();

/// What nobody has caught, in any thread. Without memory there is nothing to be learnt from a core.
void end_without_memory() {
  try {
    if (std::current_exception()) throw;
  } catch (const std::bad_alloc&) {
    constexpr std::string_view words = "Error: out of memory\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, words.data(), words.size());
    _exit(1);
  } catch (...) {
  }
  usual_end();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace troupe::app;
  std::set_terminate(end_without_memory);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error like a full disk
  const command asked = parse_command_line(argc, argv);
  switch (asked.what) {
    case command::kind::run:
      return run(asked.run);
    case command::kind::validate:
      return validate(asked);
    case command::kind::fmt:
      return format(asked);
    case command::kind::components:
      return list_components(asked);
    case command::kind::tap:
      return tap(asked);
    case command::kind::version:
      return print_version();
    case command::kind::help:
      break;
  }
  if (asked.exit_code == 0) return print(asked.message);
  std::fputs(asked.message.c_str(), stderr);
  return asked.exit_code;
}
