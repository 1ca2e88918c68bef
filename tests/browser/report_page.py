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
  seen.textContent = JSON.stringify({ faults, charts, text: document.body.innerText });
  document.body.append(seen);
}, 300));</script>"""


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked = 0

    def do_GET(self):
        Answers.asked += 1
        body = b'{"results":[]}'
        self.send_response(500 if Answers.asked % 10 == 0 else 200)
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
    server.shutdown()
    return (folder / "page.html").read_text()


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
    for text in ("errors < 50%", "held", "an error: /x: status 500", "By request", "Processes"):
        assert text in seen["text"], f"the page does not say '{text}'"


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
        except (AssertionError, subprocess.SubprocessError) as e:
            print(f"FAILED: {e}")
            print("0 passed, 1 failed")
            return 1
    print("the report's page has its charts in Chromium")
    print("1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
