"""How soon is the page there? python -m benchmarks.page

Starts `footnote serve` again and again, each time opens the page in a browser that already runs,
and tells the seconds from the start to the server's first answer, from opening the page to its
first paint, and from the start until one can type a question and sees the articles. Every second
time the browser has never seen the page; else it keeps Gradio's files from the time before, which
is what the goals are for. The models and the index have to be there. See benchmarks/README.md.
"""

import argparse
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from playwright.sync_api import BrowserContext, sync_playwright

from benchmarks.screenshots import FLAGS, browser_file

PAINT_GOAL_S, READY_GOAL_S = 1.5, 3.0
PATIENCE_S = 120.0
PAINTED = """() => new Promise((done) => {
  const told = (list) => {
    const found = list.getEntriesByName("first-contentful-paint")[0];
    if (found) done(found.startTime / 1000);
  };
  new PerformanceObserver(told).observe({ type: "paint", buffered: true });
})"""


class Start(NamedTuple):
    """Seconds of one start."""

    answers: float  # from the start of the process to the server's first reply
    paint: float  # from opening the page to its first contentful paint
    ready: float  # from the start of the process until the page can be used
    loaded: float  # from the start of the process until the answer model is in memory


def main() -> int:
    """Start it so many times and print the medians; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--runs", type=int, default=5, help="how many starts of each kind (default: 5)"
    )
    parser.add_argument("--port", type=int, default=7869, help="a free port (default: 7869)")
    args = parser.parse_args()
    found = browser_file()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        known = browser.new_context()
        _start(known, args.port)  # fills its cache, and what the system keeps of the files
        first, again = [], []
        for _ in range(args.runs):
            unknown = browser.new_context()
            first.append(_start(unknown, args.port))
            unknown.close()
            again.append(_start(known, args.port))
        browser.close()
    _report("a browser that has never seen it", first)
    _report("a browser that has", again)
    paint = median(start.paint for start in again)
    ready = median(start.ready for start in again)
    return int(paint > PAINT_GOAL_S or ready > READY_GOAL_S)


def _start(context: BrowserContext, port: int) -> Start:
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "rag.cli", "serve", "--no-browser", "--quiet"]
    begun = time.perf_counter()
    server = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL)
    try:
        _wait(address, server)
        answers = time.perf_counter() - begun
        page = context.new_page()
        page.goto(address, wait_until="commit")
        page.wait_for_selector("#question textarea", timeout=PATIENCE_S * 1000)
        page.wait_for_selector("#articles li", timeout=PATIENCE_S * 1000)
        ready = time.perf_counter() - begun
        paint = float(page.evaluate(PAINTED))
        page.close()
        _wait(f"{address}/health", server, b'"model_loaded":true')
        return Start(answers, paint, ready, time.perf_counter() - begun)
    finally:
        server.terminate()
        server.wait()


def _wait(address: str, server: "subprocess.Popen[bytes]", held: bytes = b"") -> None:
    """Until what is at `address` holds these bytes."""
    end = time.perf_counter() + PATIENCE_S
    while server.poll() is None and time.perf_counter() < end:
        try:
            if held in _body(address):
                return
        except OSError:  # not there yet
            pass
        time.sleep(0.01)
    raise SystemExit(f"footnote serve is not ready at {address}; what it wrote says why")


def _body(address: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=10) as reply:
        return bytes(reply.read())


def _report(browser: str, starts: Sequence[Start]) -> None:
    print(f"{browser}, {len(starts)} starts, seconds: median (smallest to largest)")
    names = {
        "answers": "the server answers, from its start",
        "paint": f"first paint, from opening the page (goal: {PAINT_GOAL_S})",
        "ready": f"the page can be used, from the server's start (goal: {READY_GOAL_S})",
        "loaded": "the answer model is loaded, from the server's start",
    }
    for field, name in names.items():
        values = [getattr(start, field) for start in starts]
        print(f"  {name}: {median(values):.2f} ({min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    sys.exit(main())
