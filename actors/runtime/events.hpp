#pragma once

// Every event of the collector. A new one: its struct, its event_kind, its line in all_events at the end.

#include <array>

#include "actors/runtime/load_events.hpp"

namespace troupe::runtime {

// Components and their supervision; the header says which component.

struct spawned {};
template <>
struct event_kind<spawned> : event_at<log_level::debug> {
  static constexpr std::string_view message = "component created";
  static constexpr std::tuple fields{};
};

struct started {};
template <>
struct event_kind<started> : event_at<log_level::debug> {
  static constexpr std::string_view message = "started component";
  static constexpr std::tuple fields{};
};

struct failed {
  event_text error{};
};
template <>
struct event_kind<failed> : event_at<log_level::error> {
  static constexpr std::string_view message = "component failed";
  static constexpr std::tuple fields{field("err", &failed::error)};
};

struct restarted {
  event_took took{};  ///< how long it stood still
  std::uint64_t attempt = 0;
};
template <>
struct event_kind<restarted> : event_at<log_level::warn> {
  static constexpr std::string_view message = "component restarted";
  static constexpr const char* span = "restart";
  static constexpr std::tuple fields{field("delay", &restarted::took), field("attempt", &restarted::attempt)};
};

/// A batch that killed its consumer too often is not tried again.
struct quarantined {
  event_text producer{};
  std::uint64_t items = 0;
  event_text error{};
};
template <>
struct event_kind<quarantined> : event_at<log_level::error> {
  static constexpr std::string_view message = "batch quarantined";
  static constexpr std::tuple fields{field("producer", &quarantined::producer),
                                     optional_field("items", &quarantined::items), field("err", &quarantined::error)};
};

struct stopped {
  event_text error{};  ///< empty: cleanly
};
template <>
struct event_kind<stopped> : event_at<log_level::debug> {
  static constexpr std::string_view message = "component shut down";
  static constexpr std::tuple fields{optional_field("err", &stopped::error)};
  static constexpr log_level level_of(const stopped& e) {
    return e.error.empty() ? log_level::debug : log_level::error;
  }
};

// Edges and writers.

/// One request that an endpoint accepted.
struct batch_delivered {
  event_text component{};
  event_text endpoint{};  ///< its name
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;  ///< on the wire
  event_took took{};
};
template <>
struct event_kind<batch_delivered> : event_at<log_level::debug> {
  static constexpr std::string_view message = "batch delivered";
  static constexpr const char* span = "deliver";
  static constexpr span_side side = span_side::client;
  static constexpr std::tuple fields{optional_field("component", &batch_delivered::component),
                                     field("endpoint", &batch_delivered::endpoint),
                                     field("items", &batch_delivered::items), field("bytes", &batch_delivered::bytes),
                                     field("duration", &batch_delivered::took)};
};

/// A batch is in a database.
struct batch_stored {
  std::uint64_t items = 0;
  event_took took{};  ///< since it came
};
template <>
struct event_kind<batch_stored> : event_at<log_level::debug> {
  static constexpr std::string_view message = "batch stored";
  static constexpr const char* span = "store";
  static constexpr std::tuple fields{field("items", &batch_stored::items), field("duration", &batch_stored::took)};
};

struct batch_retried {
  event_text component{};
  event_text endpoint{};
  event_text reason{};
  std::int64_t status = 0;  ///< of HTTP or gRPC; none: no answer
  std::uint64_t attempt = 0;
  std::uint64_t untold = 0;  ///< failures before this one that were not worth a line
  bool told = true;          ///< one in a while is; the others are for those who look closely
};
template <>
struct event_kind<batch_retried> : event_at<log_level::debug> {
  static constexpr std::string_view message = "Failed to send batch, retrying";
  static constexpr std::tuple fields{optional_field("component", &batch_retried::component),
                                     field("endpoint", &batch_retried::endpoint),
                                     field("err", &batch_retried::reason),
                                     optional_field("status", &batch_retried::status),
                                     field("attempt", &batch_retried::attempt),
                                     optional_field("suppressed", &batch_retried::untold)};
  static constexpr log_level level_of(const batch_retried& e) { return e.told ? log_level::warn : log_level::debug; }
};

/// An endpoint that failed takes batches again.
struct endpoint_recovered {
  event_text endpoint{};
  std::uint64_t failures = 0;  ///< in a row, before
};
template <>
struct event_kind<endpoint_recovered> : event_at<log_level::info> {
  static constexpr std::string_view message = "Sending succeeds again";
  static constexpr std::tuple fields{field("endpoint", &endpoint_recovered::endpoint),
                                     field("failures", &endpoint_recovered::failures)};
};

struct batch_dropped {
  event_text component{};
  event_text edge{};  ///< the consumer or the endpoint
  std::uint64_t items = 0;
  event_text reason{};       ///< a short word, as in the metric
  event_text detail{};       ///< the backend's words, say
  std::uint64_t untold = 0;  ///< as in batch_retried
  bool told = true;
};
template <>
struct event_kind<batch_dropped> : event_at<log_level::debug> {
  static constexpr std::string_view message = "batch dropped";
  static constexpr std::tuple fields{optional_field("component", &batch_dropped::component),
                                     optional_field("edge", &batch_dropped::edge),
                                     field("items", &batch_dropped::items),
                                     field("reason", &batch_dropped::reason),
                                     optional_field("err", &batch_dropped::detail),
                                     optional_field("suppressed", &batch_dropped::untold)};
  static constexpr log_level level_of(const batch_dropped& e) { return e.told ? log_level::error : log_level::debug; }
};

// The journal.

struct journal_opened {
  event_text directory{};
  std::uint64_t segments = 0;
  std::uint64_t records = 0;  ///< that wait to be sent
  std::uint64_t bytes = 0;
  event_took took{};
};
template <>
struct event_kind<journal_opened> : event_at<log_level::info> {
  static constexpr std::string_view message = "journal opened";
  static constexpr const char* span = "open journal";
  static constexpr std::tuple fields{field("directory", &journal_opened::directory),
                                     field("segments", &journal_opened::segments),
                                     field("records", &journal_opened::records), field("bytes", &journal_opened::bytes),
                                     field("duration", &journal_opened::took)};
};

/// A batch was written to a writer's journal.
struct journal_appended {
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
  event_took took{};
};
template <>
struct event_kind<journal_appended> : event_at<log_level::debug> {
  static constexpr std::string_view message = "appended to the journal";
  static constexpr const char* span = "journal append";
  static constexpr std::tuple fields{field("items", &journal_appended::items), field("bytes", &journal_appended::bytes),
                                     field("duration", &journal_appended::took)};
};

struct journal_damaged {
  event_text place{};  ///< file and offset
  event_text damage{};
  std::uint64_t bytes = 0;  ///< that cannot be read
};
template <>
struct event_kind<journal_damaged> : event_at<log_level::error> {
  static constexpr std::string_view message = "journal damaged";
  static constexpr std::tuple fields{field("place", &journal_damaged::place), field("err", &journal_damaged::damage),
                                     optional_field("bytes", &journal_damaged::bytes)};
};

struct journal_data_lost {
  std::uint64_t items = 0;
  event_text reason{};
};
template <>
struct event_kind<journal_data_lost> : event_at<log_level::error> {
  static constexpr std::string_view message = "journal gave up data that was not sent";
  static constexpr std::tuple fields{field("items", &journal_data_lost::items),
                                     field("reason", &journal_data_lost::reason)};
};

// Scraping.

struct scrape_failed {
  event_text component{};
  event_text target{};
  event_text error{};
  event_took took{};
  bool first = false;  ///< the target was up before, or is new
};
template <>
struct event_kind<scrape_failed> : event_at<log_level::debug> {
  static constexpr std::string_view message = "Scrape failed";
  static constexpr const char* span = "scrape";
  static constexpr span_side side = span_side::client;
  static constexpr std::tuple fields{optional_field("component", &scrape_failed::component),
                                     field("target", &scrape_failed::target), field("err", &scrape_failed::error),
                                     optional_field("duration", &scrape_failed::took)};
  static constexpr log_level level_of(const scrape_failed& e) { return e.first ? log_level::warn : log_level::debug; }
};

struct scrape_recovered {
  event_text component{};
  event_text target{};
  std::uint64_t failures = 0;  ///< in a row, before
};
template <>
struct event_kind<scrape_recovered> : event_at<log_level::info> {
  static constexpr std::string_view message = "Scrape succeeds again";
  static constexpr std::tuple fields{optional_field("component", &scrape_recovered::component),
                                     field("target", &scrape_recovered::target),
                                     field("failures", &scrape_recovered::failures)};
};

struct scrape_finished {
  event_text target{};
  std::uint64_t samples = 0;
  event_took took{};
};
template <>
struct event_kind<scrape_finished> : event_at<log_level::debug> {
  static constexpr std::string_view message = "scraped";
  static constexpr const char* span = "scrape";
  static constexpr span_side side = span_side::client;
  static constexpr std::tuple fields{field("target", &scrape_finished::target),
                                     field("samples", &scrape_finished::samples),
                                     field("duration", &scrape_finished::took)};
};

/// A batch went through rules.
struct relabelled {
  std::uint64_t items = 0;
  std::uint64_t kept = 0;
  event_took took{};
};
template <>
struct event_kind<relabelled> : event_at<log_level::debug> {
  static constexpr std::string_view message = "relabelled";
  static constexpr const char* span = "relabel";
  static constexpr std::tuple fields{field("items", &relabelled::items), field("kept", &relabelled::kept),
                                     field("duration", &relabelled::took)};
};

/// target_limit: all targets of the component are refused.
struct target_limit_exceeded {
  event_text component{};
  std::uint64_t targets = 0;
  std::uint64_t limit = 0;
};
template <>
struct event_kind<target_limit_exceeded> : event_at<log_level::error> {
  static constexpr std::string_view message = "target limit exceeded";
  static constexpr std::tuple fields{optional_field("component", &target_limit_exceeded::component),
                                     field("targets", &target_limit_exceeded::targets),
                                     field("limit", &target_limit_exceeded::limit)};
};

// Logs.

/// An entry that was sent here to be shown.
struct log_entry_received {
  event_text line{};
  event_text labels{};    ///< as a selector
  event_text metadata{};  ///< structured metadata, likewise
};
template <>
struct event_kind<log_entry_received> : event_at<log_level::info> {
  static constexpr std::string_view message = "received log entry";
  static constexpr std::tuple fields{field("entry", &log_entry_received::line),
                                     field("labels", &log_entry_received::labels),
                                     optional_field("structured_metadata", &log_entry_received::metadata)};
};

// The process.

struct http_listening {
  event_text address{};
};
template <>
struct event_kind<http_listening> : event_at<log_level::info> {
  static constexpr std::string_view message = "now listening for http traffic";
  static constexpr std::tuple fields{field("addr", &http_listening::address)};
};

/// A request that this process has answered.
struct http_request_served {
  event_text method{};
  event_text path{};
  std::int64_t status = 0;
  event_took took{};
};
template <>
struct event_kind<http_request_served> : event_at<log_level::debug> {
  static constexpr std::string_view message = "request served";
  static constexpr const char* span = "HTTP request";
  static constexpr span_side side = span_side::server;
  // OpenTelemetry, "Semantic conventions for HTTP server spans".
  static constexpr std::tuple fields{
      field("http.request.method", &http_request_served::method), field("url.path", &http_request_served::path),
      field("http.response.status_code", &http_request_served::status), field("duration", &http_request_served::took)};
};

struct shutdown_begun {
  event_text why{};  ///< the signal's name, say
};
template <>
struct event_kind<shutdown_begun> : event_at<log_level::info> {
  static constexpr std::string_view message = "shutting down";
  static constexpr std::tuple fields{field("reason", &shutdown_begun::why)};
};

struct shutdown_ended {
  bool drained = false;  ///< nothing was left in flight
  event_took took{};
};
template <>
struct event_kind<shutdown_ended> : event_at<log_level::info> {
  static constexpr std::string_view message = "shut down";
  static constexpr std::tuple fields{field("drained", &shutdown_ended::drained),
                                     field("duration", &shutdown_ended::took)};
};

struct watchdog_fired {
  event_text what{};  ///< what hangs
  event_took waited{};
};
template <>
struct event_kind<watchdog_fired> : event_at<log_level::error> {
  static constexpr std::string_view message = "watchdog ends what hangs";
  static constexpr std::tuple fields{field("what", &watchdog_fired::what), field("waited", &watchdog_fired::waited)};
};

/// Lines of the own log that nobody took in time.
struct log_entries_lost {
  std::uint64_t entries = 0;
};
template <>
struct event_kind<log_entries_lost> : event_at<log_level::warn> {
  static constexpr std::string_view message = "log lines did not go to write_to";
  static constexpr std::tuple fields{field("lines", &log_entries_lost::entries)};
};

/// The rest of what was published before anybody listened; `events` older ones had to go.
struct early_events_lost {
  std::uint64_t events = 0;
};
template <>
struct event_kind<early_events_lost> : event_at<log_level::warn> {
  static constexpr std::string_view message = "events lost that were published before logging began";
  static constexpr std::tuple fields{field("events", &early_events_lost::events)};
};

/// The last resort, for what has no event of its own yet.
struct message {
  event_text component{};
  log_level level = log_level::info;
  event_text text{};
};
template <>
struct event_kind<message> : event_at<log_level::debug> {
  static constexpr std::string_view message = "";
  static constexpr std::tuple fields{optional_field("component", &runtime::message::component)};
  static constexpr log_level level_of(const runtime::message& e) { return e.level; }
  static constexpr std::string_view message_of(const runtime::message& e) { return e.text; }
};

template <class... E>
struct event_list {
  static constexpr std::size_t size = sizeof...(E);
};
using all_events =
    event_list<spawned, started, failed, restarted, quarantined, stopped, evaluated, evaluation_failed, config_loaded,
               config_warned, config_load_failed, config_reload_requested, batch_delivered, batch_stored, batch_retried,
               endpoint_recovered, batch_dropped, journal_opened, journal_appended, journal_damaged, journal_data_lost,
               scrape_failed, scrape_recovered, scrape_finished, relabelled, target_limit_exceeded, log_entry_received,
               http_listening, http_request_served, shutdown_begun, shutdown_ended, watchdog_fired, log_entries_lost,
               early_events_lost, message>;

/// All kinds, in the order of all_events.
[[nodiscard]] std::span<const event_type> event_types();

/// The place of an event in all_events and event_types().
template <class E>
constexpr std::size_t event_index() {
  return []<class... Each>(event_list<Each...>) {
    std::size_t at = 0;
    static_assert((std::same_as<E, Each> + ...) == 1, "the event stands in all_events");
    (void)((std::same_as<E, Each> || (++at, false)) || ...);
    return at;
  }(all_events{});
}

template <class E>
const E* event::get() const {
  return kind_ == &event_types()[event_index<E>()] ? static_cast<const E*>(content()) : nullptr;
}

}  // namespace troupe::runtime
