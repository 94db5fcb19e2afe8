#pragma once

#include "config/source.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::config {

enum class severity { warning, error };

class secrecy;

/// Something to say about a place of a configuration. Keeps the source alive.
struct diagnostic {
  diagnostic() = default;
  /// Passwords of URLs in `message` and `value` are left out.
  diagnostic(severity level, range where, std::string message, std::string value = {});

  /// `name:line:column: message`; the bare message when there is no place.
  [[nodiscard]] std::string text() const;
  /// `name:line:column`, `-` when there is no place.
  [[nodiscard]] std::string place() const;

  severity level = severity::error;
  range where;
  std::string message;
  std::string value;  ///< the value that caused it as Alloy syntax, when the place doesn't show it; never a secret
  source_ref source;  ///< keeps `where` valid
};

/// All that there is to say, in the order it was found until sort(). Of errors as of warnings the first max_errors are
/// kept, the others are counted.
class diagnostics {
 public:
  diagnostics() = default;
  diagnostics(diagnostic one) { add(std::move(one)); }  // NOLINT: a list of one is what a single failure is

  void add(diagnostic one);
  void add(const diagnostics& more);
  void error(range where, std::string message) { add({severity::error, where, std::move(message)}); }
  void warning(range where, std::string message) { add({severity::warning, where, std::move(message)}); }

  /// By source (in order of first appearance), then place; equals keep their order and exact repetitions go.
  void sort();

  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] std::size_t size() const { return list_.size(); }  ///< of those that are kept
  [[nodiscard]] std::size_t left_out() const { return errors_.left_out + warnings_.left_out; }
  [[nodiscard]] std::size_t errors() const { return errors_.kept + errors_.left_out; }
  [[nodiscard]] bool has_errors() const { return errors() > 0; }
  [[nodiscard]] auto begin() const { return list_.begin(); }
  [[nodiscard]] auto end() const { return list_.end(); }
  [[nodiscard]] const diagnostic& operator[](std::size_t i) const { return list_[i]; }

  /// `<first> (and N more diagnostics)`; `no errors` when empty.
  [[nodiscard]] std::string summary() const;
  /// Each one's text(), and how many were left out; `separator` between them.
  [[nodiscard]] std::string text(std::string_view separator) const;
  /// `N more not shown`; empty when all are kept.
  [[nodiscard]] std::string rest() const;

 private:
  struct count {
    std::size_t kept = 0, left_out = 0;
  };
  [[nodiscard]] count& count_of(severity level) { return level == severity::error ? errors_ : warnings_; }

  std::vector<diagnostic> list_;
  count errors_, warnings_;
};

struct pretty_options {
  bool colour = false;  ///< for terminals
  std::uint32_t lines_before = 1;
  std::uint32_t lines_after = 1;
};

/// Each diagnostic with an excerpt of its source, separated by blank lines. What is secret in the source by `hidden` is
/// written over; without it every text is that may be one.
std::string pretty(const diagnostics& list, const secrecy& hidden, const pretty_options& options = {});
std::string pretty(const diagnostics& list, const pretty_options& options = {});

}  // namespace troupe::config
