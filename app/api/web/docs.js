// Shows this origin's specification with Swagger UI, as light or dark as the system is.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// What every path answers stands behind what only some do.
const last = ["head", "options"];
const rank = (operation) => last.indexOf(operation.get("method"));

// Optional headers begin empty. With its example filled in, a second try would carry the Idempotency-Key of the first, and be no new one.
const empty_headers = () => ({
  statePlugins: { spec: { wrapActions: { updateJsonSpec: (original) => (specification) => {
    for (const parameter of Object.values(specification.components?.parameters ?? {}))
      if (parameter.in === "header") delete parameter.examples;
    return original(specification);
  } } } },
});

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#specification",
  plugins: [empty_headers],
  validatorUrl: null,  // nobody else is asked
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  operationsSorter: (a, b) => rank(a) - rank(b),
});
