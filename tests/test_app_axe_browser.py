"""The page in a real Chromium: its states looked over by axe-core, and what unfolds in it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from page_exam import MOON, examined
from playwright.sync_api import Browser, FilePayload, expect
from scripted_page import ANSWER, HOSTILE, LED, TALKS, WHO, Scripted, passage, refused
from visit import Visit

from rag.errors import IndexStoreError, ModelError
from rag.types import Answer, Position, Token, Weighed

pytestmark = pytest.mark.browser
FILE: FilePayload = {
    "name": "bridge.txt",
    "mimeType": "text/plain",
    "buffer": b"The bridge of Kut\n\nThe bridge of Kut was mended in June.",
}
START = TALKS.text.index(LED)
PROMPT = f"<|im_start|>user\n{LED}\n{HOSTILE}\n" + "It goes on. " * 300 + "<|im_end|>\n"
PLACE = Weighed(
    TALKS.id, TALKS.title, LED, START, START + len(LED), margin=4.2, probability=0.79, read=True
)


@pytest.fixture
def assistant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    return examined(tmp_path, monkeypatch)


def explained(answer: Answer) -> Answer:
    near = replace(passage(TALKS, START - 20, START + 90), rank=1, dense_rank=12, lexical_rank=3)
    return replace(
        answer, weighed=(PLACE,), passages=(near,), judge_prompt=PROMPT, answer_prompt=PROMPT
    )


def empty(visit: Visit, assistant: Scripted) -> None:
    expect(visit.page.locator("[data-question]")).to_have_count(4)


def waiting(visit: Visit, assistant: Scripted) -> None:
    assistant.scripts[WHO] = [Token("Ali Adeeb led"), assistant.gate()]
    visit.ask(WHO)
    expect(visit.turn(1).locator(".draft")).to_have_text("Ali Adeeb led")


def answered(visit: Visit, assistant: Scripted) -> None:
    events, answer = ANSWER
    sides = (Position("Adeeb led it.", (1,)), Position("Crocker was unsure.", (2,)))
    assistant.scripts[WHO] = [*events, replace(explained(answer), disagreement=sides)]
    visit.ask(WHO)
    visit.turn(1).locator(".note").first.click()
    expect(visit.page.locator("#source mark")).to_be_in_viewport()


def unfolded(visit: Visit, assistant: Scripted) -> None:
    events, answer = ANSWER
    assistant.scripts[WHO] = [*events, explained(answer)]
    visit.ask(WHO)
    visit.turn(1).locator("summary").click()
    expect(visit.turn(1).locator(".workings table").first).to_be_visible()


def refusal(visit: Visit, assistant: Scripted) -> None:
    assistant.scripts[HOSTILE] = [explained(refused(HOSTILE, passage(TALKS, 0, 200)))]
    visit.ask(HOSTILE)
    expect(visit.turn(1).locator(".refusal")).to_be_visible()


def failed(visit: Visit, assistant: Scripted) -> None:
    assistant.scripts[WHO] = [ModelError("The model file is missing. Fetch it.")]
    visit.ask(WHO)
    expect(visit.turn(1).locator(".failure")).to_be_visible()


def rated(visit: Visit, assistant: Scripted) -> None:
    visit.ask(WHO)
    visit.turn(1).get_by_role("button", name="Wrong answer").click()
    expect(visit.turn(1).locator(".remark")).to_be_visible()
    visit.page.locator("#conversations summary").click()
    expect(visit.page.locator("#conversations .open").first).to_be_visible()


def indexing(visit: Visit, assistant: Scripted) -> None:
    assistant.change = [("embedding", 64, 128), assistant.gate()]
    visit.choose(FILE)
    expect(visit.work).to_contain_text("Indexing…")
    expect(visit.work.get_by_role("progressbar")).to_be_visible()


def added(visit: Visit, assistant: Scripted) -> None:
    visit.choose(FILE, FILE | {"name": "copy.txt"}, FILE | {"name": f"{HOSTILE}.xlsx"})
    expect(visit.work).to_contain_text("Added 1 article")
    expect(visit.work).to_contain_text("Left out 2 files")


def removed(visit: Visit, assistant: Scripted) -> None:
    visit.page.get_by_role("button", name=f"Remove the article: {TALKS.title}").click()
    expect(visit.work.get_by_role("button", name="Undo")).to_be_focused()
    visit.page.locator("#articles summary").click()
    expect(visit.page.get_by_role("button", name="Bring back the article")).to_be_visible()


def not_removed(visit: Visit, assistant: Scripted) -> None:
    assistant.change = [IndexStoreError("The disk is full.")]
    visit.page.get_by_role("button", name=f"Remove the article: {TALKS.title}").click()
    expect(visit.work).to_contain_text("are as they were")


def unevaluated(visit: Visit, assistant: Scripted) -> None:
    visit.page.get_by_role("button", name="Evaluation", exact=True).click()
    expect(visit.page.get_by_role("heading", name="No evaluation yet")).to_be_visible()


def evaluating(visit: Visit, assistant: Scripted) -> None:
    unevaluated(visit, assistant)
    assistant.scripts[MOON] = [assistant.gate()]
    visit.page.get_by_role("button", name="Start").click()
    expect(visit.page.locator("#pace")).to_contain_text("2 of 3 questions")


def evaluated(visit: Visit, assistant: Scripted) -> None:
    unevaluated(visit, assistant)
    visit.page.get_by_role("button", name="Start").click()
    expect(visit.page.locator("#pace")).to_contain_text("Asked 3 questions")
    visit.page.locator(".miss summary").first.click()
    expect(visit.page.locator(".miss dl")).to_be_visible()


def unnamed(visit: Visit, assistant: Scripted) -> None:
    new_collection(visit, "Field notes")
    visit.page.locator("#collections summary").click()
    visit.page.get_by_role("button", name="Rename the collection: Field notes").click()
    visit.page.get_by_label("New name").fill("bundled articles")
    visit.page.get_by_role("button", name="Save").click()
    expect(visit.page.get_by_role("alert")).to_contain_text("of this name already")


def filled_with_nothing(visit: Visit, assistant: Scripted) -> None:
    new_collection(visit, "<b>Field notes</b>")
    visit.ask(WHO)
    expect(visit.page.locator("#hint .urgent")).to_be_visible()


def new_collection(visit: Visit, name: str) -> None:
    visit.page.locator("#collections summary").click()
    visit.page.get_by_label("New collection").fill(name)
    visit.page.get_by_role("button", name="Create").click()
    expect(visit.page.get_by_role("heading", name="No articles yet")).to_be_visible()


def stopped(visit: Visit, assistant: Scripted) -> None:
    gate = assistant.gate()
    assistant.scripts[WHO] = [ANSWER[0][0], gate, Token("And then")]
    visit.ask(WHO)
    expect(visit.turn(1).locator(".said")).to_have_count(1)
    visit.page.get_by_role("button", name="Stop").click()
    expect(visit.page.get_by_role("button", name="Stopping…")).to_be_visible()
    gate.set()
    expect(visit.turn(1).locator(".aside")).to_have_text("Stopped.")
    visit.page.locator("#collections summary").click()
    expect(visit.page.get_by_label("New collection")).to_be_visible()


def followed(visit: Visit, assistant: Scripted) -> None:
    events, answer = ANSWER
    assistant.scripts["And he?"] = [*events, replace(answer, question="And he?")]
    visit.ask("And he?")
    expect(visit.turn(1).locator(".aside")).to_contain_text(f"asked as: {WHO}")
    visit.turn(1).locator(".marker").first.focus()
    visit.page.wait_for_function(
        "getComputedStyle(document.querySelector('.marker'), '::after').content !== 'none'"
    )


def left_out(visit: Visit, assistant: Scripted) -> None:
    assistant.skipped = [("scan.pdf", "holds no text"), (f"{HOSTILE}.md", HOSTILE)]
    rated(visit, assistant)
    visit.page.locator("#conversations li .delete").first.click()
    expect(visit.page.locator("#conversations .sure")).to_be_visible()
    visit.page.reload()
    visit.page.locator("#articles .left-out summary").click()
    expect(visit.page.locator("#articles .left-out li").first).to_be_visible()


def lost(visit: Visit, assistant: Scripted) -> None:
    visit.ask(WHO)
    expect(visit.turn(1).locator(".note")).to_have_count(2)
    visit.page.route("**/app_id", lambda route: route.abort())
    expect(visit.page.get_by_role("alert")).to_be_in_viewport()


def serious(visit: Visit) -> list[tuple[str, list[str], str]]:
    """The serious and critical findings on the page as it is: rule, where, and why."""
    return [
        (one["id"], [node["target"] for node in one["nodes"]], one["nodes"][0]["failureSummary"])
        for one in Axe().run(visit.page).response["violations"]
        if one["impact"] in ("serious", "critical")
    ]


STATES = (empty, waiting, answered, unfolded, refusal, failed, rated)
STATES += (indexing, added, removed, not_removed)
STATES += (stopped, followed, left_out, lost)
STATES += (unevaluated, evaluating, evaluated, unnamed, filled_with_nothing)


@pytest.mark.parametrize("look", [(1280, "light"), (1280, "dark"), (360, "light")], ids=str)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_axe_finds_nothing_serious(
    browser: Browser,
    address: str,
    assistant: Scripted,
    state: Callable[[Visit, Scripted], None],
    look: tuple[int, str],
) -> None:
    visit = Visit(browser, address, *look)
    state(visit, assistant)
    found, overflow = serious(visit), visit.overflow
    assistant.reset()
    visit.context.close()
    assert (found, overflow) == ([], 0)


def test_axe_would_find_something(browser: Browser, address: str) -> None:
    visit = Visit(browser, address, 1280, "light")
    pale = "document.querySelector('h1').style.setProperty('color', '#ddd', 'important')"
    visit.page.evaluate(f"{pale}; document.body.append(document.createElement('button'))")
    found = serious(visit)
    visit.context.close()
    assert {rule for rule, *_ in found} == {"button-name", "color-contrast"}


def test_a_prompt_is_copied_word_for_word_and_scrolled_with_the_keys(
    browser: Browser, address: str, assistant: Scripted
) -> None:
    visit = Visit(browser, address, 1280, "light")
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    unfolded(visit, assistant)
    prompt = visit.turn(1).locator("figure").last
    assert prompt.locator("pre").text_content() == PROMPT
    prompt.get_by_role("button", name="Copy").press("Enter")
    expect(prompt.get_by_role("button", name="Copied")).to_be_focused()
    expect(prompt.get_by_role("button", name="Copied")).to_have_count(0)
    assert visit.page.evaluate("navigator.clipboard.readText()") == PROMPT
    prompt.locator("pre").press("End")
    visit.page.wait_for_function("e => e.scrollTop > 0", arg=prompt.locator("pre").element_handle())
    assert prompt.locator("script, img, svg").count() == 0
    assert visit.page.evaluate("window.pwned") is None
    assert visit.problems == []


def test_what_is_unfolded_leads_to_the_article_and_stays_so(
    browser: Browser, address: str, assistant: Scripted
) -> None:
    visit = Visit(browser, address, 1280, "light")
    unfolded(visit, assistant)
    rows = visit.turn(1).locator(".workings tbody tr")
    expect(rows.first).to_contain_text("79%")
    rows.first.get_by_role("button").press("Enter")
    expect(visit.page.locator("#source mark.passage")).to_have_text(LED)
    visit.ask(WHO)
    expect(visit.turn(2).locator(".note")).to_have_count(2)
    expect(visit.turn(1).locator(".workings")).to_have_attribute("open", "")
    assert visit.turn(2).locator(".workings").get_attribute("open") is None
    visit.turn(1).locator("summary").press("Enter")
    visit.turn(2).locator("summary").press("Enter")
    visit.ask(WHO)
    expect(visit.turn(3).locator(".note")).to_have_count(2)
    assert visit.turn(1).locator(".workings").get_attribute("open") is None
    expect(visit.turn(2).locator(".workings")).to_have_attribute("open", "")
    visit.page.get_by_role("button", name="New conversation").click()
    expect(visit.page.locator("[data-question]")).to_have_count(4)
    for number in (1, 2):
        visit.ask(WHO)
        expect(visit.turn(number).locator(".note")).to_have_count(2)
    assert visit.turn(2).locator(".workings").get_attribute("open") is None
    assert visit.problems == []
