#pragma once

#include "config/number.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::config {

class value;
class capsule;
class object;
class function;
using array = std::vector<value>;

/// What messages call a type; `name_of` gives the word.
enum class kind { null, number, string, boolean, array, object, function, capsule };
std::string_view name_of(kind k);

/// What an expression evaluates to. Immutable and cheap to copy: texts, arrays, objects, functions and capsules are
/// shared. May be read from any thread.
class value {
 public:
  value() noexcept;  ///< null
  // Not inline: gcc 12 sees uninitialised pointers in moves of the variant.
  value(const value& other);
  value(value&& other) noexcept;
  value& operator=(const value& other);
  value& operator=(value&& other) noexcept;
  ~value();
  value(std::nullptr_t) : value() {}
  value(bool b) : payload_(b) {}
  value(number n) : payload_(n) {}
  value(std::int64_t i) : payload_(number(i)) {}
  value(std::uint64_t u) : payload_(number(u)) {}
  value(int i) : payload_(number(std::int64_t{i})) {}
  value(unsigned u) : payload_(number(std::uint64_t{u})) {}
  value(double d) : payload_(number(d)) {}
  value(std::string text);
  value(std::string_view text) : value(std::string(text)) {}
  value(const char* text) : value(std::string(text)) {}
  value(config::array elements);
  value(config::object fields);
  value(config::function f);
  value(std::shared_ptr<const config::capsule> c);  ///< null for a null pointer
  template <class T>
  requires std::is_convertible_v<std::shared_ptr<T>, std::shared_ptr<const config::capsule>> value(std::shared_ptr<T> c)
      : value(std::shared_ptr<const config::capsule>(std::move(c))) {}

  [[nodiscard]] kind type() const;
  [[nodiscard]] bool is(kind k) const { return type() == k; }
  [[nodiscard]] bool is_null() const { return is(kind::null); }

  /// The payload, null when the value is of another kind. Valid as long as this value or a copy of it.
  [[nodiscard]] const bool* as_bool() const { return std::get_if<bool>(&payload_); }
  [[nodiscard]] const number* as_number() const { return std::get_if<number>(&payload_); }
  [[nodiscard]] const std::string* as_string() const;
  [[nodiscard]] const config::array* as_array() const;
  [[nodiscard]] const config::object* as_object() const;
  [[nodiscard]] const config::function* as_function() const;
  [[nodiscard]] std::shared_ptr<const config::capsule> as_capsule() const;

  /// The capsule if it holds a T, else null. T derives from capsule.
  template <class T>
  [[nodiscard]] std::shared_ptr<const T> as() const {
    return std::dynamic_pointer_cast<const T>(as_capsule());
  }

  /// The language's `==`: different kinds are unequal, numbers compare by value, arrays and objects deeply, functions
  /// never.
  friend bool operator==(const value& a, const value& b);

 private:
  template <class T>
  using shared = std::shared_ptr<const T>;
  std::variant<std::monostate, bool, number, shared<std::string>, shared<config::array>, shared<config::object>,
               shared<config::function>, shared<config::capsule>>
      payload_;
};

/// Fields by name. What comes from a map (a literal, JSON) is sorted by name; what a component exports keeps its order.
class object {
 public:
  using entry = std::pair<std::string, value>;

  object() = default;
  /// Sorted by name; of equal names the last counts.
  explicit object(std::vector<entry> entries);
  /// Keeps the order given; names must be distinct.
  static object in_order(std::vector<entry> entries);

  [[nodiscard]] const value* find(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] auto begin() const { return entries_.begin(); }
  [[nodiscard]] auto end() const { return entries_.end(); }

 private:
  std::vector<entry> entries_;
  bool sorted_ = true;
};

/// Something only a component understands: a receiver, a target, a secret. Subclasses are immutable or thread-safe.
class capsule {
 public:
  virtual ~capsule() = default;

  /// What messages call it inside `capsule("…")`, e.g. `prometheus.MetricsReceiver`.
  [[nodiscard]] virtual std::string type_name() const = 0;
  /// How the API, the UI and printed values show it: `capsule("<type name>")` unless it says better.
  [[nodiscard]] virtual std::string to_text() const;
  /// Equality inside the language and when exports are compared; identity unless it says better. Never called with
  /// itself.
  [[nodiscard]] virtual bool equals(const capsule& other) const;
  /// A capsule that can be read like an object (a target) says its fields; null for the others. Must live as long as
  /// it.
  [[nodiscard]] virtual const object* fields() const { return nullptr; }
};

/// One step from a value into what it holds: an array's index or a field's name.
struct path_step {
  path_step(std::size_t index);
  path_step(std::string name);
  path_step(const char* name);
  // Not inline for value's reason.
  path_step(const path_step& other);
  path_step(path_step&& other) noexcept;
  path_step& operator=(const path_step& other);
  path_step& operator=(path_step&& other) noexcept;
  ~path_step();

  std::variant<std::size_t, std::string> key;
};

/// Why a value doesn't fit, without its place: `path` leads from the value at hand to the culprit.
/// `argument` is set by functions: which of their arguments it is about.
struct misfit {
  std::string message;
  std::vector<path_step> path;
  std::size_t argument = no_argument;
  std::vector<misfit> others = {};  ///< further culprits in the same value; they have no others

  static constexpr std::size_t no_argument = static_cast<std::size_t>(-1);
};

template <class T>
using fitted = tl::expected<T, misfit>;

/// `should be <wanted>, got <type of v>`
misfit type_misfit(kind wanted, const value& v);

/// Something that can be called. Never throws; same arguments, same result (sys.env aside).
class function {
 public:
  using body = std::function<fitted<value>(std::span<const value> arguments)>;

  function(std::string name, body run) : name_(std::move(name)), run_(std::move(run)) {}
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] fitted<value> operator()(std::span<const value> arguments) const { return run_(arguments); }

 private:
  std::string name_;
  body run_;
};

/// The value as Alloy syntax, on several lines when it is an object with fields. Secrets print as `(secret)`, functions
/// as `function`, capsules as they say themselves.
std::string print(const value& v);

/// Kind, and for capsules what they are: `string`, `capsule("secret")`.
std::string describe(const value& v);

}  // namespace troupe::config
