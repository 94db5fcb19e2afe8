#include "config/conversion.hpp"
#include "config/limits.hpp"
#include "config/stdlib_parts.hpp"

#include <algorithm>
#include <map>

namespace troupe::config {

namespace {

constexpr std::size_t max_comparisons = 100'000'000;

tl::unexpected<misfit> too_many() {
  return refuse("makes an array of more than " + std::to_string(max_elements) + " elements");
}

fitted<value> concat(arguments given) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (!given[i].is(kind::array)) return at_argument(type_misfit(kind::array, given[i]), i);
    size += given[i].as_array()->size();
  }
  if (given.size() == 1) return given[0];
  if (size > max_elements) return too_many();
  array all;
  all.reserve(size);
  for (const auto& list : given)
    all.insert(all.end(), list.as_array()->begin(), list.as_array()->end());
  return value(std::move(all));
}

/// The objects of an argument: a list of objects, or of capsules with fields.
fitted<std::vector<const object*>> objects_of(arguments given, std::size_t argument) {
  const array* list = given[argument].as_array();
  if (list == nullptr) return at_argument(type_misfit(kind::array, given[argument]), argument);
  std::vector<const object*> objects;
  objects.reserve(list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    const value& v = (*list)[i];
    const auto c = v.as_capsule();
    const object* fields = c != nullptr ? c->fields() : v.as_object();
    if (fields == nullptr) {
      misfit why = type_misfit(kind::object, v);
      why.path = {{i}};
      return at_argument(std::move(why), argument);
    }
    objects.push_back(fields);
  }
  return objects;
}

fitted<std::vector<std::string>> keys_of(arguments given, std::size_t argument) {
  const array* list = given[argument].as_array();
  if (list == nullptr) return at_argument(type_misfit(kind::array, given[argument]), argument);
  if (list->empty()) return refuse("combine_maps: merge conditions must not be empty", argument);
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string* key = (*list)[i].as_string();
    if (key == nullptr) {
      misfit why = type_misfit(kind::string, (*list)[i]);
      why.path = {{i}};
      return at_argument(std::move(why), argument);
    }
    keys.push_back(*key);
  }
  return keys;
}

bool matches(const object& left, const object& right, const std::vector<std::string>& keys) {
  return std::all_of(keys.begin(), keys.end(), [&](const std::string& key) {
    const value* a = left.find(key);
    const value* b = right.find(key);
    return a != nullptr && b != nullptr && *a == *b;
  });
}

value merged(const object& left, const object& right) {
  std::vector<object::entry> entries(left.begin(), left.end());
  entries.insert(entries.end(), right.begin(), right.end());  // of equal names the later counts
  return object(std::move(entries));
}

fitted<value> combine_maps(arguments given) {
  if (given.size() != 3 && given.size() != 4) {
    return refuse("combine_maps: expected 3 or 4 arguments, got " + std::to_string(given.size()));
  }
  const auto left = objects_of(given, 0);
  if (!left) return tl::make_unexpected(left.error());
  const auto right = objects_of(given, 1);
  if (!right) return tl::make_unexpected(right.error());
  const auto keys = keys_of(given, 2);
  if (!keys) return tl::make_unexpected(keys.error());
  if (given.size() == 4 && !given[3].is(kind::boolean)) return at_argument(type_misfit(kind::boolean, given[3]), 3);
  const bool passthrough = given.size() == 4 && *given[3].as_bool();
  if (!right->empty() && left->size() > max_comparisons / right->size())
    return refuse("combine_maps: the lists are too long");
  array result;
  for (std::size_t i = 0; i < left->size(); ++i) {
    bool matched = false;
    for (const object* other : *right) {
      if (!matches(*(*left)[i], *other, *keys)) continue;
      matched = true;
      result.push_back(merged(*(*left)[i], *other));
      if (result.size() > max_elements) return too_many();
    }
    if (!matched && passthrough) result.push_back((*given[0].as_array())[i]);
  }
  return value(std::move(result));
}

fitted<value> group_by(arguments given) {
  if (given.size() != 3) return refuse("group_by: expected 3 arguments, got " + std::to_string(given.size()));
  const auto items = objects_of(given, 0);
  if (!items) return tl::make_unexpected(items.error());
  const std::string* key = given[1].as_string();
  if (key == nullptr) return at_argument(type_misfit(kind::string, given[1]), 1);
  const bool* drop_missing = given[2].as_bool();
  if (drop_missing == nullptr) return at_argument(type_misfit(kind::boolean, given[2]), 2);
  std::map<std::string, std::size_t> places;
  std::vector<std::pair<std::string, array>> groups;  // in order of first appearance
  for (std::size_t i = 0; i < items->size(); ++i) {
    const value* found = (*items)[i]->find(*key);
    if (found == nullptr && *drop_missing) continue;
    if (found != nullptr && !found->is(kind::string)) {
      misfit why = type_misfit(kind::string, *found);
      why.path = {{i}, {*key}};
      return at_argument(std::move(why), 0);
    }
    const std::string name = found != nullptr ? *found->as_string() : "";
    const auto [place, is_new] = places.try_emplace(name, groups.size());
    if (is_new) groups.push_back({name, {}});
    groups[place->second].second.push_back(value(*(*items)[i]));
  }
  array result;
  for (auto& [name, members] : groups) {
    result.push_back(object({{*key, value(name)}, {"items", value(std::move(members))}}));
  }
  return value(std::move(result));
}

}  // namespace

library array_functions() {
  return {variadic("concat", 0, concat), variadic("combine_maps", 0, combine_maps), variadic("group_by", 0, group_by)};
}

}  // namespace troupe::config
