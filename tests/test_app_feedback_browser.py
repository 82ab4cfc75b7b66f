"""Thumbs under an answer in a real Chromium, over a scripted assistant."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect
from scripted_page import HOSTILE, WHO, Scripted, refused
from visit import Visit

from rag.page.feedback import read
from rag.types import Token

pytestmark = pytest.mark.browser


@pytest.fixture
def assistant(tmp_path: Path) -> Scripted:
    return Scripted(tmp_path)


def thumb(visit: Visit, name: str, turn: int = 1) -> Locator:
    return visit.turn(turn).get_by_role("button", name=f"{name} answer")


def verdicts(assistant: Scripted) -> list[tuple[str, str]]:
    return [(one.verdict, one.note) for one in read(assistant.settings.feedback)[0]]


def test_a_verdict_and_a_note_are_kept_from_the_keyboard(
    browser: Browser, address: str, assistant: Scripted
) -> None:
    visit = Visit(browser, address, 360, "dark")
    visit.ask(WHO)
    expect(visit.turn(1).locator(".note")).to_have_count(2)
    expect(visit.turn(1).locator(".remark")).to_be_hidden()
    thumb(visit, "Wrong").press("Enter")
    expect(visit.page.locator("#hint")).to_contain_text("Kept on this machine: wrong")
    expect(thumb(visit, "Wrong")).to_have_attribute("aria-pressed", "true")
    assert verdicts(assistant) == [("down", "")]
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.type(HOSTILE.replace("\n", " "))
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("#hint")).to_contain_text("with your note")
    expect(visit.turn(1).locator(".remark")).to_be_hidden()
    expect(thumb(visit, "Wrong")).to_be_focused()
    assert visit.overflow == 0
    assert visit.problems == []
    visit.page.reload()
    expect(thumb(visit, "Wrong")).to_have_attribute("aria-pressed", "true")
    visit.problems.clear()  # a reload aborts requests, which the browser logs
    assert verdicts(assistant) == [("down", HOSTILE.replace("\n", " "))]
    assert visit.page.evaluate("window.pwned") is None
    thumb(visit, "Right").click()
    expect(visit.page.locator("#hint")).to_contain_text("with your note")
    visit.turn(1).get_by_role("textbox", name="Note").fill("")
    visit.turn(1).get_by_role("button", name="Keep the note").click()
    expect(visit.page.locator("#hint")).to_contain_text("Kept on this machine: right")
    expect(thumb(visit, "Wrong")).to_have_attribute("aria-pressed", "false")
    thumb(visit, "Right").click()
    expect(visit.page.locator("#hint")).to_contain_text("taken back")
    expect(thumb(visit, "Right")).to_have_attribute("aria-pressed", "false")
    assert [verdict for verdict, _ in verdicts(assistant)] == ["none"]
    thumb(visit, "Wrong").click()
    expect(visit.page.locator("#hint")).to_contain_text("Kept on this machine: wrong")
    thumb(visit, "Right").focus()
    for _ in range(2):  # in haste
        visit.page.keyboard.press("Enter")
    expect(visit.page.locator("#hint")).to_contain_text("taken back")
    assert [verdict for verdict, _ in verdicts(assistant)] == ["none"]
    assert visit.problems == []


def test_a_note_that_is_being_written_outlives_an_answer_that_arrives(
    browser: Browser, address: str, assistant: Scripted
) -> None:
    gate = assistant.gate()
    assistant.scripts["Next?"] = [Token("Well"), gate, Token(" then"), refused("Next?")]
    visit = Visit(browser, address, 1280, "light")
    visit.ask(WHO)
    expect(visit.turn(1).locator(".note")).to_have_count(2)
    visit.ask("Next?")
    expect(visit.turn(2).locator(".draft")).to_have_text("Well")
    thumb(visit, "Right").click()
    note = visit.turn(1).get_by_role("textbox", name="Note")
    note.fill("Half a no")
    gate.set()
    expect(visit.turn(2).locator(".refusal")).to_be_visible()
    expect(note).to_have_value("Half a no")
    expect(note).to_be_focused()
    expect(thumb(visit, "Right")).to_have_attribute("aria-pressed", "true")
    expect(thumb(visit, "Right", 2)).to_have_attribute("aria-pressed", "false")
    assert visit.problems == []
