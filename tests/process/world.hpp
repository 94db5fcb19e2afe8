#pragma once

// What the process tests are made of: the real program, receivers and targets around it. Everything listens on
// loopback, on any free port, and ends with the test.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "protocol/http/client.hpp"
#include "protocol/http/server.hpp"
#include "protocol/remote_write/decode.hpp"
#include "tests/temporary_directory.hpp"

namespace troupe::testing {

using namespace std::chrono_literals;

/// Waits until it is so; false: the deadline came first.
bool eventually(const std::function<bool()>& so, std::chrono::milliseconds longest = 20s);

/// Another program, killed when this goes.
class process {
 public:
  process(std::vector<std::string> command, std::string output);
  ~process();
  process(const process&) = delete;

  void signal(int number) const;
  /// The exit code, or 128 + the signal; -1: it still runs after that long.
  int wait(std::chrono::milliseconds longest = 20s);
  [[nodiscard]] bool running();
  [[nodiscard]] std::string output() const;  ///< both streams, so far
  [[nodiscard]] std::size_t resident_bytes() const;
  [[nodiscard]] int id() const { return pid_; }

 private:
  int pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
  std::string output_;
};

struct fetched {
  int status = 0;
  std::string body, error;
};
fetched get(const std::string& url);
fetched post(const std::string& url);

/// A server on loopback, bodies up to 64 MiB; port 0: any.
std::unique_ptr<http::server> listen(std::uint16_t port, http::request_handler handler);

/// `troupe run` with a configuration in a directory of its own.
class collector {
 public:
  /// `before`: a command that runs the collector, `prlimit …`.
  explicit collector(std::string configuration, std::vector<std::string> flags = {},
                     std::vector<std::string> before = {});

  void configure(const std::string& configuration);
  void start();
  /// Waits until it is ready, and for its address.
  void ready();
  [[nodiscard]] std::string url(const std::string& path) const { return "http://" + address_ + path; }
  [[nodiscard]] process& program() { return *process_; }
  [[nodiscard]] const temporary_directory& directory() const { return directory_; }
  /// The value of a metric on the collector's own page, all series of that name (and these labels, as text) added up.
  [[nodiscard]] double metric(const std::string& name, const std::string& labels = "") const;

 private:
  temporary_directory directory_;
  std::vector<std::string> flags_, before_;
  std::unique_ptr<process> process_;
  std::string address_;
};

/// A backend that remembers every sample, and answers as it is told.
class backend {
 public:
  explicit backend(std::uint16_t port = 0);
  [[nodiscard]] std::string url() const { return "http://" + server_->address() + "/write"; }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }

  struct answer {
    int status = 204;
    http::header_fields headers{};
    std::string words{};
    bool keep = true;  ///< whether samples of a message answered so count as received
  };
  void answers(std::function<answer(int request)> how);
  /// By X-Scope-OrgID, in the place of answers(int).
  void answers_tenants(std::function<answer(const std::string& tenant)> how);

  struct received {
    double value = 0;
    std::int64_t timestamp_ms = 0;
    std::string tenant{};
  };
  /// By the text of the labels, in the order in which they came.
  [[nodiscard]] std::map<std::string, std::vector<received>> samples() const;
  [[nodiscard]] std::vector<received> samples_of(const std::string& part_of_labels) const;
  [[nodiscard]] std::map<std::string, remote_write::metadata_entry> metadata() const;
  [[nodiscard]] int requests() const;
  [[nodiscard]] std::vector<std::string> errors() const;  ///< messages that could not be decoded, wrong headers

 private:
  void take(const http::server_request& request, const std::shared_ptr<http::responder>& to);
  mutable std::mutex mutex_;
  std::function<answer(int)> how_;
  std::function<answer(const std::string&)> how_tenants_;
  std::map<std::string, std::vector<received>> samples_;
  std::map<std::string, remote_write::metadata_entry> metadata_;
  std::vector<std::string> errors_;
  int requests_ = 0;
  std::unique_ptr<http::server> server_;
};

/// A target whose page is made anew for each scrape; `number` counts them from 1.
class target {
 public:
  explicit target(std::function<std::string(int number)> page);
  [[nodiscard]] std::string address() const { return server_->address(); }
  [[nodiscard]] int scrapes() const;

 private:
  mutable std::mutex mutex_;
  int scrapes_ = 0;
  std::unique_ptr<http::server> server_;
};

}  // namespace troupe::testing
