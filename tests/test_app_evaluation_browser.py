"""The evaluation on the page in a real Chromium: runs, questions between them, reports."""

import time
from pathlib import Path

import pytest
from page_exam import MOON, examined
from page_server import serving
from playwright.sync_api import Browser, Locator, expect
from scripted_page import ANSWER, HOSTILE, WHO, Scripted, refused
from visit import Visit

pytestmark = pytest.mark.browser


@pytest.fixture
def assistant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    return examined(tmp_path, monkeypatch)


def opened(browser: Browser, address: str, width: int = 1280, scheme: str = "light") -> Visit:
    visit = Visit(browser, address, width, scheme)
    visit.page.get_by_role("button", name="Evaluation", exact=True).press("Enter")
    expect(visit.page.locator("#report section")).to_be_visible()
    return visit


def start(visit: Visit, split: str = "report") -> None:
    visit.page.get_by_label("Split").select_option(split)
    visit.page.get_by_role("button", name="Start").press("Enter")


def pace(visit: Visit) -> Locator:
    return visit.page.locator("#pace .pace")


def questions(assistant: Scripted) -> list[str]:
    return [question for question, _ in assistant.asked]


def test_a_subset_runs_and_its_figures_are_shown(
    browser: Browser, address: str, assistant: Scripted
) -> None:
    visit = opened(browser, address)
    page = visit.page
    expect(page.get_by_role("heading", name="No evaluation yet")).to_be_visible()
    start(visit)
    expect(pace(visit)).to_contain_text("Asked 3 questions")
    shares = page.locator(".shares li")
    expect(shares.locator(".label")).to_have_text(
        ["answerable, right", "answerable, wrong", "unanswerable, refused", "citations valid"]
    )
    expect(shares.locator(".value")).to_have_text(
        ["50% 1 of 2, 9% to 91%", "0% 0 of 2, 0% to 66%", "100% 1 of 1, 21% to 100%",
         "100% 2 of 2, 34% to 100%"]
    )  # fmt: skip
    whole, half = (
        shares.nth(0).locator(f"svg rect.{kind}").bounding_box() for kind in ("track", "mark")
    )
    assert whole and half
    assert half["width"] / whole["width"] == pytest.approx(0.5, abs=0.01)
    expect(page.locator("#report header")).to_contain_text("started on this page")
    expect(page.locator(".plots figure").first).to_be_visible()
    miss = page.locator(".miss")
    expect(miss.locator("dl")).to_be_hidden()
    miss.locator("summary").press("Enter")
    expect(miss.locator("dd").first).to_have_text("The articles do not say.")
    for width in (360, 700, 900, 1200):  # no column lies over another
        page.set_viewport_size({"width": width, "height": 800})
        value, frame = shares.nth(2).locator(".value"), page.locator("#report")
        inner, outer = value.bounding_box(), frame.bounding_box()
        assert inner and outer
        assert inner["x"] + inner["width"] <= outer["x"] + outer["width"] + 1, width
    assert page.evaluate("window.pwned") is None
    assert str(assistant.settings.home) not in page.content()
    assert visit.problems == []
    assert visit.hosts == {"127.0.0.1"}


def test_the_whole_report_opens_by_itself(
    browser: Browser, address: str, assistant: Scripted
) -> None:
    visit = opened(browser, address)
    start(visit)
    problems: list[str] = []
    visit.context.on("console", lambda message: problems.append(message.text))
    with visit.context.expect_page() as opening:
        visit.page.get_by_role("link", name="Open the whole report in a new tab").click()
    report = opening.value
    report.wait_for_url(f"{address}/evaluation")
    policies = visit.context.request.get(report.url).headers_array
    told = [one["value"] for one in policies if one["name"].lower() == "content-security-policy"]
    assert "default-src 'none'; style-src 'unsafe-inline'; sandbox" in told
    expect(report.get_by_role("heading", level=1)).to_have_text("Evaluation of scripted")
    assert str(assistant.settings.home) not in report.content()
    assert str(assistant.settings.corpus) not in report.content()
    assert problems == []


def test_a_question_gets_its_turn_between_two_cases(
    browser: Browser, address: str, assistant: Scripted
) -> None:
    events, answer = ANSWER
    asked, first = "Was Crocker sure?", assistant.gate()
    assistant.scripts |= {WHO: [first, *events, answer], asked: [refused(asked)]}
    visit = opened(browser, address)
    start(visit)
    expect(pace(visit)).to_contain_text("0 of 3 questions")
    visit.page.get_by_role("button", name="Close the evaluation").press("Enter")
    expect(visit.page.get_by_role("button", name="Evaluation", exact=True)).to_be_focused()
    visit.ask(asked)
    expect(visit.turn(1)).to_have_attribute("data-stage", "waiting")
    first.set()
    expect(visit.turn(1).locator(".refusal")).to_be_visible()
    assert questions(assistant)[:2] == [WHO, asked]
    visit.page.get_by_role("button", name="Evaluation", exact=True).press("Enter")
    expect(pace(visit)).to_contain_text("Asked 3 questions")
    assert questions(assistant) == [WHO, asked, HOSTILE, MOON]
    assert visit.problems == []


def test_a_run_is_stopped_and_goes_on_and_other_pages_see_it(
    browser: Browser, address: str, assistant: Scripted
) -> None:
    gate = assistant.gate()
    assistant.scripts[HOSTILE] = [gate, refused(HOSTILE)]
    visit = opened(browser, address)
    start(visit)
    expect(pace(visit)).to_contain_text("1 of 3 questions")
    stop = visit.page.get_by_role("button", name="Stop", exact=True)
    expect(stop).to_be_focused()
    other = opened(browser, address, 360, "dark")
    expect(pace(other)).to_contain_text("1 of 3 questions")
    stop.press("Enter")
    expect(visit.page.get_by_role("button", name="Stopping…")).to_be_focused()
    expect(pace(visit)).to_contain_text("stopping after the one under way")
    gate.set()
    for each in (visit, other):
        expect(pace(each)).to_contain_text("Stopped after 2 of 3 questions")
        expect(each.page.locator("#report header")).to_contain_text("2 of 3 chosen questions")
    assert other.overflow == 0
    begin = visit.page.get_by_role("button", name="Start")
    expect(begin).to_be_focused()
    begin.press("Enter")
    expect(pace(visit)).to_contain_text("Asked 3 questions")
    assert questions(assistant) == [WHO, HOSTILE, MOON]
    assert visit.problems == other.problems == []


def test_a_choice_is_kept_and_can_be_empty(
    browser: Browser, address: str, assistant: Scripted
) -> None:
    visit = opened(browser, address, 360)
    kind = visit.page.get_by_label("Kind or tag")
    kind.select_option("By tag", label="people")
    start(visit, "tune")
    expect(pace(visit)).to_contain_text("No question is of that split and kind")
    expect(kind).to_have_value("tag:people")
    kind.select_option("")
    visit.page.get_by_role("spinbutton", name="At most").fill("1")
    start(visit, "all")
    expect(pace(visit)).to_contain_text("Asked 1 question;")
    assert len(questions(assistant)) == 1
    assert visit.overflow == 0
    assert visit.problems == []


def test_the_conversation_is_found_again(browser: Browser, address: str) -> None:
    visit = Visit(browser, address, 1280, "light")
    visit.ask(WHO)
    expect(visit.turn(1).locator(".note")).to_have_count(2)
    button = visit.page.get_by_role("button", name="Evaluation", exact=True)
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(visit.page.get_by_role("heading", name="How well does it answer?")).to_be_focused()
    expect(visit.turn(1)).to_be_hidden()
    expect(visit.page.locator("#articles li").first).to_be_visible()
    visit.page.keyboard.press("Escape")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(button).to_be_focused()
    expect(visit.turn(1)).to_be_visible()
    button.press("Enter")
    visit.page.get_by_role("button", name="New conversation").click()
    expect(visit.page.locator("[data-question]").first).to_be_visible()
    expect(visit.field).to_be_focused()
    button.press("Enter")
    visit.page.locator("#conversations summary").click()
    visit.page.locator("#conversations .open").click()
    expect(visit.turn(1)).to_be_visible()
    assert visit.problems == []


def test_without_cases_the_view_says_how_else(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with serving(Scripted(tmp_path, tmp_path / "articles")) as address:
        visit = opened(browser, address, 360)
        expect(visit.page.locator("#exam pre")).to_contain_text("footnote eval run --cases")
        expect(visit.page.get_by_role("button", name="Start")).to_have_count(0)
        expect(visit.page.get_by_role("heading", name="No evaluation yet")).to_be_visible()
        reply = visit.context.request.get(f"{address}/evaluation")
        assert (reply.status, reply.json()["error"][:18]) == (404, "There is no report")
        assert visit.overflow == 0
        assert visit.problems == []


def test_closing_the_server_stops_a_run_and_keeps_what_was_answered(
    browser: Browser, assistant: Scripted
) -> None:
    gate = assistant.gate()
    assistant.scripts[HOSTILE] = [gate, refused(HOSTILE)]
    with serving(assistant) as address:
        visit = opened(browser, address)
        start(visit, "all")
        expect(pace(visit)).to_contain_text("1 of 4 questions")
        visit.context.close()
    gate.set()
    reports = assistant.settings.home / "evaluations"
    for _ in range(100):
        if list(reports.rglob("report.json")):
            break
        time.sleep(0.1)
    assert list(reports.rglob("report.json"))
    assert questions(assistant) == [WHO, HOSTILE]
