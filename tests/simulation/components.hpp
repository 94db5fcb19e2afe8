#pragma once

#include <map>
#include <vector>

#include "tests/simulation/stage.hpp"

namespace troupe::simulation {

struct source_settings {
  std::uint32_t source = 0, lanes = 1, series = 1;
  std::uint64_t last = 50;  ///< how many batches it pushes
  bool waits = false;       ///< it can be held back
  bool repeats = false;     ///< after the loss of its cell it begins again with what was not settled; else that is lost
  std::uint64_t poisoned = 0;
  clock_duration every = std::chrono::milliseconds(50);
  std::size_t padding = 0;
};

/// What a source knows beyond its own life: where it is, and what became of each batch.
struct source_record {
  enum class end : std::uint8_t { settled, rejected, lost };
  source_settings settings;
  std::uint64_t next = 1;
  std::map<std::uint64_t, runtime::delivery_ref> under_way;
  std::map<std::uint64_t, std::pair<end, std::string>> ended;  ///< with the reason

  [[nodiscard]] sample_batch_ref batch(std::uint64_t number) const;
  [[nodiscard]] std::vector<sample> samples(std::uint64_t number) const { return batch(number)->samples; }
  [[nodiscard]] bool done() const { return next > settings.last && under_way.empty(); }
  void note_ended();  ///< moves what is settled or rejected to `ended`
  /// Its cell is gone, and all that it had under way; returns the numbers that were not settled or will be pushed
  /// again.
  std::vector<std::uint64_t> cell_lost();
};

/// Pushes one batch after the other.
class source final : public runtime::consumer {
 public:
  source(stage& on, source_record& record);
  void consume(const runtime::batch_ref&, runtime::receipt) override {}
  void on_room();

 private:
  void tick();
  stage& on_;
  source_record& record_;
  runtime::timer timer_;
  bool held_back_ = false;
};

/// Hands on each batch at once; holds nothing.
class passer final : public runtime::consumer {
 public:
  explicit passer(stage& on) : on_(on) {}
  void consume(const runtime::batch_ref& batch, runtime::receipt of) override;

 private:
  stage& on_;
};

/// Makes one batch of several.
class merger final : public runtime::consumer {
 public:
  merger(stage& on, std::size_t at_most, clock_duration longest) : on_(on), at_most_(at_most), longest_(longest) {}
  void consume(const runtime::batch_ref& batch, runtime::receipt of) override;

 private:
  void flush();
  stage& on_;
  std::size_t at_most_;
  clock_duration longest_;
  std::vector<runtime::batch_ref> held_;
  runtime::receipt of_;
  runtime::timer timer_;
};

/// Holds the batches of every other lane for a while, the rest goes on at once: what it holds lies between what it has
/// done.
class sifter final : public runtime::consumer {
 public:
  sifter(stage& on, std::size_t at_most, clock_duration longest) : on_(on), at_most_(at_most), longest_(longest) {}
  void consume(const runtime::batch_ref& batch, runtime::receipt of) override;

 private:
  void flush();
  stage& on_;
  std::size_t at_most_;
  clock_duration longest_;
  std::vector<std::pair<runtime::batch_ref, runtime::receipt>> held_;
  runtime::timer timer_;
};

/// Takes what it gets and never lets go of it.
class hoarder final : public runtime::consumer {
 public:
  void consume(const runtime::batch_ref&, runtime::receipt of) override { held_.push_back(std::move(of)); }

 private:
  std::vector<runtime::receipt> held_;
};

/// Throws if the batch is one that kills.
void taste(const sample_batch& batch);

}  // namespace troupe::simulation
