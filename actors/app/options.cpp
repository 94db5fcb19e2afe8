#include "actors/app/options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <list>
#include <optional>
#include <string_view>

#include "actors/app/suggestion.hpp"
#include "config/conversion.hpp"

namespace troupe::app {

namespace {

/// A flag of Alloy's for what isn't here: it may say what is true anyway.
struct alloy_flag {
  const char* name;
  const char* only;  ///< the value; null: any
  enum class value : std::uint8_t { boolean, word } kind = value::boolean;
  bool of_validate = false;  ///< as well as of run
};
constexpr alloy_flag alloy_flags[] = {
    {"--disable-reporting", nullptr},  // nothing is ever reported to anybody
    {"--cluster.enabled", "false"},
    {"--server.http.enable-pprof", "false"},
    {"--server.http.disable-support-bundle", "true"},
    {"--server.http.enable-graphql", "false"},
    {"--server.http.enable-graphql-playground", "false"},
    {"--feature.community-components.enabled", "false", alloy_flag::value::boolean, true},
    {"--config.format", "alloy", alloy_flag::value::word, true},
    {"--config.bypass-conversion-errors", "false", alloy_flag::value::boolean, true},
    {"--windows.priority", "normal", alloy_flag::value::word},
};

/// What was said with them.
class given_alloy_flags {
 public:
  void add_to(CLI::App* command, bool is_validate) {
    for (const auto& one : alloy_flags) {
      if (is_validate && !one.of_validate) continue;
      auto& to = given_.emplace_back(given{&one, nullptr, ""});
      to.option = one.kind == alloy_flag::value::boolean ? command->add_flag(one.name, to.value)
                                                         : command->add_option(one.name, to.value);
      to.option->group("");  // not in the help
    }
  }

  /// Empty: all is as it is here.
  [[nodiscard]] std::string complaint() const {
    for (const auto& [flag, option, value] : given_) {
      const bool is_bool = flag->kind == alloy_flag::value::boolean;
      if (option->count() == 0 || flag->only == nullptr || (is_bool ? canonical(value) : value) == flag->only) continue;
      return std::string(flag->name) + "=" + value + " isn't supported yet: leave it out, or say " + flag->name + "=" +
             flag->only;
    }
    return "";
  }

 private:
  struct given {
    const alloy_flag* flag;
    CLI::Option* option;
    std::string value;
  };

  /// All that Go reads as a bool.
  static std::string canonical(const std::string& word) {
    const auto is = [&](std::initializer_list<const char*> any) {
      return std::find(any.begin(), any.end(), word) != any.end();
    };
    if (is({"1", "t", "T", "TRUE", "True"})) return "true";
    if (is({"0", "f", "F", "FALSE", "False"})) return "false";
    return word;
  }

  std::list<given> given_;  // options write into it
};

/// `--flag needs a value: this, that`; `kind`: CLI11's words for what it takes, which may have a list in braces.
std::string needs_value(const std::string& flag, const std::string& kind) {
  const auto open = kind.find('{'), close = kind.find('}');
  std::string choices;
  if (open != std::string::npos && close != std::string::npos) {
    choices = ": ";
    for (const char c : kind.substr(open + 1, close - open - 1))
      choices.append(1, c).append(c == ',' ? " " : "");
  }
  return flag + " needs a value" + choices;
}

/// A flag whose value may be empty, which means something then.
bool may_be_empty(const std::string& flag) {
  return flag == "--server.http.ui-path-prefix" || flag == "--edge";
}

/// Whether it is a path that reaches the server as it stands: nothing that a URL's path must not contain, or that is
/// changed on the way (RFC 3986, 3.3, without what is percent-encoded).
bool is_plain_path(std::string_view path) {
  static constexpr std::string_view marks = "-._~!$&'()*+,;=:@/";
  const bool written = std::all_of(path.begin(), path.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
  const auto has = [&](std::string_view piece) { return path.find(piece) != std::string_view::npos; };
  return written && !has("//") && !has("/./") && !has("/../");
}

class command_line {
 public:
  command_line() {
    app_.require_subcommand(0, 1);
    app_.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);  // as Go's flags
    app_.add_flag("-v,--version", version_flag_, "Print the version.");
    define_run();
    define_tools();
    define_tap();
  }

  command parse(int argc, const char* const* argv) {
    std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    if (auto why = separate_empty_values(words)) return refuse(*why + "\n" + usage());
    std::reverse(words.begin(), words.end());
    try {
      app_.parse(std::move(words));
    } catch (const CLI::CallForHelp&) {
      asked_.message = app_.help();
      return asked_;
    } catch (const CLI::ParseError& error) {
      return refuse(explain(error) + usage());
    }
    if (auto why = check(); !why.empty()) return refuse(why + "\n" + usage());
    asked_.what = what();
    if (asked_.what == command::kind::help) asked_.message = app_.help();
    return asked_;
  }

 private:
  void define_run() {
    auto& run = asked_.run;
    run_ = app_.add_subcommand("run", "Run a collector with a configuration: a file, or a directory of *.alloy files.");
    run_->add_option("path", run.path, "File or directory.")->required();
    run_->add_option("--server.http.listen-addr", run.listen_address, "Address of the HTTP server.")
        ->capture_default_str();
    run_->add_option("--server.http.memory-addr", run.memory_address,
                     "Name under which the collector reaches its own HTTP server.")
        ->capture_default_str();
    run_->add_option("--server.http.ui-path-prefix", run.ui_path_prefix,
                     "Prefix of the page's address, for a proxy that passes paths on as they are.")
        ->capture_default_str();
    run_->add_option("--storage.path", run.storage_path, "Directory for what must survive a restart.")
        ->capture_default_str();
    run_->add_option("--storage.sync", sync_,
                     "When a writer's journal is made durable: once a second, or with each batch, which survives power "
                     "loss then.")
        ->check(CLI::IsMember({"grouped", "always"}))
        ->capture_default_str();
    run_->add_option("--feature.component-shutdown-deadline", deadline_,
                     "How long a component may take to end; 0: for ever.")
        ->capture_default_str();
    add_stability(run_);
    alloy_.add_to(run_, false);
  }

  void define_tools() {
    validate_ = app_.add_subcommand("validate", "Check a configuration without running it.");
    validate_->add_option("path", asked_.path, "File or directory.")->required();
    add_stability(validate_);
    alloy_.add_to(validate_, true);

    fmt_ = app_.add_subcommand("fmt", "Format a configuration; prints it unless --write is given.");
    fmt_->add_option("path", asked_.path, "File; - or nothing: standard input.");
    auto* write = fmt_->add_flag("-w,--write", asked_.write, "Change the file in place.");
    fmt_->add_flag("-t,--test", asked_.test, "Only check: exit code 1 when formatting would change the file.")
        ->excludes(write);

    components_ = app_.add_subcommand("components", "List all components, or describe one.");
    components_->add_option("name", asked_.name, "For example prometheus.scrape.");
    components_->add_flag("--events", asked_.events, "List the events that the collector reports.");

    version_ = app_.add_subcommand("version", "Print the version.");
  }

  void define_tap() {
    tap_ = app_.add_subcommand("tap", "Show what goes through a component of a running collector, as it goes.");
    tap_->add_option("component", asked_.name, "For example prometheus.scrape.default.")->required();
    tap_->add_option("--server", asked_.server, "Address of the collector, with its path prefix.")
        ->capture_default_str();
    tap_->add_option("--edge", asked_.edge, "Only what comes from or goes to this component.");
    tap_->add_option("--sample", asked_.sample, "Share of the items that are shown.")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
  }

  void add_stability(CLI::App* to) {
    to->add_option("--stability.level", level_, "Lowest stability that what is used must have.")
        ->check(CLI::IsMember({"generally-available", "public-preview", "experimental"}))
        ->capture_default_str();
  }

  /// The option of that name whose value is a word of its own; null: there is none.
  [[nodiscard]] const CLI::Option* valued(const std::string& flag) const {
    for (const auto* command : app_.get_subcommands(nullptr)) {
      const auto* option = command->get_option_no_throw(flag);
      if (option != nullptr && option->get_items_expected_min() > 0) return option;
    }
    return nullptr;
  }

  /// `--flag=` as two words: CLI11 would take the next one for its value. Returns what is wrong.
  std::optional<std::string> separate_empty_values(std::vector<std::string>& words) const {
    std::vector<std::string> made;
    for (const auto& word : words) {
      const bool empty = word.starts_with("--") && word.ends_with('=');
      const auto flag = empty ? word.substr(0, word.size() - 1) : word;
      const bool missing = !empty && word.starts_with("--") && &word == &words.back();
      const auto* option = empty || missing ? valued(flag) : nullptr;
      if (option != nullptr && (missing || !may_be_empty(flag))) return needs_value(flag, option->get_type_name());
      made.push_back(option != nullptr ? flag : word);
      if (option != nullptr) made.emplace_back();
    }
    words = std::move(made);
    return std::nullopt;
  }

  /// What only the words together show. Empty: nothing is wrong.
  std::string check() {
    for (const auto* command : app_.get_subcommands()) {
      for (const auto* option : command->get_options()) {
        const bool flag = option->get_items_expected_min() > 0 && !option->get_lnames().empty();
        if (!flag || option->count() == 0 || !option->results().back().empty()) continue;
        const auto name = "--" + option->get_lnames().front();
        if (!may_be_empty(name)) return needs_value(name, option->get_type_name());
      }
    }
    if (auto why = alloy_.complaint(); !why.empty()) return why;
    if (asked_.events && !asked_.name.empty()) return "unexpected argument: " + asked_.name;
    const auto deadline = config::parse_duration(deadline_);
    if (!deadline || deadline->count() < 0) {
      return "invalid value for --feature.component-shutdown-deadline: \"" + deadline_ + "\" (a duration like 10m)";
    }
    auto& run = asked_.run;
    run.shutdown_deadline = *deadline;
    run.sync_each_batch = sync_ == "always";
    const auto prefix = run.ui_path_prefix;
    if (!run.ui_path_prefix.starts_with('/')) run.ui_path_prefix.insert(0, "/");
    if (!run.ui_path_prefix.ends_with('/')) run.ui_path_prefix += '/';
    if (!is_plain_path(run.ui_path_prefix)) {
      return "invalid value for --server.http.ui-path-prefix: \"" + prefix +
             "\" (a path like /a/b, without anything percent-encoded)";
    }
    for (const auto level :
         {config::stability::experimental, config::stability::public_preview, config::stability::generally_available}) {
      if (to_string(level) == level_) run.stability = level;
    }
    return "";
  }

  [[nodiscard]] command::kind what() const {
    if (version_flag_ || version_->parsed()) return command::kind::version;
    if (run_->parsed()) return command::kind::run;
    if (validate_->parsed()) return command::kind::validate;
    if (fmt_->parsed()) return command::kind::fmt;
    if (components_->parsed()) return command::kind::components;
    if (tap_->parsed()) return command::kind::tap;
    return command::kind::help;
  }

  /// CLI11 says only that something was left over; a person wants to know what was meant.
  [[nodiscard]] std::string explain(const CLI::ParseError& error) const {
    const auto used = app_.get_subcommands();
    const auto left = app_.remaining(true);
    if (left.empty()) return std::string(error.what()) + "\n";
    const std::string word = left.front().substr(0, left.front().find('='));
    std::vector<std::string> known;
    if (word.starts_with("--")) {
      for (const auto* option : (used.empty() ? &app_ : used.front())->get_options()) {
        for (const auto& name : option->get_lnames())
          known.push_back("--" + name);
      }
      return "unknown flag: " + word + "\n" + suggestion(word, known);
    }
    if (!used.empty()) return "unexpected argument: " + word + "\n";
    for (const auto* command : app_.get_subcommands(nullptr))
      known.push_back(command->get_name());
    return "unknown command \"" + word + "\" for \"troupe\"\n" + suggestion(word, known);
  }

  [[nodiscard]] std::string usage() const {
    const auto used = app_.get_subcommands();
    return "Run 'troupe " + (used.empty() ? "--help" : used.front()->get_name() + " --help") + "' for usage.\n";
  }

  command refuse(const std::string& why) {
    asked_.message = "Error: " + why;
    asked_.exit_code = 1;
    return asked_;
  }

  command asked_;
  CLI::App app_{"Troupe collects telemetry: it runs configurations in the Alloy syntax.", "troupe"};
  CLI::App *run_ = nullptr, *validate_ = nullptr, *fmt_ = nullptr, *components_ = nullptr, *tap_ = nullptr,
           *version_ = nullptr;
  given_alloy_flags alloy_;
  bool version_flag_ = false;
  std::string deadline_ = "10m", sync_ = "grouped", level_ = "generally-available";
};

}  // namespace

command parse_command_line(int argc, const char* const* argv) {
  return command_line().parse(argc, argv);
}

}  // namespace troupe::app
