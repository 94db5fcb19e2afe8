#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::http {

class body_pool;

/// The bytes of an answer. Move-only; its memory goes back to the pool it came from, so bodies cost no allocation when
/// things are steady. May be moved to and dropped on any thread.
class body {
 public:
  body() = default;
  explicit body(std::shared_ptr<body_pool> pool);
  body(body&& other) noexcept;
  body& operator=(body&& other) noexcept;
  ~body();

  [[nodiscard]] std::string_view view() const { return {data_, size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] char* data() { return data_; }

  void append(const char* bytes, std::size_t count);
  void reserve(std::size_t capacity);
  /// Bytes beyond the old size hold anything.
  void resize_for_overwrite(std::size_t size);
  void clear() { size_ = 0; }

 private:
  friend class body_pool;
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::shared_ptr<body_pool> pool_;
};

/// Spare memory for bodies, last used first. Holds at most `max_bytes` in all; a body larger than a quarter of that is
/// never kept. Any thread.
class body_pool {
 public:
  explicit body_pool(std::size_t max_bytes) : max_bytes_(max_bytes) {}
  ~body_pool();
  body_pool(const body_pool&) = delete;

  [[nodiscard]] std::size_t held_bytes() const;

 private:
  friend class body;
  std::pair<char*, std::size_t> take();
  void give(char* data, std::size_t capacity);

  const std::size_t max_bytes_;
  mutable std::mutex mutex_;
  std::vector<std::pair<char*, std::size_t>> spare_;
  std::size_t held_ = 0;
};

}  // namespace troupe::http
