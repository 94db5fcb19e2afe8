#include "protocol/http/body.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace troupe::http {

body::body(std::shared_ptr<body_pool> pool) : pool_(std::move(pool)) {
  if (pool_) std::tie(data_, capacity_) = pool_->take();
}

body::body(body&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)),
      pool_(std::move(other.pool_)) {}

body& body::operator=(body&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  std::swap(pool_, other.pool_);
  return *this;
}

body::~body() {
  if (data_ == nullptr) return;
  if (pool_)
    pool_->give(data_, capacity_);
  else
    std::free(data_);
}

void body::reserve(std::size_t capacity) {
  if (capacity <= capacity_) return;
  void* grown = std::realloc(data_, capacity);
  if (grown == nullptr) throw std::bad_alloc();
  data_ = static_cast<char*>(grown);
  capacity_ = capacity;
}

void body::append(const char* bytes, std::size_t count) {
  if (count == 0) return;
  if (size_ + count > capacity_) reserve(std::max(size_ + count, capacity_ * 2));
  std::memcpy(data_ + size_, bytes, count);
  size_ += count;
}

void body::resize_for_overwrite(std::size_t size) {
  reserve(size);
  size_ = size;
}

body_pool::~body_pool() {
  for (const auto& [data, capacity] : spare_)
    std::free(data);
}

std::size_t body_pool::held_bytes() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

std::pair<char*, std::size_t> body_pool::take() {
  const std::lock_guard lock(mutex_);
  if (spare_.empty()) return {nullptr, 0};
  const auto last = spare_.back();
  spare_.pop_back();
  held_ -= last.second;
  return last;
}

void body_pool::give(char* data, std::size_t capacity) {
  {
    const std::lock_guard lock(mutex_);
    if (capacity <= max_bytes_ / 4 && held_ + capacity <= max_bytes_) {
      spare_.emplace_back(data, capacity);
      held_ += capacity;
      return;
    }
  }
  std::free(data);
}

}  // namespace troupe::http
