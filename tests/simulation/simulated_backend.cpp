#include "tests/simulation/simulated_backend.hpp"

namespace troupe::simulation {

std::optional<backend_answer> simulated_backend::receive(const std::string& journal, const std::vector<sample>& what,
                                                         dice& chance) {
  if (chance.chance(now.silent)) return std::nullopt;
  if (chance.chance(now.fails)) return backend_answer{chance.chance(0.5) ? 500 : 503, ""};
  if (chance.chance(now.busy))
    return backend_answer{429, chance.chance(0.7) ? std::to_string(chance.between(1, 8)) : ""};
  if (chance.chance(now.refuses)) {
    for (const auto& one : what)
      may_miss_.insert(one), may_be_late_.insert(one);  // for after a crash it may come again
    return backend_answer{400, ""};
  }
  for (const auto& one : what)
    accept(journal, one);
  if (chance.chance(now.deaf)) {
    for (const auto& one : what)
      may_double_.insert(one);
    return std::nullopt;
  }
  return backend_answer{200, ""};
}

void simulated_backend::accept(const std::string& journal, const sample& one) {
  const auto times = ++got_[one];
  if (times > 1) {
    ++doubled_;
    if (!may_double_.contains(one) && mistake_.empty())
      mistake_ = "came twice: " + describe(one) + ", now from " + journal;
  }
  if (!seen_.emplace(journal, one).second) return;
  auto& last = last_[{journal, one.source, one.lane, one.series}];
  if (in_order && one.number < last && !may_be_late_.contains(one) && mistake_.empty()) {
    mistake_ = "out of order: " + describe(one) + " after number " + std::to_string(last) + ", from " + journal;
  }
  last = std::max(last, one.number);
}

}  // namespace troupe::simulation
