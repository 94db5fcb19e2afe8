#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "config/schema.hpp"

namespace troupe::app {

/// `troupe run`, Alloy's flags as far as they have a meaning here.
struct run_options {
  std::string path;  ///< a file, or a directory of *.alloy files
  std::string listen_address = "127.0.0.1:12345";
  std::string memory_address = "alloy.internal:12345";
  std::string ui_path_prefix = "/";  ///< begins and ends with a slash
  std::string storage_path = "data-alloy/";
  bool sync_each_batch = false;
  config::stability stability = config::stability::generally_available;
  std::chrono::nanoseconds shutdown_deadline = std::chrono::minutes(10);
};

/// What the command line asks for.
struct command {
  enum class kind { run, validate, fmt, components, tap, version, help } what = kind::help;
  run_options run;
  std::string path;                               ///< validate, fmt
  std::string name;                               ///< components, tap
  bool write = false;                             ///< fmt --write
  bool test = false;                              ///< fmt --test
  bool events = false;                            ///< components --events
  std::string server = "http://127.0.0.1:12345";  ///< tap: of the collector, with its path prefix
  std::string edge;                               ///< tap --edge
  double sample = 1;                              ///< tap --sample
  std::string message;                            ///< what to print before leaving (help, an error)
  int exit_code = 0;
};

/// Never throws; what is wrong is in `message` with exit_code 1.
[[nodiscard]] command parse_command_line(int argc, const char* const* argv);

}  // namespace troupe::app
