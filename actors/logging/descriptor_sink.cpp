#include "actors/logging/descriptor_sink.hpp"

#include <poll.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <ctime>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace troupe::logging {
namespace {

/// SIGPIPE does not reach this thread while it lives, and one that it caused is taken away.
class no_broken_pipe {
 public:
  no_broken_pipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~no_broken_pipe() {
    if (broken && !was_pending_) {
      const timespec now{};
      while (sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  no_broken_pipe(const no_broken_pipe&) = delete;
  bool broken = false;

 private:
  sigset_t pipe_{}, before_{};
  bool was_pending_ = false;
};

constexpr auto burst = std::chrono::milliseconds(2);
constexpr std::size_t most_held = 64 << 10;

/// Writes whole lines. A reader that stands still is waited for a moment, once; then lines are lost until it reads
/// again. A line that comes soon after another is held; while `holds` somebody must call flush() before long.
class whole_lines final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  whole_lines(int descriptor, const std::atomic<log_format>& format) : descriptor_(descriptor), format_(format) {}
  std::atomic<std::uint64_t> lost{0};
  std::atomic<bool> holds{false};

 protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    held_.append(msg.payload.data(), msg.payload.size());
    ++held_lines_;
    const auto now = std::chrono::steady_clock::now();
    const bool alone = now - written_at_ >= burst;
    if (alone || msg.level >= spdlog::level::warn || held_.size() >= most_held) {
      flush_();
    } else {
      holds.store(true, std::memory_order_relaxed);
    }
  }
  void flush_() override {
    if (held_lines_ == 0) return;
    written_at_ = std::chrono::steady_clock::now();
    if (!write_held()) lost.fetch_add(held_lines_);
    held_.clear();
    held_lines_ = 0;
    holds.store(false, std::memory_order_relaxed);
  }

 private:
  /// False: nothing of it was written.
  bool write_held() {
    if (!end_line()) return false;
    if (const std::uint64_t untold = lost.load() - told_; untold > 0) {
      std::string note;
      append_note("log lines lost", "lines", static_cast<std::int64_t>(untold), format_.load(), note);
      if (!write(note)) return false;
      told_ += untold;
      if (!rest_.empty()) return false;
    }
    return write(held_);
  }

  /// Of the line that was begun; false: some of it must still wait.
  bool end_line() {
    if (rest_.empty()) return true;
    const std::string rest = std::exchange(rest_, {});
    if (!write(rest)) rest_ = rest;
    return rest_.empty();
  }

  /// False: nothing of it was written. A line that was begun counts as written, its end waits in `rest_`.
  bool write(std::string_view text) {
    std::optional<no_broken_pipe> guard;
    if (!pipes_are_ignored_) guard.emplace();
    bool begun = false;
    while (!text.empty()) {
      const ssize_t done = write_some(text);
      if (done < 0 && errno == EINTR) continue;
      if (done < 0 && errno == EPIPE && guard) guard->broken = true;
      if (done < 0 && errno != EAGAIN) return false;
      stuck_ = done <= 0;
      if (stuck_) {
        if (begun) rest_ = text;
        return begun;
      }
      begun = true;
      text.remove_prefix(static_cast<std::size_t>(done));
    }
    return true;
  }

  /// As write(2), with EAGAIN for a reader that does not read for a while. One call to the system where it can.
  ssize_t write_some(std::string_view text) {
    // POSIX, write(2): so much fits when a pipe can be written to at all.
    constexpr std::size_t piece = 4096;
    constexpr int patience_ms = 100;
    // A reader that stood still is asked first: a short note would still fit where the next line does not.
    if (writes_without_waiting_ && !stuck_) {
      const iovec one{const_cast<char*>(text.data()), text.size()};
      const ssize_t done = pwritev2(descriptor_, &one, 1, -1, RWF_NOWAIT);
      if (done >= 0 || errno == EINTR || errno == EPIPE) return done;
      if (errno != EAGAIN) writes_without_waiting_ = false;  // not that kind of file
    }
    pollfd ready{descriptor_, POLLOUT, 0};
    const int got = poll(&ready, 1, stuck_ ? 0 : patience_ms);
    if (got > 0) return ::write(descriptor_, text.data(), std::min(text.size(), piece));
    if (got == 0) errno = EAGAIN;
    return -1;
  }

  static bool ignores_broken_pipes() {
    struct sigaction now {};
    return sigaction(SIGPIPE, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
  }

  const bool pipes_are_ignored_ = ignores_broken_pipes();  // by the program, from its start
  bool writes_without_waiting_ = true;
  int descriptor_;
  const std::atomic<log_format>& format_;
  std::string held_;  // lines that wait for others
  std::uint64_t held_lines_ = 0;
  std::chrono::steady_clock::time_point written_at_{};
  std::string rest_;
  std::uint64_t told_ = 0;
  bool stuck_ = false;
};

}  // namespace

struct descriptor_sink::output {
  output(int descriptor, const std::atomic<log_format>& format)
      : sink(std::make_shared<whole_lines>(descriptor, format)), logger("events", sink) {
    logger.set_level(spdlog::level::trace);
    logger.set_error_handler([this](const std::string&) { sink->lost.fetch_add(1); });
    flusher = std::thread([this] { flush_bursts(); });
  }
  ~output() {
    {
      const std::lock_guard lock(mutex);
      ending = true;
    }
    some.notify_one();
    flusher.join();
    sink->flush();
  }

  /// After a line was written: if it is held, it is written before long.
  void wake() {
    if (!sink->holds.load(std::memory_order_relaxed) || waked.exchange(true)) return;
    {
      const std::lock_guard lock(mutex);
      due = true;
    }
    some.notify_one();
  }

  void flush_bursts() {
    std::unique_lock lock(mutex);
    for (;;) {
      some.wait(lock, [this] { return due || ending; });
      if (ending) return;
      some.wait_for(lock, burst, [this] { return ending; });
      due = false;
      lock.unlock();
      waked.store(false);  // before it looks: a line that is held from now on wakes it again
      sink->flush();
      lock.lock();
    }
  }

  std::shared_ptr<whole_lines> sink;
  spdlog::logger logger;
  std::mutex mutex;
  std::condition_variable some;
  bool due = false, ending = false;
  std::atomic<bool> waked{false};
  std::thread flusher;
};

descriptor_sink::descriptor_sink(int descriptor, const std::atomic<log_format>& format)
    : output_(std::make_unique<output>(descriptor, format)) {}
descriptor_sink::~descriptor_sink() = default;

void descriptor_sink::write(std::string_view line, bool urgent) noexcept {
  try {
    output_->logger.log(urgent ? spdlog::level::err : spdlog::level::info,
                        spdlog::string_view_t(line.data(), line.size()));
    output_->wake();
  } catch (...) {
    output_->sink->lost.fetch_add(1);
  }
}

std::uint64_t descriptor_sink::lost() const {
  return output_->sink->lost.load();
}

}  // namespace troupe::logging
