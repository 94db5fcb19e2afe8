#include "config/stdlib.hpp"

#include "config/conversion.hpp"
#include "config/evaluator.hpp"
#include "config/stdlib_parts.hpp"

#include <unistd.h>

#include <cstdlib>
#include <map>

namespace troupe::config {

object::entry fixed(std::string name, std::size_t count, function::body run) {
  auto checked = [count, run = std::move(run)](arguments given) -> fitted<value> {
    if (given.size() == count) return run(given);
    return refuse("expected " + std::to_string(count) + " args, got " + std::to_string(given.size()));
  };
  function made(name, std::move(checked));
  return {std::move(name), value(std::move(made))};
}

object::entry variadic(std::string name, std::size_t least, function::body run) {
  auto checked = [least, run = std::move(run)](arguments given) -> fitted<value> {
    if (given.size() >= least) return run(given);
    return refuse("expected at least " + std::to_string(least) + " args, got " + std::to_string(given.size()));
  };
  function made(name, std::move(checked));
  return {std::move(name), value(std::move(made))};
}

tl::unexpected<misfit> refuse(std::string message, std::size_t argument) {
  return tl::make_unexpected(misfit{std::move(message), {}, argument});
}

tl::unexpected<misfit> at_argument(misfit why, std::size_t argument) {
  why.argument = argument;
  return tl::make_unexpected(std::move(why));
}

fitted<std::string> text_argument(arguments given, std::size_t i) {
  auto text = to_string(given[i]);
  if (!text) return at_argument(text.error(), i);
  return text;
}

namespace {

fitted<value> environment(arguments given) {
  const auto name = text_argument(given, 0);
  if (!name) return tl::make_unexpected(name.error());
  const char* found = std::getenv(name->c_str());
  return value(found != nullptr ? found : "");
}

fitted<value> nonsensitive(arguments given) {
  auto text = to_secret_text(given[0]);
  if (!text) return at_argument(text.error(), 0);
  return value(std::move(*text));
}

bool is_nothing(const value& v) {
  switch (v.type()) {
    case kind::null:
      return true;
    case kind::boolean:
      return !*v.as_bool();
    case kind::number:
      return *v.as_number() == number(std::int64_t{0});
    case kind::string:
      return v.as_string()->empty();
    case kind::array:
      return v.as_array()->empty();
    case kind::object:
      return v.as_object()->empty();
    case kind::function:
      return false;
    case kind::capsule:
      break;
  }
  if (const auto s = v.as<secret>()) return s->reveal().empty();
  if (const auto s = v.as<optional_secret>()) return s->reveal().empty() && !s->is_secret();
  const object* fields = v.as_capsule()->fields();
  return fields != nullptr && fields->empty();
}

fitted<value> coalesce(arguments given) {
  for (const auto& v : given) {
    if (!is_nothing(v)) return v;
  }
  return given.empty() ? value() : given.back();
}

// Go's filepath.Join: empty parts vanish, `.` and `..` are resolved as far as they can be.
fitted<value> path_join(arguments given) {
  std::string joined;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto part = text_argument(given, i);
    if (!part) return tl::make_unexpected(part.error());
    if (part->empty()) continue;
    if (!joined.empty()) joined += '/';
    joined += *part;
  }
  if (joined.empty()) return value("");
  const bool rooted = joined[0] == '/';
  std::vector<std::string> kept;
  for (std::size_t at = 0; at < joined.size();) {
    const std::size_t end = std::min(joined.find('/', at), joined.size());
    std::string part = joined.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == ".." && !kept.empty() && kept.back() != "..") {
      kept.pop_back();
    } else if (part != ".." || !rooted) {
      kept.push_back(std::move(part));
    }
  }
  std::string clean = rooted ? "/" : "";
  for (std::size_t i = 0; i < kept.size(); ++i)
    clean += (i > 0 ? "/" : "") + kept[i];
  return value(clean.empty() ? "." : clean);
}

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

constexpr const char* architecture() {
#if defined(__x86_64__)
  return "amd64";
#elif defined(__aarch64__)
  return "arm64";
#elif defined(__i386__)
  return "386";
#elif defined(__arm__)
  return "arm";
#elif defined(__riscv)
  return "riscv64";
#elif defined(__powerpc64__)
  return "ppc64le";
#elif defined(__s390x__)
  return "s390x";
#else
  return "unknown";
#endif
}

library constants() {
#ifdef TROUPE_VERSION
  const std::string version = TROUPE_VERSION;
#else
  const std::string version = "0.0.0";
#endif
  return {{"hostname", host_name()}, {"os", "linux"}, {"arch", architecture()}, {"version", "v" + version}};
}

/// The flat names of old, by what they are called now.
const std::map<std::string, std::string, std::less<>>& old_names() {
  static const std::map<std::string, std::string, std::less<>> names = {
      {"env", "sys.env"},
      {"nonsensitive", "convert.nonsensitive"},
      {"concat", "array.concat"},
      {"json_decode", "encoding.from_json"},
      {"base64_decode", "encoding.from_base64"},
      {"format", "string.format"},
      {"join", "string.join"},
      {"replace", "string.replace"},
      {"split", "string.split"},
      {"to_lower", "string.to_lower"},
      {"to_upper", "string.to_upper"},
      {"trim", "string.trim"},
      {"trim_prefix", "string.trim_prefix"},
      {"trim_suffix", "string.trim_suffix"},
      {"trim_space", "string.trim_space"},
  };
  return names;
}

scope make_stdlib() {
  scope names(nullptr);
  const std::map<std::string, value> spaces = {
      {"constants", object(constants())},
      {"sys", object(library{fixed("env", 1, environment)})},
      {"convert", object(library{fixed("nonsensitive", 1, nonsensitive)})},
      {"file", object(library{variadic("path_join", 0, path_join)})},
      {"string", object(text_functions())},
      {"encoding", object(encoding_functions())},
      {"array", object(array_functions())},
  };
  for (const auto& [name, space] : spaces)
    names.set(name, space);
  names.set(std::string(module_path_name), value());
  auto [name, run] = variadic("coalesce", 0, coalesce);
  names.set(std::move(name), std::move(run));
  for (const auto& [old, current] : old_names()) {
    const std::size_t dot = current.find('.');
    names.set(old, *spaces.at(current.substr(0, dot)).as_object()->find(current.substr(dot + 1)));
  }
  return names;
}

}  // namespace

const scope& stdlib() {
  static const scope names = make_stdlib();
  return names;
}

value module_path(const std::string& file) {
  const value parts[] = {file, ".."};
  return path_join(parts).value_or(value("."));
}

std::optional<standing> stdlib_standing(std::string_view traversal) {
  const std::string_view first = traversal.substr(0, traversal.find('.'));
  if (old_names().contains(first)) return standing::deprecated;
  if (stdlib().find(first) == nullptr) return std::nullopt;
  const bool is_new = traversal == "array.combine_maps" || traversal == "array.group_by";
  return is_new ? standing::experimental : standing::current;
}

}  // namespace troupe::config
