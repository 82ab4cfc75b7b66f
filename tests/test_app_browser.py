"""The page in a real Chromium, over a real server and a scripted assistant."""

import time
from collections.abc import Callable, Iterator

import pytest
from page_server import serving
from playwright.sync_api import Browser, expect
from scripted_page import (
    ANSWER,
    BAD,
    GATE_S,
    HOSTILE,
    LED,
    TALKS,
    UNSURE,
    WHO,
    Scripted,
    answered,
    passage,
    refused,
)
from visit import Visit

from rag.errors import ModelError, QuestionError
from rag.page import desk
from rag.types import Sentence, Token, Turn

pytestmark = pytest.mark.browser
Open = Callable[..., Visit]


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Scripted:
    return Scripted(tmp_path_factory.mktemp("conversations"))


@pytest.fixture(scope="module")
def address(assistant: Scripted) -> Iterator[str]:
    with serving(assistant) as address:
        yield address


@pytest.fixture(autouse=True)
def script(assistant: Scripted, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(desk, "FRAME_S", 0.0)  # draw every token
    yield
    assistant.reset()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Open]:
    visits: list[Visit] = []

    def visit(width: int = 1280, scheme: str = "light") -> Visit:
        visits.append(Visit(browser, address, width, scheme))
        return visits[-1]

    yield visit
    for each in visits:
        each.context.close()
        assert each.problems == []
        assert each.hosts == {"127.0.0.1"}


def test_the_empty_page_is_ours_and_ready(open_page: Open) -> None:
    page = open_page().page
    expect(page).to_have_title("Footnote")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Footnote")
    expect(page.get_by_role("textbox", name="Question")).to_be_focused()
    expect(page.locator("[data-question]")).to_have_count(4)
    expect(page.locator("#articles li").first).to_contain_text("Reuters, 7 April 2008")
    expect(page.locator("footer")).to_be_hidden()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("document.fonts.size") == 0


@pytest.mark.parametrize("width", [360, 820, 2560])
def test_it_fits_any_width_and_both_schemes(open_page: Open, width: int) -> None:
    light, dark = open_page(width), open_page(width, "dark")
    light.ask(WHO)
    light.turn(1).locator(".note").first.click()
    expect(light.page.locator("mark")).to_be_in_viewport()
    assert light.overflow == 0
    assert light.background != dark.background


def test_an_answer_streams_and_its_footnotes_open(open_page: Open, assistant: Scripted) -> None:
    (first, second), answer = ANSWER
    written, checked = assistant.gate(), assistant.gate()
    left_out = Sentence("It was a large one.", (), shown=False)
    assistant.scripts[WHO] = [
        Token("Ali Adeeb led"), written, Token(" the delegation. It was a large one."), first,
        left_out, Token(" Crocker"), checked, Token(" was unsure."), second, answer,
    ]  # fmt: skip
    visit = open_page()
    visit.ask(WHO)
    turn = visit.turn(1)
    expect(turn.locator(".draft")).to_have_text("Ali Adeeb led")
    expect(visit.field).to_have_value("")
    soft = turn.locator(".draft").evaluate("e => getComputedStyle(e).color")
    written.set()
    expect(turn.locator(".said")).to_have_text("Ali Adeeb led the delegation.")
    assert turn.locator(".said").evaluate("e => getComputedStyle(e).color") != soft
    expect(turn.locator(".draft")).to_have_text("Crocker")
    expect(turn.get_by_role("link", name="Footnote 1")).to_have_text("[1]")
    expect(turn.locator(".notes")).to_have_count(0)
    checked.set()
    notes = turn.locator(".note")
    expect(notes).to_have_count(2)
    expect(notes.first).to_contain_text(f"“{LED}”")
    expect(notes.first).to_contain_text("The talks in Qom")
    expect(notes.first).to_contain_text("Reuters, 7 April 2008")
    expect(notes.first).to_contain_text("support: strong")
    expect(notes.last).to_contain_text("support: fair")
    expect(turn.locator(".aside")).to_contain_text("4.9 s")
    expect(turn).not_to_contain_text("It was a large one.")

    mark = visit.page.locator("#source mark.quote")
    turn.locator(".marker").first.click()
    expect(mark).to_have_text(LED)
    assert mark.text_content() == LED
    expect(mark).to_be_in_viewport()
    expect(visit.page.get_by_role("heading", name="The talks in Qom")).to_be_focused()
    notes.last.click()
    expect(mark).to_have_text(UNSURE)
    expect(mark).to_be_in_viewport()
    paragraphs = visit.page.locator("#source .text p")
    expect(paragraphs).to_have_count(62)


def test_sources_open_and_close_from_the_keyboard(open_page: Open) -> None:
    visit = open_page()
    visit.ask(WHO)
    marker = visit.turn(1).locator(".marker").first
    expect(visit.turn(1).locator(".note")).to_have_count(2)
    for _ in range(2):  # the same place again, after it was closed
        marker.focus()
        marker.press("Enter")
        expect(visit.page.locator("#source mark")).to_have_text(LED)
        expect(marker).to_have_class("marker is-open")
        visit.page.keyboard.press("Escape")
        expect(visit.page.locator("#source .no-source")).to_be_visible()
        expect(marker).to_be_focused()
    visit.page.locator("#articles .open").nth(1).click()
    expect(visit.page.locator("#source .text")).to_have_text("It says little. It has no date.")
    visit.page.get_by_role("button", name="Close the source").click()
    expect(visit.page.locator("#source mark")).to_have_count(0)


def test_a_refusal_leads_to_the_nearest_passages(open_page: Open, assistant: Scripted) -> None:
    place = (TALKS.text.index(UNSURE), len(TALKS.text))
    assistant.scripts["How many?"] = [refused("How many?", passage(TALKS, *place))]
    visit = open_page()
    visit.ask("How many?")
    turn = visit.turn(1)
    expect(turn.get_by_role("heading", name="Not found in the articles")).to_be_visible()
    expect(turn.locator(".words")).to_have_count(0)
    turn.get_by_role("button", name="The talks in Qom").click()
    expect(visit.page.locator("mark.passage")).to_have_text(UNSURE)
    expect(visit.page.locator("mark.passage")).to_be_in_viewport()


def test_a_follow_up_gets_the_history(open_page: Open, assistant: Scripted) -> None:
    events, answer = answered(
        "And Crocker?", ("Crocker was unsure.", TALKS, UNSURE), standalone="What did Crocker say?"
    )
    assistant.scripts["And Crocker?"] = [*events, answer]
    visit = open_page()
    visit.ask(WHO)
    expect(visit.turn(1).locator(".note")).to_have_count(2)
    visit.ask("And Crocker?")
    expect(visit.turn(2).locator(".aside")).to_contain_text("asked as: What did Crocker say?")
    assert assistant.asked == [(WHO, ()), ("And Crocker?", (Turn(WHO, ANSWER[1].text),))]
    visit.turn(2).locator(".marker").click()
    expect(visit.page.locator("mark")).to_have_text(UNSURE)

    visit.page.get_by_role("button", name="New conversation").click()
    expect(visit.page.locator("[data-question]")).to_have_count(4)
    expect(visit.page.locator("#source .no-source")).to_be_visible()
    expect(visit.field).to_be_focused()
    visit.ask(WHO)
    expect(visit.turn(1).locator(".note")).to_have_count(2)
    assert assistant.asked[-1] == (WHO, ())


def test_an_example_asks_itself(open_page: Open, assistant: Scripted) -> None:
    visit = open_page()
    example = visit.page.locator("[data-question]").first
    question = str(example.text_content())
    assistant.scripts[question] = [refused(question)]
    example.click()
    expect(visit.turn(1).locator(".question")).to_have_text(question)
    expect(visit.turn(1).locator(".refusal")).to_be_visible()


def test_errors_are_told_and_the_page_goes_on(
    open_page: Open, assistant: Scripted, capfd: pytest.CaptureFixture[str]
) -> None:
    assistant.scripts["Missing?"] = [ModelError("/secret/model.gguf is missing. Fetch it again.")]
    assistant.scripts["Broken?"] = [Token("He"), RuntimeError("/secret/path")]
    visit = open_page()
    visit.ask("Missing?")
    expect(visit.turn(1).locator(".failure")).to_contain_text("A model cannot be used")
    visit.ask("Broken?")
    expect(visit.turn(2).locator(".failure")).to_contain_text("Something went wrong")
    expect(visit.page.locator("body")).not_to_contain_text("secret")
    expect(visit.page.locator("body")).not_to_contain_text("Traceback")
    assert "/secret/path" in capfd.readouterr().err
    visit.ask(WHO)
    expect(visit.turn(3).locator(".note")).to_have_count(2)


def test_an_empty_question_gets_a_hint(open_page: Open, assistant: Scripted) -> None:
    visit = open_page()
    visit.ask("   ")
    expect(visit.page.locator("#hint")).to_contain_text("Type a question first")
    expect(visit.page.locator(".turn")).to_have_count(0)
    assert assistant.asked == []


def test_stop_keeps_what_is_checked(open_page: Open, assistant: Scripted) -> None:
    (first, _), answer = ANSWER
    gate = assistant.gate()
    assistant.scripts["Long?"] = [first, Token("And then"), gate, Token(" more"), answer]
    visit = open_page()
    visit.ask("Long?")
    expect(visit.turn(1).locator(".draft")).to_have_text("And then")
    visit.ask("Impatient?")
    expect(visit.page.locator("#hint")).to_contain_text("One question at a time")
    expect(visit.field).to_have_value("Impatient?")
    visit.page.get_by_role("button", name="Stop").click()
    expect(visit.page.get_by_role("button", name="Stopping…")).to_be_visible()
    expect(visit.field).to_be_focused()
    gate.set()
    expect(visit.turn(1).locator(".aside")).to_have_text("Stopped.")
    expect(visit.turn(1).locator(".words")).to_have_text("Ali Adeeb led the delegation.[1]")
    visit.ask(WHO)
    expect(visit.turn(2).locator(".note")).to_have_count(2)


def test_stop_ends_the_search_for_a_disagreement_and_keeps_the_answer(
    open_page: Open, assistant: Scripted
) -> None:
    events, answer = ANSWER

    def search(stopped: Callable[[], bool]) -> None:
        end = time.monotonic() + GATE_S
        while not stopped():
            assert time.monotonic() < end, "nobody stopped it"
            time.sleep(0.01)

    assistant.scripts["Long?"] = [*events, search, answer]
    visit = open_page()
    visit.ask("Long?")
    expect(visit.turn(1).locator(".said")).to_have_count(2)
    expect(visit.turn(1).locator(".note")).to_have_count(0)
    visit.page.get_by_role("button", name="Stop").click()
    expect(visit.turn(1).locator(".note")).to_have_count(2)
    expect(visit.turn(1)).not_to_contain_text("Stopped.")
    expect(visit.page.get_by_role("button", name="Ask", exact=True)).to_be_visible()


def test_a_second_browser_waits_its_turn(open_page: Open, assistant: Scripted) -> None:
    gate = assistant.gate()
    assistant.scripts["Long?"] = [Token("Well"), gate, refused("Long?")]
    first, second = open_page(), open_page()
    first.ask("Long?")
    expect(first.turn(1).locator(".draft")).to_have_text("Well")
    second.ask(WHO)
    expect(second.turn(1)).to_contain_text("One question comes before yours")
    assert [question for question, _ in assistant.asked] == ["Long?"]
    gate.set()
    expect(first.turn(1).locator(".refusal")).to_be_visible()
    expect(second.turn(1).locator(".note")).to_have_count(2)


def test_a_closed_page_keeps_nobody_waiting(open_page: Open, assistant: Scripted) -> None:
    gate = assistant.gate()
    assistant.scripts["Long?"] = [Token("Well"), gate, *[Token(" on")] * 10_000]
    first, second = open_page(), open_page()
    first.ask("Long?")
    expect(first.turn(1).locator(".draft")).to_have_text("Well")
    first.page.close()
    gate.set()
    second.ask(WHO)
    expect(second.turn(1).locator(".note")).to_have_count(2, timeout=GATE_S * 1000)


def test_hostile_text_is_shown_and_does_nothing(open_page: Open, assistant: Scripted) -> None:
    quote = f"{HOSTILE} It ends here."
    events, answer = answered(HOSTILE, (HOSTILE, BAD, quote), standalone=f"{HOSTILE}?")
    gate = assistant.gate()
    assistant.scripts[HOSTILE] = [Token(HOSTILE), gate, *events, answer]
    assistant.scripts["Near?"] = [refused("Near?", passage(BAD, 0, len(BAD.text)))]
    assistant.scripts["Error?"] = [QuestionError(HOSTILE)]
    visit = open_page()
    page = visit.page
    visit.ask(HOSTILE)
    expect(visit.turn(1).locator(".draft")).to_have_text(HOSTILE)
    gate.set()
    expect(visit.turn(1).locator(".note")).to_contain_text("${1+1} {{constructor}} {{x}}")
    assert visit.turn(1).locator(".said").text_content() == HOSTILE
    assert visit.turn(1).locator(".question").text_content() == HOSTILE
    visit.turn(1).locator(".marker").click()
    expect(page.locator("#source mark")).to_be_visible()
    assert page.locator("#source mark").text_content() == quote
    visit.ask("Near?")
    expect(visit.turn(2).locator(".refusal")).to_be_visible()
    visit.ask("Error?")
    expect(visit.turn(3).locator(".failure")).to_contain_text("<script>")
    for part in ("#conversation", "#source", "#articles", "#hint"):
        inside = page.locator(f"{part} .html-container")
        assert (
            inside.locator("script, img, svg:not(.thumb > svg), b, iframe, object, style").count()
            == 0
        )
        assert inside.locator("[onerror], [onload], [onmouseover]").count() == 0
        assert inside.locator("a:not([href^='#'])").count() == 0
    assert page.evaluate("window.pwned") is None
