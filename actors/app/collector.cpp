#include "actors/app/collector.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <fstream>
#include <future>
#include <thread>

#include "actors/app/api.hpp"
#include "actors/app/components.hpp"
#include "actors/app/seed.hpp"

namespace troupe::app {

namespace {

/// Thousands of targets are thousands of connections.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] != 0 ? name : "unknown";
}

/// As many threads as the cgroup lets run at a time.
unsigned processors() {
  const unsigned present = std::max(1u, std::thread::hardware_concurrency());
  std::ifstream quota("/sys/fs/cgroup/cpu.max");
  double most = 0, period = 0;
  if (quota >> most >> period && most > 0 && period > 0) {
    return std::clamp(static_cast<unsigned>(most / period + 0.999), 1u, present);
  }
  return present;
}

/// The directory is there and can be written: said now rather than by each component later.
result<void> check_storage(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  const auto probe = path / ".writable";
  std::ofstream file(probe);
  if (!file) {
    const std::string reason = error ? error.message() : std::generic_category().message(errno);
    return failure("storage path " + path.string() + " can't be written: " + reason +
                   ". Choose another with --storage.path");
  }
  file.close();
  std::filesystem::remove(probe, error);
  return {};
}

/// Components whose journals lie in this directory and hold something, with their size in bytes.
std::map<std::string, std::uintmax_t> journals_in(const std::filesystem::path& storage) {
  constexpr std::uintmax_t empty_bytes = 1024;  // a segment's header tells of sources
  std::map<std::string, std::uintmax_t> found;
  std::error_code ignored;
  for (const auto& component : std::filesystem::directory_iterator(storage, ignored)) {
    std::uintmax_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(component.path() / "journal", ignored)) {
      if (file.path().extension() == ".seg") bytes += file.file_size(ignored);
    }
    if (bytes > empty_bytes) found.emplace(component.path().filename().string(), bytes);
  }
  return found;
}

}  // namespace

/// alloy_config_*: about what was read.
struct collector::load_metrics {
  explicit load_metrics(runtime::own_metrics& in)
      : of(in.process()),
        successful(of->gauge("alloy_config_last_load_successful", "Config loaded successfully.")),
        success_time(of->gauge("alloy_config_last_load_success_timestamp_seconds",
                               "Timestamp of the last successful configuration load.")),
        failures(of->counter("alloy_config_load_failures_total", "Configuration load failures.")) {}
  std::shared_ptr<runtime::component_metrics> of;
  runtime::gauge& successful;
  runtime::gauge& success_time;
  runtime::counter& failures;
  std::string hash;
};

collector::collector(const run_options& options, std::string uid)
    : options_(options),
      own_{events_, std::make_shared<logging::own_log>(),
           std::make_shared<tracing::own_traces>(tracing_, host_name(), TROUPE_VERSION)} {
  raise_file_limit();
  events_.subscribe(own_.traces);
  events_.subscribe(recent_);
  process_ = std::make_unique<runtime::process_metrics>(metrics_, TROUPE_VERSION);
  client_ = std::make_unique<http::client>();
  blocking_ = std::make_unique<runtime::blocking_pool>(2);
  add_components(registry_);
  add_blocks(registry_, own_);
  services_ = std::make_unique<runtime::services>(
      runtime::services{*client_, events_, metrics_, tracing_, *blocking_, clocks_, options_.storage_path,
                        [this] { return server_->address(); }, options_.memory_address, host_name(),
                        "Troupe/" TROUPE_VERSION, std::move(uid), options_.sync_each_batch});
  engine_ = std::make_unique<runtime::engine>(processors());
  runtime::controller_options control;
  control.language.minimum_stability = options_.stability;
  if (options_.shutdown_deadline.count() > 0) control.drain_deadline = options_.shutdown_deadline;
  controller_ = std::make_unique<runtime::controller>(registry_, *services_, *engine_, control);
  load_metrics_ = std::make_unique<load_metrics>(metrics_);
}

result<std::unique_ptr<collector>> collector::start(const run_options& options) {
  if (const auto ok = check_storage(options.storage_path); !ok) return tl::unexpected(ok.error());
  auto uid = collector_uid(options.storage_path, TROUPE_VERSION);
  if (!uid) return tl::unexpected(uid.error());
  std::unique_ptr<collector> made(new collector(options, std::move(*uid)));
  http::server_options serving;
  serving.address = options.listen_address;
  auto server = http::server::listen(serving, make_api(*made));
  if (!server) return tl::unexpected(server.error());
  made->server_ = std::move(*server);
  made->events_.publish({.component_id = "http", .origin = runtime::event_origin::service},
                        runtime::http_listening{made->server_->address()});
  return made;
}

collector::~collector() {
  stop("end");
}

std::shared_ptr<const runtime::configuration> collector::read(config::diagnostics& out) {
  const auto sources = config::read_sources(options_.path);
  if (!sources) {
    out.add({config::severity::error, {}, sources.error()});
    return nullptr;
  }
  return runtime::configuration::parse(*sources, out);
}

void collector::load(std::string_view requested_by, std::function<void(const runtime::load_result&)> done) {
  if (!requested_by.empty()) {
    events_.publish({.origin = runtime::event_origin::controller}, runtime::config_reload_requested{requested_by});
  }
  attempt of{nullptr, std::string(requested_by), clocks_.now()};
  runtime::load_result failed;
  of.what = read(failed.diagnostics);
  if (!failed.ok()) {
    loaded(failed, of);
    done(failed);
    return;
  }
  auto what = of.what;
  controller_->load(std::move(what), [this, done = std::move(done), of](const runtime::load_result& result) {
    loaded(result, of);
    done(result);
  });
}

void collector::plan(std::function<void(const runtime::load_plan&, bool)> done) {
  runtime::load_plan failed;
  auto what = read(failed.diagnostics);
  if (!failed.ok()) return done(failed, false);
  const bool same = what->sha256 == loads_.running_hash();
  controller_->plan(std::move(what), [done = std::move(done), same](const auto& plan) { done(plan, same); });
}

runtime::load_result collector::load() {
  std::promise<runtime::load_result> said;
  load("", [&](const runtime::load_result& result) { said.set_value(result); });
  return said.get_future().get();
}

void collector::loaded(const runtime::load_result& result, const attempt& of) {
  loads_.add({result.diagnostics, of.requested_by, clocks_.wall_ms()}, result.ok() ? of.what : nullptr);
  auto& counts = *load_metrics_;
  const auto& span = result.span;
  const runtime::event_header header{
      .origin = runtime::event_origin::controller, .trace = span.self, .parent = span.parent};
  if (!result.ok()) {
    own_.log->begin(events_);
    counts.successful.set(0);
    counts.failures.add();
    events_.publish(
        header, runtime::config_load_failed{options_.path, result.diagnostics.text("; "), clocks_.now() - of.began});
    return;
  }
  for (const auto& one : result.diagnostics) {
    const auto what = one.where.text();
    const bool function = config::stdlib_standing(what) == config::standing::deprecated;
    events_.publish(header, runtime::config_warned{one.message, one.place(), function ? what : ""});
  }
  const bool first = counts.hash.empty();
  if (first) tell_left_behind();
  counts.successful.set(1);
  counts.success_time.set(static_cast<double>(clocks_.wall_ms()) / 1000);
  if (!counts.hash.empty()) counts.of->remove("alloy_config_hash", {{"sha256", counts.hash}, {"cluster_name", ""}});
  counts.hash = of.what->sha256;
  counts.of
      ->gauge("alloy_config_hash", "Hash of the currently active config file.",
              {{"sha256", counts.hash}, {"cluster_name", ""}})
      .set(1);
  events_.publish(header,
                  runtime::config_loaded{options_.path, controller_->components().size(), clocks_.now() - of.began});
}

void collector::tell_left_behind() {
  auto journals = journals_in(options_.storage_path);
  for (const auto& one : controller_->components())
    journals.erase(one.id);
  for (const auto& [component, bytes] : journals) {
    const auto text = "the journal of a component that is not configured holds " + std::to_string(bytes) +
                      " bytes; what of it is unsent is sent when one of its name is there again";
    events_.publish({.origin = runtime::event_origin::controller},
                    runtime::message{component, runtime::log_level::warn, text});
  }
}

void collector::stop(std::string_view why) {
  if (std::exchange(stopped_, true)) return;
  const auto began = clocks_.now();
  events_.publish({}, runtime::shutdown_begun{why});
  controller_->stop([&](bool drained) {
    if (server_) server_->stop();
    events_.publish({}, runtime::shutdown_ended{drained, clocks_.now() - began});
  });
}

}  // namespace troupe::app
