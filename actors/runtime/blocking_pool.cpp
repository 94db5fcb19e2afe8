#include "actors/runtime/blocking_pool.hpp"

#include <utility>

namespace troupe::runtime {

blocking_pool::blocking_pool(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i)
    threads_.emplace_back([this] { serve(); });
}

blocking_pool::~blocking_pool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  some_.notify_all();
  for (auto& one : threads_)
    one.join();
}

void blocking_pool::run(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
  }
  some_.notify_one();
}

void blocking_pool::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    some_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace troupe::runtime
