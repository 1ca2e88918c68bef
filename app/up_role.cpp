#include "app/option_types.hpp"
#include "app/program.hpp"
#include "app/stack/up.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace atelier::app {
namespace {

struct words {
  stack::up_options options;
  std::string data = ".atelier", listen = "127.0.0.1:8080", admin = "127.0.0.1:8081", csv;
  long long products = 0;
};

result<address> read_port(const std::string& text) {
  auto read = parse_address(text);
  if (read && read->is_path())
    return fail_with(exit_code::wrong_usage, "'{}' is a path: write HOST:PORT", text);
  return read;
}

int run_up(words& given) {
  auto& options = given.options;
  options.data = given.data;
  options.listen = *parse_address(given.listen);
  options.admin = *parse_address(given.admin);
  if (given.products > 0 || !given.csv.empty())
    options.request.source = stack::data_source{given.products, given.csv};
  return stack::run_up(options);
}

}  // namespace

void add_up(CLI::App& program, action& chosen) {
  auto& role = *program.add_subcommand(
      "up",
      "Run everything on this machine: a private PostgreSQL, the schema, data, workers behind the proxy.\n"
      "A second start keeps the data; Ctrl-C stops everything.");
  const auto given = std::make_shared<words>();
  role.add_option("--data", given->data, "Folder for PostgreSQL and its data; made if it is not there")
      ->type_name("DIR")
      ->capture_default_str();
  role.add_option("--listen", given->listen, "Where the proxy answers; port 0 takes a free one")
      ->type_name("HOST:PORT")
      ->check(readable_by(read_port))
      ->capture_default_str();
  role.add_option("--admin", given->admin, "Where the proxy shows its workers and figures")
      ->type_name("HOST:PORT")
      ->check(readable_by(read_port))
      ->capture_default_str();
  role.add_option("--workers", given->options.workers, "How many workers, each a process")
      ->type_name("N")
      ->check(between(1, 64))
      ->capture_default_str();
  auto* products = role.add_option("--products", given->products, "Make sample data of so many products")
                       ->type_name("N")
                       ->check(between(1LL, 100'000'000LL))
                       ->default_str(std::to_string(stack::default_products));
  role.add_option("--csv", given->csv, "Load the CSV files in this folder instead")
      ->type_name("DIR")
      ->excludes(products);
  role.add_flag("--reset", given->options.request.reset, "Delete the data of earlier starts first");
  role.callback([&chosen, given] { chosen = [given] { return run_up(*given); }; });
}

}  // namespace atelier::app
