#pragma once

#include "config/ast.hpp"
#include "config/evaluator.hpp"
#include "config/field.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::config {

enum class stability : std::uint8_t { experimental, public_preview, generally_available };
[[nodiscard]] std::string_view to_string(stability level);

/// What types can't say: `at` names the attribute or block that is to blame (empty: the whole block).
struct complaint {
  std::string at;
  std::string message;
};
using complaints = std::vector<complaint>;

class body_schema;

/// `name = value`, one member of a struct.
struct attribute_schema {
  std::string name, type, doc;
  bool required = false;
  bool not_yet = false;                      ///< refused unless it is as the struct has it by default
  std::vector<std::string> choices;          ///< what a text may be; empty: anything
  std::vector<std::string> not_yet_choices;  ///< what it might be elsewhere
  std::function<std::optional<misfit>(void*, const value&)> set;
  std::function<value(const void*)> get;
};

/// `name { … }`, a struct inside a struct. Several kinds that share one ordered list (`stage.json`, `stage.regex`) are
/// alternatives of one entry.
struct block_schema {
  enum class count : std::uint8_t { optional, required, any } how_many = count::optional;
  struct alternative {
    std::string name;
    std::shared_ptr<const body_schema> body;
  };
  std::string doc;
  bool not_yet = false;                   ///< refused wherever it is written
  std::vector<alternative> alternatives;  ///< one, but for variants
  /// Where the content of the next block of that alternative goes.
  std::function<void*(void*, std::size_t alternative)> add;
  /// f(alternative, content) for each block there is, in order.
  std::function<void(const void*, const std::function<void(std::size_t, const void*)>&)> each;
};

/// Everything that may stand between the braces of a block. The functions take the struct it describes.
class body_schema {
 public:
  [[nodiscard]] const std::vector<attribute_schema>& attributes() const { return attributes_; }
  [[nodiscard]] const std::vector<block_schema>& blocks() const { return blocks_; }
  [[nodiscard]] const attribute_schema* find_attribute(std::string_view name) const;
  /// The block and which alternative of it.
  [[nodiscard]] std::pair<const block_schema*, std::size_t> find_block(std::string_view name) const;
  [[nodiscard]] complaints check(const void* content) const;
  [[nodiscard]] const void* defaults() const { return defaults_.get(); }

 protected:
  void add(attribute_schema one) { attributes_.push_back(std::move(one)); }
  void add(block_schema one) { blocks_.push_back(std::move(one)); }
  attribute_schema& last_attribute() { return attributes_.back(); }
  block_schema& last_block() { return blocks_.back(); }
  template <class T, class M>
  void include_body(M T::*member, const body_schema& inner);

  std::shared_ptr<const void> defaults_;
  std::vector<std::function<complaints(const void*)>> checks_;

 private:
  std::vector<attribute_schema> attributes_;
  std::vector<block_schema> blocks_;
};

/// Builds the schema of a struct T, member by member. T is default-constructible (those are the defaults) and copyable.
template <class T, class Base = body_schema>
class body_of : public Base {
 public:
  template <class... A>
  explicit body_of(A&&... arguments) : Base(std::forward<A>(arguments)...) {
    this->defaults_ = std::make_shared<const T>();
  }

  template <class M>
  body_of& attribute(std::string name, M T::*member, std::string doc) {
    attribute_schema one{std::move(name), field<M>::type(), std::move(doc), false, false, {}, {}, nullptr, nullptr};
    one.set = [member](void* content, const value& v) -> std::optional<misfit> {
      auto decoded = decode_value<M>(v);
      if (!decoded) return decoded.error();
      static_cast<T*>(content)->*member = std::move(*decoded);
      return std::nullopt;
    };
    one.get = [member](const void* content) { return field<M>::to(static_cast<const T*>(content)->*member); };
    this->add(std::move(one));
    return *this;
  }
  template <class M>
  body_of& required(std::string name, M T::*member, std::string doc) {
    attribute(std::move(name), member, std::move(doc));
    this->last_attribute().required = true;
    return *this;
  }
  /// A text that is one of these, or a list of such texts. `not_yet`: known to the language, but not supported here.
  template <class M>
  body_of& choice(std::string name, M T::*member, std::vector<std::string> choices, std::string doc,
                  std::vector<std::string> not_yet = {}) {
    attribute(std::move(name), member, std::move(doc));
    this->last_attribute().choices = std::move(choices);
    this->last_attribute().not_yet_choices = std::move(not_yet);
    return *this;
  }
  /// Known to the language, but does nothing here: refused unless it is written as its default.
  template <class M>
  body_of& not_yet(std::string name, M T::*member, std::string doc) {
    attribute(std::move(name), member, std::move(doc));
    this->last_attribute().not_yet = true;
    return *this;
  }
  /// The same for a whole block.
  body_of& not_yet_block(std::string name, std::string doc) {
    block_schema one;
    one.doc = std::move(doc);
    one.not_yet = true;
    one.alternatives = {{std::move(name), std::make_shared<const body_schema>()}};
    one.add = [](void* content, std::size_t) { return content; };
    one.each = [](const void*, const auto&) {};
    this->add(std::move(one));
    return *this;
  }

  /// At most one; a member M is as its defaults where the block is absent, an optional one is empty.
  template <class M>
  body_of& block(std::string name, M T::*member, const body_of<M>& inner, std::string doc) {
    add_block(
        std::move(name), inner, std::move(doc), block_schema::count::optional,
        [member](void* content, std::size_t) -> void* { return &(static_cast<T*>(content)->*member); },
        [member](const void* content, const auto& f) { f(0, &(static_cast<const T*>(content)->*member)); });
    return *this;
  }
  template <class M>
  body_of& block(std::string name, std::optional<M> T::*member, const body_of<M>& inner, std::string doc) {
    add_block(
        std::move(name), inner, std::move(doc), block_schema::count::optional,
        [member](void* content, std::size_t) -> void* { return &(static_cast<T*>(content)->*member).emplace(); },
        [member](const void* content, const auto& f) {
          if (const auto& one = static_cast<const T*>(content)->*member) f(0, &*one);
        });
    return *this;
  }
  template <class M>
  body_of& required_block(std::string name, M T::*member, const body_of<M>& inner, std::string doc) {
    block(std::move(name), member, inner, std::move(doc));
    this->last_block().how_many = block_schema::count::required;
    return *this;
  }
  /// Any number, in order.
  template <class M>
  body_of& blocks(std::string name, std::vector<M> T::*member, const body_of<M>& inner, std::string doc) {
    add_block(
        std::move(name), inner, std::move(doc), block_schema::count::any,
        [member](void* content, std::size_t) -> void* { return &(static_cast<T*>(content)->*member).emplace_back(); },
        [member](const void* content, const auto& f) {
          for (const auto& one : static_cast<const T*>(content)->*member)
            f(0, &one);
        });
    return *this;
  }
  /// Any number of several kinds, in one order: `variants("stage", &T::stages, doc, "json", json_schema(), "regex",
  /// …)`, the kinds in the order of the variant's types.
  template <class... M, class... Rest>
  body_of& variants(const std::string& prefix, std::vector<std::variant<M...>> T::*member, std::string doc,
                    Rest&&... kinds) {
    static_assert(sizeof...(Rest) == 2 * sizeof...(M), "a name and a schema for each kind");
    block_schema one;
    one.doc = std::move(doc);
    one.how_many = block_schema::count::any;
    add_kinds(one, prefix, std::forward<Rest>(kinds)...);
    one.add = [member](void* content, std::size_t which) -> void* {
      auto& list = static_cast<T*>(content)->*member;
      static constexpr void* (*makers[])(std::vector<std::variant<M...>>&) = {
          [](std::vector<std::variant<M...>>& to) -> void* { return &std::get<M>(to.emplace_back(M{})); }...};
      return makers[which](list);
    };
    one.each = [member](const void* content, const auto& f) {
      for (const auto& each : static_cast<const T*>(content)->*member) {
        std::visit([&](const auto& alternative) { f(each.index(), &alternative); }, each);
      }
    };
    this->add(std::move(one));
    return *this;
  }
  /// Arguments that several components share, written as if they were this block's own.
  template <class M>
  body_of& include(M T::*member, const body_of<M>& inner) {
    this->include_body(member, inner);
    return *this;
  }

  body_of& check(std::function<complaints(const T&)> f) {
    this->checks_.push_back([f = std::move(f)](const void* content) { return f(*static_cast<const T*>(content)); });
    return *this;
  }

 private:
  template <class Add, class Each>
  void add_block(std::string name, const body_schema& inner, std::string doc, block_schema::count how_many, Add add,
                 Each each) {
    block_schema one;
    one.how_many = how_many;
    one.doc = std::move(doc);
    one.alternatives = {{std::move(name), std::make_shared<const body_schema>(inner)}};
    one.add = add;
    one.each = each;
    this->add(std::move(one));
  }
  static void add_kinds(block_schema&, const std::string&) {}
  template <class Inner, class... Rest>
  static void add_kinds(block_schema& to, const std::string& prefix, const char* name, const Inner& inner,
                        Rest&&... rest) {
    to.alternatives.push_back({prefix + "." + name, std::make_shared<const body_schema>(inner)});
    add_kinds(to, prefix, std::forward<Rest>(rest)...);
  }
};

/// What a component declares of itself: everything that is said about it elsewhere comes from here.
class component_schema : public body_schema {
 public:
  component_schema(std::string name, stability level, std::string doc)
      : name_(std::move(name)), doc_(std::move(doc)), level_(level) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] stability level() const { return level_; }
  [[nodiscard]] const std::string& doc() const { return doc_; }
  struct exported {
    std::string name, type, doc;
  };
  [[nodiscard]] const std::vector<exported>& exported_fields() const { return exports_; }

  /// The struct that the block describes. Null where anything was wrong; all of it is in `out`.
  [[nodiscard]] std::shared_ptr<const void> decode(const ast::block& block, const scope& names, diagnostics& out) const;
  /// Says what is wrong and can be told without knowing what components export.
  void typecheck(const ast::block& block, const scope& names, diagnostics& out) const;
  [[nodiscard]] std::shared_ptr<const void> default_arguments() const { return defaults_; }
  [[nodiscard]] bool equal(const std::shared_ptr<const void>& a, const std::shared_ptr<const void>& b) const {
    return a == b || equal_(a.get(), b.get());
  }
  /// As the API shows arguments: a JSON array of attributes and blocks; what is as its default is left out.
  [[nodiscard]] std::string to_json(const std::shared_ptr<const void>& arguments) const;
  /// For people: every argument with its type, default and meaning.
  [[nodiscard]] std::string documentation() const;

 protected:
  std::vector<exported> exports_;
  std::function<std::shared_ptr<void>()> make_;
  std::function<bool(const void*, const void*)> equal_;

 private:
  std::string name_, doc_;
  stability level_;
};

template <class T>
class described : public body_of<T, component_schema> {
 public:
  described(std::string name, stability level, std::string doc)
      : body_of<T, component_schema>(std::move(name), level, std::move(doc)) {
    this->make_ = [] { return std::make_shared<T>(); };
    this->equal_ = [](const void* a, const void* b) { return *static_cast<const T*>(a) == *static_cast<const T*>(b); };
  }
  described& exports(std::string name, std::string type, std::string doc) {
    this->exports_.push_back({std::move(name), std::move(type), std::move(doc)});
    return *this;
  }
};

/// `describe<arguments>(name, level, doc)`, then `.exports(…)`, then the members.
template <class T>
[[nodiscard]] described<T> describe(std::string name, stability level, std::string doc) {
  return {std::move(name), level, std::move(doc)};
}

template <class T, class M>
void body_schema::include_body(M T::*member, const body_schema& inner) {
  const auto of = [member](void* content) -> void* { return &(static_cast<T*>(content)->*member); };
  const auto of_const = [member](const void* content) -> const void* {
    return &(static_cast<const T*>(content)->*member);
  };
  for (auto one : inner.attributes_) {
    one.set = [set = std::move(one.set), of](void* content, const value& v) { return set(of(content), v); };
    one.get = [get = std::move(one.get), of_const](const void* content) { return get(of_const(content)); };
    attributes_.push_back(std::move(one));
  }
  for (auto one : inner.blocks_) {
    one.add = [add = std::move(one.add), of](void* content, std::size_t which) { return add(of(content), which); };
    one.each = [each = std::move(one.each), of_const](const void* content, const auto& f) {
      each(of_const(content), f);
    };
    blocks_.push_back(std::move(one));
  }
  for (const auto& check : inner.checks_) {
    checks_.push_back([check, of_const](const void* content) { return check(of_const(content)); });
  }
}

/// The exports of a component, an object, as the API shows them: a JSON array of attributes.
[[nodiscard]] std::string exports_json(const value& exports);
/// A struct as the API shows debug info; defaults are shown, too.
[[nodiscard]] std::string body_json(const body_schema& of, const void* content);

}  // namespace troupe::config
