"""A real Chromium, and one visit of the page in it that notes all that goes wrong."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Request, expect, sync_playwright
from scripted_page import ARTICLES, GATE_S

from benchmarks.screenshots import FLAGS, find_browser

READ_MS = 700  # longer than page.js holds a second press for that of a double click


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser that FOOTNOTE_CHROMIUM names or the path holds; skips the test without one."""
    found = find_browser()
    if not found:
        message = "no Chromium found; set FOOTNOTE_CHROMIUM to the path of one"
        if os.environ.get("FOOTNOTE_REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield running
        running.close()


class Visit:
    """One open page and everything that it asked the network for or complained about."""

    def __init__(
        self,
        browser: Browser,
        address: str,
        width: int,
        scheme: str,
        articles: int = len(ARTICLES),
    ) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(GATE_S * 1000)
        self.hosts: set[str | None] = set()
        self.problems: list[str] = []
        self.page.on("request", self._note)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("dialog", lambda dialog: self.problems.append(dialog.message))
        self.page.on(
            "console",
            lambda message: message.type == "error" and self.problems.append(message.text),
        )
        self.page.goto(address)
        expect(self.page.locator("#articles li")).to_have_count(articles)

    def _note(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob"):
            self.hosts.add(url.hostname)

    def ask(self, question: str) -> None:
        self.field.fill(question)
        self.field.press("Enter")

    def choose(self, *files: FilePayload) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="Add articles").press("Enter")
        chooser.value.set_files(list(files))

    def confirm(self, button: Locator) -> None:
        """Press a button that asks first, and once more when that can have been read."""
        button.press("Enter")
        self.page.wait_for_timeout(READ_MS)
        button.press("Enter")

    @property
    def field(self) -> Locator:
        return self.page.get_by_role("textbox", name="Question")

    def turn(self, number: int) -> Locator:
        return self.page.locator(f"#turn-{number}")

    @property
    def work(self) -> Locator:
        """What is being done with the articles, or came of it."""
        return self.page.locator("#work .work")

    @property
    def background(self) -> str:
        return str(self.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    @property
    def overflow(self) -> int:
        """Pixels by which the page is wider than its window."""
        root = "document.documentElement"
        return int(self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth"))
