// The command line as a list to read from: help, manual pages, completion and the table of options are made
// of it.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace atelier::app {

struct option_facts {
  std::string name;      // "--listen"; "SOURCE" for what is given without a name
  std::string value;     // "HOST:PORT"; empty: nothing follows it
  std::string bounds;    // "from 1 to 64"; empty: none, or `about` says it
  std::string standard;  // what holds when it is not given; empty: nothing, or `about` says it
  std::string about;
  bool named = true;
  bool required = false;
  bool repeats = false;
  std::vector<std::string> needs, excludes;  // names of other options

  /// The values that it may have, where these are few: "off", "sampled", "full".
  std::vector<std::string> choices() const;

  /// `about`, and behind it in brackets what else a user must know: "(required, repeatable)".
  std::string sentence() const;
};

struct command_facts {
  std::vector<std::string> path;  // {"etl", "load"}; empty: the program
  std::string about;
  std::vector<option_facts> options;  // in the order of the source; without --help
  std::vector<command_facts> commands;

  std::string words() const;  // "atelier etl load"
};

option_facts facts_of(const CLI::Option& option);
command_facts facts_of(const CLI::App& program);

}  // namespace atelier::app
