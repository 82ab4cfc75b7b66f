"""The menu of the collections: which is open, what can be done with each, and hostile names."""

from pathlib import Path

import pytest
from page_html import Page

from rag.page.menu import Wrong, menu, opening
from rag.types import Collection

HOSTILE = '"><img src=x onerror="alert(1)">&\r\n'
GIVEN = Collection("first", "reports", Path("/secret/reports"), "given")
BUNDLED = Collection("bundled", "Bundled articles", Path("/secret/seeds"), "bundled")
MADE = Collection("0" * 32, "Bridges", Path("/secret/0"), "made")
ALL = [GIVEN, BUNDLED, MADE]


def test_each_can_be_chosen_and_only_those_made_here_renamed_and_deleted() -> None:
    page = Page(menu(ALL, BUNDLED.id))
    assert page.texts("bdi", "name") == ["Bundled articles"]
    assert page.texts("button", "open") == [
        "reportsyour folder",
        "Bundled articlescomes with Footnote",
        "Bridgesmade here",
    ]
    current = [b["data-collection"] for b in page.attrs("button", "open") if "aria-current" in b]
    assert current == [BUNDLED.id]
    assert [b["data-delete"] for b in page.attrs("button", "delete")] == [MADE.id]
    assert [b["aria-label"] for b in page.attrs("button") if "data-rename" in b] == [
        "Rename the collection: Bridges"
    ]
    assert [(f["data-name"], "hidden" in f) for f in page.attrs("form")] == [
        (MADE.id, True),
        ("", False),
    ]
    assert "open" not in page.attrs("details")[0]
    assert "secret" not in menu(ALL, BUNDLED.id)


@pytest.mark.parametrize(("id_", "row"), [(MADE.id, 0), ("", 1)])
def test_a_name_that_is_refused_stays_in_its_form_with_the_reason(id_: str, row: int) -> None:
    page = Page(menu(ALL, GIVEN.id, Wrong(id_, "Reports", "Taken.")))
    assert "open" in page.attrs("details")[0]
    assert page.texts("p", "urgent") == ["Taken."]
    field = page.attrs("input")[row]
    assert (field["value"], field["aria-invalid"], field["aria-describedby"]) == (
        "Reports",
        "true",
        page.attrs("p", "urgent")[0]["id"],
    )
    assert "hidden" not in page.attrs("form")[row]
    assert "aria-invalid" not in page.attrs("input")[1 - row]


def test_a_long_opening_shows_how_far_it_is() -> None:
    page = Page(opening("embedding", 64, 128))
    assert page.texts("p") == ["Opening the collection. Indexing… "]
    assert page.attrs("progress")[0]["value"] == "64"
    assert Page(opening("", 0, 0)).texts("p") == ["Opening the collection. Waiting… "]


def test_names_are_escaped() -> None:
    bad = Collection("1" * 32, HOSTILE, Path(), "made")
    page = Page(menu([bad], bad.id, Wrong("", HOSTILE, HOSTILE)))
    assert page.attrs("img") == []
    assert not any("onerror" in attrs for _, attrs in page.elements)
    assert page.texts("span", "title") == [HOSTILE]
