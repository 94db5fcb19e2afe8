#pragma once

#include "config/value.hpp"

#include <string>
#include <utility>

namespace troupe::config {

/// A text that is never printed and doesn't convert into a string.
class secret final : public capsule {
 public:
  explicit secret(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& reveal() const { return text_; }
  [[nodiscard]] std::string type_name() const override { return "alloytypes.Secret"; }
  [[nodiscard]] std::string to_text() const override { return "(secret)"; }
  [[nodiscard]] bool equals(const capsule& other) const override;

 private:
  std::string text_;
};

/// A text that its source declares a secret or not (a file's content): if not, it is as good as a string.
class optional_secret final : public capsule {
 public:
  optional_secret(std::string text, bool is_secret) : text_(std::move(text)), is_secret_(is_secret) {}
  [[nodiscard]] bool is_secret() const { return is_secret_; }
  [[nodiscard]] const std::string& reveal() const { return text_; }
  [[nodiscard]] std::string type_name() const override { return "alloytypes.OptionalSecret"; }
  [[nodiscard]] std::string to_text() const override;
  [[nodiscard]] bool equals(const capsule& other) const override;

 private:
  std::string text_;
  bool is_secret_;
};

inline value make_secret(std::string text) {
  return {std::make_shared<const secret>(std::move(text))};
}
inline value make_optional_secret(std::string text, bool is_secret) {
  return {std::make_shared<const optional_secret>(std::move(text), is_secret)};
}

}  // namespace troupe::config
