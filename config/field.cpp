#include "config/field.hpp"

#include "config/limits.hpp"

#include <array>

namespace troupe::config {

std::string print_size(std::int64_t bytes) {
  constexpr std::array units{"EiB", "PiB", "TiB", "GiB", "MiB", "KiB"};
  std::int64_t unit = std::int64_t{1} << 60;
  for (const char* name : units) {
    if (bytes != 0 && bytes % unit == 0) return std::to_string(bytes / unit) + name;
    unit >>= 10;
  }
  return std::to_string(bytes) + "B";
}

namespace parts {

tl::unexpected<misfit> misfit_of(std::string message) {
  return tl::make_unexpected(misfit{std::move(message), {}});
}

bool misfits::add(misfit why, const path_step& step) {
  auto others = std::move(why.others);
  others.insert(others.begin(), std::move(why));
  for (auto& one : others) {
    one.path.insert(one.path.begin(), step);
    if (!first_) {
      first_ = std::move(one);
    } else if (first_->others.size() + 1 < max_misfits) {
      first_->others.push_back(std::move(one));
    }
  }
  return first_->others.size() + 1 < max_misfits;
}

namespace {

fitted<number> a_number(const value& v) {
  const auto converted = convert(v, wanted::number);
  if (!converted) return tl::unexpected(converted.error());
  return *converted->as_number();
}

}  // namespace

fitted<std::int64_t> signed_integer(const value& v) {
  const auto n = a_number(v);
  if (!n) return tl::unexpected(n.error());
  if (const auto exact = n->exact_int64()) return *exact;
  return misfit_of("should be a whole number between -9223372036854775808 and 9223372036854775807, got " + n->text());
}

fitted<std::uint64_t> unsigned_integer(const value& v) {
  const auto n = a_number(v);
  if (!n) return tl::unexpected(n.error());
  if (const auto exact = n->exact_uint64()) return *exact;
  return misfit_of("should be a whole number between 0 and 18446744073709551615, got " + n->text());
}

fitted<double> floating(const value& v) {
  return a_number(v).map([](const number& n) { return n.to_double(); });
}

fitted<bool> boolean(const value& v) {
  const auto converted = convert(v, wanted::boolean);
  if (!converted) return tl::unexpected(converted.error());
  return *converted->as_bool();
}

fitted<array> elements(const value& v) {
  const auto converted = convert(v, wanted::array);
  if (!converted) return tl::unexpected(converted.error());
  return *converted->as_array();
}

fitted<object> fields(const value& v) {
  const auto converted = convert(v, wanted::object);
  if (!converted) return tl::unexpected(converted.error());
  return *converted->as_object();
}

}  // namespace parts

}  // namespace troupe::config
