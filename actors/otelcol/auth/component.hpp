#pragma once

#include <memory>
#include <string>
#include <utility>

#include "actors/otelcol/auth/handler.hpp"
#include "actors/runtime/component.hpp"
#include "actors/runtime/registry.hpp"

namespace troupe::otelcol::auth {

/// Arguments are what a handler is made of: `resolve()` puts in what is read from files, `files()` names those,
/// `prepare(…)` is the handler's. One that can't be resolved refuses to prepare: nothing is sent without credentials.
template <class Arguments>
class handler_of final : public handler {
 public:
  explicit handler_of(Arguments from) : arguments_(std::move(from)) {
    if (const auto ok = arguments_.resolve(); !ok) trouble_ = ok.error().message;
  }
  [[nodiscard]] result<void> prepare(http::client_options& options) const override {
    if (!trouble_.empty()) return failure(trouble_);
    arguments_.prepare(options);
    return {};
  }
  void prepare(request_headers& headers) const override { arguments_.prepare(headers); }
  [[nodiscard]] bool equals(const config::capsule& other) const override {
    const auto* same = dynamic_cast<const handler_of*>(&other);
    return same != nullptr && same->arguments_ == arguments_ && same->trouble_ == trouble_;
  }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  Arguments arguments_;
  std::string trouble_;
};

/// An `otelcol.auth.*` component: says how to authenticate, and says so again when a file has changed.
template <class Arguments>
class component final : public runtime::component {
 public:
  using arguments_type = Arguments;
  component(runtime::component_context& context, std::shared_ptr<const Arguments> arguments)
      : context_(context), arguments_(std::move(arguments)) {}

  [[nodiscard]] static config::value exports(const runtime::component_place&, const Arguments& from) {
    return exported(std::make_shared<const handler_of<Arguments>>(from));
  }
  void start() override { look(); }
  result<void> update(const runtime::arguments_ref& arguments) override {
    arguments_ = std::static_pointer_cast<const Arguments>(arguments);
    look();
    return {};
  }

 private:
  static constexpr auto look_every = std::chrono::seconds(1);

  [[nodiscard]] static config::value exported(std::shared_ptr<const handler> one) {
    return config::object::in_order({{"handler", std::shared_ptr<const config::capsule>(std::move(one))}});
  }
  void look() {
    auto now = std::make_shared<const handler_of<Arguments>>(*arguments_);
    if (now->trouble() != trouble_) {
      trouble_ = now->trouble();
      context_.set_health(trouble_.empty() ? runtime::health_state::healthy : runtime::health_state::unhealthy,
                          trouble_);
    }
    const bool watches = !arguments_->files().empty();
    speaks_ = speaks_ || watches;  // who has begun to say what it exports has to go on
    if (speaks_) context_.set_exports(exported(std::move(now)));
    again_ = watches ? context_.after(look_every, [this] { look(); }) : runtime::timer();
  }

  runtime::component_context& context_;
  std::shared_ptr<const Arguments> arguments_;
  std::string trouble_;
  bool speaks_ = false;
  runtime::timer again_;
};

}  // namespace troupe::otelcol::auth
