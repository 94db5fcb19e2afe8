// Blocks into structs, as their schema says: everything that is wrong is reported, not only the first.

#include <algorithm>
#include <map>

#include "config/limits.hpp"
#include "config/redact.hpp"
#include "config/schema.hpp"

namespace troupe::config {

namespace {

class decoder {
 public:
  decoder(const scope& names, bool only_known, diagnostics& out) : names_(names), only_known_(only_known), out_(out) {}

  /// Fills `content`. `head`: where messages about the block as a whole point.
  void body(const body_schema& schema, const ast::body& statements, range head, void* content) {
    const std::size_t skipped = skipped_;
    const std::size_t errors = out_.errors();
    std::map<const void*, std::size_t> seen;
    for (const auto& statement : statements) {
      if (const auto* one = statement.as_attribute()) {
        attribute(schema, *one, content, seen);
      } else {
        block(schema, *statement.as_block(), content, seen);
      }
    }
    for (const auto& one : schema.attributes()) {
      if (one.required && seen[&one] == 0) out_.error(head, "missing required attribute \"" + one.name + "\"");
    }
    for (const auto& one : schema.blocks()) {
      if (one.how_many == block_schema::count::required && seen[&one] == 0) {
        out_.error(head, "missing required block \"" + one.alternatives.front().name + "\"");
      }
    }
    if (skipped == skipped_ && errors == out_.errors()) complain(schema, statements, head, content);
  }

 private:
  void attribute(const body_schema& schema, const ast::attribute& written, void* content,
                 std::map<const void*, std::size_t>& seen) {
    const auto& name = written.name.name;
    const auto* one = schema.find_attribute(name);
    if (!one) {
      const bool is_block = schema.find_block(name).first != nullptr;
      out_.error(written.name.where, is_block ? "\"" + name + "\" must be a block, but is used as an attribute"
                                              : "unrecognized attribute name \"" + name + "\"");
      return;
    }
    if (seen[one]++ > 0) return out_.error(written.name.where, "attribute \"" + name + "\" may only be provided once");
    if (only_known_ && !known(written.value)) {
      ++skipped_;
      return;
    }
    const auto how = holds_secret(*one) ? written_as::secret : written_as::shown;
    const auto evaluated = evaluate(written.value, names_, how);
    if (!evaluated) return out_.add(evaluated.error());
    if (const auto why = one->set(content, *evaluated)) {
      out_.add(misfit_at(written.value, *why, *evaluated, how));
      for (const auto& other : why->others)
        out_.add(misfit_at(written.value, other, *evaluated, how));
      return;
    }
    if (!one->choices.empty()) choose(*one, one->get(content), written.value);
    if (one->not_yet && !(one->get(content) == one->get(schema.defaults()))) {
      out_.error(written.where, "\"" + name + "\" is not supported yet: leave it out, or at its default " +
                                    print(one->get(schema.defaults())));
    }
  }

  void choose(const attribute_schema& one, const value& chosen, const ast::expression& written) {
    const auto* list = chosen.as_array();
    if (list == nullptr) return choose(one, chosen, "\"" + one.name + "\"", written.where);
    const std::size_t errors = out_.errors();
    for (std::size_t i = 0; i < list->size() && out_.errors() - errors < max_misfits; ++i) {
      const auto where = misfit_at(written, {"", {i}}, chosen).where;
      choose(one, (*list)[i], "\"" + one.name + "\"[" + std::to_string(i) + "]", where);
    }
  }

  void choose(const attribute_schema& one, const value& chosen, const std::string& what, range where) {
    const auto* text = chosen.as_string();
    const auto is_among = [&](const std::vector<std::string>& all) {
      return std::find(all.begin(), all.end(), *text) != all.end();
    };
    if (text == nullptr || is_among(one.choices)) return;
    std::string all;
    for (const auto& choice : one.choices)
      all += (all.empty() ? "\"" : ", \"") + choice + '"';
    out_.error(where, is_among(one.not_yet_choices)
                          ? "\"" + *text + "\" is not supported yet: " + what + " should be one of " + all
                          : what + " should be one of " + all + ", got " + print(chosen));
  }

  void block(const body_schema& schema, const ast::block& written, void* content,
             std::map<const void*, std::size_t>& seen) {
    const std::string name = written.full_name();
    const auto [one, which] = schema.find_block(name);
    if (!one) {
      const bool is_attribute = schema.find_attribute(name) != nullptr;
      out_.error(written.head(), is_attribute ? "\"" + name + "\" must be an attribute, but is used as a block"
                                              : "unrecognized block name \"" + name + "\"");
      return;
    }
    if (!written.label.empty())
      out_.error(written.label_where, "block \"" + name + "\" does not support specifying labels");
    if (one->not_yet) return out_.error(written.head(), "block \"" + name + "\" is not supported yet");
    if (seen[one]++ > 0 && one->how_many != block_schema::count::any) {
      return out_.error(written.head(), "block \"" + name + "\" may only be specified once");
    }
    body(*one->alternatives[which].body, written.statements, written.head(), one->add(content, which));
  }

  /// Every name in it can be looked up now.
  bool known(const ast::expression& e) const {
    const auto all = references(e);
    return std::all_of(all.begin(), all.end(),
                       [&](const reference& r) { return names_.find(r.parts.front().name) != nullptr; });
  }

  void complain(const body_schema& schema, const ast::body& statements, range head, const void* content) {
    for (const auto& one : schema.check(content))
      out_.error(place_of(one.at, statements, head), one.message);
  }

  static range place_of(const std::string& name, const ast::body& statements, range head) {
    for (const auto& statement : statements) {
      if (const auto* attribute = statement.as_attribute(); attribute && attribute->name.name == name)
        return attribute->where;
      if (const auto* block = statement.as_block(); block && block->full_name() == name) return block->head();
    }
    return head;
  }

  const scope& names_;
  bool only_known_;
  diagnostics& out_;
  std::size_t skipped_ = 0;
};

}  // namespace

std::shared_ptr<const void> component_schema::decode(const ast::block& block, const scope& names,
                                                     diagnostics& out) const {
  auto made = make_();
  diagnostics own;
  decoder(names, false, own).body(*this, block.statements, block.head(), made.get());
  out.add(own);
  if (own.has_errors()) return nullptr;
  return made;
}

void component_schema::typecheck(const ast::block& block, const scope& names, diagnostics& out) const {
  const auto scratch = make_();
  decoder(names, true, out).body(*this, block.statements, block.head(), scratch.get());
}

}  // namespace troupe::config
