#include "app/help.hpp"

#include "app/option_list.hpp"

#include <CLI/CLI.hpp>

namespace atelier::app {
namespace {

class format final : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    const auto facts = facts_of(*option);
    return facts.value.empty() ? "" : " " + facts.value;
  }
  std::string make_option_desc(const CLI::Option* option) const override {
    return facts_of(*option).sentence();
  }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_format() { return std::make_shared<format>(); }

}  // namespace atelier::app
