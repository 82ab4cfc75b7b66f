"""Earlier conversations and exports in a real Chromium, over a scripted assistant."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from page_server import free_port, serving
from playwright.sync_api import Browser, Locator, expect
from scripted_page import ANSWER, HOSTILE, LED, UNSURE, WHO, Scripted, refused
from visit import Visit

from rag.types import Token, Turn

pytestmark = pytest.mark.browser


@pytest.fixture
def assistant(tmp_path: Path) -> Scripted:
    return Scripted(tmp_path)


def ask_who(visit: Visit, number: int) -> None:
    visit.ask(WHO)
    expect(visit.turn(number).locator(".note")).to_have_count(2)


def delete_the_only_one(visit: Visit) -> None:
    visit.page.locator("#conversations summary").click()
    visit.confirm(visit.page.locator("#conversations li .delete"))
    expect(visit.page.locator("#conversations li")).to_have_count(0)


def test_a_conversation_survives_a_reload_and_is_opened_from_the_list(
    browser: Browser, address: str, assistant: Scripted
) -> None:
    visit = Visit(browser, address, 1280, "light")
    ask_who(visit, 1)
    visit.page.reload()
    expect(visit.turn(1).locator(".note")).to_have_count(2)
    ask_who(visit, 2)
    assert len(assistant.asked[-1][1]) == 1  # the history came back too
    visit.page.get_by_role("button", name="New conversation").click()
    expect(visit.page.locator("[data-question]")).to_have_count(4)
    visit.page.reload()
    expect(visit.page.locator("[data-question]")).to_have_count(4)

    other = Visit(browser, address, 360, "dark")
    other.page.locator("#conversations summary").press("Enter")
    other.page.locator("#conversations .open").press("Enter")
    expect(other.turn(2).locator(".note")).to_have_count(2)
    expect(other.page.locator("#conversations [aria-current]")).to_have_count(1)
    assert other.overflow == 0
    assert other.problems == []  # a reload aborts requests of the first, which it logs


def test_a_reload_in_the_middle_of_an_answer_keeps_the_question_and_what_was_checked(
    browser: Browser, address: str, assistant: Scripted
) -> None:
    (first, _), _ = ANSWER
    gate = assistant.gate()
    assistant.scripts["Long?"] = [first, Token("And then"), gate, *[Token(" on")] * 10_000]
    visit = Visit(browser, address, 1280, "light")
    visit.ask("Long?")
    expect(visit.turn(1).locator(".said")).to_have_text("Ali Adeeb led the delegation.")
    visit.page.reload()
    expect(visit.turn(1).locator(".question")).to_have_text("Long?")
    expect(visit.turn(1).locator(".words")).to_have_text("Ali Adeeb led the delegation.[1]")
    expect(visit.turn(1).locator(".aside")).to_have_text("Stopped.")
    gate.set()
    ask_who(visit, 2)
    assert assistant.asked[-1] == (WHO, (Turn("Long?", "Ali Adeeb led the delegation."),))
    expect(visit.page.locator("#hint")).not_to_contain_text("kept as a new one")
    expect(visit.page.locator("#conversations li")).to_have_count(1)


def test_an_open_page_survives_that_the_server_is_started_anew(
    browser: Browser, assistant: Scripted
) -> None:
    port = free_port()
    with serving(assistant, port=port) as address:
        visit = Visit(browser, address, 1280, "light")
        ask_who(visit, 1)
        visit.field.fill("And what")
    lost = visit.page.get_by_role("alert").filter(has_text="Footnote has stopped")
    expect(lost).to_be_in_viewport()
    with serving(assistant, port=port):
        expect(lost).to_be_hidden()
        expect(visit.turn(1).locator(".note")).to_have_count(2)
        expect(visit.field).to_have_value("And what")
        ask_who(visit, 2)
        assert len(assistant.asked[-1][1]) == 1  # the history is there as well
        visit.context.close()


def test_a_conversation_that_is_not_kept_is_not_lost_when_the_server_is_started_anew(
    browser: Browser, tmp_path: Path
) -> None:
    port = free_port()
    unkept = Scripted(tmp_path)
    unkept.settings = replace(unkept.settings, conversations=0)
    with serving(unkept, port=port) as address:
        visit = Visit(browser, address, 360, "light")
        ask_who(visit, 1)
    with serving(unkept, port=port):
        again = visit.page.get_by_role("button", name="Begin anew")
        expect(again).to_be_in_viewport()
        expect(visit.turn(1).locator(".note")).to_have_count(2)
        again.click()
        expect(visit.page.locator("[data-question]")).to_have_count(4)
        visit.context.close()


def test_two_browsers_in_one_conversation_do_not_mix(browser: Browser, address: str) -> None:
    first = Visit(browser, address, 1280, "light")
    ask_who(first, 1)
    second = Visit(browser, address, 1280, "light")
    second.page.locator("#conversations summary").click()
    second.page.locator("#conversations .open").click()
    expect(second.turn(1).locator(".note")).to_have_count(2)
    ask_who(first, 2)
    ask_who(second, 2)
    expect(second.page.locator("#conversations li")).to_have_count(2)
    first.page.reload()
    expect(first.turn(2).locator(".note")).to_have_count(2)
    expect(first.page.locator(".turn")).to_have_count(2)


def test_a_conversation_that_was_deleted_in_another_tab_goes_on_as_a_new_one(
    browser: Browser, address: str, assistant: Scripted
) -> None:
    first = Visit(browser, address, 1280, "light")
    ask_who(first, 1)
    second = Visit(browser, address, 1280, "light")
    delete_the_only_one(second)
    ask_who(first, 2)
    expect(first.page.locator("#hint")).to_contain_text("What you see here is kept as a new one.")
    expect(first.page.locator("#conversations [aria-current]")).to_have_count(1)
    assert len(assistant.asked[-1][1]) == 1, "the history goes on too"
    ask_who(first, 3)
    expect(first.page.locator("#hint")).not_to_contain_text("kept as a new one")
    assert len(list(assistant.conversations_dir.iterdir())) == 1
    assert first.problems == []
    first.page.reload()
    expect(first.turn(3).locator(".note")).to_have_count(2)


def test_a_reload_tells_once_that_the_conversation_was_deleted(
    browser: Browser, address: str, assistant: Scripted
) -> None:
    first = Visit(browser, address, 1280, "light")
    ask_who(first, 1)
    expect(first.page.locator("#conversations li")).to_have_count(1)
    second = Visit(browser, address, 1280, "light")
    delete_the_only_one(second)
    first.page.reload()
    expect(first.page.locator("#hint")).to_contain_text("That conversation is no longer there.")
    expect(first.page.locator("#conversations li")).to_have_count(0)
    expect(first.page.locator("[data-question]")).to_have_count(4)
    assert first.page.evaluate("sessionStorage.getItem('footnote')") is None
    first.problems.clear()  # a reload aborts requests, which it logs
    ask_who(first, 1)
    assert assistant.asked[-1] == (WHO, ())
    assert first.problems == []
    first.page.reload()
    expect(first.turn(1).locator(".note")).to_have_count(2)


def test_deleting_asks_first_and_is_for_good(
    browser: Browser, address: str, assistant: Scripted
) -> None:
    assistant.scripts[HOSTILE] = [refused(HOSTILE)]
    visit = Visit(browser, address, 1280, "light")
    visit.ask(HOSTILE)
    expect(visit.turn(1).locator(".refusal")).to_be_visible()
    visit.page.locator("#conversations summary").click()
    button = visit.page.locator("#conversations li .delete")
    button.click()
    expect(button).to_have_text("Delete for good?")
    visit.field.focus()
    expect(button).to_have_text("Delete")
    button.dblclick()
    expect(button).to_have_text("Delete for good?")
    assert len(list(assistant.conversations_dir.iterdir())) == 1
    visit.field.focus()
    visit.confirm(button)
    expect(visit.page.locator("[data-question]")).to_have_count(4)
    expect(visit.page.locator("#conversations li")).to_have_count(0)
    assert list(assistant.conversations_dir.iterdir()) == []
    assert visit.problems == []
    visit.page.reload()
    expect(visit.page.locator("[data-question]")).to_have_count(4)
    assert visit.page.evaluate("window.pwned") is None


def test_all_conversations_are_deleted_for_good(
    browser: Browser, address: str, assistant: Scripted
) -> None:
    visit = Visit(browser, address, 360, "light")
    for _ in range(2):
        visit.page.get_by_role("button", name="New conversation").click()
        ask_who(visit, 1)
    visit.page.locator("#conversations summary").click()
    expect(visit.page.locator("#conversations li")).to_have_count(2)
    button = visit.page.get_by_role("button", name="Delete all earlier conversations")
    button.click()
    expect(visit.page.locator("#conversations .all")).to_have_text("Delete all of them for good?")
    visit.field.focus()
    expect(visit.page.locator("#conversations .all")).to_have_text("Delete all")
    visit.confirm(button)
    expect(visit.page.locator("[data-question]")).to_have_count(4)
    expect(visit.page.locator("#conversations li")).to_have_count(0)
    assert list(assistant.conversations_dir.iterdir()) == []
    assert visit.problems == []


def test_the_list_stays_unfolded_while_an_answer_comes_and_one_is_deleted(
    browser: Browser, address: str
) -> None:
    visit = Visit(browser, address, 1280, "light")
    listed = visit.page.locator("#conversations li")
    ask_who(visit, 1)
    visit.page.locator("#conversations summary").click()
    visit.page.get_by_role("button", name="New conversation").click()
    ask_who(visit, 1)
    expect(listed).to_have_count(2)
    expect(listed.first).to_be_visible()
    visit.confirm(listed.last.locator(".delete"))
    expect(listed).to_have_count(1)
    expect(listed.first).to_be_visible()
    visit.page.locator("#conversations summary").click()
    ask_who(visit, 2)
    expect(listed.first).to_be_hidden()
    assert visit.problems == []


def test_answers_are_copied_and_conversations_saved(browser: Browser, address: str) -> None:
    visit = Visit(browser, address, 1280, "light")
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    ask_who(visit, 1)
    for name, mark in (("Copy as text", "[1] “"), ("Copy as Markdown", "[^1]: “")):
        visit.page.get_by_role("button", name=name).click()
        expect(visit.page.get_by_role("button", name="Copied")).to_be_visible()
        expect(visit.page.get_by_role("button", name="Copied")).to_have_count(0)
        assert f"{mark}{LED}”" in visit.page.evaluate("navigator.clipboard.readText()")
    for name, file in (("Markdown", "conversation.md"), ("JSON", "conversation.json")):
        with visit.page.expect_download() as download:
            visit.page.get_by_role("button", name=name, exact=True).click()
        assert download.value.suggested_filename == file
    saved = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert saved["conversation"][0]["question"] == WHO
    assert visit.problems == []
    assert visit.hosts == {"127.0.0.1"}


def preview(marker: Locator) -> dict[str, float | str]:
    """What hangs from a marker: its words, and where it lies in the window."""
    return dict(
        marker.evaluate(
            """e => {
              const style = getComputedStyle(e, "::after");
              const line = e.closest(".words").getBoundingClientRect();
              const left = line.left + parseFloat(style.left);
              const top = e.getBoundingClientRect().top + parseFloat(style.marginTop);
              return {
                words: style.content, left, right: left + parseFloat(style.width),
                top, bottom: top + parseFloat(style.height),
              };
            }"""
        )
    )


def test_a_marker_previews_its_quote_from_the_keyboard(browser: Browser, address: str) -> None:
    visit = Visit(browser, address, 1280, "light")
    ask_who(visit, 1)
    marker = visit.turn(1).locator(".marker").first
    height = visit.turn(1).evaluate("e => e.getBoundingClientRect().height")
    marker.focus()
    visit.page.keyboard.press("Shift+Tab")
    visit.page.keyboard.press("Tab")  # from the keyboard, so that the focus shows
    shown = marker.evaluate("e => getComputedStyle(e, '::after').content")
    assert LED in shown
    width = marker.evaluate("e => getComputedStyle(e, '::after').width")
    assert float(str(width).removesuffix("px")) > 300  # hangs from the line, not the marker
    assert "The talks in Qom, Reuters, 7 April 2008" in shown
    assert visit.turn(1).evaluate("e => e.getBoundingClientRect().height") == height


@pytest.mark.parametrize("width", [360, 1280])
def test_a_marker_previews_its_quote_while_another_source_is_open(
    browser: Browser, address: str, width: int
) -> None:
    visit = Visit(browser, address, width, "light")
    ask_who(visit, 1)
    first, second = (visit.turn(1).locator(".marker").nth(row) for row in (0, 1))
    first.click()
    mark = visit.page.locator("#source mark")
    expect(mark).to_have_text(LED)
    assert preview(first)["words"] == "none", "its words are there to read"
    second.hover()
    shown = preview(second)
    assert UNSURE in str(shown["words"])
    assert visit.overflow == 0
    assert float(shown["left"]) >= 0
    assert float(shown["right"]) <= width
    assert float(shown["top"]) >= 0
    assert float(shown["bottom"]) <= 800
    if width == 360:  # the source has come up from below
        sheet = visit.page.locator("#source .source").evaluate("e => e.getBoundingClientRect().top")
        assert float(shown["bottom"]) <= sheet

    visit.page.keyboard.press("Escape")
    assert preview(second)["words"] == "none"
    expect(mark).to_have_text(LED)  # one thing at a time
    visit.page.mouse.move(0, 0)
    second.hover()
    assert UNSURE in str(preview(second)["words"])
    visit.page.mouse.move(0, 0)
    visit.page.keyboard.press("Escape")
    expect(mark).to_have_count(0)
    assert visit.problems == []


def test_a_question_is_asked_again_as_if_nothing_had_come_after_it(
    browser: Browser, address: str, assistant: Scripted
) -> None:
    assistant.scripts["And then?"] = [refused("And then?")]
    assistant.scripts["Who led it?"] = [refused("Who led it?")]
    visit = Visit(browser, address, 1280, "light")
    hint = visit.page.locator("#hint")
    ask_who(visit, 1)
    visit.ask("And then?")
    expect(visit.turn(2).locator(".refusal")).to_be_visible()
    edits = visit.page.get_by_role("button", name="Edit and ask again")
    edits.nth(1).click()
    edits.nth(0).click()  # nothing was typed, so nothing is lost
    expect(visit.field).to_have_value(WHO)
    expect(visit.field).to_be_focused()
    expect(hint).to_contain_text("as if nothing had come after it")
    visit.ask("Who led it?")
    expect(visit.turn(3).locator(".refusal")).to_be_visible()
    assert assistant.asked[-1] == ("Who led it?", ())
    visit.ask("And then?")  # the next one is a new question
    expect(visit.turn(4).locator(".refusal")).to_be_visible()
    assert [turn.question for turn in assistant.asked[-1][1]] == [WHO, "And then?", "Who led it?"]
    edits.nth(1).click()
    expect(visit.field).to_have_value("And then?")
    visit.page.get_by_role("button", name="Ask", exact=True).click()
    expect(visit.turn(5).locator(".refusal")).to_be_visible()
    assert [turn.question for turn in assistant.asked[-1][1]] == [WHO]
    edits.nth(0).click()
    visit.field.fill("")  # changed one's mind
    visit.ask("And then?")
    expect(visit.turn(6).locator(".refusal")).to_be_visible()
    assert len(assistant.asked[-1][1]) == 5
    assert visit.problems == []


def test_what_is_typed_is_not_lost_to_an_earlier_question(browser: Browser, address: str) -> None:
    visit = Visit(browser, address, 1280, "light")
    ask_who(visit, 1)
    visit.field.fill("A long question that")
    edit = visit.page.get_by_role("button", name="Edit and ask again")
    edit.click()
    expect(visit.page.locator("#hint")).to_contain_text("What you have typed")
    expect(visit.field).to_be_focused()
    expect(visit.field).to_have_value("A long question that")
    visit.field.fill("")
    edit.click()
    expect(visit.field).to_have_value(WHO)
