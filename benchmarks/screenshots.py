"""Takes the two screenshots of the documentation from a running page.

    python app.py                                   # in one terminal
    python benchmarks/screenshots.py --url http://127.0.0.1:7860

It asks one of the page's example questions, waits for the footnotes, opens one and saves
`docs/screenshot-desktop.png` (1280 wide) and `docs/screenshot-phone.png` (390 wide). Needs the
`dev` extra and a Chromium; `FOOTNOTE_CHROMIUM` names one that is not on the path.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Error, sync_playwright

DOCS = Path(__file__).resolve().parents[1] / "docs"
SIZES = {"desktop": (1280, 860), "phone": (390, 844)}
QUESTION = "Who led the Iraqi delegation to Qom?"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SETTLE_MS = 400  # smooth scrolling has come to rest by then


def shoot(browser: Browser, url: str, question: str, size: tuple[int, int], file: Path) -> None:
    """Ask `question`, open the first footnote of the answer, save the window as `file`."""
    width, height = size
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
    page.set_default_timeout(300_000)  # the first answer may have to load the model
    page.goto(url)
    page.get_by_role("textbox", name="Question").fill(question)
    page.keyboard.press("Enter")
    page.wait_for_selector(".turn[data-stage=done], .turn[data-stage=failed]")
    if not page.locator(".note").count():
        reply = page.locator(".reply").inner_text()
        sys.exit(f"The page gave no footnotes for {question!r} but: {reply}")
    page.locator(".marker").first.click()
    page.wait_for_selector("#source mark.quote")
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=file)
    page.close()
    print(file)


def main() -> None:
    parser = argparse.ArgumentParser(description="Take the documentation's screenshots.")
    parser.add_argument("--url", default="http://127.0.0.1:7860", help="address of the page")
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--out", type=Path, default=DOCS, help="folder for the two files")
    given = parser.parse_args()
    chromium = (
        os.environ.get("FOOTNOTE_CHROMIUM")
        or shutil.which("chromium")
        or shutil.which("google-chrome")
    )
    if not chromium:
        sys.exit("No Chromium found; set FOOTNOTE_CHROMIUM to the path of one.")
    given.out.mkdir(parents=True, exist_ok=True)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            for name, size in SIZES.items():
                file = given.out / f"screenshot-{name}.png"
                shoot(browser, given.url, given.question, size, file)
            browser.close()
    except Error as error:
        sys.exit(f"The page at {given.url} could not be photographed: {error.message}")


if __name__ == "__main__":
    main()
