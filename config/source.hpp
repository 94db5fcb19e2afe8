#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// A place as people count: both from 1, the column in bytes of UTF-8.
struct position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  friend bool operator==(const position&, const position&) = default;
};

class source_file;
using source_ref = std::shared_ptr<const source_file>;

/// A text and the name under which messages speak of it. Immutable; shared by the tree made from it and by diagnostics.
class source_file : public std::enable_shared_from_this<source_file> {
  struct key {};

 public:
  source_file(key, std::string name, std::string text);

  /// Takes the text as it is. Its size is checked by whoever parses it.
  static source_ref make(std::string name, std::string text);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string_view text() const { return text_; }

  /// The place of a byte; an offset past the end counts as the end.
  [[nodiscard]] position at(std::uint32_t offset) const;

  [[nodiscard]] std::uint32_t lines() const { return static_cast<std::uint32_t>(starts_.size()); }
  /// The text of a line (from 1) without its '\n'; empty when there is no such line.
  [[nodiscard]] std::string_view line(std::uint32_t number) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<std::uint32_t> starts_;  // offset of each line's first byte
};

/// A stretch of a source: bytes [begin, end). Empty (begin == end) when only a point is known. The source is alive as
/// long as the tree or the diagnostic that holds the range.
struct range {
  const source_file* source = nullptr;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  [[nodiscard]] position first() const { return source != nullptr ? source->at(begin) : position{}; }
  /// The last byte that belongs to it (Alloy's end position), the first for an empty range.
  [[nodiscard]] position last() const {
    return source != nullptr ? source->at(end > begin ? end - 1 : begin) : position{};
  }
  /// What is written there.
  [[nodiscard]] std::string_view text() const;
  [[nodiscard]] explicit operator bool() const { return source != nullptr; }
  friend bool operator==(const range&, const range&) = default;
};

/// From the first byte of one to the last of the other; both of the same source.
inline range join(const range& a, const range& b) {
  return {a.source, a.begin, b.end};
}

/// UTF-8 for a text that starts with a byte order mark of UTF-16 or UTF-32; any other text unchanged. Halves of
/// surrogate pairs and bytes that are no whole unit become U+FFFD.
std::string to_utf8(std::string text);

/// Reads a file (at most max_source_bytes) and transcodes it as to_utf8 does. Errors name the path and the reason.
tl::expected<source_ref, std::string> read_source(const std::string& path);

/// A directory's `*.alloy` files sorted by path, not recursive; or the one file that `path` is.
tl::expected<std::vector<source_ref>, std::string> read_sources(const std::string& path);

}  // namespace troupe::config
