#include "actors/app/tap_stream.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <utility>

#include "actors/app/tap_text.hpp"

namespace troupe::app {

namespace {

constexpr auto every = std::chrono::seconds(1);
/// An empty item, so that a client that has gone is noticed.
constexpr unsigned turns_between_signs = 5;
/// So long a client may leave what it was sent unread.
constexpr unsigned most_refused_turns = 15;

/// Lives as long as something is left to be shown to somebody.
class tapping : public std::enable_shared_from_this<tapping> {
 public:
  tapping(runtime::engine& actors, const std::shared_ptr<runtime::host>& of, const tap_request& what,
          std::shared_ptr<http::responder> answer)
      : actors_(actors),
        of_(of),
        id_(of->id()),
        seen_(std::make_shared<runtime::tap>(what.edge)),
        probability_(what.probability),
        answer_(std::move(answer)) {}

  void begin() {
    answer_->begin(200, "text/plain; charset=utf-8", {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}});
    actors_.post(id_, [weak = of_, by = seen_] {
      if (const auto host = weak.lock()) host->watch(by);
    });
    again();
  }

 private:
  void again() {
    actors_.later(every, [self = shared_from_this()] { self->show(); });
  }

  void show() {
    const auto host = of_.lock();
    const bool over = !host || host->status().get().run.state == runtime::health_state::exited;
    const auto [what, items] = text();
    const bool taken = answer_->send(what);
    unshown_ = taken ? 0 : unshown_ + items;
    refused_ = taken ? 0 : refused_ + 1;
    if (over || refused_ > most_refused_turns) return answer_->end();
    again();
  }

  /// What to send, and how many items that tells of.
  [[nodiscard]] std::pair<std::string, std::size_t> text() {
    auto view = seen_->look();
    std::string all;
    std::size_t shown = 0, left_out = view.missed_items + unshown_;
    for (const auto& one : view.sights) {
      const auto wanted = [&] {
        if (probability_ < 1 && chance_(random_) >= probability_) return false;
        if (shown < max_tapped_items) return ++shown, true;
        ++left_out;
        return false;
      };
      describe(one, wanted, [&](const std::string& line) { all.append(line).append(tap_separator); });
    }
    if (left_out > 0) all.append("(" + std::to_string(left_out) + " not shown)").append(tap_separator);
    quiet_ = all.empty() ? quiet_ + 1 : 0;
    if (quiet_ == turns_between_signs) quiet_ = 0, all = tap_separator;
    return {std::move(all), shown + left_out - unshown_};
  }

  runtime::engine& actors_;
  std::weak_ptr<runtime::host> of_;
  std::string id_;
  std::shared_ptr<runtime::tap> seen_;
  double probability_;
  std::shared_ptr<http::responder> answer_;
  std::mt19937_64 random_{std::random_device{}()};
  std::uniform_real_distribution<> chance_{0, 1};
  std::size_t unshown_ = 0;  // the client had no room for what told of them
  unsigned quiet_ = 0, refused_ = 0;
};

}  // namespace

std::optional<std::string> missing_edge(const std::vector<runtime::component_view>& all, const std::string& id,
                                        const std::string& edge) {
  std::set<std::string> from, to;
  for (const auto& one : all) {
    for (const auto& outlet : one.running->status().get().consumers) {
      if (one.id == id) to.insert(outlet.begin(), outlet.end());
      if (std::find(outlet.begin(), outlet.end(), id) != outlet.end()) from.insert(one.id);
    }
  }
  if (from.contains(edge) || to.contains(edge)) return {};
  std::string known;
  for (const auto& [ids, word] : {std::pair{&from, "from "}, std::pair{&to, "to "}}) {
    for (const auto& one : *ids)
      (known += known.empty() ? "" : ", ") += word + one;
  }
  return "component \"" + id + "\" has no edge \"" + edge + "\"; " +
         (known.empty() ? "it has none at all" : "it has those " + known);
}

void stream_tap(runtime::engine& actors, const std::shared_ptr<runtime::host>& of, const tap_request& what,
                std::shared_ptr<http::responder> answer) {
  std::make_shared<tapping>(actors, of, what, std::move(answer))->begin();
}

}  // namespace troupe::app
