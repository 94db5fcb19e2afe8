#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::runtime {

/// How a batch ended: delivered (whoever comes after took responsibility), or refused for good.
struct verdict {
  std::string rejected;  ///< the reason; empty: settled
  [[nodiscard]] bool ok() const { return rejected.empty(); }
  friend bool operator==(const verdict&, const verdict&) = default;
};

/// Which batch it is: the numbering of an edge (unique among all producers), and its number there. The same however
/// often it is handed over.
struct batch_identity {
  std::uint64_t source = 0;  ///< 0: none
  std::uint64_t number = 0;
};

/// Follows one batch that a component has taken: how many receipts the component still holds, how many batches made
/// from it are under way. Belongs to a cell and is touched in its actor only.
class delivery {
 public:
  /// Changed deliveries are noted in `touched`, which outlives them or is taken away by forget().
  delivery(std::vector<delivery*>* touched, batch_identity what) : touched_(touched), what_(what) {}
  [[nodiscard]] const batch_identity& what() const { return what_; }

  void held() { ++held_, touch(); }
  void released(const verdict& how) { --held_, note(how); }
  void sent() { ++sent_, touch(); }
  void returned(const verdict& how) { --sent_, note(how); }

  /// The handler that ran ended well: what it held and let go counts from now on.
  void commit() { held_before_ = held_, touching_ = false; }
  /// True: the component held a receipt of it when the handler began that has failed.
  [[nodiscard]] bool lost_with_component() const { return held_before_ > 0; }
  /// Nobody asks any more.
  void forget() { touched_ = nullptr; }

  [[nodiscard]] bool finished() const { return held_ == 0 && sent_ == 0; }
  [[nodiscard]] const verdict& how() const { return verdict_; }

 private:
  void note(const verdict& how) {
    if (!how.ok() && verdict_.ok()) verdict_ = how;
    touch();
  }
  void touch() {
    if (touched_ && !touching_) touching_ = true, touched_->push_back(this);
  }
  std::vector<delivery*>* touched_;
  batch_identity what_;
  std::uint32_t held_ = 0, sent_ = 0, held_before_ = 0;
  bool touching_ = false;
  verdict verdict_;
};
using delivery_ref = std::shared_ptr<delivery>;

/// What a batch under way was made from: the cell's side of a receipt.
class origin {
 public:
  origin() = default;
  explicit origin(std::vector<delivery_ref> of) : of_(std::move(of)) {
    for (auto& one : of_)
      one->sent();
  }
  origin(origin&& other) noexcept : of_(std::exchange(other.of_, {})) {}
  origin& operator=(origin&& other) noexcept {
    settle({});
    of_ = std::exchange(other.of_, {});
    return *this;
  }
  ~origin() { settle({}); }

  void settle(const verdict& how) {
    for (auto& one : of_)
      one->returned(how);
    of_.clear();
  }

 private:
  std::vector<delivery_ref> of_;
};

/// What a component holds of a batch it was given. When all receipts of a batch are gone and all that was pushed with
/// them is settled, so is the batch; a crash of the component forgets its receipts, and their batches come again.
/// Copies count. Belongs to the component's actor: never let one go in another thread.
class receipt {
 public:
  receipt() = default;  ///< of nothing: a source's own batch
  explicit receipt(delivery_ref of) {
    of->held();
    of_.push_back(std::move(of));
  }
  receipt(const receipt& other) : of_(other.of_) {
    for (auto& one : of_)
      one->held();
  }
  receipt(receipt&& other) noexcept : of_(std::exchange(other.of_, {})) {}
  receipt& operator=(receipt other) noexcept {
    std::swap(of_, other.of_);
    return *this;
  }
  ~receipt() { let_go({}); }

  void settle() { let_go({}); }
  /// Refused for good: the reason is counted on the edge it came by.
  void reject(std::string reason) { let_go({std::move(reason)}); }
  /// One batch made from several.
  void merge(receipt other) {
    for (auto& one : other.of_)
      of_.push_back(std::move(one));
    other.of_.clear();
  }
  [[nodiscard]] const std::vector<delivery_ref>& deliveries() const { return of_; }
  /// Of the first batch it is of.
  [[nodiscard]] batch_identity identity() const { return of_.empty() ? batch_identity{} : of_.front()->what(); }

 private:
  void let_go(const verdict& how) {
    for (auto& one : of_)
      one->released(how);
    of_.clear();
  }
  std::vector<delivery_ref> of_;
};

}  // namespace troupe::runtime
