#include "config/redact.hpp"

#include "config/parser.hpp"
#include "config/scanner.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace troupe::config {

namespace {

constexpr std::string_view shown = "\"(secret)\"";

/// Finds the literals that must not be shown.
class finder {
 public:
  /// `suspicious`: what the schema doesn't know may be a secret; so may a number that is written where one is wanted.
  explicit finder(bool suspicious) : suspicious_(suspicious) {}

  /// `of`: null where nobody knows the block.
  void visit(const ast::body& statements, const body_schema* of) {
    if (of == nullptr && !suspicious_) return;
    for (const auto& one : statements) {
      if (const auto* attribute = one.as_attribute()) {
        const auto* known = of != nullptr ? of->find_attribute(attribute->name.name) : nullptr;
        numbers_too_ = suspicious_ && known != nullptr;
        if (known != nullptr ? holds_secret(*known) : suspicious_) visit(attribute->value);
      } else if (const auto* block = one.as_block()) {
        const auto [known, which] =
            of != nullptr ? of->find_block(block->full_name()) : std::pair<const block_schema*, std::size_t>();
        visit(block->statements, known != nullptr ? known->alternatives[which].body.get() : nullptr);
      }
    }
  }

  void visit_unknown(const ast::attribute& one) {
    numbers_too_ = false;
    visit(one.value);
  }

  std::vector<range> found;

 private:
  void visit(const ast::expression& e) {
    std::visit([&](const auto& node) { visit(e, node); }, e.node);
  }
  void visit(const ast::expression& e, const ast::literal& node) {
    const bool number = node.kind == ast::literal_kind::number || node.kind == ast::literal_kind::floating;
    if (node.kind == ast::literal_kind::string || (number && numbers_too_)) found.push_back(e.where);
  }
  void visit(const ast::expression&, const ast::variable&) {}
  void visit(const ast::expression&, const ast::array& node) { visit_all(node.elements); }
  void visit(const ast::expression&, const ast::object& node) {
    for (const auto& field : node.fields)
      visit(field.value);
  }
  void visit(const ast::expression&, const ast::access& node) { visit(*node.value); }
  void visit(const ast::expression&, const ast::index& node) { visit(*node.value); }  // a key is a name
  void visit(const ast::expression&, const ast::call& node) {
    const auto name = node.function->where.text();
    if (name != "sys.env" && name != "env") visit_all(node.arguments);  // names of variables are no secrets
  }
  void visit(const ast::expression&, const ast::unary& node) { visit(*node.value); }
  void visit(const ast::expression&, const ast::binary& node) {
    visit(*node.left);
    visit(*node.right);
  }
  void visit(const ast::expression&, const ast::paren& node) { visit(*node.inner); }
  void visit_all(const std::vector<ast::expression>& all) {
    for (const auto& one : all)
      visit(one);
  }

  bool suspicious_;
  bool numbers_too_ = false;
};

/// Bytes [begin, end) of a text.
struct stretch {
  std::size_t begin = 0, end = 0;
};

/// The passwords of URLs, in order.
std::vector<stretch> passwords(std::string_view text) {
  constexpr std::string_view scheme_end = "://", authority_end = "/?#\"'`<> \t\r\n";
  std::vector<stretch> found;
  for (auto scheme = text.find(scheme_end); scheme != std::string_view::npos;) {
    const auto begin = scheme + scheme_end.size();
    const auto end = std::min(text.find_first_of(authority_end, begin), text.size());
    const auto authority = text.substr(begin, end - begin);
    const auto at = authority.rfind('@'), colon = authority.find(':');
    if (at != std::string_view::npos && colon < at) found.push_back({begin + colon + 1, begin + at});
    scheme = text.find(scheme_end, end);
  }
  return found;
}

/// Finds in a text that doesn't parse what may be secret, by its tokens. A text is governed by the attribute whose
/// value it is part of, and by the key before it: both must be known to be open.
class token_finder {
 public:
  token_finder(std::string_view text, const secrecy& names) : text_(text), names_(names) {}

  std::vector<stretch> run() {
    scanner tokens(text_);
    token next = tokens.next({});
    while (next.kind != token_kind::end_of_file) {
      const token now = next;
      next = tokens.next({});
      look(now, next);
      if (now.kind != token_kind::comment) before_ = now;
    }
    return std::move(found_);
  }

 private:
  using attribute = secrecy::attribute;
  /// What stands between two brackets, or in the file as a whole.
  struct level {
    bool is_body = true;  ///< of a block; else part of a value
    attribute around = attribute::open;
    attribute now = attribute::unknown;
  };

  void look(const token& now, const token& next) {
    switch (now.kind) {
      case token_kind::assign:
        levels_.back().now = stricter(levels_.back().around, names_.of(word(before_)));
        break;
      case token_kind::terminator:
        if (levels_.back().is_body) levels_.back().now = attribute::unknown;
        break;
      case token_kind::left_curly:
        open(before_.kind == token_kind::identifier || before_.kind == token_kind::string);
        break;
      case token_kind::left_paren:
      case token_kind::left_bracket:
        open(false);
        break;
      case token_kind::right_curly:
      case token_kind::right_paren:
      case token_kind::right_bracket:
        if (levels_.size() > 1) levels_.pop_back();
        break;
      case token_kind::comment:
        if (text_.substr(now.begin).starts_with("/*") && !ends_with(now, "*/")) found_.push_back({now.begin, now.end});
        break;
      case token_kind::string:
        look_at_text(now, next);
        break;
      case token_kind::illegal:
        if (text_[now.begin] == '\'') return look_at_text(now, next);
        [[fallthrough]];
      case token_kind::identifier:
      case token_kind::number:
      case token_kind::floating:
        if (levels_.back().now == attribute::secret && next.kind != token_kind::assign)
          found_.push_back({now.begin, now.end});
        break;
      default:
        break;
    }
  }

  void open(bool is_body) {
    const auto around = is_body ? attribute::open : levels_.back().now;
    levels_.push_back({is_body, around, is_body ? attribute::unknown : around});
  }

  void look_at_text(const token& now, const token& next) {
    const auto quote = text_.substr(now.begin, 1);
    const bool closed = now.end - now.begin > 1 && ends_with(now, quote);
    const bool label = before_.kind == token_kind::identifier && next.kind == token_kind::left_curly;
    const bool key = !levels_.back().is_body && next.kind == token_kind::assign;
    const bool lines = text_.substr(now.begin, now.end - now.begin).find('\n') != std::string_view::npos;
    const bool hidden = (levels_.back().now != attribute::open && !label && !key) || lines;
    if (hidden) found_.push_back({now.begin + 1, now.end - (closed ? 1 : 0)});
    // A quote within a text ends it for the scanner only: the text may go on, or have begun before.
    const auto line_end = std::min(text_.find('\n', now.end), text_.size());
    if (next.begin == now.end && is_word(next.kind)) found_.push_back({now.end, line_end});
    if (hidden && !closed && last_text_ > text_.rfind('\n', now.begin) + 1) found_.push_back({last_text_, line_end});
    last_text_ = now.end;
  }

  static bool is_word(token_kind kind) {
    return kind == token_kind::identifier || kind == token_kind::number || kind == token_kind::floating ||
           kind == token_kind::string || kind == token_kind::illegal;
  }
  static attribute stricter(attribute a, attribute b) {
    if (a == attribute::secret || b == attribute::secret) return attribute::secret;
    return a == attribute::unknown ? a : b;
  }
  [[nodiscard]] bool ends_with(const token& t, std::string_view end) const {
    return text_.substr(t.begin, t.end - t.begin).ends_with(end);
  }
  [[nodiscard]] std::string_view word(const token& t) const {
    auto written = text_.substr(t.begin, t.end - t.begin);
    if (t.kind == token_kind::string && written.size() > 1) written = written.substr(1, written.size() - 2);
    return written;
  }

  std::string_view text_;
  const secrecy& names_;
  token before_;
  std::vector<level> levels_{1};
  std::size_t last_text_ = 0;  // where it ended
  std::vector<stretch> found_;
};

}  // namespace

std::string without_passwords(std::string_view text) {
  std::string made;
  std::size_t at = 0;
  for (const auto& one : passwords(text)) {
    made.append(text.substr(at, one.begin - at)).append("(secret)");
    at = one.end;
  }
  return made.append(text.substr(at));
}

bool holds_secret(const attribute_schema& one) {
  return one.type.find("secret") != std::string::npos;
}

void secrecy::add(std::string name, const body_schema& of) {
  blocks_.insert_or_assign(std::move(name), &of);
  add_attributes(of);
}

void secrecy::add_attributes(const body_schema& of) {
  for (const auto& one : of.attributes()) {
    bool& secret = secret_[one.name];
    secret = secret || holds_secret(one);
  }
  for (const auto& block : of.blocks()) {
    for (const auto& one : block.alternatives)
      add_attributes(*one.body);
  }
}

const body_schema* secrecy::find(std::string_view block) const {
  const auto at = blocks_.find(block);
  return at != blocks_.end() ? at->second : nullptr;
}

secrecy::attribute secrecy::of(std::string_view name) const {
  const auto at = secret_.find(name);
  if (at == secret_.end()) return attribute::unknown;
  return at->second ? attribute::secret : attribute::open;
}

std::string masked(const source_ref& of, const secrecy& hidden) {
  std::string text(of->text());
  diagnostics wrong;
  const auto file = parse(of, wrong);
  std::vector<stretch> found;
  if (wrong.has_errors()) {
    found = token_finder(text, hidden).run();
  } else {
    finder literals(true);
    for (const auto& one : file.statements) {
      if (const auto* block = one.as_block()) {
        literals.visit(block->statements, hidden.find(block->full_name()));
      } else {
        literals.visit_unknown(*one.as_attribute());
      }
    }
    for (const auto& one : literals.found) {
      const std::size_t quote = text[one.begin] == '"' || text[one.begin] == '`' ? 1 : 0;
      found.push_back({one.begin + quote, one.end - quote});
    }
  }
  const auto in_urls = passwords(text);
  found.insert(found.end(), in_urls.begin(), in_urls.end());
  for (const auto& one : found) {
    for (auto at = one.begin; at < one.end; ++at) {
      if (text[at] != '\n') text[at] = '*';
    }
  }
  return text;
}

std::string redacted(const ast::file& of, const std::function<const body_schema*(std::string_view name)>& schema_of) {
  finder secrets(false);
  for (const auto& one : of.statements) {
    if (const auto* block = one.as_block()) secrets.visit(block->statements, schema_of(block->full_name()));
  }
  std::sort(secrets.found.begin(), secrets.found.end(),
            [](const range& a, const range& b) { return a.begin < b.begin; });
  const auto text = of.source->text();
  std::string made;
  std::uint32_t at = 0;
  for (const auto& one : secrets.found) {
    made.append(text.substr(at, one.begin - at)).append(shown);
    made.append(static_cast<std::size_t>(std::count(one.text().begin(), one.text().end(), '\n')), '\n');
    at = one.end;
  }
  return without_passwords(made.append(text.substr(at)));
}

}  // namespace troupe::config
