// Shows /openapi.json: endpoints with parameters, bodies, answers and examples, each with a form to try it. No library: the
// specification is our own, so only what it uses is read here. Text goes in as text, never as HTML.

const shown_methods = ["get", "post", "put"];
let spec;

// ---- small words ----------------------------------------------------------------------------------------------------------------

function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== ""));
  return element;
}

// What stands where a $ref may stand.
function at(node) {
  while (node?.$ref) {
    const { $ref, ...beside } = node;
    const found = $ref.slice(2).split("/").reduce((from, key) => from[key], spec);
    node = { ...found, ...beside };
  }
  return node;
}

// Descriptions are Markdown; of it we use paragraphs, `code` and **strong**.
function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) =>
    part.startsWith("`") ? el("code", {}, part.slice(1, -1))
    : part.startsWith("**") ? el("strong", {}, part.slice(2, -2))
    : part);
}
const prose = (text) => (text ?? "").split("\n\n").filter(Boolean).map((paragraph) => el("p", {}, inline(paragraph)));

const as_text = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
const examples_of = (holder) =>
  Object.values(holder.examples ?? {}).map(at).concat("example" in holder ? [{ value: holder.example }] : []);
const is_good = (status) => /^[23]/.test(status);

// ---- schemas --------------------------------------------------------------------------------------------------------------------

function type_of(schema) {
  schema = at(schema);
  if ("const" in schema) return `always ${JSON.stringify(schema.const)}`;
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.anyOf) return schema.anyOf.map(type_of).join(" | ");
  const types = [schema.type].flat().map((type) => (type === "array" ? `list of: ${type_of(schema.items)}` : type));
  const { minimum: least, maximum: most, minLength: shortest, maxLength: longest } = schema;
  let range = "";
  if (least != null && most != null) range = `, ${least} to ${most}`;
  else if (least != null) range = `, from ${least}`;
  if (longest != null) range = `, ${shortest != null ? `${shortest} to ` : "at most "}${longest} characters`;
  if (schema.default !== undefined) range += `, default ${schema.default}`;
  return types.join(" or ") + range;
}

// The object whose members are worth showing: the schema itself, its list's items, its map's values.
function inner_object(schema) {
  schema = at(schema);
  if (schema.properties) return schema;
  if (schema.items) return inner_object(schema.items);
  if (typeof schema.additionalProperties === "object") return inner_object(schema.additionalProperties);
  return null;
}

function members(schema) {
  const object = inner_object(schema);
  if (!object) return el("p", { class: "type" }, type_of(schema));
  const rows = Object.entries(object.properties).map(([name, property]) => {
    const resolved = at(property);
    const nested = inner_object(resolved);
    return el("div", {},
      el("dt", {}, name, object.required ? el("small", object.required.includes(name) ? { class: "required" } : {}, object.required.includes(name) ? "required" : "optional") : null),
      el("dd", {},
        el("p", { class: "type" }, resolved.additionalProperties && nested ? "object, one member for each" : type_of(resolved)),
        prose(resolved.description),
        nested ? el("details", {}, el("summary", {}, "Its members"), members(nested)) : null));
  });
  return el("dl", { class: "fields" }, rows);
}

// ---- one endpoint ---------------------------------------------------------------------------------------------------------------

function parameter_list(parameters) {
  const rows = parameters.map((parameter) =>
    el("div", {},
      el("dt", {}, parameter.name, el("small", parameter.required ? { class: "required" } : {}, `${parameter.in}, ${parameter.required ? "required" : "optional"}`)),
      el("dd", {},
        el("p", { class: "type" }, type_of(parameter.schema)),
        prose(parameter.description))));
  return [el("h4", {}, "Parameters"), el("dl", { class: "fields" }, rows)];
}

function example_figures(media) {
  const examples = examples_of(media);
  if (examples.every(({ value }) => typeof value === "string")) {
    const lines = examples.map(({ summary, value }) => el("li", {}, el("code", {}, value.trimEnd()), summary ? ` ${summary}` : ""));
    return lines.length ? el("ul", { class: "lines" }, lines) : null;
  }
  return el("div", { class: "examples" }, examples.map(({ summary, value }) =>
    el("figure", {}, el("figcaption", {}, summary ?? "Example"), el("pre", { tabindex: 0 }, as_text(value)))));
}

function request_body(body) {
  return [
    el("h4", {}, "Body"),
    prose(body.description),
    Object.entries(body.content).flatMap(([type, media]) => [el("p", { class: "kind" }, type), members(media.schema), example_figures(media)]),
  ].flat();
}

function answer(status, response) {
  const headers = Object.entries(response.headers ?? {}).filter(([name]) => !/^(Access-Control-|X-Request-Id)/.test(name));  // on every answer
  const [first, ...further] = response.description.split("\n\n");
  const bodies = Object.entries(response.content ?? {}).flatMap(([type, media]) => [
    el("p", { class: "kind" }, type),
    inner_object(media.schema) && is_good(status) ? members(media.schema) : null,
    example_figures(media),
  ]);
  return el("details", { class: "answer", open: bodies.length > 0 && status.startsWith("2") },
    el("summary", {}, el("span", { class: `code ${is_good(status) ? "good" : "bad"}` }, status === "default" ? "other" : status), inline(first)),
    prose(further.join("\n\n")),
    headers.length ? el("p", { class: "kind" }, "Headers") : null,
    headers.length ? el("ul", { class: "lines" }, headers.map(([name, header]) => el("li", {}, el("code", {}, name), " ", inline(at(header).description ?? "")))) : null,
    bodies);
}

function endpoint(path, method, item) {
  const operation = item[method];
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(at);
  const body = at(operation.requestBody);
  const also = ["head", "options"].filter((name) => item[name] && (name !== "head" || method === "get")).map((name) => name.toUpperCase());
  return el("section", { class: "endpoint", id: operation.operationId, "aria-labelledby": `${operation.operationId}-title` },
    el("h3", { id: `${operation.operationId}-title` }, operation.summary),
    el("div", { class: "line" },
      el("span", { class: `method ${method}` }, method.toUpperCase()),
      el("code", { class: "path" }, path),
      also.length ? el("span", { class: "also" }, `also ${also.join(" and ")}`) : null),
    prose(operation.description),
    parameters.length ? parameter_list(parameters) : null,
    body ? request_body(body) : null,
    el("h4", {}, "Answers"),
    Object.entries(operation.responses)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([status, response]) => answer(status, at(response))),
    try_it(path, method, parameters, body));
}

// ---- trying ---------------------------------------------------------------------------------------------------------------------

function try_it(path, method, parameters, body) {
  const outcome = el("div", { class: "outcome", "aria-live": "polite" });
  const media = body?.content["application/json"];
  const send = el("button", { type: "submit" }, "Send");
  const form = el("form", { onsubmit: (event) => { event.preventDefault(); ask(); } },
    parameters.length ? el("div", { class: "row" }, parameters.map(parameter_input)) : null,
    media ? body_input(media) : null,
    method !== "get" ? el("p", { class: "note" }, "This writes: it changes the data that is served here.") : null,
    send);

  async function ask() {
    const request = request_of(path, method, parameters, form);
    send.disabled = true;
    try {
      const began = performance.now();
      const got = await fetch(request.url, { method: request.method, headers: request.headers, body: request.body, cache: "no-store" });
      const text = await got.text();
      show_outcome(outcome, request, got, text, performance.now() - began);
    } catch (error) {
      outcome.replaceChildren(el("p", {}, `No answer: ${error.message}`));
    } finally {
      send.disabled = false;
    }
  }
  return el("details", { class: "try" }, el("summary", {}, "Try it"), form, outcome);
}

function parameter_input(parameter) {
  const schema = at(parameter.schema);
  const first = examples_of(parameter)[0]?.value;
  const name = `${parameter.in}:${parameter.name}`;
  const label = `${parameter.name}${parameter.required ? "" : " (optional)"}`;
  const input = schema.enum
    ? el("select", { name }, el("option", { value: "" }, `not sent (${schema.default})`), schema.enum.map((value) => el("option", { value }, value)))
    : el("input", { name, value: parameter.required ? first : null, placeholder: parameter.required ? null : schema.default ?? "not sent", required: !!parameter.required, autocomplete: "off", spellcheck: "false", inputmode: schema.type === "integer" ? "numeric" : null });
  return el("label", {}, label, input);
}

function body_input(media) {
  const examples = examples_of(media);
  const area = el("textarea", { name: "body", spellcheck: "false" });
  area.value = as_text(examples[0].value);
  const choice = el("select", { onchange: (event) => { area.value = as_text(examples[event.target.value].value); } },
    examples.map(({ summary }, index) => el("option", { value: index }, summary)));
  return [el("label", {}, "Start from an example", choice), el("label", {}, "Body", area)];
}

function request_of(path, method, parameters, form) {
  const values = new FormData(form);
  const query = new URLSearchParams();
  const headers = {};
  for (const { name, in: place } of parameters) {
    const value = values.get(`${place}:${name}`);
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (value === "") continue;
    else if (place === "query") query.append(name, value);
    else headers[name] = value;
  }
  const body = values.get("body") ?? undefined;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const url = new URL(path + (query.size ? `?${query}` : ""), location.origin);
  return { url, method: method.toUpperCase(), headers, body };
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

function as_curl({ url, method, headers, body }) {
  const parts = ["curl -i", method === "GET" ? "" : `-X ${method}`, quoted(url.href)];
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body !== undefined) parts.push(`--data-raw ${quoted(body)}`);
  return parts.filter(Boolean).join(" ");
}

function show_outcome(place, request, got, text, took) {
  const shown = ["ETag", "Location", "Idempotent-Replayed", "Retry-After", "X-Request-Id", "Content-Type"].filter((name) => got.headers.has(name));
  let pretty = text;
  if (/json/.test(got.headers.get("Content-Type") ?? "")) pretty = JSON.stringify(JSON.parse(text), null, 2);
  place.replaceChildren(
    el("h5", {}, el("span", { class: `code ${got.status < 400 ? "good" : "bad"}` }, String(got.status)), `${got.statusText} in ${Math.round(took)} ms`),
    el("pre", { class: "wrap", tabindex: 0 }, shown.map((name) => `${name}: ${got.headers.get(name)}`).join("\n")),
    pretty === "" ? el("p", { class: "type" }, "No body.") : el("pre", { class: "wrap", tabindex: 0 }, pretty),
    el("p", { class: "kind" }, "The same from a shell"),
    el("pre", { class: "wrap", tabindex: 0 }, as_curl(request)));
}

// ---- the page -------------------------------------------------------------------------------------------------------------------

function endpoints_of(tag) {
  return Object.entries(spec.paths).flatMap(([path, item]) =>
    shown_methods.filter((method) => item[method]?.tags.includes(tag)).map((method) => ({ path, method, item, operation: item[method] })));
}

function show() {
  const { info } = spec;
  document.title = info.title;
  const sections = spec.tags.flatMap(({ name, description }) => [
    el("h2", { class: "tag" }, name),
    el("p", {}, description),
    ...endpoints_of(name).map(({ path, method, item }) => endpoint(path, method, item)),
  ]);
  document.getElementById("content").replaceChildren(
    el("h1", {}, info.title),
    el("p", { class: "lead" }, info.summary),
    el("p", { class: "facts" }, `Version ${info.version} of the contract. As a file for tools: `, el("a", { href: "/openapi.json" }, "/openapi.json")),
    ...prose(info.description),
    ...sections);
  document.getElementById("contents").replaceChildren(...spec.tags.flatMap(({ name }) => [
    el("h2", {}, name),
    el("ul", {}, endpoints_of(name).map(({ method, operation }) =>
      el("li", {}, el("a", { href: `#${operation.operationId}` }, el("span", { class: `method ${method}` }, method.toUpperCase()), operation.summary)))),
  ]));
  const wide = matchMedia("(min-width: 52.01rem)");
  const fold = () => { document.getElementById("fold").open = wide.matches; };
  wide.addEventListener("change", fold);
  fold();
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

try {
  const got = await fetch("/openapi.json");
  if (!got.ok) throw new Error(`/openapi.json was answered with ${got.status}`);
  spec = await got.json();
  show();
} catch (error) {
  document.getElementById("status").replaceChildren(`The specification could not be shown: ${error.message}. It is at `, el("a", { href: "/openapi.json" }, "/openapi.json"), ".");
}
