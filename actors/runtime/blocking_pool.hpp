#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace troupe::runtime {

/// A few threads for work that blocks (fsync, SQLite): actors never do it themselves. What is queued when it is
/// destroyed is still done.
class blocking_pool {
 public:
  explicit blocking_pool(unsigned threads);
  ~blocking_pool();
  blocking_pool(const blocking_pool&) = delete;

  /// From any thread. `work` must not throw; it reports by posting to its component.
  void run(std::function<void()> work);

 private:
  void serve();
  std::mutex mutex_;
  std::condition_variable some_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace troupe::runtime
