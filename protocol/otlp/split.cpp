#include "protocol/otlp/split.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "protocol/otlp/wire.hpp"
#include "protocol/telemetry/protobuf.hpp"

namespace troupe::otlp {

namespace {

using telemetry::otlp_kind;

/// Which fields lead from a message to its items, level by level: the rest of a message is its frame.
using levels = std::span<const std::uint32_t>;
constexpr std::uint32_t bit(unsigned field) {
  return 1u << field;
}
/// Request, ResourceSpans, ScopeSpans; logs alike.
constexpr std::array plain_levels{bit(1), bit(2), bit(2)};
/// Of metrics two more: Metric (gauge, sum, the histograms, summary) and its data.
constexpr std::array metric_levels{bit(1), bit(2), bit(2), bit(5) | bit(7) | bit(9) | bit(10) | bit(11), bit(1)};
constexpr std::size_t metric_level = 3;
/// A large resource before each of many small parts would fill the memory: no more than this comes out.
constexpr std::uint64_t most_bytes(std::size_t of_message) {
  return (std::uint64_t{64} << 20) + 8 * of_message;
}

bool leads_on(std::uint32_t fields, const wire_field& one) {
  return one.type == bytes && one.number < 32 && (fields & bit(one.number)) != 0;
}

class splitter {
 public:
  splitter(levels of, size_unit unit, std::uint64_t most)
      : levels_(of), unit_(unit), most_(std::max<std::uint64_t>(1, most)) {}

  [[nodiscard]] std::vector<message_part> run(std::string_view message) {
    open_.resize(levels_.size());
    most_bytes_ = most_bytes(message.size());
    if (!walk(0, message)) return {};
    if (filled_) cut();
    return std::move(parts_);
  }

 private:
  /// A message that what is read lies in, as far as it goes into the part at hand.
  struct open_message {
    char tag = 0;       ///< in the message around it
    std::string frame;  ///< what is in it in each part
    std::string body;   ///< the frame and what came after it
    bool begun = false;
    [[nodiscard]] std::size_t size() const { return begun ? body.size() : frame.size(); }
  };

  /// Two passes: the frame goes first in each part, wherever it lies.
  bool walk(std::size_t level, std::string_view message) {
    auto& here = open_[level];
    here.frame.clear();
    std::size_t inner = 0;
    if (!read_frame(level, message, here.frame, inner)) return false;
    if (level == metric_level && inner > 1) return false;  // of several only the last would count
    wire_reader in(message);
    while (const auto one = in.next()) {
      if (!leads_on(levels_[level], *one)) continue;
      const auto tag = static_cast<char>(one->number << 3 | bytes);
      if (level + 1 == levels_.size()) {
        put(level, tag, one->content, 1);
        if (bytes_ > most_bytes_) return false;
        continue;
      }
      open_[level + 1].tag = tag;
      if (!walk(level + 1, one->content)) return false;
    }
    if (level > 0) leave(level, inner == 0);
    return true;
  }

  bool read_frame(std::size_t level, std::string_view message, std::string& frame, std::size_t& inner) const {
    wire_reader in(message);
    auto left = message;
    while (const auto one = in.next()) {
      const auto field = left.substr(0, left.size() - in.left());
      left.remove_prefix(field.size());
      if (leads_on(levels_[level], *one)) {
        ++inner;
      } else {
        frame += field;
      }
    }
    return !in.failed();
  }

  /// All of the message is read. One that holds nothing is kept, too: somebody sent it.
  void leave(std::size_t level, bool hollow) {
    if (hollow) {
      put(level - 1, open_[level].tag, open_[level].frame, 0);
    } else {
      close(level);
    }
  }

  void close(std::size_t level) {
    auto& here = open_[level];
    if (!here.begun) return;
    telemetry::protobuf::put_text(here.tag, here.body, open_[level - 1].body);
    here.begun = false;
  }

  /// Into the message of that level, in this part or the next one.
  void put(std::size_t level, char tag, std::string_view content, std::uint64_t items) {
    if (filled_ && size_with(level, content.size(), items) > most_) cut(level);
    for (std::size_t i = 0; i <= level; ++i) {
      if (!std::exchange(open_[i].begun, true)) open_[i].body = open_[i].frame;
    }
    telemetry::protobuf::put_text(tag, content, open_[level].body);
    items_ += items;
    filled_ = true;
  }

  [[nodiscard]] std::uint64_t size_with(std::size_t level, std::size_t more, std::uint64_t items) const {
    if (unit_ == size_unit::items) return items_ + items;
    for (std::size_t i = level + 1; i > 0; --i)
      more = open_[i - 1].size() + telemetry::protobuf::text_size(more);
    return more;
  }

  /// The part ends here: what is open in it is closed, and goes on in the next one.
  void cut(std::size_t level = 0) {
    for (std::size_t i = level; i > 0; --i)
      close(i);
    bytes_ += open_[0].body.size();
    parts_.push_back({std::exchange(open_[0].body, {}), std::exchange(items_, 0)});
    open_[0].begun = filled_ = false;
  }

  const levels levels_;
  const size_unit unit_;
  const std::uint64_t most_;
  std::vector<open_message> open_;
  std::vector<message_part> parts_;
  std::uint64_t bytes_ = 0, most_bytes_ = 0;  // of the parts
  std::uint64_t items_ = 0;                   // of the part at hand
  bool filled_ = false;                       // something is in it
};

}  // namespace

std::vector<message_part> split(otlp_kind what, std::string_view message, size_unit unit, std::uint64_t most) {
  return splitter(what == otlp_kind::metrics ? levels(metric_levels) : levels(plain_levels), unit, most).run(message);
}

}  // namespace troupe::otlp
