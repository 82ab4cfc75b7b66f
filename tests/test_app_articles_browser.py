"""Adding, removing and bringing back articles in a real Chromium, over a real index."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import LED, ScriptedGenerator, open_assistant
from made_files import docx, pdf
from page_server import serving
from playwright.sync_api import Browser, FilePayload, Locator, expect
from visit import Visit

from rag.assistant import Assistant
from rag.page import incoming

pytestmark = pytest.mark.browser
NEW = b"The bridge of Kut\n\nThe bridge of Kut was mended in June. It carries lorries again."
HOSTILE = '<img src=x onerror="window.pwned=1">.md'


@pytest.fixture
def assistant(corpus: Path) -> Iterator[Assistant]:
    with open_assistant(corpus, ScriptedGenerator(LED)) as opened:
        yield opened


def file(name: str, data: bytes = NEW) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": data}


def articles(visit: Visit) -> Locator:
    return visit.page.locator("#articles ol li")


def test_files_are_added_and_what_is_left_out_is_told_with_its_reason(
    browser: Browser, address: str, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = Visit(browser, address, 1280, "light")
    expect(articles(visit).first).to_contain_text("1 passage")
    visit.choose(
        file("bridge.txt"),
        file("copy.txt"),
        file("prices.xlsx"),
        file("empty.md", b"  \n"),
        file(HOSTILE, b"# <script>window.pwned=1</script>\n\nIt says a word or two."),
    )
    expect(visit.work).to_contain_text("Added 2 articles")
    expect(visit.work.locator("li").first).to_have_text("The bridge of Kut")
    expect(visit.work).to_contain_text("copy.txt: is already among the articles")
    expect(visit.work).to_contain_text("prices.xlsx: files of type .xlsx are not read")
    expect(visit.work).to_contain_text("empty.md: holds no text")
    expect(articles(visit)).to_have_count(5)
    assert visit.page.evaluate("window.pwned") is None
    assert str(assistant.settings.home) not in visit.page.content()
    assert {kept.name for kept in assistant.added_dir.iterdir()} == {
        "bridge.txt",
        incoming.safe_name(HOSTILE),
    }
    assert assistant.retrieve("bridge of Kut")[0].article_id == "bridge.txt"
    visit.work.get_by_role("button", name="Hide this message").press("Enter")
    expect(visit.work).to_have_count(0)
    expect(visit.page.get_by_role("button", name="Add articles")).to_be_focused()
    visit.page.get_by_role("button", name="The bridge of Kut", exact=False).first.click()
    expect(visit.page.locator("#source .text")).to_contain_text("It carries lorries again.")
    assert visit.problems == []
    assert visit.hosts == {"127.0.0.1"}


MENDED = "The bridge of Kut was mended in June."
CARRIES = "The ferry of Basra carries lorries and goats."


def test_a_pdf_and_a_word_file_are_added_asked_about_and_removed(
    browser: Browser, corpus: Path
) -> None:
    generator = ScriptedGenerator(MENDED, CARRIES)
    with open_assistant(corpus, generator) as assistant, serving(assistant) as address:
        visit = Visit(browser, address, 1280, "light")
        visit.choose(
            file("bridge.pdf", pdf(["It was opened in 1990."], [MENDED])),
            file("ferry.docx", docx("# The ferry", CARRIES, title="The ferry of Basra")),
        )
        expect(visit.work).to_contain_text("Added 2 articles")
        expect(articles(visit)).to_have_count(5)
        asked = {
            "When was the bridge of Kut mended?": ("page 2", MENDED),
            "What does the ferry of Basra carry?": ("The ferry of Basra", CARRIES),
        }
        for number, (question, (home, quote)) in enumerate(asked.items(), 1):
            visit.ask(question)
            note = visit.turn(number).locator(".note")
            expect(note).to_contain_text(home)
            expect(note).to_contain_text(f"“{quote}”")
            note.click()
            mark = visit.page.locator("#source mark.quote")
            expect(mark).to_have_text(quote)
            expect(mark).to_be_in_viewport()
        for title in ("The talks", "The ferry of Basra"):  # as the files themselves state them
            name = f"Remove the article: {title}"
            visit.page.get_by_role("button", name=name, exact=True).press("Enter")
            expect(visit.page.get_by_role("button", name=name, exact=True)).to_have_count(0)
        expect(articles(visit)).to_have_count(3)
        left = {found.article_id for found in assistant.retrieve("bridge of Kut, ferry of Basra")}
        assert left <= {"qom.md", "harbour.txt", "notes/flood.md"}
        assert visit.problems == []
        assert visit.hosts == {"127.0.0.1"}
        visit.context.close()


def test_an_article_is_removed_and_brought_back_from_the_keyboard(
    browser: Browser, address: str, assistant: Assistant
) -> None:
    visit = Visit(browser, address, 360, "dark")
    name = "Remove the article: The talks in Qom"
    visit.page.get_by_role("button", name=name).press("Enter")
    expect(articles(visit)).to_have_count(2)
    undo = visit.work.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    assert [article.id for article in assistant.articles()] == ["harbour.txt", "notes/flood.md"]
    undo.press("Enter")
    expect(articles(visit)).to_have_count(3)
    expect(visit.work).to_contain_text("qom.md is in use again")
    visit.page.get_by_role("button", name=name).press("Enter")
    expect(articles(visit)).to_have_count(2)
    visit.page.reload()
    visit.page.locator("#articles summary").press("Enter")
    visit.page.get_by_role("button", name="Bring back the article: qom.md").press("Enter")
    expect(articles(visit)).to_have_count(3)
    for left in ("The talks in Qom", "Harbour reopens"):
        visit.page.get_by_role("button", name=f"Remove the article: {left}").click()
        expect(visit.page.get_by_role("button", name=f"Remove the article: {left}")).to_have_count(
            0
        )
    visit.page.get_by_role("button", name="Remove the article").click()
    expect(visit.work).to_contain_text("One article at least has to stay")
    assert visit.overflow == 0
    assert visit.problems == []


def test_dropped_files_wait_for_the_answer_and_reading_goes_on(
    browser: Browser, address: str, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    stream = assistant.stream

    def slow(*given: Any, **also: Any) -> Iterator[Any]:
        assert gate.wait(20)
        yield from stream(*given, **also)

    monkeypatch.setattr(assistant, "stream", slow)
    visit = Visit(browser, address, 1280, "light")
    visit.ask("Who headed the delegation to Qom?")
    expect(visit.turn(1)).to_have_attribute("data-stage", "searching")
    transfer = visit.page.evaluate_handle(
        "text => { const data = new DataTransfer();"
        " data.items.add(new File([text], 'bridge.txt')); return data; }",
        NEW.decode(),
    )
    visit.page.dispatch_event("body", "dragover", {"dataTransfer": transfer})
    expect(visit.page.locator("html.dropping")).to_have_count(1)
    visit.page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    expect(visit.work).to_contain_text("Waiting until the question before it is answered")
    visit.page.get_by_role("button", name="Harbour reopens", exact=False).first.click()
    expect(visit.page.locator("#source .text")).to_contain_text("The harbour of Umm Qasr")
    assert len(assistant.articles()) == 3
    gate.set()
    expect(visit.turn(1).locator(".note")).to_have_count(1)
    expect(visit.work).to_contain_text("Added 1 article")
    expect(articles(visit)).to_have_count(4)
    expect(visit.turn(1).locator(".note")).to_have_count(1)
    assert visit.problems == []


def test_the_folder_is_looked_at_again(
    browser: Browser, address: str, assistant: Assistant, corpus: Path
) -> None:
    visit = Visit(browser, address, 360, "light")
    again = visit.page.get_by_role("button", name="Look for changes")
    again.press("Enter")
    expect(visit.work).to_contain_text("Nothing has changed")
    (corpus / "bridge.txt").write_bytes(NEW)
    again.press("Enter")
    expect(visit.work).to_contain_text("Brought up to date: 4 articles are in use.")
    expect(articles(visit)).to_have_count(4)
    assert assistant.retrieve("bridge of Kut")[0].article_id == "bridge.txt"
    for file in corpus.rglob("*.*"):
        file.unlink()
    again.press("Enter")
    expect(visit.work).to_contain_text("are as they were")
    expect(articles(visit)).to_have_count(4)
    assert visit.overflow == 0


def test_a_long_list_is_narrowed_to_what_is_typed(browser: Browser, corpus: Path) -> None:
    for number in range(30):
        (corpus / f"day{number}.txt").write_text(f"Day {number} in Kut\n\nNothing came to pass.")
    generator = ScriptedGenerator(LED)
    with open_assistant(corpus, generator) as assistant, serving(assistant) as address:
        visit = Visit(browser, address, 1280, "light", articles=33)
        field = visit.page.get_by_role("searchbox")
        field.fill("kut DAY 2")
        shown = visit.page.locator("#articles ol li:visible")
        expect(shown).to_have_count(12)  # 2, 12, 22 and 20 to 29
        expect(visit.page.locator("#articles .narrowed")).to_have_text("12 of 33")
        shown.first.get_by_role("button", name="Remove").press("Enter")
        expect(visit.page.locator("#articles .narrowed")).to_have_text("11 of 32")
        field.fill("")
        expect(shown).to_have_count(32)
        assert visit.problems == []
        visit.context.close()


def folder(place: Path) -> Path:
    """A folder with two articles, one of them deeper, and what is no article."""
    for name in ("bridge.txt", "deep/ferry.md", "deep/prices.xlsx", ".git/hidden.txt", ".a.txt"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(NEW + name.encode())
    return place


def test_a_folder_is_chosen_with_all_that_is_in_it(
    browser: Browser, address: str, assistant: Assistant, tmp_path: Path
) -> None:
    visit = Visit(browser, address, 360, "dark")
    with visit.page.expect_file_chooser() as chooser:
        visit.page.get_by_role("button", name="Add a folder").press("Enter")
    chooser.value.set_files(folder(tmp_path / "ships"))
    expect(visit.work).to_contain_text("Added 2 articles")
    expect(visit.work).to_contain_text("Left out 1 file")
    expect(visit.work).to_contain_text("ships/deep/prices.xlsx: files of type .xlsx are not read")
    assert {file.name for file in assistant.added_dir.iterdir()} == {"bridge.txt", "ferry.md"}
    assert visit.overflow == 0
    assert visit.problems == []


# A folder as the browser gives it to a drop: its entries, and a first file that comes late.
DROP = """([name, text, wait]) => {
  const file = (path) => ({
    isFile: true, fullPath: path,
    file: (done) => setTimeout(() => done(new File([text + path], path.split("/").pop())), wait),
  });
  const folder = (path, ...inner) => ({
    isFile: false, fullPath: path,
    createReader: () => ({ readEntries: (done) => done(inner.splice(0, 1)) }),
  });
  const entry = folder(`/${name}`,
    file(`/${name}/b.txt`), file(`/${name}/.hidden.txt`),
    folder(`/${name}/.git`, file(`/${name}/.git/c.txt`)),
    folder(`/${name}/deep`, file(`/${name}/deep/a.md`), file(`/${name}/deep/d.bin`)));
  const event = new Event("drop", { bubbles: true, cancelable: true });
  event.dataTransfer = {
    types: ["Files"], items: [{ kind: "file", webkitGetAsEntry: () => entry }],
  };
  document.body.dispatchEvent(event);
}"""


def test_folders_that_are_dropped_are_walked_one_behind_the_other(
    browser: Browser, address: str, assistant: Assistant
) -> None:
    visit = Visit(browser, address, 1280, "light")
    visit.page.evaluate(DROP, ["first", "It is the first of them. ", 1000])
    visit.page.evaluate(DROP, ["second", "It is the second of them. ", 0])
    expect(articles(visit)).to_have_count(7)
    expect(visit.work).to_contain_text("Added 2 articles")
    expect(visit.work).to_contain_text("second/deep/d.bin: files of type .bin are not read")
    added = [article for article in assistant.articles() if "of them" in article.text]
    told = {article.id: article.text.split()[3] for article in added}
    assert told == {"b.txt": "first", "a.md": "first", "b (2).txt": "second", "a (2).md": "second"}
    assert visit.problems == []


def test_limits_hold_before_anything_is_sent(
    browser: Browser, address: str, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = Visit(browser, address, 1280, "light")
    visit.page.evaluate(
        "document.querySelector('#adding input').dataset.largest = JSON.stringify({'.txt': 10})"
    )
    visit.choose(file("large.txt"))
    expect(visit.work).to_contain_text("large.txt: did not arrive")
    many = [file(f"{number}.bin", b"x") for number in range(incoming.MOST_FILES + 1)]
    visit.choose(*many)
    expect(visit.work).to_contain_text(f"Left out {len(many)} files")
    expect(visit.work).to_contain_text("and 93 more")
    assert not assistant.added_dir.exists()


@pytest.mark.parametrize("width", [360, 1280])
def test_a_footnote_of_a_removed_article_says_so(
    browser: Browser, address: str, width: int
) -> None:
    visit = Visit(browser, address, width, "dark")
    visit.ask("Who headed the delegation to Qom?")
    marker = visit.turn(1).locator(".marker").first
    expect(marker).to_be_visible()
    visit.page.get_by_role("button", name="Remove the article: The talks in Qom").press("Enter")
    expect(articles(visit)).to_have_count(2)
    told = visit.page.get_by_text("This article is no longer among the articles in use.")
    for _ in range(2):  # the same again, after it was closed
        marker.press("Enter")
        expect(told).to_be_in_viewport(ratio=1)
        expect(told).to_be_focused()
        visit.page.keyboard.press("Escape")
        expect(told).to_have_count(0)
        expect(marker).to_be_focused()
    marker.press("Enter")
    visit.page.get_by_role("button", name="Close the source").click()
    expect(told).to_have_count(0)
    assert visit.overflow == 0
    assert visit.problems == []
