#include "protocol/http/client.hpp"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "protocol/http/client_thread.hpp"
#include "protocol/http/url.hpp"

namespace troupe::http {

namespace {

constexpr std::uint64_t mailbox_tag = ~std::uint64_t{0};

void start_curl_once() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(done);
}

}  // namespace

mailbox::mailbox() : event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
mailbox::~mailbox() {
  close(event_);
}

void mailbox::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(event_, &one, sizeof one);
}

void mailbox::take(letters& into) {
  const std::lock_guard lock(mutex_);
  asleep_ = waiting_.empty();
  std::swap(into, waiting_);
}

void mailbox::awake() {
  const std::lock_guard lock(mutex_);
  asleep_ = false;
}

client::thread::thread(client_limits limits)
    : limits_(limits),
      bodies_(std::make_shared<body_pool>(limits.pooled_body_bytes)),
      epoll_((start_curl_once(), epoll_create1(EPOLL_CLOEXEC))) {
  epoll_event event{};
  // Edge triggered: every wake is one edge, the counter need never be read.
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = mailbox_tag;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, mail_->descriptor(), &event);
  thread_ = std::thread([this] { run(); });
}

client::thread::~thread() {
  mail_->put([](auto& l) { l.stop = true; });
  thread_.join();
  close(epoll_);
}

result<std::shared_ptr<session>> client::thread::open(client_options options) {
  return session::create(std::move(options), [mail = mail_](const session* s) {
    // By its number: there is nobody left who waits for the token.
    const auto asked = s->tokens() ? s->tokens()->asked_as.load() : 0;
    mail->put([&](auto& l) {
      l.closed.push_back(s);
      if (asked != 0) l.cancelled.push_back(asked);
    });
  });
}

request_id client::thread::submit(const std::shared_ptr<session>& via, request what,
                                  std::function<void(response&&)> done) {
  const request_id id = next_id_.fetch_add(1, std::memory_order_relaxed);
  submission s{id, via, std::move(what), std::move(done), std::chrono::steady_clock::now()};
  submitted_count_.fetch_add(1, std::memory_order_relaxed);
  mail_->put([&](auto& l) { l.submissions.push_back(std::move(s)); });
  return id;
}

void client::thread::cancel(request_id id) {
  mail_->put([&](auto& l) { l.cancelled.push_back(id); });
}

void client::thread::cancel_all(const session* of) {
  mail_->put([&](auto& l) { l.cancelled_sessions.push_back(of); });
}

client_counts client::thread::counts() const {
  client_counts out;
  out.in_flight = in_flight_count_.load(std::memory_order_relaxed);
  out.waiting = waiting_count_.load(std::memory_order_relaxed);
  out.submitted = submitted_count_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < failure_kinds; ++i) {
    out.by_failure[i] = by_failure_[i].load(std::memory_order_relaxed);
    out.completed += out.by_failure[i];
  }
  out.connections_opened = opened_.load(std::memory_order_relaxed);
  out.wire_bytes = wire_bytes_.load(std::memory_order_relaxed);
  return out;
}

void client::thread::run() {
  while (read_mail()) {
    admit();
    fire_timers();
    collect();
    if (!worth_holding()) deliver();
    wait();
    collect();
    if (!worth_holding()) deliver();
  }
  const auto all = [](const submission&) { return true; };
  cancel_waiting(all);
  for (const auto& each : slots_) {
    if (each) each->cancel_all();
  }
  collect();
  cancel_waiting(all);  // what was to be sent again
  deliver();
  // What was submitted by the last callbacks is owed its own.
  for (mail_->take(letters_); !letters_.empty(); mail_->take(letters_)) {
    for (auto& s : std::exchange(letters_.submissions, {}))
      end(std::move(s), failure_kind::cancelled, "cancelled");
    letters_ = {};
    deliver();
  }
  slots_.clear();
}

bool client::thread::read_mail() {
  for (mail_->take(letters_); !letters_.empty(); mail_->take(letters_)) {
    const bool stop = letters_.stop;
    sort_mail();
    if (stop) return false;
  }
  return true;
}

void client::thread::sort_mail() {
  std::move(letters_.submissions.begin(), letters_.submissions.end(), std::back_inserter(waiting_));
  for (const auto id : letters_.cancelled) {
    for (const auto& each : slots_) {
      if (each) each->cancel(id);
    }
    cancel_waiting([id](const submission& s) { return s.id == id; });
  }
  for (const auto* of : letters_.cancelled_sessions) {
    for (const auto& each : slots_) {
      if (each && each->owner() == of) each->cancel_all();
    }
    cancel_waiting([of](const submission& s) { return s.via.get() == of; });
  }
  for (const auto* closed : letters_.closed)
    retire(closed);
  if (!letters_.closed.empty()) sweep();
  letters_.submissions.clear();
  letters_.cancelled.clear();
  letters_.cancelled_sessions.clear();
  letters_.closed.clear();
}

void client::thread::cancel_waiting(const std::function<bool(const submission&)>& which) {
  for (auto* among : {&waiting_, &without_token_}) {
    const auto cancelled = std::stable_partition(among->begin(), among->end(), std::not_fn(which));
    for (auto it = cancelled; it != among->end(); ++it)
      end(std::move(*it), failure_kind::cancelled, "cancelled");
    among->erase(cancelled, among->end());
  }
}

void client::thread::admit() {
  while (!waiting_.empty() && in_flight_ < limits_.max_in_flight) {
    auto first = std::move(waiting_.front());
    waiting_.pop_front();
    if (has_token(first)) start(std::move(first));
  }
  in_flight_count_.store(in_flight_, std::memory_order_relaxed);
  waiting_count_.store(waiting_.size() + without_token_.size(), std::memory_order_relaxed);
}

void client::thread::start(submission s) {
  auto material = s.via->material();
  if (!material) {
    end(std::move(s), failure_kind::invalid_request, material.error().message);
    return;
  }
  ++in_flight_;
  auto& over = transport_for(*s.via, std::move(*material));
  over.start(std::move(s));
}

transport& client::thread::transport_for(session& via, std::shared_ptr<const tls_material> material) {
  const auto found = slot_of_.find(&via);
  if (found != slot_of_.end()) {
    auto& current = *slots_[found->second];
    if (current.material() == material) return current;
    retire(&via);
  }
  auto free = static_cast<std::uint32_t>(std::find(slots_.begin(), slots_.end(), nullptr) - slots_.begin());
  if (free == slots_.size()) slots_.emplace_back();
  slots_[free] = std::make_unique<transport>(epoll_, free, limits_, bodies_, via, std::move(material));
  slot_of_[&via] = free;
  return *slots_[free];
}

void client::thread::retire(const session* of) {
  const auto found = slot_of_.find(of);
  if (found == slot_of_.end()) return;
  retiring_.push_back(found->second);
  slot_of_.erase(found);
}

void client::thread::sweep() {
  std::erase_if(retiring_, [this](std::uint32_t slot) {
    if (slots_[slot]->in_flight() > 0) return false;
    opened_before_ += slots_[slot]->connections_opened();
    slots_[slot].reset();
    return true;
  });
}

int client::thread::wait_milliseconds() const {
  if (look_again_) return 0;
  std::optional<steady_time> first;
  for (const auto& each : slots_) {
    if (each && each->timer() && (!first || *each->timer() < *first)) first = each->timer();
  }
  for (const auto& each : without_token_) {
    if (const auto end = each.submitted + each.what.timeout; !first || end < *first) first = end;
  }
  const auto most = completed_.empty() ? 60'000 : longest_hold.count();
  if (!first) return completed_.empty() ? -1 : static_cast<int>(most);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*first - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, most));
}

void client::thread::wait() {
  std::array<epoll_event, 128> events;
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_milliseconds());
  look_again_ = false;
  mail_->awake();
  for (int i = 0; i < count; ++i) {
    const auto tag = events[static_cast<std::size_t>(i)].data.u64;
    if (tag == mailbox_tag) continue;
    const auto slot = static_cast<std::uint32_t>(tag >> 32);
    if (slot < slots_.size() && slots_[slot])
      slots_[slot]->on_socket(static_cast<int>(tag & 0xffffffff), events[static_cast<std::size_t>(i)].events);
  }
  fire_timers();
}

void client::thread::fire_timers() {
  std::optional<steady_time> now;
  for (const auto& each : slots_) {
    if (!each || !each->timer()) continue;
    if (!now) now = std::chrono::steady_clock::now();
    if (*each->timer() <= *now) each->on_timer();
  }
  end_overdue();
}

void client::thread::collect() {
  const bool none = completed_.empty();
  for (const auto& each : slots_) {
    if (each) each->finished(ended_);
  }
  in_flight_ -= ended_.size();
  for (auto& each : ended_)
    settle(std::move(each));
  ended_.clear();
  if (none && !completed_.empty()) first_completed_ = std::chrono::steady_clock::now();
}

/// Answers that come in a burst are handed over together: each handing over wakes somebody up.
bool client::thread::worth_holding() const {
  return !completed_.empty() && in_flight_ > 0 && std::chrono::steady_clock::now() - first_completed_ < longest_hold;
}

void client::thread::deliver() {
  collect();
  if (completed_.empty()) return;
  // What the callbacks submit is read before the next sleep.
  mail_->awake();
  look_again_ = true;
  std::uint64_t opened = opened_before_;
  for (const auto& each : slots_)
    opened += each ? each->connections_opened() : 0;
  opened_.store(opened, std::memory_order_relaxed);
  in_flight_count_.store(in_flight_, std::memory_order_relaxed);
  for (auto& [of, answer] : completed_) {
    wire_bytes_.fetch_add(answer.wire_bytes, std::memory_order_relaxed);
    by_failure_[static_cast<std::size_t>(answer.failure)].fetch_add(1, std::memory_order_relaxed);
    of.done(std::move(answer));
  }
  completed_.clear();
  sweep();
}

void client::thread::end(submission s, failure_kind kind, const std::string& why) {
  response answer;
  answer.failure = kind;
  answer.error = s.what.method + " " + redacted_url(s.what.url) + ": " + why;
  answer.duration = std::chrono::steady_clock::now() - s.submitted;
  settle({std::move(s), std::move(answer)});
}

void client::thread::settle(completion&& c) {
  if (c.of.asks_for)
    take_token(std::move(c));
  else if (!send_again(c))
    completed_.push_back(std::move(c));
}

client::client(client_limits limits) : thread_(std::make_unique<thread>(limits)) {}
client::~client() = default;

result<std::shared_ptr<session>> client::open(client_options options) {
  return thread_->open(std::move(options));
}

request_id client::submit(const std::shared_ptr<session>& via, request what, std::function<void(response&&)> done) {
  return thread_->submit(via, std::move(what), std::move(done));
}

void client::cancel(request_id id) {
  thread_->cancel(id);
}
void client::cancel_all(const std::shared_ptr<session>& of) {
  thread_->cancel_all(of.get());
}
client_counts client::counts() const {
  return thread_->counts();
}

std::string_view response::header(std::string_view name) const {
  std::string_view rest(header_lines);
  while (!rest.empty()) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    const bool same = std::equal(name.begin(), name.end(), line.begin(),
                                 [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
    if (!same) continue;
    line.remove_prefix(name.size() + 1);
    const auto first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
  }
  return {};
}

}  // namespace troupe::http
