// What every test of a page stands on: Debian's Chromium, pages that note whom they ask and what goes wrong, pictures, and a count.
//
//   await tests("the page at /docs", async ({ test, open }) => {
//     const page = await open(url, { dark: true });
//     await test("it asks nobody else", () => { … });
//   });
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const program = "/usr/bin/chromium";
const pictures = fileURLToPath(new URL("../../build/test-artefacts", import.meta.url));
const flags = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--disable-dev-shm-usage"];
const patience_ms = 60_000;

const desk = { viewport: { width: 1280, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/// Runs `body` with a browser and ends the process: with 1 if a test failed. Without a browser everything counts as skipped, and it says so.
export async function tests(what, body) {
  const missing = await why_not();
  if (missing) {
    console.log(`${what} was NOT opened in a browser: ${missing}`);
    console.log("0 passed, 0 failed, 1 skipped");
    return;
  }
  const { chromium } = await import("playwright-core");
  // It makes a profile of its own and removes it.
  const browser = await chromium.launch({ executablePath: program, headless: true, chromiumSandbox: false, args: flags });
  const count = { passed: 0, failed: 0 };
  async function test(sentence, check) {
    try {
      await check();
      count.passed += 1;
    } catch (error) {
      count.failed += 1;
      console.log(`FAILED: ${sentence}: ${error.stack ?? error}`);
    }
  }
  await test(what, () => body({ test, open: (url, how) => open(browser, url, how) }));
  await browser.close();
  console.log(`${count.passed} passed, ${count.failed} failed`);
  process.exitCode = count.failed ? 1 : 0;
}

async function why_not() {
  if (!existsSync(program)) return "there is no chromium (apt-get install chromium)";
  try {
    await import("playwright-core");
  } catch {
    return "there is no playwright-core (npm ci in tests/browser)";
  }
  return null;
}

/// A Playwright page that has loaded `url`. Beside it stand what it asked for and what went wrong:
///   page.asked       every request as "GET http://…", also those that the policy of the page refused
///   page.complaints  errors of the console and of scripts, failed requests
async function open(browser, url, { dark = false, on_a_phone = false } = {}) {
  const context = await browser.newContext({ ...(on_a_phone ? phone : desk), colorScheme: dark ? "dark" : "light" });
  const page = await context.newPage();
  page.setDefaultTimeout(patience_ms);
  page.asked = [];
  page.complaints = [];
  page.on("request", (request) => page.asked.push(`${request.method()} ${request.url()}`));
  page.on("requestfailed", (request) => page.complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on("console", (message) => message.type() === "error" && page.complaints.push(message.text()));
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  await page.goto(url);
  return page;
}

/// The requests of a page that went, or would have gone, to another origin than the page's own.
export function strangers(page) {
  const own = new URL(page.url()).origin;
  return page.asked.filter((line) => {
    const { protocol, origin } = new URL(line.slice(line.indexOf(" ") + 1));
    return protocol !== "data:" && origin !== own;
  });
}

/// The texts on show whose contrast with what is behind them is below `ratio` (WCAG 2.2, 1.4.3: 4.5 for small text), each as "RATIO TEXT".
export function faint(page, ratio) {
  return page.evaluate((least) => {
    const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
    const over = ([r, g, b, a = 1], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)];
    const linear = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    const behind = (element) => over(parts(getComputedStyle(element).backgroundColor), element.parentElement ? behind(element.parentElement) : [255, 255, 255]);
    const found = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode.data.trim();
      const element = texts.currentNode.parentElement;
      if (!text || !element.getClientRects().length || !element.checkVisibility({ visibilityProperty: true })) continue;
      const paper = behind(element);
      const [light, dark] = [luminance(paper), luminance(over(parts(getComputedStyle(element).color), paper))].sort((a, b) => b - a);
      const contrast = (light + 0.05) / (dark + 0.05);
      if (contrast < least) found.push(`${contrast.toFixed(1)} ${text.slice(0, 60)}`);
    }
    return [...new Set(found)];
  }, ratio);
}

/// build/test-artefacts/NAME.png, of all of the page or of what the window shows.
export async function picture(page, name, { whole = false } = {}) {
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: path.join(pictures, `${name}.png`), fullPage: whole, animations: "disabled" });
}
