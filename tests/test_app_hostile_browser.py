"""Forty hostile texts in every place that shows somebody else's words, in a real Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile import AWAY, STRINGS
from page_server import serving
from playwright.sync_api import Browser, expect
from scripted_page import Scripted, answered, passage, refused
from visit import Visit

from rag.types import Article

pytestmark = pytest.mark.browser
MARKED = "quote => document.querySelector('#source mark')?.textContent === quote"
ARTICLES = [
    Article(
        f"{number} {text}.md",
        f"{number} {text}",
        f"{number} {text}.md",
        f"Before it.\n\n{text} And after it.\n\nIt ends.",
        source=text,
        published=text,
    )
    for number, text in enumerate(STRINGS)
]


@pytest.fixture
def assistant(tmp_path: Path) -> Scripted:
    scripted = Scripted(tmp_path / "home", listed=ARTICLES)
    scripted.skipped = [(text, f"cannot be read ({text})") for text in STRINGS]
    for article, text in zip(ARTICLES, STRINGS, strict=True):
        events, answer = answered(
            text.strip(), (text, article, f"{text} And after it."), standalone=f"{text}?"
        )
        scripted.scripts[text.strip()] = [*events, answer]
    near = [passage(article, 0, len(article.text)) for article in ARTICLES]
    scripted.scripts["Near?"] = [refused("Near?", *near)]
    return scripted


@pytest.fixture
def visit(browser: Browser, assistant: Scripted) -> Iterator[Visit]:
    with serving(assistant) as address:
        visit = Visit(browser, address, 360, "light", articles=len(STRINGS) * 2)
        yield visit
        visit.context.close()


def harmless(visit: Visit) -> None:
    """Nothing ran, asked for anything, made an element of its own, or moved the page."""
    assert visit.page.evaluate("window.pwned") is None
    assert visit.hosts == {"127.0.0.1"}
    assert visit.problems == []
    assert visit.page.title() == "Footnote"
    inside = visit.page.locator(".html-container")
    for made in ("script", "img", "iframe", "object", "meta", "base", "math", "video", "style"):
        assert inside.locator(made).count() == 0, made
    assert inside.locator("[onerror], [onload], [ontoggle], [onfocus]").count() == 0
    assert visit.page.locator(f"[href*='{AWAY}'], [action]").count() == 0
    assert visit.page.get_by_role("heading", level=1).count() == 1
    assert visit.overflow == 0


def test_forty_hostile_texts_are_shown_and_do_nothing(visit: Visit, assistant: Scripted) -> None:
    harmless(visit)
    for number, text in enumerate(STRINGS, 1):
        visit.ask(text)
        expect(visit.turn(number).locator(".note")).to_have_count(1)
        assert visit.turn(number).locator(".said").text_content() == text
    assert [question for question, _ in assistant.asked] == [text.strip() for text in STRINGS]
    harmless(visit)
    for number, text in enumerate(STRINGS, 1):
        visit.turn(number).locator(".marker").press("Enter")
        visit.page.wait_for_function(MARKED, arg=f"{text} And after it.")
    harmless(visit)
    visit.page.keyboard.press("Escape")
    visit.ask("Near?")
    expect(visit.turn(len(STRINGS) + 1).locator(".refusal")).to_be_visible()
    visit.page.reload()
    expect(visit.page.locator(".turn")).to_have_count(len(STRINGS) + 1)
    expect(visit.field).to_be_in_viewport()
    harmless(visit)
    visit.page.set_viewport_size({"width": 1280, "height": 800})
    harmless(visit)


def test_forty_hostile_names_are_told_and_do_nothing(visit: Visit) -> None:
    named = [
        {"name": f"{text[:150]}.xlsx", "mimeType": "text/plain", "buffer": b"x"} for text in STRINGS
    ]
    visit.choose(*named)  # type: ignore[arg-type]
    expect(visit.work).to_contain_text(f"Left out {len(STRINGS)} files")
    visit.page.locator("#articles .left-out summary").click()
    harmless(visit)
    for text in STRINGS[:6]:
        visit.page.locator("#collections summary").click()
        name = visit.page.get_by_label("New collection")
        name.fill(text)
        visit.page.get_by_role("button", name="Create").click()
        expect(visit.page.locator("#collections summary .name")).to_have_text(text[:60].strip())
        expect(name).to_be_hidden()
    harmless(visit)
