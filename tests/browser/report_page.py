"""The page that `atelier-bench run --html` writes, opened in a real browser: the charts are there, and something is drawn in each.

    python3 tests/browser/report_page.py BUILD     BUILD: the folder with atelier-bench

Needs Debian's chromium; where there is none it says so and counts as skipped.
"""

import html
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

CHARTS = ["Latency by percentile", "Latency over time", "Throughput", "Errors by kind", "Under way", "CPU", "Memory"]

# Runs in the page: errors of scripts, and for each chart its title, its legend, and how many different colours its canvas has.
WATCH = "<script>window.faults = []; addEventListener('error', (e) => faults.push(e.message));</script>"
LOOK = """<script>addEventListener('load', () => setTimeout(() => {
  const charts = [...document.querySelectorAll('.chart')].map((box) => {
    const canvas = box.querySelector('canvas');
    const colours = new Set();
    if (canvas) {
      const pixels = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer);
      for (const p of pixels) colours.add(p);
    }
    return { title: box.querySelector('h2').textContent, colours: colours.size,
      legend: [...box.querySelectorAll('.u-label')].map((l) => l.textContent) };
  });
  const seen = document.createElement('pre');
  seen.id = 'seen';
  const figures = Object.fromEntries([...document.querySelectorAll('.figure')].map((box) => [box.querySelector('span').textContent,
    { value: box.querySelector('b').textContent, change: box.querySelector('small')?.textContent, colour: box.querySelector('small')?.className }]));
  seen.textContent = JSON.stringify({ faults, charts, figures, text: document.body.innerText });
  document.body.append(seen);
}, 300));</script>"""


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked = 0
    fails_one_in = 10

    def do_GET(self):
        Answers.asked += 1
        body = b'{"results":[]}'
        self.send_response(500 if Answers.asked % Answers.fails_one_in == 0 else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


def make_pages(bench, folder):
    """A run, then another one laid over it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    words = [bench, "run", "--get", "/x", "--url", f"http://127.0.0.1:{server.server_port}", "--rate", "200", "--for", "3s", "--quiet",
             "--pid", f"server={os.getpid()}", "--threshold", "errors < 50%"]
    subprocess.run([*words, "--json", folder / "first.json"], check=True)
    subprocess.run([*words, "--json", folder / "second.json", "--html", folder / "page.html", "--compare", folder / "first.json"], check=True)
    subprocess.run([bench, "report", folder / "second.json", folder / "first.json", "--html", folder / "again.html"], check=True)
    none_answered(words, folder)
    server.shutdown()
    return (folder / "page.html").read_text()


def none_answered(words, folder):
    """A run in which every request fails, over one in which none does; and the other way round."""
    Answers.fails_one_in = 1_000_000
    subprocess.run([*words, "--json", folder / "all.json"], check=True)
    Answers.fails_one_in = 1
    failed = subprocess.run([*words, "--json", folder / "none.json", "--html", folder / "none.html", "--compare", folder / "all.json"])
    assert failed.returncode == 3, "errors < 50% was missed"
    subprocess.run([words[0], "report", folder / "all.json", folder / "none.json", "--html", folder / "all.html"], check=True)


def look_at(chromium, page, folder):
    watched = page.replace("<head>", "<head>" + WATCH).replace("</body>", LOOK + "</body>")
    assert LOOK in watched and WATCH in watched
    (folder / "watched.html").write_text(watched)
    done = subprocess.run([chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={folder / 'profile'}",
                           "--no-first-run", "--window-size=1280,2400", "--virtual-time-budget=5000", "--dump-dom", f"file://{folder / 'watched.html'}"],
                          capture_output=True, text=True, timeout=90)
    found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.S)
    assert found, f"the page's script did not run: {done.stderr[-1000:]}"
    return json.loads(html.unescape(found.group(1)))


def check(page, seen, folder):
    assert page == (folder / "again.html").read_text(), "`report` draws the same page as --html and --compare"
    assert not re.search(r'(?:src|href)\s*=\s*["\']?(?:https?:)?//', page), "the page asks nobody for anything"
    assert seen["faults"] == [], seen["faults"]
    charts = {c["title"]: c for c in seen["charts"]}
    for title in CHARTS:
        assert title in charts, f"there is no chart '{title}'"
        assert charts[title]["colours"] > 10, f"nothing is drawn in '{title}'"
        assert any("before" in name for name in charts[title]["legend"]), f"'{title}' does not show the earlier run"
    assert "unexpected status" in charts["Errors by kind"]["legend"]
    for text in ("errors < 50%", "held", "an error: /x: status 500", "By request", "Processes", "failed, which thresholds count as slower than any answer: p50 ", "p99 is a failure"):
        assert text in seen["text"], f"the page does not say '{text}'"


def check_none_answered(seen, errors):
    """Nothing answered is no improvement: no latency, no green, and the errors that came are told."""
    assert seen["faults"] == [], seen["faults"]
    figures = seen["figures"]
    for name in ("median", "p99", "p99.9", "longest"):
        assert figures[name]["value"] == "–" and not figures[name]["colour"], f"{name}: {figures[name]}"
        assert figures[name]["change"].startswith("before: ") and figures[name]["change"] != "before: –", f"{name}: {figures[name]}"
    assert (figures["errors"]["value"], figures["errors"]["change"], figures["errors"]["colour"]) == (errors, "before: 0", "bad"), figures["errors"]
    assert figures["answers a second"]["colour"] == "bad", figures["answers a second"]


def check_all_answered(seen, errors):
    assert seen["faults"] == [], seen["faults"]
    figures = seen["figures"]
    assert figures["median"]["value"] != "–" and figures["median"]["change"] == "before: –" and not figures["median"]["colour"], figures["median"]
    assert (figures["errors"]["value"], figures["errors"]["change"], figures["errors"]["colour"]) == ("0", f"−100 % of {errors}", "good"), figures["errors"]
    assert figures["answers a second"]["colour"] == "good", figures["answers a second"]
    assert "thresholds count as slower" not in seen["text"]


def main():
    bench = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/release") / "atelier-bench"
    chromium = shutil.which("chromium")
    if not chromium:
        print("the report's page was NOT opened in a browser: there is no chromium (apt-get install chromium)")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        try:
            page = make_pages(bench.resolve(), folder)
            check(page, look_at(chromium, page, folder), folder)
            errors = str(json.loads((folder / "none.json").read_text())["whole"]["errors"])
            check_none_answered(look_at(chromium, (folder / "none.html").read_text(), folder), errors)
            check_all_answered(look_at(chromium, (folder / "all.html").read_text(), folder), errors)
        except (AssertionError, subprocess.SubprocessError) as e:
            print(f"FAILED: {e}")
            print("0 passed, 1 failed")
            return 1
    print("the report's page has its charts in Chromium")
    print("1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
