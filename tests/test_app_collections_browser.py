"""Several collections in a real Chromium, over real indexes: making, switching, deleting."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import LED, ScriptedGenerator, open_assistant
from playwright.sync_api import Browser, FilePayload, Locator, Route, expect
from visit import READ_MS, Visit

from rag.assistant import Assistant

pytestmark = pytest.mark.browser
QUESTION = "Who headed the delegation to Qom?"
BRIDGE: FilePayload = {
    "name": "bridge.txt",
    "mimeType": "text/plain",
    "buffer": b"The bridge of Kut\n\nThe bridge of Kut was mended in June. It carries lorries.",
}
HOSTILE = '"><img src=x onerror="window.pwned=1">\u202egnorw'


@pytest.fixture
def assistant(corpus: Path) -> Iterator[Assistant]:
    with open_assistant(corpus, ScriptedGenerator(LED)) as opened:
        yield opened


def menu(visit: Visit) -> Locator:
    return visit.page.locator("#collections summary")


def name(visit: Visit) -> Locator:
    return visit.page.locator("#collections summary .name")


def articles(visit: Visit) -> Locator:
    return visit.page.locator("#articles ol li")


def hint(visit: Visit) -> Locator:
    return visit.page.locator("#hint .hint")


def make(visit: Visit, called: str) -> None:
    menu(visit).press("Enter")
    visit.page.get_by_label("New collection").fill(called)
    visit.page.get_by_label("New collection").press("Enter")


def choose(visit: Visit, called: str) -> None:
    menu(visit).press("Enter")
    visit.page.get_by_role("button", name=re.compile(f"^{called} ")).press("Enter")


def add(visit: Visit, button: str = "Add articles…") -> None:
    with visit.page.expect_file_chooser() as chooser:
        visit.page.get_by_role("button", name=button, exact=True).press("Enter")
    chooser.value.set_files([BRIDGE])


@pytest.mark.parametrize("look", [(1280, "light"), (360, "dark")], ids=str)
def test_one_is_made_filled_asked_left_kept_over_a_reload_and_deleted(
    browser: Browser, address: str, assistant: Assistant, look: tuple[int, str]
) -> None:
    home = assistant.settings.home
    visit = Visit(browser, address, *look)
    expect(name(visit)).to_have_text("articles")
    visit.ask(QUESTION)
    expect(visit.turn(1).locator(".note")).to_have_count(1)

    make(visit, "Bridges")
    expect(visit.page.get_by_role("heading", name="No articles yet")).to_be_visible()
    expect(name(visit)).to_have_text("Bridges")
    expect(menu(visit)).to_be_focused()
    expect(articles(visit)).to_have_count(0)
    visit.ask(QUESTION)
    expect(hint(visit)).to_have_text("There is nothing to ask about yet: add articles first.")
    add(visit)
    expect(articles(visit)).to_have_count(1)
    expect(visit.page.get_by_role("heading", name="What do the articles say?")).to_be_visible()
    expect(hint(visit)).to_contain_text("Enter asks")
    visit.ask("Which bridge was mended?")
    expect(visit.turn(1)).to_have_attribute("data-stage", "done")
    expect(visit.page.locator("#conversations li")).to_have_count(1)

    visit.page.reload()
    expect(name(visit)).to_have_text("Bridges")
    expect(visit.turn(1)).to_contain_text("Which bridge was mended?")
    expect(articles(visit)).to_have_count(1)
    assert visit.overflow == 0

    choose(visit, "articles")
    expect(articles(visit)).to_have_count(3)
    expect(visit.page.locator(".turn")).to_have_count(0)
    visit.page.locator("#conversations summary").press("Enter")
    expect(visit.page.locator("#conversations .open")).to_have_count(1)
    visit.page.locator("#conversations .open").press("Enter")
    expect(visit.turn(1)).to_contain_text(QUESTION)
    expect(visit.turn(1).locator(".note")).to_have_count(1)

    (made,) = (home / "collections").glob("*/bridge.txt")
    menu(visit).press("Enter")
    delete = visit.page.get_by_role("button", name="Delete the collection: Bridges")
    delete.press("Enter")
    expect(delete).to_have_text("Delete it and its articles?")
    assert made.exists()
    visit.page.wait_for_timeout(READ_MS)
    delete.press("Enter")
    expect(hint(visit)).to_have_text("The collection was deleted.")
    expect(visit.page.locator("#collections .open")).to_have_count(2)
    expect(visit.turn(1).locator(".note")).to_have_count(1)  # what was open stays
    assert not [entry for entry in home.rglob("*") if made.parent.name in entry.name]
    assert str(home) not in visit.page.content()
    assert visit.hosts == {"127.0.0.1"}


def test_the_bundled_articles_are_there_and_their_examples_only_with_them(
    browser: Browser, address: str
) -> None:
    visit = Visit(browser, address, 1280, "light")
    expect(visit.page.locator("[data-question]")).to_have_count(0)
    choose(visit, "Bundled articles")
    expect(articles(visit)).to_have_count(5)
    expect(visit.page.locator("[data-question]")).to_have_count(4)
    choose(visit, "articles")
    expect(articles(visit)).to_have_count(3)
    expect(visit.page.locator("[data-question]")).to_have_count(0)
    assert visit.problems == []


def test_a_hostile_name_does_no_harm_and_a_refused_one_stays_to_be_changed(
    browser: Browser, address: str
) -> None:
    visit = Visit(browser, address, 360, "dark")
    make(visit, HOSTILE)
    expect(name(visit)).to_have_text('"><img src=x onerror="window.pwned=1">gnorw')
    make(visit, "ARTICLES")
    field = visit.page.get_by_label("New collection")
    expect(visit.page.get_by_role("alert")).to_contain_text("of this name already")
    expect(field).to_have_value("ARTICLES")
    expect(field).to_be_focused()
    visit.page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    expect(menu(visit)).to_be_focused()

    menu(visit).press("Enter")
    visit.page.get_by_role("button", name="Rename the collection").press("Enter")
    field = visit.page.get_by_label("New name")
    expect(field).to_be_focused()
    field.fill("  ...  ")
    field.press("Enter")
    expect(visit.page.get_by_role("alert")).to_contain_text("needs a name")
    expect(field).to_be_focused()
    field.fill("Bridges")
    field.press("Enter")
    expect(name(visit)).to_have_text("Bridges")
    expect(hint(visit)).to_have_text("The collection has its new name.")
    assert visit.page.evaluate("window.pwned") is None
    assert visit.overflow == 0
    assert visit.problems == []


def test_two_pages_look_at_different_collections_and_one_loses_what_the_other_deletes(
    browser: Browser, address: str, assistant: Assistant
) -> None:
    one, two = Visit(browser, address, 1280, "light"), Visit(browser, address, 1280, "dark")
    make(one, "Bridges")
    expect(name(one)).to_have_text("Bridges")
    add(one)
    expect(articles(one)).to_have_count(1)
    expect(articles(two)).to_have_count(3)
    two.ask(QUESTION)
    expect(two.turn(1).locator(".note")).to_have_count(1)
    two.page.reload()
    expect(two.turn(1).locator(".note")).to_have_count(1)
    menu(two).press("Enter")
    delete = two.page.get_by_role("button", name="Delete the collection: Bridges")
    two.confirm(delete)
    expect(hint(two)).to_have_text("The collection was deleted.")

    one.ask(QUESTION)
    expect(hint(one)).to_contain_text("This collection is not open")
    add(one, "Add articles")
    expect(one.page.locator("#work")).to_contain_text("This collection is not open")
    assert list((assistant.settings.home / "collections").iterdir()) == []
    choose(one, "Bridges")
    expect(hint(one)).to_contain_text("This collection is no longer there")
    one.page.reload()
    expect(articles(one)).to_have_count(3)
    expect(name(one)).to_have_text("articles")
    assert one.page.evaluate("window.pwned") is None


def test_who_deletes_the_open_one_goes_to_the_first(browser: Browser, address: str) -> None:
    visit = Visit(browser, address, 1280, "light")
    make(visit, "Bridges")
    expect(name(visit)).to_have_text("Bridges")
    menu(visit).press("Enter")
    delete = visit.page.get_by_role("button", name="Delete the collection: Bridges")
    visit.confirm(delete)
    expect(name(visit)).to_have_text("articles")
    expect(articles(visit)).to_have_count(3)
    expect(hint(visit)).to_have_text("The collection was deleted.")
    assert visit.problems == []


def test_opening_shows_how_far_it_is_and_a_question_comes_before_it(
    browser: Browser, address: str, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, beside, stream = threading.Event(), assistant.beside, assistant.stream
    answer = threading.Event()

    def slow(*given: Any, progress: Any, **also: Any) -> Assistant:
        progress("embedding", 64, 128)
        assert gate.wait(20)
        return beside(*given, progress=progress, **also)

    def slow_stream(*given: Any, **also: Any) -> Iterator[Any]:
        assert answer.wait(20)
        yield from stream(*given, **also)

    monkeypatch.setattr(assistant, "beside", slow)
    monkeypatch.setattr(assistant, "stream", slow_stream)
    visit = Visit(browser, address, 1280, "light")
    choose(visit, "Bundled articles")
    expect(hint(visit)).to_contain_text("Opening the collection. Indexing…")
    expect(hint(visit).locator("progress")).to_have_attribute("value", "64")
    expect(articles(visit)).to_have_count(3)  # nothing freezes meanwhile
    visit.ask(QUESTION)
    expect(visit.turn(1)).to_have_attribute("data-stage", "searching")
    gate.set()
    expect(hint(visit)).to_contain_text("One question at a time")
    expect(name(visit)).to_have_text("articles")
    answer.set()
    expect(visit.turn(1).locator(".note")).to_have_count(1)
    choose(visit, "Bundled articles")
    expect(articles(visit)).to_have_count(5)
    assert visit.problems == []


def test_the_newest_choice_counts_and_files_go_where_they_were_dropped(
    browser: Browser, address: str, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, beside = threading.Event(), assistant.beside

    def slow(corpus: Path, **given: Any) -> Assistant:
        if given["may_be_empty"]:
            return beside(corpus, **given)
        assert gate.wait(20)
        return beside(corpus, **given)

    monkeypatch.setattr(assistant, "beside", slow)
    visit = Visit(browser, address, 1280, "light")
    choose(visit, "Bundled articles")
    expect(hint(visit)).to_contain_text("Opening the collection")
    make(visit, "Bridges")
    expect(name(visit)).to_have_text("Bridges")
    gate.set()
    visit.page.wait_for_timeout(1500)  # the bundled ones are open by now, and not gone to
    expect(name(visit)).to_have_text("Bridges")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visit.page.route("**/arrivals", hold)
    add(visit)
    expect(visit.page.locator("[data-sending]")).to_contain_text("Sending 1 of 1")
    choose(visit, "articles")
    expect(name(visit)).to_have_text("articles")
    held[0].continue_()
    expect(visit.page.locator("#work")).to_contain_text("Added 1 article")
    expect(articles(visit)).to_have_count(3)
    choose(visit, "Bridges")
    expect(articles(visit)).to_have_count(1)


def test_one_that_cannot_be_opened_leaves_everything_as_it_is(
    browser: Browser,
    address: str,
    assistant: Assistant,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from rag.errors import IndexStoreError

    def fail(*_given: Any, **_also: Any) -> Assistant:
        raise IndexStoreError("/secret/index cannot be read.")

    visit = Visit(browser, address, 1280, "light")
    visit.ask(QUESTION)
    expect(visit.turn(1).locator(".note")).to_have_count(1)
    monkeypatch.setattr(assistant, "beside", fail)
    choose(visit, "Bundled articles")
    expect(hint(visit)).to_contain_text("This collection cannot be used")
    expect(visit.turn(1).locator(".note")).to_have_count(1)
    expect(name(visit)).to_have_text("articles")
    assert "/secret" not in visit.page.content()
    assert "/secret/index cannot be read." in capfd.readouterr().err
    assert visit.problems == []
