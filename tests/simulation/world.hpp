#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/simulation/plan.hpp"
#include "tests/simulation/simulated_disk.hpp"

namespace troupe::simulation {

/// A law was broken; says which, when and by what.
struct violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Processes with cells and a disk each, a mail service and backends between them; one thread, virtual time, everything
/// from the seed of the plan. run() lets things go wrong for a while, then nothing any more until all is quiet; a
/// violation is thrown.
class world {
 public:
  explicit world(plan what);
  ~world();
  void run();

  [[nodiscard]] std::size_t steps() const { return steps_; }
  [[nodiscard]] std::size_t doubled() const;  ///< samples that came more often than once, excused
  [[nodiscard]] std::size_t received() const;

 private:
  class place;  // where a component lives: its cell, its timers
  using place_ref = std::shared_ptr<place>;
  struct process {
    std::unique_ptr<simulated_disk> disk;
    bool up = true;
    bool power = false;  // what is about to end it takes the power, too
  };
  struct event {
    time_point at;
    std::uint64_t order;
    std::function<void()> what;
    bool operator>(const event& other) const { return std::tie(at, order) > std::tie(other.at, other.order); }
  };

  // world.cpp: time, mail, cells
  void in(clock_duration delay, std::function<void()> what);
  [[nodiscard]] bool step(time_point until);
  [[nodiscard]] std::optional<time_point> next_time() const;
  void after_step();
  void post(const place& from, runtime::edge_mail mail);
  void deliver(const runtime::edge_mail& mail);
  void build(const placement& one, const std::string& directory);
  void destroy(const std::string& id);  // its cell is gone
  [[nodiscard]] std::unique_ptr<runtime::consumer> make(place& in);
  [[nodiscard]] clock_duration way();
  void note(const std::string& what) const;

  // faults.cpp
  void schedule_faults();
  void repeat(clock_duration once_in, std::function<void()> what);
  void crash_some();
  void replace_some();
  void move_writer();
  void reconnect_some();
  void end_process(unsigned index, bool power);
  void process_ended(unsigned index);
  void process_starts(unsigned index);
  void change_weather();
  void calm_down();
  [[nodiscard]] place_ref some_place(bool (*wanted)(role));

  // laws.cpp
  void excuse_under_way();
  void excuse_repeated(const sample& one);
  void excuse_writer_death(const place& of);
  void excuse_power_loss(unsigned process);
  void check_always();
  void check_cell(const place& one);
  void check_given_up(const place& one, std::size_t largest);
  void check_end();
  void check_source(const source_record& record, const std::string& id);
  void check_arrived(const std::string& writer, unsigned endpoint, simulated_backend& at);
  [[nodiscard]] bool quiet();
  [[nodiscard]] std::string unrest();
  [[nodiscard]] simulated_backend& backend(const std::string& writer, unsigned endpoint);
  [[noreturn]] void broken(const std::string& law) const;

  plan plan_;
  dice chance_;
  time_point now_{std::chrono::hours(1)};
  time_point began_ = now_;
  std::priority_queue<event, std::vector<event>, std::greater<>> events_;
  std::uint64_t order_ = 0;
  std::size_t steps_ = 0;
  bool trouble_ = true, trace_ = false;
  std::vector<process> processes_;
  std::map<std::string, place_ref> places_;
  std::map<std::string, placement> placements_;     // all that should be there
  std::map<std::string, std::string> directories_;  // of writers, by cell
  std::vector<source_record> sources_;
  std::map<std::string, source_record*> source_of_;                       // by cell
  std::map<std::string, journal_witness> witnesses_;                      // by directory
  std::map<std::string, simulated_backend> backends_;                     // by writer and endpoint
  std::set<std::pair<unsigned, unsigned>> cut_;                           // processes that don't reach each other
  std::set<std::string> gone_;                                            // consumers that were removed on purpose
  std::map<std::pair<std::string, std::string>, std::uint64_t> dropped_;  // samples, by edge, of cells that are no more
  std::map<std::pair<std::string, std::string>, std::uint64_t> given_up_;  // batches, by edge, at the last look
};

}  // namespace troupe::simulation
