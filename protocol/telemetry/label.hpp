#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::telemetry {

/// One label as views into memory that somebody else owns.
struct label_view {
  std::string_view name;
  std::string_view value;
  friend bool operator==(const label_view&, const label_view&) = default;
};

/// An owned label set: sorted by name (byte order), names unique, no empty values.
class label_set {
 public:
  using container = std::vector<std::pair<std::string, std::string>>;

  label_set() = default;
  label_set(std::initializer_list<std::pair<std::string, std::string>> labels);
  explicit label_set(container labels);  ///< sorts; of two equal names the last wins; empty values go

  /// The value, or an empty view where the label is absent.
  [[nodiscard]] std::string_view get(std::string_view name) const;
  void set(std::string_view name, std::string_view value);  ///< an empty value removes the label
  void erase(std::string_view name) { set(name, {}); }

  [[nodiscard]] const container& items() const { return labels_; }
  [[nodiscard]] auto begin() const { return labels_.begin(); }
  [[nodiscard]] auto end() const { return labels_.end(); }
  [[nodiscard]] std::size_t size() const { return labels_.size(); }
  [[nodiscard]] bool empty() const { return labels_.empty(); }

  [[nodiscard]] std::uint64_t hash() const;   ///< stable over processes and machines (xxh3 over names and values)
  [[nodiscard]] std::string to_text() const;  ///< `{a="b", c="d"}`

  friend bool operator==(const label_set&, const label_set&) = default;
  friend bool operator<(const label_set& a, const label_set& b) { return a.labels_ < b.labels_; }

 private:
  container labels_;
};

/// Scratch memory for deriving the labels of one series after the other without allocating: the views stay valid until
/// the next clear().
class label_buffer {
 public:
  void clear();
  void add(std::string_view name, std::string_view value) { labels_.push_back({name, value}); }
  /// Copies text into the buffer; the view lives as long as the buffer's content.
  std::string_view keep(std::string_view text);
  /// Uninitialised memory for `bytes` characters that lives as long as the buffer's content.
  char* allocate(std::size_t bytes);
  void sort();
  [[nodiscard]] std::vector<label_view>& labels() { return labels_; }
  [[nodiscard]] const std::vector<label_view>& labels() const { return labels_; }
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] std::uint64_t hash() const;  ///< equal to label_set::hash() of the same labels; needs sorted labels
  [[nodiscard]] label_set to_set() const;

 private:
  std::vector<label_view> labels_;
  std::vector<std::unique_ptr<char[]>> pages_;  // page i has 4096 << i characters, allocated when first needed
  std::size_t page_ = 0;
  std::size_t used_ = 0;
  std::size_t room_ = 0;
};

}  // namespace troupe::telemetry
