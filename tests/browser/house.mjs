// `atelier up` for a test: PostgreSQL, sample data, workers, the proxy, all of its own and gone afterwards.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const start_max_ms = 120_000;

/// { api, admin: "http://127.0.0.1:PORT", worker(), stop() }; worker() starts one more worker, that browsers can reach, and says where.
/// Throws with what the program said if it does not come up.
export async function house(build, { workers = 2, products = 30 } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), "atelier-browser-"));
  const child = spawn(path.join(build, "atelier"), ["up", "--data", path.join(folder, "data"), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
    "--workers", String(workers), "--products", String(products)], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  let said = "";
  let logged = "";
  child.stderr.on("data", (bytes) => { logged += bytes; });
  const more = [];
  const stop = async () => {
    for (const one of more) one.kill("SIGTERM");
    child.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const up = new Promise((resolve) => child.stdout.on("data", (bytes) => {
    said += bytes;
    if (said.includes("Ctrl-C stops")) resolve(true);
  }));
  const late = new Promise((resolve) => setTimeout(resolve, start_max_ms, false).unref());
  if (!(await Promise.race([up, ended.then(() => false), late]))) {
    await stop();
    throw new Error(`atelier up did not come up: ${logged}`);
  }
  const address = (name) => said.match(new RegExp(`^ +${name} +(http://\\S+)$`, "m"))[1];
  const worker = async () => {
    const database = said.match(/psql "(.*)"$/m)[1];
    const one = spawn(path.join(build, "atelier"), ["api", "--listen", "127.0.0.1:0", "--db", database], { stdio: ["ignore", "ignore", "pipe"] });
    more.push(one);
    let words = "";
    const where = await new Promise((resolve, reject) => {
      one.stderr.on("data", (bytes) => {
        words += bytes;
        const found = words.match(/serving listen=(\S+)/);
        if (found) resolve(found[1]);
      });
      one.once("close", () => reject(new Error(`the worker did not come up: ${words}`)));
    });
    return `http://${where}`;
  };
  return { api: address("API"), admin: address("admin"), worker, stop };
}
