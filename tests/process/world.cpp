#include "tests/process/world.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <future>
#include <iterator>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace troupe::testing {

bool eventually(const std::function<bool()>& so, std::chrono::milliseconds longest) {
  const auto deadline = std::chrono::steady_clock::now() + longest;
  while (!so()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(20ms);
  }
  return true;
}

process::process(std::vector<std::string> command, std::string output) : output_(std::move(output)) {
  std::vector<char*> arguments;
  for (auto& one : command)
    arguments.push_back(one.data());
  arguments.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    const int fd = open(output_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(fd, 1);
    dup2(fd, 2);
    close_range(3, ~0U, 0);  // the sockets of this program's servers are its own
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
}

process::~process() {
  if (!running()) return;
  signal(SIGKILL);
  wait();
}

void process::signal(int number) const {
  kill(pid_, number);
}

bool process::running() {
  if (!ended_ && waitpid(pid_, &status_, WNOHANG) == pid_) ended_ = true;
  return !ended_;
}

int process::wait(std::chrono::milliseconds longest) {
  if (!eventually([this] { return !running(); }, longest)) return -1;
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

std::string process::output() const {
  std::ifstream file(output_);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t process::resident_bytes() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
  std::size_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

namespace {

fetched fetch(const std::string& method, const std::string& url) {
  static http::client client;
  static const auto session = *client.open({});
  http::request request;
  request.method = method;
  request.url = url;
  std::promise<fetched> said;
  client.submit(session, request, [&](http::response&& answer) {
    said.set_value({answer.ok() ? answer.status : 0, std::string(answer.body.view()), answer.error});
  });
  return said.get_future().get();
}

}  // namespace

fetched get(const std::string& url) {
  return fetch("GET", url);
}
fetched post(const std::string& url) {
  return fetch("POST", url);
}

collector::collector(std::string configuration, std::vector<std::string> flags, std::vector<std::string> before)
    : flags_(std::move(flags)), before_(std::move(before)) {
  configure(configuration);
  start();
}

void collector::configure(const std::string& configuration) {
  std::ofstream(directory_.file("config.alloy")) << configuration;
}

void collector::start() {
  process_.reset();
  std::error_code none;
  std::filesystem::remove(directory_.file("log"), none);
  std::vector<std::string> command{TROUPE_PROGRAM, "run", directory_.file("config.alloy"),
                                   "--server.http.listen-addr=127.0.0.1:0",
                                   "--storage.path=" + directory_.file("data")};
  command.insert(command.begin(), before_.begin(), before_.end());
  command.insert(command.end(), flags_.begin(), flags_.end());
  process_ = std::make_unique<process>(std::move(command), directory_.file("log"));
}

void collector::ready() {
  std::smatch found;
  const bool came = eventually([&] {
    const auto log = process_->output();
    if (!std::regex_search(log, found, std::regex("Troupe is running: http://(127\\.0\\.0\\.1:[0-9]+)"))) return false;
    address_ = found[1];
    return get(url("/-/ready")).status == 200;
  });
  if (!came) throw std::runtime_error("the collector is not ready:\n" + process_->output());
}

double collector::metric(const std::string& name, const std::string& labels) const {
  std::istringstream page(get(url("/metrics")).body);
  double sum = 0;
  for (std::string line; std::getline(page, line);) {
    if (line.compare(0, name.size(), name) != 0 || (line[name.size()] != '{' && line[name.size()] != ' ')) continue;
    if (line.find(labels) == std::string::npos) continue;
    sum += std::stod(line.substr(line.rfind(' ')));
  }
  return sum;
}

std::unique_ptr<http::server> listen(std::uint16_t port, http::request_handler handler) {
  http::server_options options;
  options.address = "127.0.0.1:" + std::to_string(port);
  options.limits.body_bytes = 64 << 20;
  result<std::unique_ptr<http::server>> listening = failure("not tried");
  eventually([&] {  // a port that was just left may still be in use
    listening = http::server::listen(options, handler);
    return listening.has_value();
  });
  if (!listening) throw std::runtime_error(listening.error().message);
  return std::move(*listening);
}

backend::backend(std::uint16_t port)
    : server_(listen(port, [this](const auto& request, auto to) { take(request, to); })) {}

void backend::answers_tenants(std::function<answer(const std::string& tenant)> how) {
  std::lock_guard lock(mutex_);
  how_tenants_ = std::move(how);
}

void backend::answers(std::function<answer(int)> how) {
  std::lock_guard lock(mutex_);
  how_ = std::move(how);
}

void backend::take(const http::server_request& request, const std::shared_ptr<http::responder>& to) {
  answer how;
  {
    std::lock_guard lock(mutex_);
    ++requests_;
    const std::string tenant(request.header("X-Scope-OrgID"));
    if (how_) how = how_(requests_);
    if (how_tenants_) how = how_tenants_(tenant);
    const auto message = remote_write::decode_request(request.body);
    if (!message) errors_.push_back(message.error().message);
    if (request.header("Content-Encoding") != "snappy" || request.header("Content-Type") != "application/x-protobuf" ||
        request.header("X-Prometheus-Remote-Write-Version") != "0.1.0") {
      errors_.emplace_back("wrong headers");
    }
    if (message && how.keep) {
      for (const auto& series : message->series) {
        for (const auto& sample : series.samples)
          samples_[series.labels.to_text()].push_back({sample.value, sample.timestamp_ms, tenant});
      }
      for (const auto& one : message->metadata)
        metadata_[one.name] = one;
    }
  }
  to->respond(how.status, "text/plain", how.words, how.headers);
}

std::map<std::string, std::vector<backend::received>> backend::samples() const {
  std::lock_guard lock(mutex_);
  return samples_;
}

std::vector<backend::received> backend::samples_of(const std::string& part) const {
  std::lock_guard lock(mutex_);
  std::vector<received> all;
  for (const auto& [labels, some] : samples_) {
    if (labels.find(part) != std::string::npos) all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

std::map<std::string, remote_write::metadata_entry> backend::metadata() const {
  std::lock_guard lock(mutex_);
  return metadata_;
}

int backend::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<std::string> backend::errors() const {
  std::lock_guard lock(mutex_);
  return errors_;
}

target::target(std::function<std::string(int)> page)
    : server_(listen(0, [this, page = std::move(page)](const auto&, auto to) {
        int number = 0;
        {
          std::lock_guard lock(mutex_);
          number = ++scrapes_;
        }
        to->respond(200, "text/plain; version=0.0.4", page(number));
      })) {}

int target::scrapes() const {
  std::lock_guard lock(mutex_);
  return scrapes_;
}

}  // namespace troupe::testing
