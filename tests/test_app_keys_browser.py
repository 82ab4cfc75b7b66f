"""The page by the keyboard alone, and that nothing on it jumps while an answer grows."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_server import serving
from playwright.sync_api import Browser, expect
from scripted_page import ANSWER, LED, TALKS, UNSURE, WHO, Scripted, passage, refused
from visit import Visit

from rag.page import desk
from rag.types import Token

pytestmark = pytest.mark.browser
FOCUSED = """() => {
  const e = document.activeElement;
  if (e === document.body || e === null) return null;
  const name = e.getAttribute("aria-label") || e.placeholder || e.textContent || e.tagName;
  const style = getComputedStyle(e);
  const box = e.getBoundingClientRect();
  const seen = e.matches("textarea") || (style.outlineStyle !== "none" && box.width > 0);
  return [name.replace(/\\s+/g, " ").trim(), seen];
}"""
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture
def assistant(tmp_path: Path) -> Scripted:
    return Scripted(tmp_path)


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    visit = Visit(browser, address, 1280, "light")
    yield visit
    visit.context.close()


def walk(visit: Visit, key: str) -> list[str]:
    """The names of what `key` leads to, one after the other, until it comes round."""
    names: list[str] = []
    for _ in range(150):
        visit.page.keyboard.press(key)
        found = visit.page.evaluate(FOCUSED)
        if found is None:  # beyond the last: the browser's own controls
            if names:
                return names
            continue
        name, seen = found
        assert seen, f"{name} has the focus, and nobody sees it"
        names.append(name)
    raise AssertionError(f"{key} never comes round: {names[-20:]}")


def test_the_tab_key_reaches_everything_and_is_caught_nowhere(visit: Visit) -> None:
    visit.ask(WHO)
    expect(visit.turn(1).locator(".note")).to_have_count(2)
    walk(visit, "Tab")  # to the end, wherever it began
    names = walk(visit, "Tab")
    wanted = (
        "Evaluation", "New conversation", "Footnote 1", "Footnote 2", "Copy as text",
        "Copy as Markdown", "Right answer", "Wrong answer", "Ask about the articles", "Ask",
        "Add articles", "Add a folder", "Remove the article: The talks in Qom",
    )  # fmt: skip
    missing = [name for name in wanted if not any(found.startswith(name) for found in names)]
    assert missing == [], names
    back = walk(visit, "Shift+Tab")
    assert sorted(back) == sorted(names)


def test_a_question_is_asked_checked_and_left_without_a_mouse(
    visit: Visit, assistant: Scripted
) -> None:
    place = (TALKS.text.index(UNSURE), len(TALKS.text))
    assistant.scripts["How many?"] = [refused("How many?", passage(TALKS, *place))]
    keys = visit.page.keyboard
    expect(visit.field).to_be_focused()
    keys.type(WHO)
    keys.press("Enter")
    expect(visit.turn(1).locator(".note")).to_have_count(2)
    expect(visit.field).to_be_focused()
    for _ in range(60):
        keys.press("Shift+Tab")
        if visit.page.evaluate(FOCUSED)[0].startswith("Footnote 1"):
            break
    keys.press("Enter")
    expect(visit.page.locator("#source mark")).to_have_text(LED)
    expect(visit.page.get_by_role("heading", name="The talks in Qom")).to_be_focused()
    keys.press("Tab")
    keys.press("Escape")
    expect(visit.page.locator("#source mark")).to_have_count(0)
    expect(visit.turn(1).locator(".marker").first).to_be_focused()
    visit.field.focus()
    keys.type("How many?")
    keys.press("Enter")
    expect(visit.turn(2).locator(".refusal")).to_be_visible()
    for _ in range(60):
        keys.press("Shift+Tab")
        if re.match("The talks in Qom", visit.page.evaluate(FOCUSED)[0]):
            break
    keys.press("Enter")
    expect(visit.page.locator("#source mark.passage")).to_have_text(UNSURE)
    assert visit.problems == []


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_jumps_while_an_answer_grows(
    browser: Browser, assistant: Scripted, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "FRAME_S", 0.0)  # draw every token
    (first, second), answer = ANSWER
    words = [Token(f" word{number}") for number in range(120)]
    checked, ended = assistant.gate(), assistant.gate()
    assistant.scripts[WHO] = [*words, checked, first, second, ended, answer]
    with serving(assistant) as address:
        visit = Visit(browser, address, width, "light")
        visit.page.wait_for_timeout(1000)  # the keys that come next count as input for half of one
        visit.page.evaluate(SHIFTS)
        visit.ask(WHO)
        expect(visit.turn(1).locator(".draft")).to_contain_text("word119")
        visit.page.wait_for_timeout(700)
        checked.set()
        expect(visit.turn(1).locator(".said")).to_have_count(2)
        visit.page.wait_for_timeout(700)
        ended.set()
        expect(visit.turn(1).locator(".note")).to_have_count(2)
        visit.page.wait_for_timeout(300)
        shifted = visit.page.evaluate("window.shifted")
        visit.context.close()
    assert shifted < 0.05
