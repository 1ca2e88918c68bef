// The page at /docs, through the proxy and from a worker itself:
//
//   node tests/browser/docs_page.mjs BUILD           Swagger UI: every operation is there, one is tried, nobody else is asked
//   node tests/browser/docs_page.mjs BUILD plain     of a build without npm: it links the specification
//
// Where npm has not put Swagger UI into app/api/web, the second is meant.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { faint, picture, strangers, tests } from "./browser.mjs";
import { house } from "./house.mjs";

const swagger_ui = new URL("../../app/api/web/node_modules/swagger-ui-dist", import.meta.url);
const [build = "build/release", kind = existsSync(swagger_ui) ? "swagger" : "plain"] = process.argv.slice(2);

const clean = (page) => assert.deepEqual({ strangers: strangers(page), complaints: page.complaints }, { strangers: [], complaints: [] });

async function operations_of(specification) {
  const { paths } = await (await fetch(specification)).json();
  return Object.entries(paths).flatMap(([place, item]) =>
    Object.keys(item).filter((key) => key !== "parameters").map((method) => `${method.toUpperCase()} ${place}`));
}

async function shown_operations(page) {
  await page.locator(".opblock").first().waitFor();
  return page.locator(".opblock").evaluateAll((blocks) => blocks.map((block) =>
    `${block.querySelector(".opblock-summary-method").textContent} ${block.querySelector(".opblock-summary-path").dataset.path}`));
}

// As a reader would: unfold, Try it out, Execute; the answer that the page then shows.
async function try_reviews(page) {
  const block = page.locator("#operations-Reviews-listReviews");
  await block.locator(".opblock-summary-control").click();
  await block.getByRole("button", { name: "Try it out" }).click();
  await block.getByRole("row", { name: /product_id/ }).getByRole("textbox").fill("1");
  await block.getByRole("button", { name: "Execute" }).click();
  const answer = block.locator(".live-responses-table");
  await answer.locator(".highlight-code").waitFor();
  return {
    status: (await answer.locator("tbody .response-col_status").first().innerText()).trim(),
    body: JSON.parse(await answer.locator(".highlight-code code").innerText()),
  };
}

async function look_at_swagger({ test, open }, { api, worker }) {
  const all = await operations_of(`${api}/openapi.json`);

  for (const [who, url] of [["the proxy", `${api}/docs`], ["a worker", `${await worker()}/docs/`]]) {
    const page = await open(url);
    await test(`every operation of the specification is on the page of ${who}`, async () => {
      const shown = await shown_operations(page);
      assert.deepEqual(shown.sort(), all.sort());
    });
    await test(`"Try it out" at ${who} shows what the service answers`, async () => {
      const { status, body } = await try_reviews(page);
      const direct = await (await fetch(`${api}/reviews?product_id=1`)).json();
      assert.equal(status.split("\n")[0], "200");
      assert.deepEqual(body, direct);
      assert.ok(body.results.length > 0);
      assert.ok(page.asked.some((line) => line.startsWith(`GET ${new URL(url).origin}/reviews?`)));
    });
    await test(`the page of ${who} asks its own origin only, and nothing goes wrong in it`, () => clean(page));
    await page.context().close();
  }
}

// Swagger UI's own labels of methods and versions are 2.2 : 1 in the light.
const contrast_min = 2;

async function look_at_all_kinds({ test, open }, { api }) {
  for (const [name, how] of [["light", {}], ["dark", { dark: true }], ["phone", { on_a_phone: true }]]) {
    const page = await open(`${api}/docs`, how);
    await test(`the page fits and can be read: ${name}`, async () => {
      await page.locator(".opblock").first().waitFor();
      await picture(page, `docs-${name}`);
      await try_reviews(page);
      await page.locator("#operations-Reviews-addReview .opblock-summary-control").click();
      await page.locator("#operations-Reviews-addReview .opblock-section-request-body .highlight-code").waitFor();
      const key = page.locator("#operations-Reviews-addReview").getByPlaceholder("Idempotency-Key");
      assert.equal(await key.inputValue(), "", "a key that is filled in makes of the second try a repetition of the first");
      await page.locator("#operations-Reviews-listReviews .execute-wrapper, #operations-Reviews-listReviews .btn-group").first().scrollIntoViewIfNeeded();
      await picture(page, `docs-${name}-tried`);
      assert.deepEqual(await faint(page, contrast_min), []);
      const { wide, window_wide, ink, paper } = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth,
        window_wide: document.documentElement.clientWidth,
        ink: getComputedStyle(document.querySelector(".info .title")).color,
        paper: getComputedStyle(document.body).backgroundColor,
      }));
      assert.ok(wide <= window_wide, `${wide} pixels wide in a window of ${window_wide}`);
      assert.ok(how.dark ? light(ink) > light(paper) + 100 : light(ink) < light(paper) - 100, `${ink} on ${paper}`);
      clean(page);
    });
    await page.context().close();
  }
}

// 0 to 255, of "rgb(12, 34, 56)".
const light = (colour) => colour.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part) / 3, 0);

async function look_at_plain({ test, open }, { api }) {
  for (const how of [{}, { dark: true, on_a_phone: true }]) {
    const page = await open(`${api}/docs/`, how);
    await test("the page of a build without npm links the specification and says how to get the other", async () => {
      await picture(page, how.dark ? "docs-plain-phone-dark" : "docs-plain");
      assert.match(await page.locator("main").innerText(), /without npm.*\.\/dev build/);
      clean(page);
      const [answer] = await Promise.all([page.waitForResponse("**/openapi.json"), page.locator('a[href="/openapi.json"]').click()]);
      assert.equal(answer.status(), 200);
    });
    await page.context().close();
  }
}

await tests("the page at /docs", async (browser) => {
  const here = await house(build);
  try {
    if (kind === "plain") return await look_at_plain(browser, here);
    await look_at_swagger(browser, here);
    await look_at_all_kinds(browser, here);
  } finally {
    await here.stop();
  }
});
