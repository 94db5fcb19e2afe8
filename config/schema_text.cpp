// What a component declares, for people.

#include "config/schema.hpp"

namespace troupe::config {

namespace {

void describe(const body_schema& of, const std::string& indent, std::string& out) {
  for (const auto& one : of.attributes()) {
    out += indent + one.name + " (" + one.type;
    if (one.required) {
      out += ", required)";
    } else {
      out += ", default " + print(one.get(of.defaults())) + ")";
    }
    out += ": " + one.doc;
    const auto list = [&](const char* what, const std::vector<std::string>& choices) {
      if (choices.empty()) return;
      out += what;
      for (const auto& choice : choices)
        out += " \"" + choice + '"';
      out += '.';
    };
    list(" One of", one.choices);
    list(" Not supported yet:", one.not_yet_choices);
    if (one.not_yet) out += " Not supported yet.";
    out += '\n';
  }
  for (const auto& block : of.blocks()) {
    for (const auto& [name, body] : block.alternatives) {
      out += indent + name + " { }";
      if (block.how_many == block_schema::count::required) out += " (required)";
      if (block.how_many == block_schema::count::any) out += " (any number)";
      out += ": " + block.doc + (block.not_yet ? " Not supported yet." : "") + '\n';
      describe(*body, indent + "  ", out);
    }
  }
}

}  // namespace

std::string component_schema::documentation() const {
  std::string out = name() + " (" + std::string(to_string(level())) + ")\n" + doc() + "\n\nArguments:\n";
  describe(*this, "  ", out);
  if (attributes().empty() && blocks().empty()) out += "  none\n";
  out += "\nExports:\n";
  for (const auto& one : exported_fields())
    out += "  " + one.name + " (" + one.type + "): " + one.doc + '\n';
  if (exported_fields().empty()) out += "  none\n";
  return out;
}

}  // namespace troupe::config
