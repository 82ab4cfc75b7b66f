"""Takes the screenshots of the documentation, one for each state, from a running page.

    mkdir pictured                                  # what is done to the articles stays there
    ln -s ~/.local/share/footnote/models pictured/
    FOOTNOTE_HOME=pictured python app.py            # in one terminal
    python benchmarks/screenshots.py --url http://127.0.0.1:7860

`docs/screenshot-NAME.png` shows the state NAME of `STATES`; `--only` takes some of them. It asks
questions about the bundled articles, adds an article and removes it again. Needs the `dev` extra
and a Chromium; `FOOTNOTE_CHROMIUM` names one that is not on the path.
"""

import argparse
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from playwright.sync_api import Browser, Error, Page, sync_playwright

DOCS = Path(__file__).resolve().parents[1] / "docs"
QUESTION = "Who led the Iraqi delegation to Qom?"
FOLLOW_UP = "Whom is he close to?"
UNANSWERED = "Who won the World Cup in 2010?"
ADDED = b"""---
title: Back from Qom
publisher: Basra Courier
published: 2008-04-09
---

Karim Nasser led the Iraqi delegation to Qom. He came back on Sunday.
"""
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
ANSWER_MS = 300_000  # the first answer may have to load the model
SETTLE_MS = 400  # smooth scrolling has come to rest by then


def opened(page: Page, url: str) -> None:
    """Open the page of Footnote, and wait until it knows its articles."""
    page.goto(url)
    page.wait_for_selector("#articles li")


def ask(page: Page, question: str) -> None:
    """Put `question`; its answer is not waited for."""
    page.get_by_role("textbox", name="Question").fill(question)
    page.keyboard.press("Enter")


def answered(page: Page, question: str = QUESTION) -> None:
    """An answer with its footnotes."""
    before = page.locator(".turn").count()
    ask(page, question)
    page.wait_for_selector(f"#turn-{before + 1}[data-stage=done]", timeout=ANSWER_MS)


def empty(page: Page) -> None:
    """Before the first question."""
    page.wait_for_selector("[data-question]")


def writing(page: Page) -> None:
    """An answer that is being written and not yet checked."""
    ask(page, QUESTION)
    page.locator(".draft", has_text=re.compile(".{12}")).wait_for(timeout=ANSWER_MS)


def waiting(page: Page) -> None:
    """A question behind that of another window."""
    other = page.context.new_page()
    opened(other, page.url)
    ask(other, QUESTION)
    other.wait_for_selector(".turn")
    ask(page, UNANSWERED)
    page.wait_for_selector(".turn[data-stage=waiting]")


def source(page: Page) -> None:
    """An answer, and the words that its first footnote quotes, where they stand."""
    answered(page)
    page.locator(".marker").first.click()
    page.wait_for_selector("#source mark.quote")


def preview(page: Page) -> None:
    """What a footnote's marker shows while it is pointed at."""
    answered(page)
    page.locator(".marker").first.hover()


def workings(page: Page) -> None:
    """How an answer came about, with the prompts."""
    answered(page)
    page.locator(".workings summary").click()


def follow_up(page: Page) -> None:
    """A question that refers to the answer before it."""
    answered(page)
    answered(page, FOLLOW_UP)


def refusal(page: Page) -> None:
    """A question that the articles do not answer."""
    answered(page, UNANSWERED)
    page.wait_for_selector(".refusal")


def rated(page: Page) -> None:
    """What one thinks of an answer, and the earlier conversations."""
    answered(page)
    page.get_by_role("button", name="Wrong answer").click()
    page.locator("#conversations summary").click()
    page.locator(".remark input").fill("The head of the delegation is named two lines further.")


def added(page: Page) -> None:
    """What was added to the articles, and what was left out and why."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add articles").click()
    files = {"visit.md": ADDED, "prices.xlsx": b"x", "empty.md": b" "}
    chooser.value.set_files(
        [{"name": name, "mimeType": "text/plain", "buffer": data} for name, data in files.items()]
    )
    page.wait_for_selector("#work [data-hide]")


def disagreement(page: Page) -> None:
    """Two articles that answer a question differently."""
    added(page)
    answered(page)
    page.wait_for_selector(".disagreement")


def removed(page: Page) -> None:
    """An article that was removed and can come back."""
    page.get_by_role("button", name="Remove the article").last.click()
    page.wait_for_selector("#work [data-restore]")


def collections(page: Page) -> None:
    """The collections to choose from."""
    page.locator("#collections summary").click()


def nothing(page: Page) -> None:
    """A new collection."""
    collections(page)
    page.get_by_label("New collection").fill("Field notes")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("heading", name="No articles yet").wait_for()


def evaluation(page: Page) -> None:
    """The last evaluation."""
    page.get_by_role("button", name="Evaluation", exact=True).click()
    page.wait_for_selector("#report section")


class State(NamedTuple):
    """What a picture shows, and how large (pixels) and in which scheme."""

    show: Callable[[Page], None]
    size: tuple[int, int] = (1280, 860)
    scheme: Literal["light", "dark"] = "light"


PHONE = (390, 844)
STATES = {
    "empty": State(empty),
    "writing": State(writing),
    "waiting": State(waiting),
    "desktop": State(source),
    "dark": State(source, scheme="dark"),
    "phone": State(source, PHONE),
    "phone-dark": State(answered, PHONE, "dark"),
    "preview": State(preview),
    "workings": State(workings, (1280, 2400)),
    "phone-workings": State(workings, (390, 3300)),
    "follow-up": State(follow_up),
    "refusal": State(refusal),
    "rated": State(rated, scheme="dark"),
    "added": State(added),
    "disagreement": State(disagreement),
    "removed": State(removed),
    "collections": State(collections),
    "nothing": State(nothing),
    "evaluation": State(evaluation),
}


def shoot(browser: Browser, url: str, state: State, file: Path) -> None:
    """Bring a new window into `state` and save it as `file`."""
    width, height = state.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=state.scheme
    )
    page = context.new_page()
    opened(page, url)
    state.show(page)
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=file)
    context.close()
    print(file)


def find_browser() -> str | None:
    """The Chromium that FOOTNOTE_CHROMIUM names or the path holds."""
    return (
        os.environ.get("FOOTNOTE_CHROMIUM")
        or shutil.which("chromium")
        or shutil.which("google-chrome")
    )


def browser_file() -> str:
    """That Chromium; ends the program where there is none."""
    if not (found := find_browser()):
        sys.exit("No Chromium found; set FOOTNOTE_CHROMIUM to the path of one.")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Take the documentation's screenshots.")
    parser.add_argument("--url", default="http://127.0.0.1:7860", help="address of the page")
    parser.add_argument("--only", nargs="+", choices=STATES, default=list(STATES), metavar="NAME")
    parser.add_argument("--out", type=Path, default=DOCS, help="folder for the files")
    given = parser.parse_args()
    chromium = browser_file()
    given.out.mkdir(parents=True, exist_ok=True)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            for name in given.only:
                shoot(browser, given.url, STATES[name], given.out / f"screenshot-{name}.png")
            browser.close()
    except Error as error:
        sys.exit(f"The page at {given.url} could not be photographed: {error.message}")


if __name__ == "__main__":
    main()
