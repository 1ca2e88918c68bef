// The proxy as it is: /events says everything once a second, and each figure has its node, made once and changed where it differs.
"use strict";

const byId = (id) => document.getElementById(id);
const moments = [];  // of the last minute, oldest first
let about = { seconds: 60, token: "none" };
let newest = null;   // the last snapshot
let token = "";      // lives as long as the page

function element(kind, where, { text, className, ...attributes } = {}) {
  const made = document.createElement(kind);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (where) where.append(made);
  return made;
}

function say(node, text) {
  if (node.textContent === text) return;
  if (node.firstChild) node.firstChild.data = text;
  else node.textContent = text;
}

function mark(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

function appear(node, wanted) {
  if (node.hidden === wanted) node.hidden = !wanted;
}

// ---- numbers --------------------------------------------------------------------------------------------------------------

function count(n) {
  if (n === null || n === undefined) return "–";
  return n >= 10 || Number.isInteger(n) ? Math.round(n).toLocaleString("en") : n.toFixed(1);
}

// Three digits that matter, with the unit that suits.
function time(ms) {
  if (ms === null || ms === undefined) return "–";
  const [value, unit] = ms >= 1000 ? [ms / 1000, "s"] : ms >= 1 || ms === 0 ? [ms, "ms"] : [ms * 1000, "µs"];
  return `${Number(value.toPrecision(3))} ${unit}`;
}

function since(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min`;
  return s < 172800 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} days`;
}

const latency = (of, which) => (of && of.latency_ms ? of.latency_ms[which] : null);

// ---- charts ---------------------------------------------------------------------------------------------------------------

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const charts = [];  // of the whole; those of the workers stand in their rows

// A chart is as wide as the box that holds it alone.
const plots = new WeakMap();
const sizes = new ResizeObserver((changed) => {
  for (const { target } of changed) {
    const plot = plots.get(target);
    if (target.clientWidth > 0 && plot.width !== target.clientWidth) plot.setSize({ width: target.clientWidth, height: plot.height });
  }
});

function fit(plot, box, text) {
  mark(plot.root, "role", "img");
  mark(plot.root, "aria-label", text);
  plots.set(box, plot);
  sizes.observe(box);
}

function line({ name, paint, fill, text }) {
  return { label: name, width: 1.75, stroke: () => colour(paint), fill: fill ? () => `${colour(paint)}26` : undefined, points: { show: false }, spanGaps: false, value: (u, v) => text(v) };
}

const age = (m) => (m.at - newest.moment.at) / 1000;

// Of the time in which nothing was heard nothing is known: no line is drawn across it.
const silence_ms = 3000;
const withGaps = () => moments.flatMap((m, i) => (i > 0 && m.at - moments[i - 1].at > silence_ms ? [{ at: m.at - 1, isGap: true }, m] : [m]));
const fromZero = (least) => (u, low, high) => [0, Math.max(least, (high || 0) * 1.08)];

const whole = [0, 1, 2, 3, 4, 5].flatMap((zeros) => [1, 2, 5].map((n) => n * 10 ** zeros));  // steps of an axis that counts

function addChart(title, unit, lines, text) {
  const figure = element("figure", byId("charts"));
  const caption = element("figcaption", figure, { text: `${title} ` });
  const box = element("div", figure, { className: "plot" });
  element("small", caption, { text: unit });
  const axis = { stroke: () => colour("soft"), grid: { stroke: () => colour("grid"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
  const plot = new uPlot({
    width: 300, height: 132, padding: [10, 14, 0, 0],
    scales: { x: { time: false, range: () => [-(about.seconds - 1), 0] }, y: { range: fromZero(lines[0].least || 1) } },
    axes: [{ ...axis, size: 22, splits: () => [-45, -30, -15, 0], values: (u, all) => all.map((v) => (v === 0 ? "now" : `−${-v} s`)) },
      { ...axis, size: 54, space: 28, ...(text === count ? { incrs: whole } : {}), values: (u, all) => all.map(text) }],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    series: [{}, ...lines.map((l) => line({ ...l, text }))],
    hooks: { setCursor: [showNewest] },
  }, [[], ...lines.map(() => [])], box);
  fit(plot, box, `${title} ${unit}, the last minute`);
  charts.push({ plot, lines });
}

// The legend says what is under the pointer; where there is none, what is now.
function showNewest(plot) {
  const last = plot.data[0].length - 1;
  if (plot.cursor.left < 0 && last >= 0 && plot.legend.idx !== last) plot.setLegend({ idx: last });
}

// Nothing where there is nothing: a line along the bottom would look like something.
const spikes = (v, i, all) => (v || all[i - 1] || all[i + 1] ? v : null);

function draw() {
  const shown = withGaps();
  const at = shown.map(age);
  for (const { plot, lines } of charts) {
    plot.setData([at, ...lines.map((l) => shown.map((m) => (m.isGap ? null : l.of(m))))]);
    plot.legend.idx = null;
    showNewest(plot);
  }
  for (const [name, row] of rows) {
    const its = (figure) => shown.map((m) => (!m.isGap && m.workers[name] ? m.workers[name][figure] : null));
    row.plot.setData([at, its("rate"), its("errors").map(spikes)]);
  }
}

function makeCharts() {
  addChart("Answers", "a second", [
    { name: "2xx, 3xx", paint: "good", fill: true, of: (m) => m.answers[0] + m.answers[1] },
    { name: "4xx", paint: "warn", of: (m) => m.answers[2] },
    { name: "5xx", paint: "bad", of: (m) => m.answers[3] }], count);
  addChart("Latency", "of whole requests", [
    { name: "p50", paint: "good", least: 0.1, of: (m) => latency(m, 0) },
    { name: "p90", paint: "accent", of: (m) => latency(m, 1) },
    { name: "p99", paint: "third", of: (m) => latency(m, 2) }], time);
  addChart("In flight", "requests", [{ name: "in flight", paint: "accent", fill: true, of: (m) => m.in_flight }], count);
  addChart("In line", "requests that wait for a worker with room", [{ name: "in line", paint: "warn", fill: true, of: (m) => m.waiting }], count);
  addChart("Retries", "a second", [{ name: "retries", paint: "bad", fill: true, of: (m) => m.retries }], count);
  addChart("Connections", "of clients", [{ name: "connections", paint: "third", fill: true, of: (m) => m.connections }], count);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const { plot } of charts) plot.redraw();
    for (const row of rows.values()) row.plot.redraw();
  });
}

// ---- figures --------------------------------------------------------------------------------------------------------------

const figures = [
  { name: "Requests/s", text: (m) => count(m.rate) },
  { name: "Errors/s", text: (m) => count(m.errors), isBad: (m) => m.errors > 0 },
  { name: "Median", text: (m) => time(latency(m, 0)) },
  { name: "p99", text: (m) => time(latency(m, 2)) },
  { name: "In flight", text: (m) => count(m.in_flight) },
  { name: "In line", text: (m) => count(m.waiting) },
  { name: "Retries/s", text: (m) => count(m.retries) },
  { name: "Connections", text: (m) => count(m.connections) },
];

function makeFigures() {
  for (const figure of figures) {
    figure.box = element("div", byId("figures"));
    element("dt", figure.box, { text: figure.name });
    figure.value = element("dd", figure.box, { text: "–" });
  }
}

function showFigures(moment) {
  for (const { text, isBad, box, value } of figures) {
    say(value, text(moment));
    if (isBad) box.classList.toggle("bad", isBad(moment));
  }
}

// ---- workers --------------------------------------------------------------------------------------------------------------

const rows = new Map();  // by the worker's name
const columns = [["name", "Worker"], ["state", "State"], ["rate", "Requests/s"], ["errors", "Errors/s"], ["in-flight", "In flight"], ["rest", "At rest"], ["p50", "p50"], ["p90", "p90"], ["p99", "p99"], ["minute", "Last minute"], ["actions", "Change"]];

function makeHeadings() {
  for (const [name, text] of columns) {
    const heading = element("th", byId("headings"), { text, role: "columnheader", scope: "col" });
    if (name === "rest") heading.title = "connections to the worker that no request uses";
  }
}

// The last part of a socket's path tells it from its neighbours; the folder stands below, and breaks at its slashes.
function makeName(cell, name) {
  const cut = name.lastIndexOf("/") + 1;
  element("b", cell, { text: name.slice(cut), title: name });
  const folder = element("small", cell);
  for (const part of name.slice(0, cut).split(/(?<=[/])/)) folder.append(part, document.createElement("wbr"));
  appear(folder, cut > 0);
}

function makeRow(name) {
  const place = element("tr", byId("workers"), { role: "row", "data-worker": name });
  const cells = {};
  for (const [column, text] of columns) cells[column] = element("td", place, { role: "cell", className: column, "data-label": text });
  for (const column of ["rate", "errors", "in-flight", "rest", "p50", "p90", "p99"]) cells[column].classList.add("figure");
  makeName(cells.name, name);
  const parts = {
    settings: element("small", cells.name),
    word: element("span", cells.state, { className: "word" }), since: element("span", cells.state, { className: "since" }), why: element("small", cells.state),
  };
  const buttons = element("span", cells.actions, { className: "buttons" });
  const turn = element("button", buttons, { type: "button", className: "turn" });
  const remove = element("button", buttons, { type: "button", className: "remove", text: "Remove", "aria-label": `Remove ${name}` });
  turn.addEventListener("click", () => ask(turn.dataset.verb, name));
  remove.addEventListener("click", () => ask("remove", name));
  const box = element("div", cells.minute, { className: "plot" });
  const plot = new uPlot({
    width: 110, height: 34, padding: [3, 0, 3, 0], legend: { show: false }, cursor: { show: false }, axes: [{ show: false }, { show: false }],
    scales: { x: { time: false, range: () => [-(about.seconds - 1), 0] }, y: { range: fromZero(1) } },
    series: [{}, line({ name: "requests", paint: "accent", fill: true, text: count }), line({ name: "errors", paint: "bad", text: count })],
  }, [[], [], []], box);
  fit(plot, box, `requests and errors of ${name}, the last minute`);
  const row = { place, cells, parts, turn, remove, plot, state: null };
  rows.set(name, row);
  return row;
}

function showState(row, worker, now) {
  const { name, state } = worker;
  const reason = worker.reason.replaceAll("_", " ");
  if (row.state !== null && row.state !== state) say(byId("news"), `${name} is ${state}: ${reason}`);
  row.state = state;
  say(row.parts.word, state);
  mark(row.parts.word, "data-state", state);
  say(row.parts.since, ` for ${since(now - worker.since)}`);
  say(row.parts.why, reason);
  const out = state === "draining" || state === "drained";
  say(row.turn, out ? "Ready" : "Drain");
  row.turn.dataset.verb = out ? "ready" : "drain";
  mark(row.turn, "aria-label", `${out ? "Ready" : "Drain"} ${name}`);
  row.turn.disabled = row.remove.disabled = state === "leaving";
}

function showWorker(worker, now, pace) {
  const row = rows.get(worker.name) || makeRow(worker.name);
  const { cells } = row;
  showState(row, worker, now);
  say(row.parts.settings, [worker.weight !== 1 ? `weight ${worker.weight}` : "", worker.max ? `at most ${worker.max}` : ""].filter(Boolean).join(", "));
  say(cells["in-flight"], count(worker.in_flight));
  say(cells.rest, count(worker.idle_connections));
  say(cells.rate, count(pace && pace.rate));
  say(cells.errors, count(pace && pace.errors));
  cells.errors.classList.toggle("bad", Boolean(pace && pace.errors > 0));
  ["p50", "p90", "p99"].forEach((p, i) => say(cells[p], time(latency(pace, i))));
}

function forget(name) {
  const row = rows.get(name);
  const held = row.place.contains(document.activeElement);
  sizes.unobserve(row.plot.root.parentNode);
  row.plot.destroy();
  row.place.remove();
  rows.delete(name);
  say(byId("news"), `${name} is gone`);
  if (held) byId("workers-title").focus();
}

function show(snapshot) {
  newest = snapshot;
  const { moment, workers } = snapshot;
  const now = moment ? moment.at : Date.now();
  const usable = workers.filter((w) => w.state === "up" || w.state === "unknown").length;
  say(byId("listen"), `on ${snapshot.listen}`);
  say(byId("up"), workers.length ? `${usable} of ${workers.length} get requests` : "");
  document.title = usable < workers.length ? `${usable} of ${workers.length} up – atelier lb` : "atelier lb";
  const notice = [snapshot.draining ? "This proxy is draining: it accepts no new connections and will end." : "", snapshot.panic ? "Too few workers are healthy: all get requests." : "",
    workers.length && !usable && !snapshot.panic ? "No worker gets requests: clients are answered 503." : ""].filter(Boolean).join(" ");
  say(byId("notice"), notice);
  appear(byId("notice"), notice !== "");
  for (const worker of workers) showWorker(worker, now, moment && moment.workers[worker.name]);
  for (const name of [...rows.keys()].filter((n) => !workers.some((w) => w.name === n))) forget(name);
  appear(byId("nobody"), workers.length === 0);
  if (!moment) return;
  if (!moments.length || moments.at(-1).at < moment.at) moments.push(moment);
  while (moments.length > about.seconds) moments.shift();
  showFigures(moment);
  draw();
}

// ---- changes --------------------------------------------------------------------------------------------------------------

const dialog = byId("ask");
const tokenField = dialog.querySelector("input");
let asked = null;  // what the dialog asks about

function ask(verb, name) {
  const worker = newest.workers.find((w) => w.name === name);
  const others = newest.workers.some((w) => w.name !== name && (w.state === "up" || w.state === "unknown"));
  const has = worker && worker.in_flight ? ` (${count(worker.in_flight)} now)` : "";
  const last = verb === "ready" || others ? "" : " No other worker gets requests: clients will be answered 503.";
  const texts = {
    drain: `It gets no new requests and answers those that it has${has}. Probes go on, and Ready brings it back.${last}`,
    ready: "It gets requests again, as soon as its probes are good.",
    remove: `It gets no new requests, answers those that it has${has}, and leaves the list.${last}`,
  };
  const title = verb[0].toUpperCase() + verb.slice(1);
  asked = { verb, name };
  say(byId("ask-title"), `${title} ${name}?`);
  say(byId("ask-text"), texts[verb]);
  say(byId("ask-yes"), title);
  byId("ask-yes").className = verb === "remove" ? "harm" : "";
  byId("ask-yes").disabled = false;
  appear(byId("ask-fault"), false);
  appear(byId("ask-token"), about.token === "needed" && !token);
  dialog.showModal();
  (byId("ask-token").hidden ? byId(verb === "remove" ? "ask-no" : "ask-yes") : tokenField).focus();
}

function refuse(text) {
  say(byId("ask-fault"), text);
  appear(byId("ask-fault"), true);
}

async function change({ verb, name }) {
  const given = token || tokenField.value;
  const headers = about.token === "needed" ? { Authorization: `Bearer ${given}` } : {};
  const answer = await fetch(`/workers/${name}/${verb}`, { method: "POST", headers, signal: AbortSignal.timeout(10_000) });
  const text = await answer.text();
  if (answer.status === 403 && about.token === "needed") {
    token = "";
    appear(byId("ask-token"), true);
    tokenField.focus();
  }
  if (!answer.ok) return refuse(text.trim().replace(/^Error: /, "") || `The proxy answered ${answer.status}.`);
  token = about.token === "needed" ? given : "";
  dialog.close();
  if (verb === "remove") byId("workers-title").focus();  // its buttons go with it
  const worker = JSON.parse(text);
  newest.workers = newest.workers.map((w) => (w.name === name ? worker : w));
  if (rows.has(name)) showState(rows.get(name), worker, worker.since);
}

function makeDialog() {
  byId("ask-no").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => { tokenField.value = ""; });
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    byId("ask-yes").disabled = true;
    await change(asked).catch(() => refuse("The proxy did not answer. Whether it did as asked is not known: the list will say."));
    byId("ask-yes").disabled = false;
  });
}

// ---- events ---------------------------------------------------------------------------------------------------------------

let source = null;
let heard = 0;  // when something came

function link(isLive) {
  mark(byId("link"), "data-link", isLive ? "live" : "lost");
  say(byId("link"), isLive ? "live" : newest ? "connection lost, trying again" : "connecting…");
  byId("main").classList.toggle("stale", !isLive && newest !== null);
}

function listen() {
  if (source) source.close();
  source = new EventSource("/events");
  heard = performance.now();
  const on = (name, take) => source.addEventListener(name, (event) => {
    heard = performance.now();
    take(JSON.parse(event.data));
    link(true);
  });
  on("about", (what) => { about = what; });
  on("history", (past) => { moments.splice(0, moments.length, ...past); });
  on("message", show);
  source.addEventListener("error", () => link(false));
}

makeHeadings();
makeFigures();
makeCharts();
makeDialog();
listen();
// The browser itself tries again where a connection broke, but not where it was refused or has gone silent.
setInterval(() => {
  if (performance.now() - heard < 5000) return;
  link(false);
  listen();
}, 1000);
