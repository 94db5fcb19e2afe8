#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/simulation/dice.hpp"
#include "tests/simulation/sample_batch.hpp"

namespace troupe::simulation {

/// How a backend feels: with which probability it answers what. The rest is 200.
struct weather {
  double fails = 0;    ///< 500
  double busy = 0;     ///< 429, often with Retry-After
  double silent = 0;   ///< the request never arrives
  double deaf = 0;     ///< it accepts, the answer is lost
  double refuses = 0;  ///< 400
};

struct backend_answer {
  int status = 0;
  std::string retry_after;
};

/// What one endpoint sends to. Remembers every sample it got, how often and whether in order.
class simulated_backend {
 public:
  weather now;
  bool in_order = true;  ///< expected; not where a journal gives up what is already on its way

  /// `journal`: which journal it comes from: only within one there is an order. Nothing: no answer will come.
  [[nodiscard]] std::optional<backend_answer> receive(const std::string& journal, const std::vector<sample>& what,
                                                      dice& chance);

  /// From now on it is no mistake if this comes (again), is missing, or comes late.
  void excuse_double(const sample& one) { may_double_.insert(one); }
  void excuse_missing(const sample& one) { may_miss_.insert(one); }
  void excuse_order(const sample& one) { may_be_late_.insert(one); }

  [[nodiscard]] bool has(const sample& one) const { return got_.contains(one); }
  [[nodiscard]] bool may_miss(const sample& one) const { return may_miss_.contains(one); }
  [[nodiscard]] std::size_t doubled() const { return doubled_; }
  [[nodiscard]] std::size_t received() const { return got_.size(); }
  /// The first mistake, in words; empty: none.
  [[nodiscard]] const std::string& mistake() const { return mistake_; }

 private:
  void accept(const std::string& journal, const sample& one);

  std::map<sample, unsigned> got_;
  std::set<sample> may_double_, may_miss_, may_be_late_;
  std::set<std::pair<std::string, sample>> seen_;
  std::map<std::tuple<std::string, std::uint32_t, std::uint32_t, std::uint32_t>, std::uint64_t> last_;
  std::size_t doubled_ = 0;
  std::string mistake_;
};

}  // namespace troupe::simulation
