#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/ast.hpp"
#include "config/parser.hpp"
#include "config/schema.hpp"
#include "config/secret.hpp"

namespace troupe::testing {

/// A block's content as a component gets it, or what is wrong with it. `auth` and `secret` may be referred to.
template <class Arguments>
class written {
 public:
  written(const config::component_schema& schema, const std::string& body, const config::value& auth = {}) {
    config::diagnostics out;
    const auto file =
        config::parse(config::source_file::make("test", schema.name() + " \"x\" {\n" + body + "\n}\n"), out);
    config::scope names;
    names.set("auth", auth);
    names.set("secret", config::make_secret("hidden"));
    if (!out.has_errors())
      arguments_ =
          std::static_pointer_cast<const Arguments>(schema.decode(*file.statements.at(0).as_block(), names, out));
    complaints_ = config::pretty(out);
    if (arguments_) json_ = schema.to_json(arguments_);
  }
  explicit operator bool() const { return arguments_ != nullptr; }
  const Arguments* operator->() const { return arguments_.get(); }
  const Arguments& operator*() const { return *arguments_; }
  [[nodiscard]] const std::string& complaints() const { return complaints_; }
  [[nodiscard]] bool complains(const std::string& of) const {
    return !arguments_ && complaints_.find(of) != std::string::npos;
  }
  [[nodiscard]] const std::string& json() const { return json_; }

 private:
  std::shared_ptr<const Arguments> arguments_;
  std::string complaints_, json_;
};

}  // namespace troupe::testing
