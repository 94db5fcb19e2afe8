#pragma once

#include "config/conversion.hpp"
#include "config/value.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::config {

/// A size in bytes, written `"1MiB"` or as a bare number.
struct byte_size {
  std::int64_t bytes = 0;
  friend bool operator==(const byte_size&, const byte_size&) = default;
};
/// `1MiB`, `0B`: the largest unit that needs no fraction.
std::string print_size(std::int64_t bytes);

/// A text that is never shown.
struct secret_text {
  std::string text;
  friend bool operator==(const secret_text&, const secret_text&) = default;
};

/// How a C++ type is written in a configuration. Specialise it for types of your own:
///   static std::string type()               what the documentation calls it
///   static fitted<T> from(const value&)     never called with null, which means T{}
///   static value to(const T&)               what the API shows
template <class T>
struct field;

/// The value as a T; null is T{}.
template <class T>
fitted<T> decode_value(const value& v) {
  if (v.is_null()) return T{};
  return field<T>::from(v);
}

namespace parts {

tl::unexpected<misfit> misfit_of(std::string message);
fitted<std::int64_t> signed_integer(const value& v);
fitted<std::uint64_t> unsigned_integer(const value& v);
fitted<double> floating(const value& v);
fitted<bool> boolean(const value& v);
/// The elements; a misfit where it is no array.
fitted<array> elements(const value& v);
/// The fields, also of a capsule that has some.
fitted<object> fields(const value& v);
/// What doesn't fit in a list or a map: the first max_misfits of it.
class misfits {
 public:
  /// One that was found in the element or the field of that name. False: there is no room for more.
  bool add(misfit why, const path_step& step);
  [[nodiscard]] bool empty() const { return !first_; }
  /// All as one. Not when empty.
  [[nodiscard]] tl::unexpected<misfit> take() { return tl::make_unexpected(std::move(*first_)); }

 private:
  std::optional<misfit> first_;
};

}  // namespace parts

template <>
struct field<bool> {
  static std::string type() { return "bool"; }
  static fitted<bool> from(const value& v) { return parts::boolean(v); }
  static value to(bool b) { return b; }
};
template <>
struct field<std::int64_t> {
  static std::string type() { return "number"; }
  static fitted<std::int64_t> from(const value& v) { return parts::signed_integer(v); }
  static value to(std::int64_t n) { return n; }
};
template <>
struct field<std::uint64_t> {
  static std::string type() { return "number"; }
  static fitted<std::uint64_t> from(const value& v) { return parts::unsigned_integer(v); }
  static value to(std::uint64_t n) { return n; }
};
template <>
struct field<double> {
  static std::string type() { return "number"; }
  static fitted<double> from(const value& v) { return parts::floating(v); }
  static value to(double n) { return n; }
};
template <>
struct field<std::string> {
  static std::string type() { return "string"; }
  static fitted<std::string> from(const value& v) { return to_string(v); }
  static value to(const std::string& s) { return s; }
};
template <>
struct field<std::chrono::nanoseconds> {
  static std::string type() { return "duration"; }
  static fitted<std::chrono::nanoseconds> from(const value& v) { return to_duration(v); }
  static value to(std::chrono::nanoseconds d) { return print_duration(d); }
};
template <>
struct field<byte_size> {
  static std::string type() { return "size"; }
  static fitted<byte_size> from(const value& v) {
    return to_size(v).map([](std::int64_t n) { return byte_size{n}; });
  }
  static value to(const byte_size& s) { return print_size(s.bytes); }
};
template <>
struct field<secret_text> {
  static std::string type() { return "secret"; }
  static fitted<secret_text> from(const value& v) {
    return to_secret_text(v).map([](std::string s) { return secret_text{std::move(s)}; });
  }
  static value to(const secret_text& s) { return s.text.empty() ? value("") : make_secret(s.text); }
};
template <>
struct field<value> {
  static std::string type() { return "any"; }
  static fitted<value> from(const value& v) { return v; }
  static value to(const value& v) { return v; }
};

template <class T>
struct field<std::optional<T>> {
  static std::string type() { return field<T>::type(); }
  static fitted<std::optional<T>> from(const value& v) {
    return field<T>::from(v).map([](T one) { return std::optional<T>(std::move(one)); });
  }
  static value to(const std::optional<T>& o) { return o ? field<T>::to(*o) : value(); }
};

template <class T>
struct field<std::vector<T>> {
  static std::string type() { return "list(" + field<T>::type() + ")"; }
  static fitted<std::vector<T>> from(const value& v) {
    const auto all = parts::elements(v);
    if (!all) return tl::unexpected(all.error());
    std::vector<T> made;
    made.reserve(all->size());
    parts::misfits wrong;
    for (std::size_t i = 0; i < all->size(); ++i) {
      auto one = decode_value<T>((*all)[i]);
      if (one) {
        made.push_back(std::move(*one));
      } else if (!wrong.add(std::move(one.error()), {i})) {
        break;
      }
    }
    if (!wrong.empty()) return wrong.take();
    return made;
  }
  static value to(const std::vector<T>& all) {
    array made;
    for (const auto& one : all)
      made.push_back(field<T>::to(one));
    return made;
  }
};

template <class T>
struct field<std::map<std::string, T>> {
  static std::string type() { return "map(" + field<T>::type() + ")"; }
  static fitted<std::map<std::string, T>> from(const value& v) {
    const auto all = parts::fields(v);
    if (!all) return tl::unexpected(all.error());
    std::map<std::string, T> made;
    parts::misfits wrong;
    for (const auto& [name, inner] : *all) {
      auto one = decode_value<T>(inner);
      if (one) {
        made.insert_or_assign(name, std::move(*one));
      } else if (!wrong.add(std::move(one.error()), {name})) {
        break;
      }
    }
    if (!wrong.empty()) return wrong.take();
    return made;
  }
  static value to(const std::map<std::string, T>& all) {
    std::vector<object::entry> made;
    made.reserve(all.size());
    for (const auto& [name, one] : all)
      made.emplace_back(name, field<T>::to(one));
    return object(std::move(made));
  }
};

}  // namespace troupe::config
