// Draws one run, and an earlier one behind it, from `runs`: what atelier-bench --json writes.
"use strict";

const [now, before] = runs;
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
const ink = dark ? "#98a2b3" : "#667085", grid = dark ? "#262d3b" : "#eef0f3";
const colours = dark ? ["#79a8ff", "#f5a35c", "#ff7b9c", "#5ed3a6", "#c59cff", "#e5d352"] : ["#2f6fde", "#e07b1a", "#d6336c", "#13936a", "#7a4fd0", "#a08a00"];
const byId = (id) => document.getElementById(id);

function element(kind, text, where, className) {
  const made = document.createElement(kind);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  if (where) where.append(made);
  return made;
}

// Three digits that matter, with the unit that suits.
function time(ms) {
  if (ms === null || ms === undefined) return "–";
  const [value, unit] = ms >= 1000 ? [ms / 1000, "s"] : ms >= 1 || ms === 0 ? [ms, "ms"] : [ms * 1000, "µs"];
  return `${Number(value.toPrecision(3))} ${unit}`;
}
const count = (n) => Math.round(n).toLocaleString("en");
const short = (n) => (Math.abs(n) >= 10 ? count(n) : String(Number(n.toPrecision(2))));

// ---- charts -------------------------------------------------------------------------------------------------------------

const drawn = [];
const width = (box) => Math.max(280, box.clientWidth - 34);

function chart(title, about, { x, series, xLabel, logX, logY, yText, xText, wide }) {
  const box = element("div", undefined, byId("charts"), wide ? "chart wide" : "chart");
  element("h2", title, box);
  if (about) element("p", about, box);
  const axis = (values, more) => ({ stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid }, values, ...more });
  const options = {
    width: width(box), height: 270,
    scales: { x: { time: false, ...(logX ? { distr: 3 } : {}) }, y: logY ? { distr: 3 } : { range: (u, low, high) => [0, high > 0 ? high * 1.06 : 1] } },
    axes: [axis((u, all) => all.map((v) => (v === null ? null : (xText || short)(v))), { label: xLabel, labelSize: 18, labelFont: "12px system-ui", size: 34 }),
      axis((u, all) => all.map((v) => (v === null ? null : (yText || short)(v))), { size: 64 })],
    series: [{ label: xLabel, value: (u, v) => (v === null ? "–" : (xText || short)(v)) }, ...series.map((s, i) => ({
      label: s.name, stroke: (s.colour || colours[i % colours.length]) + (s.old ? "a0" : ""), width: s.old ? 1.25 : 2, dash: s.old ? [6, 4] : undefined, spanGaps: true,
      fill: s.fill && !s.old ? (s.colour || colours[i % colours.length]) + "22" : undefined,
      points: { show: x.length < 3 }, value: (u, v) => (v === null || v === undefined ? "–" : (yText || short)(v)) }))],
  };
  const plot = new uPlot(options, [x, ...series.map((s) => s.values)], box);
  drawn.push({ plot, box });
}

// Series of several runs share one axis: the union of their times.
function over(pick) {
  const all = [...new Set(runs.flatMap((r) => pick(r).map((p) => p[0])))].sort((a, b) => a - b);
  return { x: all, of: (run, column) => { const at = new Map(pick(run).map((p) => [p[0], p[column]])); return all.map((v) => at.get(v) ?? null); } };
}

const round = (t) => Math.round(t * 2) / 2;  // seconds of two runs fall together

function timeChart(title, about, columns, more = {}) {
  const lines = over((r) => r.moments.map((m) => [round(m.at), ...columns.map((c) => c.of(m))]));
  const series = runs.flatMap((r, n) => columns.map((c, i) => ({ name: n ? `${c.name}, before` : c.name, old: n > 0, colour: c.colour || colours[i % colours.length], fill: c.fill, values: lines.of(r, i + 1) })));
  chart(title, about, { x: lines.x, series, xLabel: "seconds", ...more });
}

function percentiles() {
  const lines = over((r) => r.whole.curve.filter((p) => p[1] > 0));
  const names = (v) => { const p = 100 * (1 - 1 / v); return v < 1.5 ? "0 %" : `${Number(p.toFixed(Math.max(0, Math.round(Math.log10(v)) - 2)))} %`; };
  chart("Latency by percentile", "each step to the right is a request ten times rarer", {
    x: lines.x, xLabel: "percentile", xText: names, yText: time, logX: true, logY: true, wide: true,
    series: runs.map((r, n) => ({ name: n ? "before" : "now", old: n > 0, colour: n ? ink : undefined, fill: true, values: lines.of(r, 1) })) });
}

function errors() {
  const kinds = [...new Set(runs.flatMap((r) => Object.keys(r.whole.errors_by_kind)))];
  if (kinds.length === 0) {
    const box = element("div", undefined, byId("charts"), "chart");
    element("h2", "Errors", box);
    element("p", "none", box);
    return;
  }
  timeChart("Errors by kind", "a second", kinds.map((k, i) => ({ name: k, colour: colours[(i + 2) % colours.length], of: (m) => m.errors_by_kind[k] || 0 })));
}

function processes() {
  if (!now.processes.length) return;
  for (const [title, column, text] of [["CPU", 1, (v) => `${short(v)}`], ["Memory", 2, (v) => `${short(v)} MiB`]]) {
    const lines = over((r) => r.processes.flatMap((p) => p.moments.map((m) => [round(m[0])])));
    const series = runs.flatMap((r, n) => r.processes.map((p, i) => {
      const at = new Map(p.moments.map((m) => [round(m[0]), m[column]]));
      return { name: n ? `${p.name}, before` : p.name, old: n > 0, colour: colours[i % colours.length], fill: true, values: lines.x.map((v) => at.get(v) ?? null) };
    }));
    chart(title, column === 1 ? "cores busy, each process with its descendants" : "resident, each process with its descendants", { x: lines.x, series, xLabel: "seconds", yText: text });
  }
}

// ---- text ---------------------------------------------------------------------------------------------------------------

function head() {
  byId("name").textContent = now.scenario;
  document.title = `${now.scenario} – atelier-bench`;
  byId("about").textContent = now.about;
  runs.forEach((r, n) => element("span", `${n ? "before: " : ""}${r.when.replace("T", " ").replace("Z", " UTC")}, ${r.url}, ${r.loop} loop, ${r.connections} connections${r.pipeline > 1 ? ` × ${r.pipeline} pipelined` : ""}, ${Number(r.seconds.toFixed(1))} s`, byId("facts"), n ? "run before" : "run"));
  for (const doubt of now.generator.doubts) element("li", doubt, byId("doubts"));
  for (const example of now.examples) element("li", `an error: ${example}`, byId("doubts"));
}

// Of the answers; a run without any has none, whatever it was written as.
const latency = (tally, name) => (tally.answered ? tally.latency_ms[name] : null);

function figure(name, value, text, lessIsGood) {
  const box = element("div", undefined, byId("figures"), "figure");
  element("span", name, box);
  const [is, was] = runs.map(value);
  element("b", text(is), box);
  if (!before) return;
  const small = element("small", `before: ${text(was)}`, box);
  if (is === null || was === null) return;  // nothing was measured that could be better or worse
  const change = is === was ? 0 : is / was - 1;  // from nothing to something: beyond any share
  if (Number.isFinite(change) && was !== 0)
    small.textContent = `${change >= 0 ? "+" : "−"}${Math.abs(change * 100).toFixed(Math.abs(change) < 0.1 ? 1 : 0)} % of ${text(was)}`;
  if (Math.abs(change) > 0.02) small.className = change < 0 === lessIsGood ? "good" : "bad";
}

// Where requests failed, the percentiles shown are not those that thresholds are held against.
function failures() {
  const { answered, errors, latency_with_failures_ms: all } = now.whole;
  if (!errors || !answered || !all) return;
  const shown = ["p50", "p90", "p99", "p99.9"].map((p) => `${p} ${all[p] === null ? "is a failure" : time(all[p])}`);
  element("p", `Latencies are of the ${count(answered)} answered; ${count(errors)} failed, which thresholds count as slower than any answer: ${shown.join(", ")}.`, byId("failures"));
}

function table(caption, headings, rows, where) {
  const made = element("table", undefined, element("div", undefined, where, "scroll"));
  if (caption) element("caption", caption, made);
  const top = element("tr", undefined, element("thead", undefined, made));
  headings.forEach((h) => element("th", h, top));
  const body = element("tbody", undefined, made);
  for (const row of rows) {
    const line = element("tr", undefined, body);
    row.forEach((cell) => element("td", cell.text ?? cell, line, cell.className));
  }
}

function thresholds() {
  if (!now.thresholds.length) return;
  const value = (t) => (t.value === null ? "not so many were answered" : t.unit === "ms" ? time(t.value) : t.unit === "share" ? `${Number((t.value * 100).toPrecision(3))} %` : `${short(t.value)} /s`);
  table("Thresholds", ["must hold", "was", ""], now.thresholds.map((t) => [t.threshold, value(t), { text: t.held ? "held" : "missed", className: t.held ? "good" : "bad" }]), byId("thresholds"));
}

function kinds() {
  const columns = ["p50", "p90", "p99", "p99.9", "max"];
  table("By request", ["request", "requests", "answers/s", "errors", ...columns],
    Object.entries(now.kinds).concat([["all", now.whole]]).map(([name, t]) => [name, count(t.requests), short(t.rate), { text: count(t.errors), className: t.errors ? "bad" : "" }, ...columns.map((c) => time(latency(t, c)))]), byId("kinds"));
  if (now.processes.length) {
    table("Processes", ["process", "CPU seconds", "CPU a request", "resident"],
      now.processes.map((p) => [p.name, p.cpu_seconds.toFixed(2), time((p.cpu_seconds * 1000) / Math.max(1, now.whole.answered)), `${p.memory_mib.toFixed(1)} MiB`]), byId("kinds"));
  }
}

head();
figure("answers a second", (r) => r.whole.rate, short, false);
figure("errors", (r) => r.whole.errors, count, true);
figure("median", (r) => latency(r.whole, "p50"), time, true);
figure("p99", (r) => latency(r.whole, "p99"), time, true);
figure("p99.9", (r) => latency(r.whole, "p99.9"), time, true);
figure("longest", (r) => latency(r.whole, "max"), time, true);
failures();
thresholds();
percentiles();
timeChart("Latency over time", "each second by itself", [{ name: "p50", of: (m) => m.p50 || null }, { name: "p99", of: (m) => m.p99 || null }, { name: "max", of: (m) => m.max || null }], { yText: time, logY: true });
timeChart("Throughput", "answers and arrivals a second", [{ name: "answered", of: (m) => m.rate, fill: true }, { name: "started", of: (m) => m.offered }]);
errors();
timeChart("Under way", "requests in flight, and arrivals that wait for a connection", [{ name: "in flight", of: (m) => m.in_flight }, { name: "waiting", of: (m) => m.waiting }]);
processes();
kinds();
addEventListener("resize", () => drawn.forEach(({ plot, box }) => plot.setSize({ width: width(box), height: 270 })));
document.body.dataset.drawn = String(drawn.length);
