#include "config/value.hpp"

#include "config/secret.hpp"
#include "config/unicode.hpp"

#include <algorithm>
#include <iterator>

namespace troupe::config {

std::string_view name_of(kind k) {
  switch (k) {
    case kind::null:
      return "null";
    case kind::number:
      return "number";
    case kind::string:
      return "string";
    case kind::boolean:
      return "bool";
    case kind::array:
      return "array";
    case kind::object:
      return "object";
    case kind::function:
      return "function";
    case kind::capsule:
      return "capsule";
  }
  return "";
}

value::value() noexcept = default;
value::value(const value& other) = default;
value::value(value&& other) noexcept = default;
value& value::operator=(const value& other) = default;
value& value::operator=(value&& other) noexcept = default;
value::~value() = default;

value::value(std::string text) : payload_(std::make_shared<const std::string>(std::move(text))) {}
value::value(config::array elements) : payload_(std::make_shared<const config::array>(std::move(elements))) {}
value::value(config::object fields) : payload_(std::make_shared<const config::object>(std::move(fields))) {}
value::value(config::function f) : payload_(std::make_shared<const config::function>(std::move(f))) {}
value::value(std::shared_ptr<const config::capsule> c) {
  if (c != nullptr) payload_ = std::move(c);
}

kind value::type() const {
  static constexpr kind kinds[] = {kind::null,  kind::boolean, kind::number,   kind::string,
                                   kind::array, kind::object,  kind::function, kind::capsule};
  return kinds[payload_.index()];
}

const std::string* value::as_string() const {
  const auto* p = std::get_if<shared<std::string>>(&payload_);
  return p != nullptr ? p->get() : nullptr;
}

const config::array* value::as_array() const {
  const auto* p = std::get_if<shared<config::array>>(&payload_);
  return p != nullptr ? p->get() : nullptr;
}

const config::object* value::as_object() const {
  const auto* p = std::get_if<shared<config::object>>(&payload_);
  return p != nullptr ? p->get() : nullptr;
}

const config::function* value::as_function() const {
  const auto* p = std::get_if<shared<config::function>>(&payload_);
  return p != nullptr ? p->get() : nullptr;
}

std::shared_ptr<const config::capsule> value::as_capsule() const {
  const auto* p = std::get_if<shared<config::capsule>>(&payload_);
  return p != nullptr ? *p : nullptr;
}

namespace {

bool equal_objects(const object& a, const object& b) {
  if (a.size() != b.size()) return false;
  return std::all_of(a.begin(), a.end(), [&](const object::entry& entry) {
    const value* other = b.find(entry.first);
    return other != nullptr && entry.second == *other;
  });
}

}  // namespace

bool operator==(const value& a, const value& b) {
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case kind::null:
      return true;
    case kind::boolean:
      return *a.as_bool() == *b.as_bool();
    case kind::number:
      return *a.as_number() == *b.as_number();
    case kind::string:
      return *a.as_string() == *b.as_string();
    case kind::array:
      return a.as_array() == b.as_array() || *a.as_array() == *b.as_array();
    case kind::object:
      return a.as_object() == b.as_object() || equal_objects(*a.as_object(), *b.as_object());
    case kind::function:
      return false;
    case kind::capsule: {
      const auto left = a.as_capsule();
      const auto right = b.as_capsule();
      return left == right || left->equals(*right);
    }
  }
  return false;
}

object::object(std::vector<entry> entries) : entries_(std::move(entries)) {
  std::stable_sort(entries_.begin(), entries_.end(), [](const entry& a, const entry& b) { return a.first < b.first; });
  // Of equal names only the last stays.
  const auto kept = std::unique(entries_.rbegin(), entries_.rend(),
                                [](const entry& a, const entry& b) { return a.first == b.first; });
  entries_.erase(entries_.begin(), kept.base());
}

object object::in_order(std::vector<entry> entries) {
  object made;
  made.entries_ = std::move(entries);
  made.sorted_ = false;
  return made;
}

const value* object::find(std::string_view name) const {
  const auto found =
      sorted_ ? std::lower_bound(entries_.begin(), entries_.end(), name,
                                 [](const entry& e, std::string_view n) { return e.first < n; })
              : std::find_if(entries_.begin(), entries_.end(), [&](const entry& e) { return e.first == name; });
  return found != entries_.end() && found->first == name ? &found->second : nullptr;
}

path_step::path_step(std::size_t index) : key(index) {}
path_step::path_step(std::string name) : key(std::move(name)) {}
path_step::path_step(const char* name) : key(std::string(name)) {}
path_step::path_step(const path_step& other) = default;
path_step::path_step(path_step&& other) noexcept = default;
path_step& path_step::operator=(const path_step& other) = default;
path_step& path_step::operator=(path_step&& other) noexcept = default;
path_step::~path_step() = default;

std::string capsule::to_text() const {
  return "capsule(" + quoted(type_name()) + ")";
}

bool capsule::equals(const capsule&) const {
  return false;
}

bool secret::equals(const capsule& other) const {
  const auto* same = dynamic_cast<const secret*>(&other);
  return same != nullptr && same->text_ == text_;
}

std::string optional_secret::to_text() const {
  return is_secret_ ? "(secret)" : quoted(text_);
}

bool optional_secret::equals(const capsule& other) const {
  const auto* same = dynamic_cast<const optional_secret*>(&other);
  return same != nullptr && same->text_ == text_ && same->is_secret_ == is_secret_;
}

misfit type_misfit(kind wanted, const value& v) {
  return {"should be " + std::string(name_of(wanted)) + ", got " + std::string(name_of(v.type())), {}};
}

std::string describe(const value& v) {
  const auto c = v.as_capsule();
  return c != nullptr ? "capsule(" + quoted(c->type_name()) + ")" : std::string(name_of(v.type()));
}

}  // namespace troupe::config
