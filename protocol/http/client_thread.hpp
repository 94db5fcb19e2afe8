#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "protocol/http/transport.hpp"

namespace troupe::http {

/// What other threads tell the client's thread. Outlives the client where a session does.
class mailbox {
 public:
  struct letters {
    std::vector<submission> submissions;
    std::vector<request_id> cancelled;
    std::vector<const session*> cancelled_sessions;
    std::vector<const session*> closed;
    bool stop = false;

    [[nodiscard]] bool empty() const {
      return submissions.empty() && cancelled.empty() && cancelled_sessions.empty() && closed.empty() && !stop;
    }
  };

  mailbox();
  ~mailbox();
  mailbox(const mailbox&) = delete;

  /// Puts something in by `write(letters&)`. Wakes the thread only if it sleeps and nobody has woken it yet.
  template <class Write>
  void put(Write&& write) {
    bool asleep = false;
    {
      const std::lock_guard lock(mutex_);
      write(waiting_);
      asleep = std::exchange(asleep_, false);
    }
    if (asleep) wake();
  }

  /// Swaps what has come into `into` (which is empty). Where nothing has, the next put will wake.
  void take(letters& into);
  /// The thread looks again before it sleeps: no wake is needed until then.
  void awake();

  [[nodiscard]] int descriptor() const { return event_; }

 private:
  void wake() const;

  const int event_;
  std::mutex mutex_;
  letters waiting_;
  bool asleep_ = false;
};

/// The thread behind a client: one epoll loop over the transports of all sessions.
class client::thread {
 public:
  explicit thread(client_limits limits);
  ~thread();
  thread(const thread&) = delete;

  [[nodiscard]] result<std::shared_ptr<session>> open(client_options options);
  request_id submit(const std::shared_ptr<session>& via, request what, std::function<void(response&&)> done);
  void cancel(request_id id);
  void cancel_all(const session* of);
  [[nodiscard]] client_counts counts() const;

 private:
  void run();
  bool read_mail();  ///< false: told to stop
  void sort_mail();
  void admit();
  void start(submission s);
  transport& transport_for(session& via, std::shared_ptr<const tls_material> material);
  void retire(const session* of);
  void sweep();
  [[nodiscard]] int wait_milliseconds() const;
  void wait();
  void fire_timers();
  void collect();
  [[nodiscard]] bool worth_holding() const;
  void deliver();
  void end(submission s, failure_kind kind, const std::string& why);
  void cancel_waiting(const std::function<bool(const submission&)>& which);
  void settle(completion&& c);

  // client_tokens.cpp: requests of sessions with oauth2.
  [[nodiscard]] bool has_token(submission& s);  ///< false: it was kept, to wait for one
  void ask(const std::shared_ptr<token_source>& from);
  void take_token(completion c);
  [[nodiscard]] std::vector<submission> all_that_wait_for(const token_source& from);
  void give_up(const token_source& from, const std::string& why);
  [[nodiscard]] bool send_again(completion& c);
  void end_overdue();

  const client_limits limits_;
  const std::shared_ptr<mailbox> mail_ = std::make_shared<mailbox>();
  const std::shared_ptr<body_pool> bodies_;
  const int epoll_;
  std::atomic<request_id> next_id_{1};

  // The thread's own.
  mailbox::letters letters_;
  std::deque<submission> waiting_;
  std::deque<submission> without_token_;           // until the token comes that was asked for
  std::vector<std::unique_ptr<transport>> slots_;  // by number, so that a late event can't reach a freed transport
  std::unordered_map<const session*, std::uint32_t> slot_of_;
  std::vector<std::uint32_t> retiring_;  // of closed sessions and of old TLS material: gone when nothing runs
  std::vector<completion> ended_;        // as transports tell it, before they are settled
  std::vector<completion> completed_;
  std::chrono::steady_clock::time_point first_completed_{};  // of those in completed_
  static constexpr std::chrono::milliseconds longest_hold{1};
  std::size_t in_flight_ = 0;
  bool look_again_ = false;  // at the mail and at what waits, before sleeping

  // Written by the thread, read by counts().
  std::atomic<std::uint64_t> submitted_count_{0}, in_flight_count_{0}, waiting_count_{0}, wire_bytes_{0}, opened_{0};
  std::array<std::atomic<std::uint64_t>, failure_kinds> by_failure_{};
  std::uint64_t opened_before_ = 0;  // by transports that are gone

  std::thread thread_;
};

}  // namespace troupe::http
