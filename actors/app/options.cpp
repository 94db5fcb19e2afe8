#include "actors/app/options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>

#include "config/conversion.hpp"

namespace troupe::app {

namespace {

/// How many characters must change to make one from the other.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string closest(const std::string& to, const std::vector<std::string>& among) {
  std::string best;
  std::size_t least = std::max<std::size_t>(2, to.size() / 3) + 1;
  for (const auto& one : among) {
    if (const auto d = distance(to, one); d < least) least = d, best = one;
  }
  return best;
}

/// CLI11 says only that something was left over; a person wants to know what was meant.
std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  const auto used = app.get_subcommands();
  const CLI::App& of = used.empty() ? app : *used.front();
  std::string text = "Error: " + std::string(error.what()) + "\n";
  const auto left = app.remaining(true);
  if (!left.empty()) {
    std::string word = left.front().substr(0, left.front().find('='));
    const bool flag = word.rfind("--", 0) == 0;
    std::vector<std::string> known;
    if (flag) {
      for (const auto* option : of.get_options()) {
        for (const auto& name : option->get_lnames())
          known.push_back("--" + name);
      }
      text = "Error: unknown flag: " + word + "\n";
    } else if (used.empty()) {
      for (const auto* sub : app.get_subcommands(nullptr))
        known.push_back(sub->get_name());
      text = "Error: unknown command \"" + word + "\" for \"troupe\"\n";
    } else {
      text = "Error: unexpected argument: " + word + "\n";
    }
    if (const auto meant = closest(word, known); !meant.empty()) text += "Did you mean " + meant + "?\n";
  }
  return text + "Run 'troupe " + (used.empty() ? std::string("--help") : of.get_name() + " --help") + "' for usage.\n";
}

}  // namespace

command parse_command_line(int argc, const char* const* argv) {
  command asked;
  auto& run = asked.run;
  std::string deadline = "10m";
  bool version = false;
  CLI::App app{"Troupe collects telemetry: it runs configurations in the Alloy syntax.", "troupe"};
  app.require_subcommand(0, 1);
  app.add_flag("-v,--version", version, "Print the version.");

  const std::vector<std::string> levels{"experimental", "public-preview", "generally-available"};
  std::string level = "generally-available";
  const auto stability = [&](CLI::App* to) {
    to->add_option("--stability.level", level, "Lowest stability that what is used must have.")
        ->check(CLI::IsMember(levels))
        ->capture_default_str();
  };
  auto* run_command =
      app.add_subcommand("run", "Run a collector with a configuration: a file, or a directory of *.alloy files.");
  run_command->add_option("path", run.path, "File or directory.")->required();
  run_command->add_option("--server.http.listen-addr", run.listen_address, "Address of the HTTP server.")
      ->capture_default_str();
  run_command
      ->add_option("--server.http.memory-addr", run.memory_address,
                   "Name under which the collector reaches its own HTTP server.")
      ->capture_default_str();
  run_command
      ->add_option("--server.http.ui-path-prefix", run.ui_path_prefix,
                   "Prefix of the page's address, for a proxy that passes paths on as they are.")
      ->capture_default_str();
  run_command->add_option("--storage.path", run.storage_path, "Directory for what must survive a restart.")
      ->capture_default_str();
  std::string sync = "grouped";
  run_command
      ->add_option("--storage.sync", sync,
                   "When a writer's journal is made durable: once a second, or with each batch, which survives power "
                   "loss then.")
      ->check(CLI::IsMember({"grouped", "always"}))
      ->capture_default_str();
  run_command
      ->add_option("--feature.component-shutdown-deadline", deadline,
                   "How long a component may take to end; 0: for ever.")
      ->capture_default_str();
  stability(run_command);

  auto* validate = app.add_subcommand("validate", "Check a configuration without running it.");
  validate->add_option("path", asked.path, "File or directory.")->required();
  stability(validate);

  auto* fmt = app.add_subcommand("fmt", "Format a configuration; prints it unless --write is given.");
  fmt->add_option("path", asked.path, "File; - or nothing: standard input.");
  auto* write = fmt->add_flag("-w,--write", asked.write, "Change the file in place.");
  fmt->add_flag("-t,--test", asked.test, "Only check: exit code 1 when formatting would change the file.")
      ->excludes(write);

  auto* components = app.add_subcommand("components", "List all components, or describe one.");
  components->add_option("name", asked.name, "For example prometheus.scrape.");
  components->add_flag("--events", asked.events, "List the events that the collector reports.");

  auto* tap = app.add_subcommand("tap", "Show what goes through a component of a running collector, as it goes.");
  tap->add_option("component", asked.name, "For example prometheus.scrape.default.")->required();
  tap->add_option("--server", asked.server, "Address of the collector, with its path prefix.")->capture_default_str();
  tap->add_option("--edge", asked.edge, "Only what comes from or goes to this component.");
  tap->add_option("--sample", asked.sample, "Share of the items that are shown.")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();

  auto* version_command = app.add_subcommand("version", "Print the version.");

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const auto used = app.get_subcommands();
    asked.message = used.empty() ? app.help() : used.front()->help();
    return asked;
  } catch (const CLI::ParseError& error) {
    asked.message = explain(app, error);
    asked.exit_code = 1;
    return asked;
  }
  const auto parsed = config::parse_duration(deadline);
  if (!parsed || parsed->count() < 0) {
    asked.message =
        "Error: invalid value for --feature.component-shutdown-deadline: \"" + deadline + "\" (a duration like 10m)\n";
    asked.exit_code = 1;
    return asked;
  }
  run.shutdown_deadline = *parsed;
  run.sync_each_batch = sync == "always";
  if (!run.ui_path_prefix.starts_with('/')) run.ui_path_prefix.insert(0, "/");
  if (!run.ui_path_prefix.ends_with('/')) run.ui_path_prefix += '/';
  run.stability = static_cast<config::stability>(std::find(levels.begin(), levels.end(), level) - levels.begin());
  if (version || version_command->parsed()) {
    asked.what = command::kind::version;
  } else if (run_command->parsed()) {
    asked.what = command::kind::run;
  } else if (validate->parsed()) {
    asked.what = command::kind::validate;
  } else if (fmt->parsed()) {
    asked.what = command::kind::fmt;
  } else if (components->parsed()) {
    asked.what = command::kind::components;
  } else if (tap->parsed()) {
    asked.what = command::kind::tap;
  } else {
    asked.message = app.help();
  }
  return asked;
}

}  // namespace troupe::app
