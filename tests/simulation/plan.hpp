#pragma once

#include <string>
#include <vector>

#include "tests/simulation/components.hpp"
#include "tests/simulation/writer.hpp"

namespace troupe::simulation {

/// What may go wrong in a run. Seed modulo the number of kinds says which.
enum class kind : std::uint8_t {
  edges,      ///< the network and components fail; no process does, no cell is replaced, no answer of a backend is lost
  processes,  ///< killed at any point; the disk fills up
  power,      ///< lost, too
  everything,  ///< and cells move
};
inline constexpr unsigned kinds = 4;

enum class role : std::uint8_t { source, passer, merger, sifter, writer, stuck, hoarder };

struct placement {
  std::string id;
  role what = role::passer;
  unsigned process = 0;
  std::vector<std::string> to;
};

/// All that a seed decides before a run begins.
struct plan {
  explicit plan(std::uint64_t seed);
  [[nodiscard]] std::string describe() const;

  std::uint64_t seed;
  kind of;
  unsigned processes = 1;
  std::vector<placement> cells;
  std::vector<source_settings> sources;  ///< in the order of their cells
  writer_settings writers;
  runtime::cell_limits limits;
  std::size_t merge = 2;

  clock_duration trouble = std::chrono::seconds(20);  ///< how long faults happen
  double loss = 0, doubling = 0;                      ///< of each mail
  clock_duration longest_way{};                       ///< of a mail, a request, an answer
  clock_duration longest_sync{};
  double throws = 0;  ///< at each hazard

  /// Once in so long on average; zero: never.
  struct {
    clock_duration crash{}, replace{}, move{}, reconnect{}, kill{}, power_loss{}, full{}, no_sync{}, weather{},
        partition{};
  } once_in;
  bool lost_answers = false, refusals = false;
  bool small_journals = false;  ///< they give up what is too old before it is sent

 private:
  void draw_cells(dice& chance);
  void draw_sources(dice& chance);
  void draw_writers(dice& chance);
  void draw_faults(dice& chance);
};

}  // namespace troupe::simulation
