#include "config/limits.hpp"
#include "config/parser.hpp"
#include "config/unicode.hpp"
#include "config/value.hpp"

#include <algorithm>

namespace troupe::config {

namespace {

std::string key_text(const std::string& name) {
  return is_identifier(name) ? name : quoted(name);
}

void print_value(const value& v, std::size_t indent, std::string& out);

// One field a line, `=` aligned over neighbours of one line each, as the formatter would do it.
void print_fields(const object& fields, std::size_t indent, std::string& out) {
  if (fields.empty()) {
    out += "{ }";
    return;
  }
  std::vector<std::string> keys;
  std::vector<std::string> texts;
  for (const auto& [name, field] : fields) {
    keys.push_back(key_text(name));
    texts.emplace_back();
    print_value(field, indent + 1, texts.back());
  }
  out += "{\n";
  for (std::size_t i = 0; i < keys.size();) {
    // A value of several lines is the last of its run.
    std::size_t end = i;
    std::size_t width = 0;
    bool more = true;
    while (end < keys.size() && more) {
      const std::size_t size = count_points(keys[end]);
      if (size <= max_aligned_width) width = std::max(width, size);
      more = texts[end].find('\n') == std::string::npos;
      ++end;
    }
    for (; i < end; ++i) {
      out.append(indent + 1, '\t').append(keys[i]).append(width - std::min(width, count_points(keys[i])), ' ');
      out.append(" = ").append(texts[i]).append(",\n");
    }
  }
  out.append(indent, '\t').append("}");
}

void print_value(const value& v, std::size_t indent, std::string& out) {
  switch (v.type()) {
    case kind::null:
      out += "null";
      break;
    case kind::boolean:
      out += *v.as_bool() ? "true" : "false";
      break;
    case kind::number:
      out += v.as_number()->text();
      break;
    case kind::string:
      out += quoted(*v.as_string());
      break;
    case kind::function:
      out += "function";
      break;
    case kind::object:
      print_fields(*v.as_object(), indent, out);
      break;
    case kind::capsule: {
      const auto c = v.as_capsule();
      if (const object* fields = c->fields()) {
        print_fields(*fields, indent, out);
      } else {
        out += c->to_text();
      }
      break;
    }
    case kind::array: {
      out += '[';
      bool first = true;
      for (const auto& element : *v.as_array()) {
        if (!first) out += ", ";
        first = false;
        print_value(element, indent, out);
      }
      out += ']';
    }
  }
}

}  // namespace

std::string print(const value& v) {
  std::string out;
  print_value(v, 0, out);
  return out;
}

}  // namespace troupe::config
