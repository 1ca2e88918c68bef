// The proxy's page for operators, before small workers that die, return and are drained:
//
//   node tests/browser/proxy_page.mjs BUILD     BUILD: the folder with atelier
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { faint, picture, strangers, tests } from "./browser.mjs";

const [build = "build/release"] = process.argv.slice(2);

const clean = (page) => assert.deepEqual({ strangers: strangers(page), complaints: page.complaints }, { strangers: [], complaints: [] });

// ---- what the page shows ------------------------------------------------------------------------------------------------------

class Worker {
  asked = 0;

  constructor(socket) {
    this.socket = socket;  // a path, or nothing: a port
  }

  async start() {
    this.server = http.createServer((request, answer) => {
      if (request.url === "/ready") return answer.end("ready");
      this.asked += 1;
      setTimeout(() => answer.writeHead(request.url === "/wrong" ? 404 : 200).end("hello"), 3 + (this.asked % 7));
    });
    if (this.socket) this.server.listen(this.socket);
    else this.server.listen(this.port ?? 0, "127.0.0.1");
    await once(this.server, "listening");
    this.port = this.server.address().port;
    this.name = this.socket ? `unix:${this.socket}` : `127.0.0.1:${this.port}`;
    return this;
  }

  async die() {
    const closed = once(this.server, "close");
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}

class Proxy {
  constructor(workers, { listen = "127.0.0.1:0", admin = "127.0.0.1:0", token } = {}) {
    const words = workers.flatMap((w, i) => ["--worker", i === 1 ? `${w.name},max=100` : w.name]);
    this.child = spawn(path.join(build, "atelier"), ["lb", "--listen", listen, "--admin", admin, "--probe-interval", "200ms", ...words],
      { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, ...(token ? { ATELIER_LB_ADMIN_TOKEN: token } : {}) } });
    this.ended = once(this.child, "close");
    this.log = "";
    this.listening = new Promise((resolve, reject) => {
      this.child.stderr.on("data", (bytes) => {
        this.log += bytes;
        const found = this.log.match(/listening on (\S+) .*admin=(\S+)/);
        if (found) [, this.listen, this.admin] = found, resolve(this);
      });
      this.child.once("close", () => reject(new Error(`atelier lb ended: ${this.log}`)));
    });
    this.listening.catch(() => {});
  }

  async stop() {
    this.child.kill("SIGTERM");
    await this.ended;
  }
}

// A client that asks again and again, so that there is something to see.
function load({ listen }) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  const [host, port] = listen.split(":");
  let n = 0;
  const timer = setInterval(() => {
    n += 1;
    http.get({ host, port, agent, path: n % 20 === 0 ? "/wrong" : "/" }, (answer) => answer.resume()).on("error", () => {});
  }, 10);
  return () => { clearInterval(timer); agent.destroy(); };
}

// ---- how it is looked at ------------------------------------------------------------------------------------------------------

const row = (page, worker) => page.locator(`tr[data-worker="${worker.name}"]`);
const state = (page, worker, wanted) => row(page, worker).locator(`.word[data-state="${wanted}"]`).waitFor();
const button = (page, worker, verb) => row(page, worker).getByRole("button", { name: `${verb} ${worker.name}` });
const focused = (page) => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.id);
const dialog = (page) => page.getByRole("dialog");

async function updates(page, how_many) {
  for (let i = 0; i < how_many; i += 1) {
    const now = await page.evaluate(() => newest.moment.at);
    await page.waitForFunction((before) => newest.moment.at > before, now);
  }
}

async function tab_to(page, label) {
  for (let i = 0; i < 60 && (await focused(page)) !== label; i += 1) await page.keyboard.press("Tab");
  assert.equal(await focused(page), label);
}

async function first_sight({ test }, page, workers) {
  await test("the page has every worker and a minute of history as soon as it is opened", async () => {
    for (const w of workers) await state(page, w, "up");
    assert.ok(await page.evaluate(() => moments.length) > 2);
    const drawn = await page.locator("#charts canvas").evaluateAll((all) => all.map((canvas) => {
      const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
      return new Set(pixels).size;
    }));
    assert.equal(drawn.length, 6);
    assert.ok(drawn.every((colours) => colours > 5), `colours of the charts: ${drawn}`);
  });
}

async function in_place({ test }, page, workers) {
  await test("an update changes figures and replaces no element", async () => {
    await page.evaluate(() => {
      window.kept = [...document.body.querySelectorAll("*")];
      window.moved = 0;
      new MutationObserver((all) => {
        for (const { addedNodes, removedNodes } of all) window.moved += [...addedNodes, ...removedNodes].filter((n) => n.nodeType === 1).length;
      }).observe(document.body, { childList: true, subtree: true });
    });
    const before = await row(page, workers[0]).innerText();
    await updates(page, 3);
    assert.notEqual(await row(page, workers[0]).innerText(), before);
    assert.deepEqual(await page.evaluate(() => [window.moved, window.kept.filter((n) => !n.isConnected).length]), [0, 0]);
  });
}

async function death_and_return({ test }, page, [, second]) {
  await test("a worker that dies is down with its reason, and up when it is back, without a reload", async () => {
    await second.die();
    await state(page, second, "down");
    assert.match(await row(page, second).innerText(), /probes failed in a row: Connection refused/);
    assert.match(await page.locator("#news").textContent(), new RegExp(`${second.name} is down: probes failed`));
    assert.match(await page.title(), /2 of 3 up/);
    await picture(page, "proxy-worker-down", { whole: true });
    await second.start();
    await state(page, second, "up");
    assert.deepEqual(await page.evaluate(() => [window.moved, window.kept.every((n) => n.isConnected)]), [0, true]);
  });
}

async function by_mouse({ test }, page, [first]) {
  await test("Drain asks, and then the worker gets nothing; Ready brings it back", async () => {
    await button(page, first, "Drain").click();
    assert.match(await dialog(page).innerText(), /gets no new requests/);
    await picture(page, "proxy-asks");
    await dialog(page).getByRole("button", { name: "Cancel" }).click();
    await state(page, first, "up");
    await button(page, first, "Drain").click();
    await dialog(page).getByRole("button", { name: "Drain" }).click();
    await state(page, first, "drained");
    assert.match(await row(page, first).innerText(), /drained by an operator/);
    const { asked } = first;
    await updates(page, 2);
    assert.equal(first.asked, asked);
    await button(page, first, "Ready").click();
    await dialog(page).getByRole("button", { name: "Ready" }).click();
    await state(page, first, "up");
    await page.waitForFunction((name) => newest.moment.workers[name].rate > 0, first.name);
    assert.ok(first.asked > asked);
  });
}

async function by_keyboard({ test }, page, [first, , third]) {
  await test("all of it works by keyboard, and the focus comes back", async () => {
    await tab_to(page, `Drain ${first.name}`);
    await page.keyboard.press("Enter");
    await dialog(page).waitFor();
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "hidden" });
    assert.equal(await focused(page), `Drain ${first.name}`);
    await page.keyboard.press("Space");
    await dialog(page).waitFor();
    await page.keyboard.press("Enter");
    await state(page, first, "drained");
    await dialog(page).waitFor({ state: "hidden" });
    assert.equal(await focused(page), `Ready ${first.name}`);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    await state(page, first, "up");
  });
  await test("Remove asks, does not by a slip of the finger, and then the worker is gone", async () => {
    await tab_to(page, `Remove ${third.name}`);
    await page.keyboard.press("Enter");
    await dialog(page).waitFor();
    await page.keyboard.press("Enter");  // on Cancel
    await dialog(page).waitFor({ state: "hidden" });
    await updates(page, 1);
    assert.equal(await focused(page), `Remove ${third.name}`);
    await page.keyboard.press("Enter");
    await tab_to(page, "ask-yes");
    await page.keyboard.press("Enter");
    await row(page, third).waitFor({ state: "detached" });
    assert.equal(await focused(page), "workers-title");
  });
}

async function themes({ test, open }, url) {
  for (const [name, how] of [["light", {}], ["dark", { dark: true }], ["phone", { on_a_phone: true }], ["phone-dark", { on_a_phone: true, dark: true }]]) {
    const page = await open(url, how);
    await test(`the page fits and can be read: ${name}`, async () => {
      if (how.on_a_phone) await page.setViewportSize({ width: 360, height: 740 });
      await page.locator('#link[data-link="live"]').waitFor();
      await updates(page, 1);
      const { wide, paper } = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        paper: getComputedStyle(document.body).backgroundColor,
      }));
      assert.ok(wide <= 0, `${wide} pixels too wide`);
      assert.equal(light(paper) < 100, Boolean(how.dark), `the ground is ${paper}`);
      assert.deepEqual(await faint(page, 4.5), []);
      await picture(page, `proxy-${name}`, { whole: true });
      clean(page);
    });
    await page.context().close();
  }
}

// 0 to 255, of "rgb(12, 34, 56)".
const light = (colour) => colour.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part) / 3, 0);

async function standstill({ test }, page, proxy) {
  await test("of the time in which the proxy stood still the charts show nothing", async () => {
    proxy.child.kill("SIGSTOP");
    await pause(4000);
    proxy.child.kill("SIGCONT");
    await page.waitForFunction(() => charts[0].plot.data[1].includes(null));
  });
}

async function away_and_back({ test }, page, proxy, workers) {
  await test("the page says when the proxy is gone, and goes on when it is back", async () => {
    await proxy.stop();
    await page.locator('#link[data-link="lost"]').waitFor();
    assert.match(await page.locator("#link").innerText(), /connection lost/);
    const again = await new Proxy(workers, proxy).listening;
    try {
      await page.locator('#link[data-link="live"]').waitFor();
      await state(page, workers[0], "up");
    } finally {
      await again.stop();
    }
  });
}

async function with_a_token({ test, open }, workers) {
  const proxy = await new Proxy(workers, { token: "open-sesame" }).listening;
  try {
    const page = await open(`http://${proxy.admin}/`);
    const [first, second] = workers;
    await test("a token is asked for once, a wrong one is refused in its words, and it is kept nowhere", async () => {
      await state(page, first, "up");
      await button(page, first, "Drain").click();
      await page.keyboard.type("sesame");
      await page.keyboard.press("Enter");
      await dialog(page).getByRole("alert").waitFor();
      assert.match(await dialog(page).getByRole("alert").innerText(), /changes need the token/);
      await dialog(page).getByLabel("Token").fill("open-sesame");
      await picture(page, "proxy-token");
      await page.keyboard.press("Enter");
      await state(page, first, "drained");
      await button(page, second, "Drain").click();
      assert.equal(await dialog(page).getByLabel("Token").isVisible(), false);
      assert.match(await dialog(page).innerText(), /No other worker gets requests/);
      await dialog(page).getByRole("button", { name: "Drain" }).click();
      await state(page, second, "drained");
      await page.locator("#notice", { hasText: "No worker gets requests" }).waitFor();
      assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [0, 0, ""]);
      assert.equal(page.complaints.filter((c) => !/403/.test(c)).length, 0, page.complaints.join("\n"));
    });
    await page.context().close();
  } finally {
    await proxy.stop();
  }
}

async function by_path({ test, open }) {
  const folder = mkdtempSync(path.join(tmpdir(), "atelier-a-folder-with-a-longer-name-"));
  const worker = await new Worker(path.join(folder, "worker-1")).start();
  const proxy = await new Proxy([worker]).listening;
  try {
    const page = await open(`http://${proxy.admin}/`);
    await test("a worker at a socket is shown by the end of its path, and drained by all of it", async () => {
      await state(page, worker, "up");
      assert.equal(await row(page, worker).locator("b").innerText(), "worker-1");
      assert.equal((await row(page, worker).locator("td.name").textContent()), `worker-1unix:${folder}/`);
      await button(page, worker, "Drain").click();
      await dialog(page).getByRole("button", { name: "Drain" }).click();
      await state(page, worker, "drained");
      await picture(page, "proxy-socket");
    });
    await page.context().close();
  } finally {
    await proxy.stop();
    await worker.die();
    rmSync(folder, { recursive: true, force: true });
  }
}

await tests("the proxy's page", async (browser) => {
  const workers = await Promise.all([1, 2, 3].map(() => new Worker().start()));
  const proxy = await new Proxy(workers).listening;
  const end_load = load(proxy);
  try {
    await pause(5000);  // some history
    const page = await browser.open(`http://${proxy.admin}/`);
    await first_sight(browser, page, workers);
    await in_place(browser, page, workers);
    await death_and_return(browser, page, workers);
    await by_mouse(browser, page, workers);
    await by_keyboard(browser, page, workers);
    await browser.test("nothing went wrong in the page, and it asked its own origin only", () => clean(page));
    await themes(browser, `http://${proxy.admin}/`);
    await standstill(browser, page, proxy);
    await away_and_back(browser, page, proxy, workers.slice(0, 2));
    await page.context().close();
    await with_a_token(browser, workers.slice(0, 2));
    await by_path(browser);
  } finally {
    end_load();
    await proxy.stop();
    await Promise.all(workers.map((w) => w.die()));
  }
});
