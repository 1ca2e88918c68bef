#include "bench/load/scenario.hpp"

#include "bench/load/checks.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace atelier::bench {
namespace {

using nlohmann::json;

// Thrown inside this file only: where in the document, and what is wrong.
struct bad_member {
  std::string what;
};

template <class... A>
[[noreturn]] void wrong(fmt::format_string<A...> what, A&&... arguments) {
  throw bad_member{fmt::format(what, std::forward<A>(arguments)...)};
}

std::string lower(std::string text) {
  for (auto& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return text;
}

template <class T>
T taken(result<T> r, std::string_view where) {
  if (!r) wrong("{}: {}", where, r.error().what);
  return std::move(*r);
}

const json& must_be_object(const json& value, std::string_view where) {
  if (!value.is_object()) wrong("{} is no object; write {{…}}", where);
  return value;
}

// An object whose members must all be known.
class members {
 public:
  members(const json& object, std::string where, std::initializer_list<std::string_view> known)
      : object_(object), where_(std::move(where)) {
    if (!object.is_object()) wrong("{} is no object; write {{…}}", where_);
    for (const auto& [name, value] : object.items()) {
      if (std::find(known.begin(), known.end(), name) == known.end())
        wrong("{} has a member '{}' that is not known; there are: {}", where_, name, fmt::join(known, ", "));
    }
  }

  const json* find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  std::string where(const char* name) const { return where_ + "." + name; }

  std::string text(const char* name, std::string otherwise) const {
    const auto* found = find(name);
    if (!found) return otherwise;
    if (!found->is_string()) wrong("{} is no text; write it in quotes", where(name));
    return found->get<std::string>();
  }
  nanoseconds time(const char* name, nanoseconds otherwise) const {
    return find(name) ? taken(parse_duration(text(name, "")), where(name)) : otherwise;
  }

 private:
  const json& object_;
  std::string where_;
};

class reader {
 public:
  reader(const json& document, const std::map<std::string, double>& changes)
      : document_(document), parameters_() {
    if (const auto found = document.find("parameters"); found != document.end()) {
      for (const auto& [name, value] : must_be_object(*found, "parameters").items())
        parameters_[name] = number(value, "parameters." + name);
    }
    for (const auto& [name, value] : changes) {
      if (!parameters_.contains(name))
        wrong("there is no parameter '{}'; there are: {}", name, parameter_names());
      parameters_[name] = value;
    }
  }

  scenario read() {
    const members all(document_, "the scenario",
                      {"name", "about", "parameters", "loop", "stages", "warm_up", "connections", "pipeline",
                       "think", "timeout", "waiting_max", "values", "requests", "thresholds"});
    scenario s;
    s.name = all.text("name", s.name);
    s.about = all.text("about", "");
    read_loop(all, s);
    if (const auto* values = all.find("values")) {
      for (const auto& [name, value] : must_be_object(*values, "values").items())
        s.values.push_back(read_generator(name, value));
    }
    const auto* requests = all.find("requests");
    if (!requests || !requests->is_array() || requests->empty())
      wrong("requests is no list, or empty; write what to ask: [{{\"target\": \"/\"}}]");
    for (const auto& r : *requests) add_request(read_request(r, s), s);
    if (std::all_of(s.requests.begin(), s.requests.end(), [](auto& r) { return r.weight == 0; }))
      wrong("every request's weight is 0; give one a positive \"weight\"");
    if (const auto* thresholds = all.find("thresholds")) read_thresholds(*thresholds, s);
    return s;
  }

 private:
  std::string parameter_names() const {
    std::string all;
    for (const auto& [name, value] : parameters_) all += (all.empty() ? "" : ", ") + name;
    return all.empty() ? "none" : all;
  }

  // A number, or "$name": a parameter; "$name/10" and "$name*3" scale it.
  double number(const json& value, const std::string& where) const {
    if (value.is_number()) return value.get<double>();
    if (!value.is_string() || !value.get<std::string>().starts_with('$'))
      wrong("{} is neither a number nor a parameter; write 5 or \"$NAME\"", where);
    const auto text = value.get<std::string>();
    const auto sign = text.find_first_of("*/");
    const auto found = parameters_.find(text.substr(1, sign == text.npos ? sign : sign - 1));
    if (found == parameters_.end())
      wrong("{}: there is no parameter '{}'; there are: {}", where, text, parameter_names());
    if (sign == text.npos) return found->second;
    char* end = nullptr;
    const double factor = std::strtod(text.c_str() + sign + 1, &end);
    if (!(factor > 0) || *end != 0)
      wrong("{}: '{}' ends with no positive number; write \"$NAME/10\" or \"$NAME*3\"", where, text);
    return text[sign] == '*' ? found->second * factor : std::max(1.0, std::floor(found->second / factor));
  }

  double number(const members& from, const char* name, double otherwise, double least, double most) const {
    const auto* found = from.find(name);
    if (!found) return otherwise;
    const double value = number(*found, from.where(name));
    if (!(value >= least && value <= most))
      wrong("{} is {}; it must be {} to {}", from.where(name), value, least, most);
    return value;
  }

  void read_loop(const members& all, scenario& s) {
    const auto loop = all.text("loop", "open");
    if (loop != "open" && loop != "open poisson" && loop != "closed")
      wrong("loop is '{}'; it must be open, open poisson or closed", loop);
    s.is_open = loop != "closed";
    if (loop == "open poisson") s.pacing = arrivals::pacing::poisson;
    s.warm_up = all.time("warm_up", s.warm_up);
    s.connections = static_cast<std::size_t>(number(all, "connections", 64, 1, 60'000));
    s.pipeline = static_cast<std::size_t>(number(all, "pipeline", 1, 1, 1024));
    s.think = all.time("think", s.think);
    s.timeout = all.time("timeout", s.timeout);
    s.waiting_max = static_cast<std::size_t>(number(all, "waiting_max", 100'000, 0, 10'000'000));
    const auto* stages = all.find("stages");
    if (!stages) return;
    if (!stages->is_array()) wrong("stages is no list; write [{{\"for\": \"10s\", \"rate\": 100}}]");
    for (const auto& one : *stages) {
      const members m(one, "a stage", {"for", "rate"});
      stage st{.lasts = m.time("for", nanoseconds(0))};
      if (st.lasts.count() <= 0) wrong("a stage needs \"for\"; write how long it lasts, such as \"10s\"");
      if (const auto* rate = m.find("rate")) {
        const bool ramp = rate->is_array() && rate->size() == 2;
        st.from = number(ramp ? (*rate)[0] : *rate, "rate");
        st.to = ramp ? number((*rate)[1], "rate") : st.from;
      }
      s.stages.push_back(st);
    }
    if (!s.is_open) return;
    if (const auto possible = check_rates(s.stages); !possible) wrong("{}", possible.error().what);
  }

  generator read_generator(const std::string& name, const json& value) {
    const auto where = "values." + name;
    const members m(value, where, {"law", "first", "last", "exponent", "scattered", "bytes"});
    static const std::map<std::string, generator::law> laws{
        {"uniform", generator::law::uniform},       {"zipf", generator::law::zipf},
        {"last tenth", generator::law::last_tenth}, {"fixed", generator::law::fixed},
        {"range", generator::law::range},           {"text", generator::law::text}};
    const auto law = laws.find(m.text("law", "uniform"));
    if (law == laws.end())
      wrong("{}.law is '{}'; it must be uniform, zipf, last tenth, fixed, range or text", where,
            m.text("law", ""));
    generator g{.name = name, .how = law->second};
    constexpr double id_max = 9.0e15;  // exact as a double
    g.first = static_cast<std::int64_t>(number(m, "first", 1, -id_max, id_max));
    g.last = static_cast<std::int64_t>(number(m, g.how == generator::law::text ? "bytes" : "last",
                                              static_cast<double>(g.first), -id_max, id_max));
    g.exponent = number(m, "exponent", 1.0, 0, 10);
    if (const auto* scattered = m.find("scattered")) {
      if (!scattered->is_boolean()) wrong("{}.scattered must be true or false", where);
      g.scattered = scattered->get<bool>();
    }
    if (g.how == generator::law::text) {
      g.first = 0;
      if (g.last < 1 || g.last > 1'000'000) wrong("{}.bytes must be 1 to 1000000", where);
    }
    if (g.last < g.first) wrong("{}: last is less than first; write the greater one as last", where);
    return g;
  }

  // Figures go by the request's name.
  static void add_request(request_kind r, scenario& s) {
    for (const auto& other : s.requests) {
      if (other.name == r.name) wrong("two requests are named '{}'; give each a \"name\"", r.name);
    }
    s.requests.push_back(std::move(r));
  }

  request_kind read_request(const json& value, const scenario& s) {
    const members m(value, "a request", {"name", "weight", "method", "target", "headers", "body", "expect"});
    request_kind r;
    const auto target = m.text("target", "");
    if (!target.starts_with('/')) wrong("a request's target is '{}'; it must begin with /", target);
    r.name = m.text("name", target);
    r.weight = number(m, "weight", 1, 0, 1e9);
    r.method = m.text("method", "GET");
    r.target = taken(parse_template(target, s.values), r.name);
    std::string fields;
    bool has_type = false;
    if (const auto* headers = m.find("headers")) {
      for (const auto& [name, content] : must_be_object(*headers, m.where("headers")).items()) {
        if (!content.is_string()) wrong("{}: the header {} is no text; write it in quotes", r.name, name);
        for (const auto* ours : {"host", "content-length", "transfer-encoding"}) {
          if (lower(name) == ours)
            wrong("{}: the header {} is written by atelier-bench; leave it out", r.name, name);
        }
        fields += name + ": " + content.get<std::string>() + "\r\n";
        has_type = has_type || lower(name) == "content-type";
      }
    }
    if (const auto* body = m.find("body")) {
      r.has_body = true;
      r.body = body->is_string() ? taken(parse_template(body->get<std::string>(), s.values), r.name)
                                 : taken(parse_json_template(body->dump(), s.values), r.name);
      if (!body->is_string() && !has_type) fields += "Content-Type: application/json\r\n";
    }
    r.headers = taken(parse_template(fields, s.values), r.name);
    if (const auto* expect = m.find("expect")) r.expects = read_expectation(*expect, r.name, s);
    return r;
  }

  expectation read_expectation(const json& value, const std::string& name, const scenario& s) {
    const members m(value, name + ".expect", {"status", "headers", "json", "every"});
    expectation e;
    if (const auto* status = m.find("status")) {
      for (const auto& one : status->is_array() ? *status : json::array({*status})) {
        if (!one.is_number_integer()) wrong("{} is no status; write 200, or [200, 304]", m.where("status"));
        e.statuses.push_back(one.get<int>());
      }
    }
    if (const auto* headers = m.find("headers")) {
      for (const auto& [header, content] : must_be_object(*headers, m.where("headers")).items()) {
        if (!content.is_string() && !content.is_null())
          wrong("{}.{} must be a text, or null for any", m.where("headers"), header);
        e.headers.push_back({lower(header), content.is_string() ? content.get<std::string>() : ""});
      }
    }
    if (const auto* json_members = m.find("json")) {
      for (const auto& [pointer, wanted] : must_be_object(*json_members, m.where("json")).items())
        e.members.push_back(read_member(pointer, wanted, m.where("json"), s));
    }
    if (expectation_numbers(e).size() > remembered_numbers_max)
      wrong("{} names more than {} values; leave some out", m.where("json"), remembered_numbers_max);
    e.every = static_cast<unsigned>(number(m, "every", 1, 1, 1e9));
    return e;
  }

  static expectation::member read_member(const std::string& pointer, const json& wanted,
                                         const std::string& where, const scenario& s) {
    if (!pointer.empty() && !pointer.starts_with('/'))
      wrong("{}: '{}' is no pointer into JSON; it begins with /", where, pointer);
    expectation::member one{.pointer = pointer, .type = {}, .value = {}};
    if (!wanted.is_object() || wanted.size() != 1 || !wanted.contains("type")) {
      one.value = taken(parse_template(wanted.dump(), s.values), where);
      for (const auto& piece : one.value.pieces) {
        if (piece.hole >= 0 && !s.values[static_cast<std::size_t>(piece.hole)].is_number())
          wrong("{}.{} is to be a text that is drawn; name a value that is a number", where, pointer);
      }
      return one;
    }
    constexpr std::string_view types[] = {"array", "object", "string", "number", "boolean", "null"};
    if (std::find(std::begin(types), std::end(types), wanted["type"]) == std::end(types))
      wrong("{}.{}: there is no type {}; there are: {}", where, pointer, wanted["type"].dump(),
            fmt::join(types, ", "));
    one.type = wanted["type"].get<std::string>();
    return one;
  }

  void read_thresholds(const json& list, scenario& s) {
    if (!list.is_array()) wrong("thresholds is no list; write [\"p99 < 20ms\"]");
    for (const auto& one : list) {
      if (!one.is_string()) wrong("a threshold is no text; write \"p99 < 20ms\"");
      auto t = taken(parse_threshold(one.get<std::string>()), "thresholds");
      if (const auto meant = check_request(t, s); !meant) wrong("{}", meant.error().what);
      s.thresholds.push_back(std::move(t));
    }
  }

  const json& document_;
  std::map<std::string, double> parameters_;
};

}  // namespace

result<> check_rates(std::span<const stage> stages) {
  constexpr double most = 10'000'000;  // many times what one core can offer
  const auto is_possible = [](double rate) { return rate >= 0 && rate <= most; };
  for (const auto& s : stages) {
    if (!is_possible(s.from) || !is_possible(s.to) || s.from + s.to == 0)
      return fail_with(exit_code::wrong_usage,
                       "a stage of an open loop needs a positive \"rate\", or [from, to], of at most {:.0f} "
                       "requests a second",
                       most);
  }
  return {};
}

result<> check_request(const threshold& t, const scenario& s) {
  const auto is_it = [&](const request_kind& r) { return r.name == t.request; };
  if (t.request.empty() || std::any_of(s.requests.begin(), s.requests.end(), is_it)) return {};
  return fail_with(exit_code::wrong_usage, "threshold '{}': no request is named '{}'", t.text, t.request);
}

result<scenario> parse_scenario(std::string_view text, const std::map<std::string, double>& changes) {
  try {
    const auto document = json::parse(text, nullptr, true, true);
    return reader(document, changes).read();
  } catch (const json::exception& e) {
    return fail_with(exit_code::wrong_usage, "the scenario is not the JSON it should be: {}", e.what());
  } catch (const bad_member& e) {
    return fail_with(exit_code::wrong_usage, "the scenario cannot be used: {}", e.what);
  }
}

}  // namespace atelier::bench
