"""The list of articles and what is said about changes to it."""

import pytest
from page_html import ARTICLE, Page

from index.load import Skipped
from rag.page import library
from rag.page.incoming import MOST_FILES
from rag.types import Article

HOSTILE = '<img src=x onerror="alert(1)">&\r\n'
BAD = Article(HOSTILE, HOSTILE, "bad.md", "text", source=HOSTILE, published=HOSTILE)


def test_articles_are_listed_with_publisher_date_and_passages() -> None:
    bare = Article("b.txt", "Another", "b.txt", "text")
    page = Page(library.article_list([ARTICLE, bare], {ARTICLE.id: 1200, bare.id: 1}))
    assert page.texts("button", "open") == [
        "The talks in QomReuters, 7 April 20081,200 passages",
        "Anotherpublisher and date not stated1 passage",
    ]
    assert page.texts("h2") == ["Articles in use 2"]
    assert [button["aria-label"] for button in page.attrs("button", "remove")] == [
        "Remove the article: The talks in Qom",
        "Remove the article: Another",
    ]
    assert page.texts("summary") == []


def test_a_long_list_is_cut_and_counted() -> None:
    many = [Article(f"{n}", f"Article {n}", "", "text") for n in range(library.LISTED + 1200)]
    page = Page(library.article_list(many, {}))
    assert len(page.texts("button", "open")) == library.LISTED
    assert page.texts("p", "more") == ["and 1,200 more"]


def test_a_longer_list_can_be_narrowed() -> None:
    some = [Article(f"{n}", f"Article {n}", "", "text") for n in range(library.FILTERED + 1)]
    (field,) = Page(library.article_list(some, {})).attrs("input", "filter")
    assert field["aria-label"].startswith("Narrow the list")
    assert Page(library.article_list(some[1:], {})).attrs("input", "filter") == []


def test_what_was_removed_can_come_back() -> None:
    page = Page(library.article_list([ARTICLE], {}, ["old.md"]))
    assert page.texts("summary") == ["Removed 1"]
    (button,) = (each for each in page.attrs("button") if "data-restore" in each)
    assert button["data-restore"] == "old.md"
    (undo,) = (
        each for each in Page(library.removed(ARTICLE)).attrs("button") if "class" not in each
    )
    assert undo["data-restore"] == ARTICLE.id


def test_what_was_left_out_of_the_folder_is_told_with_its_reason() -> None:
    left_out = [("scans/old.pdf", "holds no text"), ("/srv/anna/closed", "cannot be read")]
    page = Page(library.article_list([ARTICLE], {}, (), left_out))
    assert page.texts("summary") == ["2 files were left out"]
    assert page.texts("li")[1:] == ["scans/old.pdf: holds no text", "closed: cannot be read"]
    one = Page(library.article_list([ARTICLE], {}, (), left_out[:1]))
    assert one.texts("summary") == ["1 file was left out"]
    many = Page(library.article_list([], {}, (), left_out * library.LISTED))
    assert many.texts("li")[-1] == "and 2,000 more"
    assert len(many.texts("li")) == library.LISTED + 1


@pytest.mark.parametrize(
    ("path", "reason", "told"),
    [
        ("notes", "There is no file /srv/anna smith/notes. Give", "There is no file notes. Give"),
        ("a.pdf", "cannot be read (~/private/b.pdf: closed)", "cannot be read (b.pdf: closed)"),
        ("a.md", "has the same content as sub/b.md", "has the same content as sub/b.md"),
        ("a.md", "cannot be read: /srv/anna/b.md", "cannot be read: b.md"),
    ],
)
def test_what_was_left_out_names_no_folder_of_this_machine(
    path: str, reason: str, told: str
) -> None:
    (item,) = Page(library.article_list([], {}, (), [(path, reason)])).texts("li")
    assert item == f"{path}: {told}"


def test_a_summary_names_what_came_of_each_file() -> None:
    skipped = [Skipped(f"{n}.bin", "is not read") for n in range(library.TOLD + 3)]
    page = Page(library.added([ARTICLE], skipped))
    assert page.texts("p") == ["Added 1 article:", "Left out 11 files:"]
    assert page.texts("li")[:2] == ["The talks in Qom", "0.bin: is not read"]
    assert page.texts("li")[-1] == "and 3 more"
    assert Page(library.added([], [])).texts("p") == ["No files were chosen."]


def test_progress_is_a_bar_where_there_is_something_to_count() -> None:
    page = Page(library.working("embedding", 64, 128))
    assert page.texts("p") == ["Indexing…"]
    assert page.attrs("progress") == [{"max": "128", "value": "64", "aria-label": "Indexing…"}]
    page = Page(library.working("updating the index: 1 new", 0, 0))
    assert (page.texts("p"), page.attrs("progress")) == (["Working…"], [])


def test_the_browser_is_told_the_limits() -> None:
    field, folder = Page(library.adding()).attrs("input")
    assert "webkitdirectory" in folder
    assert field["data-most"] == str(MOST_FILES)
    assert '".txt": 20000000' in field["data-largest"]
    assert ".docx" in field["accept"].split(",")


@pytest.mark.parametrize(
    "markup",
    [
        library.article_list([BAD], {}, [HOSTILE], [(HOSTILE, HOSTILE)]),
        library.added([BAD], [Skipped(HOSTILE, HOSTILE)]),
        library.removed(BAD),
        library.restored(HOSTILE),
        library.problem(HOSTILE),
    ],
)
def test_names_and_titles_are_escaped(markup: str) -> None:
    page = Page(markup)
    assert page.attrs("img") == []
    assert not any("onerror" in attrs for _, attrs in page.elements)
