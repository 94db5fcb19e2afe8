#include "config/source.hpp"

#include "config/limits.hpp"
#include "config/unicode.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace troupe::config {

source_file::source_file(key, std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {
  starts_.push_back(0);
  // Larger texts are never looked into; offsets are 32 bits wide.
  if (text_.size() > max_source_bytes) return;
  for (std::size_t i = text_.find('\n'); i != std::string::npos; i = text_.find('\n', i + 1)) {
    starts_.push_back(static_cast<std::uint32_t>(i + 1));
  }
}

source_ref source_file::make(std::string name, std::string text) {
  return std::make_shared<const source_file>(key{}, std::move(name), std::move(text));
}

position source_file::at(std::uint32_t offset) const {
  offset = std::min(offset, static_cast<std::uint32_t>(std::min(text_.size(), max_source_bytes)));
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const auto line = static_cast<std::uint32_t>(after - starts_.begin());
  return {line, offset - starts_[line - 1] + 1};
}

std::string_view source_file::line(std::uint32_t number) const {
  if (number == 0 || number > starts_.size()) return {};
  const std::size_t begin = starts_[number - 1];
  const std::size_t end = number < starts_.size() ? starts_[number] - 1 : text_.size();
  return std::string_view(text_).substr(begin, end - begin);
}

std::string_view range::text() const {
  return source != nullptr && begin <= end && end <= source->text().size() ? source->text().substr(begin, end - begin)
                                                                           : std::string_view{};
}

namespace {

std::uint32_t unit_at(std::string_view text, std::size_t at, std::size_t width, bool big) {
  std::uint32_t unit = 0;
  for (std::size_t i = 0; i < width; ++i) {
    const auto byte = static_cast<unsigned char>(text[at + (big ? i : width - 1 - i)]);
    unit = unit << 8 | byte;
  }
  return unit;
}

std::string transcode(std::string_view text, std::size_t width, bool big) {
  std::string out;
  std::size_t at = 0;
  while (at + width <= text.size()) {
    char32_t point = unit_at(text, at, width, big);
    at += width;
    if (width == 2 && point >= 0xD800 && point < 0xDC00 && at + width <= text.size()) {
      const char32_t low = unit_at(text, at, width, big);
      if (low >= 0xDC00 && low < 0xE000) {
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
        at += width;
      }
    }
    append_utf8(out, point);
  }
  if (at < text.size()) append_utf8(out, 0xFFFD);
  return out;
}

}  // namespace

std::string to_utf8(std::string text) {
  const std::string_view view = text;
  using namespace std::string_view_literals;
  // UTF-32's little-endian mark starts with UTF-16's.
  if (view.starts_with("\xFF\xFE\0\0"sv)) return transcode(view.substr(4), 4, false);
  if (view.starts_with("\0\0\xFE\xFF"sv)) return transcode(view.substr(4), 4, true);
  if (view.starts_with("\xFF\xFE"sv)) return transcode(view.substr(2), 2, false);
  if (view.starts_with("\xFE\xFF"sv)) return transcode(view.substr(2), 2, true);
  return text;
}

tl::expected<source_ref, std::string> read_source(const std::string& path) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) return tl::make_unexpected(path + ": is a directory");
  std::ifstream in(path, std::ios::binary);
  if (!in) return tl::make_unexpected(path + ": " + std::strerror(errno));
  std::string text;
  char piece[65536];
  while (in.read(piece, sizeof piece) || in.gcount() > 0) {
    text.append(piece, static_cast<std::size_t>(in.gcount()));
    if (text.size() > max_source_bytes) {
      return tl::make_unexpected(path + ": is larger than " + std::to_string(max_source_bytes) + " bytes");
    }
  }
  if (in.bad()) return tl::make_unexpected(path + ": " + std::strerror(errno));
  return source_file::make(path, to_utf8(std::move(text)));
}

tl::expected<std::vector<source_ref>, std::string> read_sources(const std::string& path) {
  std::vector<std::string> paths;
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) {
    for (auto entry = std::filesystem::directory_iterator(path, failed);
         !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed)) {
      std::error_code unknown;
      if (entry->path().extension() == ".alloy" && !entry->is_directory(unknown))
        paths.push_back(entry->path().string());
    }
    if (failed) return tl::make_unexpected(path + ": " + failed.message());
    std::sort(paths.begin(), paths.end());
  } else {
    paths.push_back(path);
  }
  std::vector<source_ref> sources;
  for (const auto& one : paths) {
    auto source = read_source(one);
    if (!source) return tl::make_unexpected(source.error());
    sources.push_back(std::move(*source));
  }
  return sources;
}

}  // namespace troupe::config
