#include "actors/runtime/graph.hpp"

#include <algorithm>

#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::runtime;

namespace {

struct toy_arguments {
  std::vector<config::value> from;
  friend bool operator==(const toy_arguments&, const toy_arguments&) = default;
};

registry kinds() {
  static const auto toy = [] {
    auto s = config::describe<toy_arguments>("toy.part", config::stability::generally_available, "A part.");
    s.attribute("from", &toy_arguments::from, "Anything.");
    return s;
  }();
  static const auto young =
      config::describe<toy_arguments>("toy.young", config::stability::experimental, "A young part.");
  static const auto setting =
      config::describe<toy_arguments>("setting", config::stability::generally_available, "A setting.");
  registry all;
  for (const auto* schema :
       {static_cast<const config::component_schema*>(&toy), static_cast<const config::component_schema*>(&young)}) {
    component_definition one;
    one.schema = schema;
    all.add(one);
  }
  component_definition one;
  one.schema = &setting;
  one.once = true;
  all.add(one);
  return all;
}

struct built {
  registry known = kinds();
  config::diagnostics out;
  graph made;
  explicit built(const std::string& text, language_limits limits = {}) {
    const auto what = configuration::parse({config::source_file::make("t", text)}, out);
    made = graph(what, known, limits, out);
  }
  [[nodiscard]] std::string said() const {
    std::string all;
    for (const auto& one : out)
      all += one.text() + "\n";
    return all;
  }
  [[nodiscard]] std::size_t place(const std::string& id) const {
    const auto& order = made.order();
    return static_cast<std::size_t>(std::find(order.begin(), order.end(), id) - order.begin());
  }
};

}  // namespace

TEST_CASE("what is referred to comes first, wherever it stands") {
  const built b(
      "toy.part \"c\" { from = [toy.part.b.x, toy.part.a.y] }\ntoy.part \"a\" { }\ntoy.part \"b\" { from = "
      "[toy.part.a.z[0]] }\n");
  CHECK(b.said().empty());
  CHECK(b.place("toy.part.a") < b.place("toy.part.b"));
  CHECK(b.place("toy.part.b") < b.place("toy.part.c"));
  CHECK(b.made.find("toy.part.a")->used_by == std::vector<std::string>{"toy.part.b", "toy.part.c"});
  CHECK(b.made.find("toy.part.c")->uses == std::vector<std::string>{"toy.part.a", "toy.part.b"});
}

TEST_CASE("a scope holds what a block refers to, nested by the dots of its name") {
  const built b("toy.part \"a\" { }\ntoy.part \"b\" { }\ntoy.part \"c\" { from = [toy.part.a.x, toy.part.b.y] }\n");
  const auto scope = b.made.scope_of(*b.made.find("toy.part.c"), {{"toy.part.a", config::object({{"x", 1}})},
                                                                  {"toy.part.b", config::object({{"y", 2}})}});
  const auto* toy = scope.find("toy");
  REQUIRE(toy);
  const auto* part = toy->as_object()->find("part");
  REQUIRE(part);
  CHECK(*part->as_object()->find("a")->as_object()->find("x") == config::value(1));
  CHECK(*part->as_object()->find("b")->as_object()->find("y") == config::value(2));
}

TEST_CASE("each mistake in the graph has its message") {
  struct row {
    const char* text;
    const char* says;
  };
  for (const auto& [text, says] :
       {row{"toy.part { }", "component \"toy.part\" must have a label"},
        row{"toy.none \"a\" { }", "cannot find the definition of component name \"toy.none\""},
        row{"http { }", "t:1:1: block \"http\" is not supported yet"},
        row{"declare \"a\" { }", "block \"declare\" is not supported yet"},
        row{"toy.part \"a\" { }\ntoy.part \"a\" { }", "t:2:1: block toy.part.a already declared at t:1:1"},
        row{"setting { }\nsetting { }", "duplicate definition of \"setting\""},
        row{"x = 1", "unrecognized attribute x"},
        row{"toy.part \"a\" { from = [toy.part.gone.x] }",
            "component \"toy.part.gone.x\" does not exist or is out of scope"},
        row{"toy.part \"a\" { from = [toy.part.a.x] }", "self reference: toy.part.a"},
        row{"toy.part \"a\" { from = [toy.part.b.x] }\ntoy.part \"b\" { from = [toy.part.a.x] }",
            "cycle: toy.part.a, toy.part.b"},
        row{"toy.young \"a\" { }", "component \"toy.young\" is at stability level \"experimental\""}}) {
    const built b(text);
    INFO(b.said());
    CHECK(b.said().find(says) != std::string::npos);
    CHECK(b.out.size() == 1);
  }
  language_limits low;
  low.minimum_stability = config::stability::experimental;
  CHECK(built("toy.young \"a\" { }", low).said().empty());
}

TEST_CASE("names of the standard library are no components") {
  CHECK(built("toy.part \"a\" { from = [sys.env(\"X\"), constants.os] }").said().empty());
}

TEST_CASE("old names of the standard library are warned of, young ones refused") {
  const built old("toy.part \"a\" { from = [env(\"X\")] }");
  REQUIRE(old.out.size() == 1);
  CHECK_FALSE(old.out.has_errors());
  CHECK(old.said().find("deprecated") != std::string::npos);
  const built young("toy.part \"a\" { from = [array.group_by([], \"x\", false)] }");
  CHECK(young.out.has_errors());
}

TEST_CASE("a long chain is no deep recursion") {
  std::string text = "toy.part \"p0\" { }\n";
  for (int i = 1; i < 20'000; ++i)
    text += "toy.part \"p" + std::to_string(i) + "\" { from = [toy.part.p" + std::to_string(i - 1) + ".x] }\n";
  const built b(text);
  CHECK(b.out.empty());
  CHECK(b.made.order().size() == 20'000);
  CHECK(b.made.order().front() == "toy.part.p0");
}
