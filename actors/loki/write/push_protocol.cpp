#include "actors/loki/write/push_protocol.hpp"

#include <algorithm>

#include "actors/http_client/headers.hpp"
#include "actors/writer/http_reply.hpp"
#include "protocol/http/url.hpp"
#include "protocol/loki/push.hpp"
#include "protocol/loki/stream_labels.hpp"

namespace troupe::loki {

namespace {

/// A batch goes into requests in pieces of about so many bytes.
constexpr std::size_t piece_bytes = std::size_t{64} << 10;
constexpr std::uint64_t most_answer_bytes = 64 << 10;

writer::reply refused(std::string words) {
  writer::reply made;
  made.outcome.what = writer::request_outcome::kind::refused;
  made.words = std::move(words);
  made.reason = to_string(drop_reason::ingester_error);
  return made;
}

}  // namespace

/// A batch as it is sent: where its pieces begin, and the selectors of its streams.
struct prepared_logs {
  struct piece {
    std::uint32_t begin, end, stream;  ///< entries, and the stream of the first
  };
  std::vector<piece> pieces;
  std::vector<std::string> selectors;  ///< by stream
};

writer::endpoint_settings settings_of(const writing::endpoint_arguments& endpoint, const writing::wal_config& wal) {
  writer::endpoint_settings made;
  made.delivery.max_in_flight = static_cast<std::size_t>(endpoint.queue.min_shards);
  made.delivery.max_size = static_cast<std::uint64_t>(endpoint.batch_size.bytes);
  made.delivery.deadline = endpoint.batch_wait;
  made.delivery.min_backoff = endpoint.min_backoff_period;
  made.delivery.max_backoff = endpoint.max_backoff_period;
  made.delivery.randomization = 0.5;
  made.delivery.max_retries = static_cast<unsigned>(endpoint.max_backoff_retries);
  made.max_pending = static_cast<std::uint64_t>(endpoint.queue.capacity.bytes);
  made.drop_on_overflow = !endpoint.queue.block_on_overflow;
  made.drain = wal.enabled ? wal.drain_timeout : endpoint.queue.drain_timeout;
  return made;
}

result<void> push_protocol::update(const writing::endpoint_arguments& arguments, const telemetry::label_set& external,
                                   std::size_t max_streams) {
  if (!session_.is_open() || !(arguments.client == arguments_.client)) {
    auto options = http_client::identified(http_client::to_options(arguments.client), context_.shared(), {});
    if (auto ok = session_.open(std::move(options)); !ok) return ok;
  }
  const auto url = http::parse_url(arguments.url);
  if (!url) return tl::unexpected(url.error());
  host_ = url->host + (url->explicit_port ? ":" + std::to_string(url->port) : "");
  arguments_ = arguments;
  external_ = external;
  max_streams_ = max_streams;
  if (tenants_.empty()) tenants_.emplace_back();
  for (std::size_t i = 0; i < tenants_.size(); ++i) {
    if (i == 0) tenants_[i].name = arguments.tenant_id;
    tenants_[i].metrics = metrics_.of(host_, tenants_[i].name);
  }
  return {};
}

std::uint32_t push_protocol::route_of(const telemetry::label_set& stream) {
  const auto own = stream.get(tenant_label);
  const auto name = own.empty() ? external_.get(tenant_label) : own;
  if (name.empty() || name == arguments_.tenant_id) return 0;
  if (const auto known = routes_.find(name); known != routes_.end()) return known->second;
  const auto route = static_cast<std::uint32_t>(tenants_.size());
  tenants_.push_back({std::string(name), metrics_.of(host_, std::string(name))});
  routes_.emplace(name, route);
  return route;
}

bool push_protocol::ready(const writer::delivery& now) {
  const auto wanted = static_cast<std::uint64_t>(arguments_.queue.min_shards);
  if (shards_ != wanted && !now.idle()) return false;
  shards_ = wanted;
  return true;
}

/// The lane and the number of each stream, lane after lane.
std::vector<std::pair<std::uint64_t, std::uint32_t>> push_protocol::by_lane(const prepared_logs& of) const {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> made;
  for (std::uint32_t s = 0; s < of.selectors.size(); ++s)
    made.emplace_back(shards_ == 1 ? 0 : std::hash<std::string>()(of.selectors[s]) % shards_, s);
  std::sort(made.begin(), made.end());
  return made;
}

writer::prepared push_protocol::prepare(const telemetry::batch_ref& batch) {
  const auto& in = static_cast<const telemetry::logs_batch&>(*batch);
  auto how = std::make_shared<prepared_logs>();
  for (const auto& stream : in.streams())
    how->selectors.push_back(stream_labels(*stream.labels, external_));
  writer::prepared made;
  const auto most = std::min<std::size_t>(piece_bytes, static_cast<std::size_t>(arguments_.batch_size.bytes));
  for (const auto& [lane, s] : by_lane(*how)) {
    const auto& [labels, begin, end] = in.streams()[s];
    const auto route = route_of(*labels);
    for (auto i = begin; i < end; ++i) {
      const auto size = static_cast<std::uint32_t>(size_of(in.at(i)));
      const bool goes_on = !made.pieces.empty() && made.lanes.back() == lane && how->pieces.back().end == i &&
                           made.pieces.back().route == route && made.pieces.back().size + size <= most;
      if (!goes_on) {
        how->pieces.push_back({i, i, s});
        made.pieces.push_back({0, 0, route, 0});
        made.lanes.push_back(lane);
      }
      how->pieces.back().end = i + 1;
      auto& piece = made.pieces.back();
      piece.items += 1, piece.size += size, piece.weight += size;
      made.timestamp_ms = std::max(made.timestamp_ms, in.at(i).timestamp_ns / 1'000'000);
    }
  }
  made.how = std::move(how);
  return made;
}

writer::body_ref push_protocol::build(std::span<const writer::part> parts) {
  push_builder request;
  std::uint64_t left_out = 0;
  std::vector<std::int64_t> times_ms;
  for (const auto& [batch, how, piece] : parts) {
    const auto& in = static_cast<const telemetry::logs_batch&>(*batch);
    const auto& prepared = *static_cast<const prepared_logs*>(how);
    auto [i, end, s] = prepared.pieces[piece];
    for (; i < end; ++i) {
      while (i >= in.streams()[s].end)
        ++s;
      const auto& selector = prepared.selectors[s];
      if (max_streams_ > 0 && request.streams() >= max_streams_ && !request.has(selector)) {
        ++left_out;
      } else {
        request.add(selector, in.at(i));
        times_ms.push_back(in.at(i).timestamp_ns / 1'000'000);
      }
    }
  }
  return std::make_shared<const writer::request_body>(
      writer::request_body{request.finish(), 0, left_out, std::move(times_ms)});
}

http::request push_protocol::request_of(const writer::body_ref& body, const std::string& tenant) const {
  using std::chrono::milliseconds;
  http::request request;
  request.method = "POST";
  request.url = arguments_.url;
  request.headers = {{"Content-Type", "application/x-protobuf"}, {"Content-Encoding", "snappy"}};
  if (!tenant.empty()) request.headers.emplace_back("X-Scope-OrgID", tenant);
  for (const auto& [name, value] : arguments_.headers)
    request.headers.emplace_back(name, value);
  request.body = writer::bytes_of(body);
  request.timeout = std::max(milliseconds(1), std::chrono::duration_cast<milliseconds>(arguments_.remote_timeout));
  request.max_body_bytes = most_answer_bytes;
  return request;
}

void push_protocol::send(writer::body_ref body, std::uint32_t route, unsigned attempt, when_done done) {
  const auto& to = tenants_[route];
  if (!to.name.empty() && !http::valid_header("X-Scope-OrgID", to.name))
    return done(refused("the tenant can't be sent in a header"));
  if (attempt > 0) to.metrics->retried();
  auto request = request_of(body, to.name);
  session_.submit(std::move(request), [done = std::move(done), body, retry_on_429 = arguments_.retry_on_http_429,
                                       &time = context_.shared().time](const http::response& answer) {
    auto reply = writer::reply_of(answer, writer::classify_answer(answer, retry_on_429, time.wall_ms()));
    reply.reason = to_string(reason_of(reply.status, reply.words));
    if (reply.outcome.what == writer::request_outcome::kind::delivered && body->left_out > 0) {
      reply.outcome.rejected = body->left_out;
      reply.reason = to_string(drop_reason::stream_limited);
      reply.words = "more streams in a request than max_streams allows";
    }
    done(std::move(reply));
  });
}

void push_protocol::on_answered(const writer::request_body& body, std::uint32_t route, const writer::reply& how) {
  tenants_[route].metrics->answered(how.status, how.took, body.bytes.size());
}

void push_protocol::on_delivered(const writer::delivered_request& what) {
  auto& to = *tenants_[what.route].metrics;
  to.sent(what.items, what.bytes);
  to.propagated(what.body->times_ms, context_.wall_ms());
}

void push_protocol::on_dropped(const writer::request_body& body, std::uint32_t route, std::uint64_t items,
                               const writer::reply& how) {
  const bool whole = how.outcome.what != writer::request_outcome::kind::delivered;
  auto& to = *tenants_[route].metrics;
  to.dropped(how.reason, items, whole ? body.bytes.size() : 0);
  if (whole) to.propagated(body.times_ms, context_.wall_ms());
}

std::string push_protocol::url() const {
  return http::redacted_url(arguments_.url);
}

}  // namespace troupe::loki
