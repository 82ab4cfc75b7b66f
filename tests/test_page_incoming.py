"""Files from a browser: which are taken, under what names, and that nothing is overwritten."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.page import arrivals as arrivals_module
from rag.page import incoming
from rag.page.arrivals import Arrivals
from rag.page.incoming import LOST, Sent, safe_name, sent, take

TEXT = "The bridge of Kut was mended in June."


def quiet(stage: str, done: int, total: int) -> None:
    pass


def arrived(folder: Path, name: str, text: str = TEXT, size: int = 0) -> Sent:
    """A file as it lies among those that have arrived."""
    place = folder / f"arrived-{len(list(folder.glob('arrived-*')))}"
    place.write_text(text)
    return Sent(name, size or len(text), place)


def test_articles_are_copied_and_the_uploads_removed(tmp_path: Path) -> None:
    files = [arrived(tmp_path, "a.txt"), arrived(tmp_path, "b.md", "# B\n\nIt says little.")]
    taken = take(files, tmp_path / "added" / "x", (), quiet)
    assert [file.name for file in taken.files] == ["a.txt", "b.md"]
    assert [article.title for article in taken.articles] == ["a", "B"]
    assert (tmp_path / "added" / "x" / "a.txt").read_text() == TEXT
    assert list(tmp_path.glob("arrived-*")) == []
    taken.undo()
    assert list((tmp_path / "added" / "x").iterdir()) == []


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "added"
    folder.mkdir()
    (folder / "a.txt").write_text("Another one, that was there before.")
    taken = take([arrived(tmp_path, "a.txt")], folder, (), quiet)
    assert [file.name for file in taken.files] == ["a (2).txt"]
    assert (folder / "a.txt").read_text() == "Another one, that was there before."


def test_what_was_added_before_is_used_again_and_survives_a_failure(tmp_path: Path) -> None:
    folder = tmp_path / "added"
    take([arrived(tmp_path, "a.txt")], folder, (), quiet)
    again = take([arrived(tmp_path, "a.txt")], folder, (), quiet)  # it was removed meanwhile
    assert (again.files, again.made) == ([folder / "a.txt"], [])
    again.undo()
    assert (folder / "a.txt").exists()


def test_what_cannot_be_an_article_is_left_out_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "MOST_FILES", 5)
    monkeypatch.setattr(incoming, "MOST_BYTES", 60_000_000)
    known = take([arrived(tmp_path, "k.txt")], tmp_path / "k", (), quiet).articles[0].sha256
    files = [
        arrived(tmp_path, "same.txt"),
        arrived(tmp_path, "notes/sheet.xlsx", size=90_000_000),  # counts for nothing
        Sent("folder", 0),
        arrived(tmp_path, "blank.md", " \n"),
        Sent("large.txt", 20_000_001),
        Sent("scan.pdf", 50_000_000),
        Sent("lost.txt", 5),
        arrived(tmp_path, "late.txt", "One file too many."),
    ]
    taken = take(files, tmp_path / "added", [known], quiet)
    reasons = {one.path: one.reason for one in taken.skipped}
    assert taken.files == []
    assert reasons["same.txt"] == "is already among the articles"
    assert reasons["notes/sheet.xlsx"].startswith("files of type .xlsx are not read")
    assert reasons["folder"].startswith("folders, and files without a type")
    assert reasons["blank.md"] == "holds no text"
    assert reasons["large.txt"] == "larger than 20 MB; split it into smaller files"
    assert reasons["scan.pdf"].startswith("more than 60 MB at once")
    assert "lost.txt" in reasons
    assert reasons["late.txt"].startswith("more than 5 files at once")
    assert list((tmp_path / "added").iterdir()) == []
    assert list(tmp_path.glob("arrived-*")) == []


def test_two_copies_in_one_go_are_one_article(tmp_path: Path) -> None:
    files = [arrived(tmp_path, "a.txt"), arrived(tmp_path, "b.txt")]
    taken = take(files, tmp_path / "added", (), quiet)
    assert [file.name for file in taken.files] == ["a.txt"]
    assert [one.path for one in taken.skipped] == ["b.txt"]


def test_a_folder_that_cannot_be_written_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    taken = take([arrived(tmp_path, "a.txt")], tmp_path / "file" / "added", (), quiet)
    assert taken.files == []
    assert taken.skipped[0].reason.startswith("cannot be kept")
    assert str(tmp_path) not in taken.skipped[0].reason


def test_what_did_not_arrive_is_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(TEXT)
    listed = [{"name": "secret.txt", "size": 5, "id": str(secret)}, "x", {"id": 3, "size": "9"}]
    files = sent(listed, Arrivals().fetch)
    assert files == [Sent("secret.txt", 5), Sent("", 0), Sent("", 0)]
    assert take(files[:1], tmp_path / "added", (), quiet).skipped[0].reason == LOST
    assert secret.exists()
    assert sent("nothing", Arrivals().fetch) == []


async def chunks(*given: bytes) -> AsyncIterator[bytes]:
    for one in given:
        yield one


def test_what_arrived_is_fetched_once_by_its_id() -> None:
    arrivals = Arrivals()
    first = asyncio.run(arrivals.receive(chunks(b"The ", b"first.")))
    second = asyncio.run(arrivals.receive(chunks()))
    (file,) = sent([{"name": "a.txt", "size": 10, "id": first}], arrivals.fetch)
    assert file.path is not None
    assert file.path.read_bytes() == b"The first."
    assert arrivals.fetch(first) is None
    kept = arrivals.fetch(second)
    assert kept is not None
    arrivals.close()
    assert not kept.exists()


def test_what_breaks_off_leaves_nothing() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionError

    arrivals = Arrivals()
    with pytest.raises(ConnectionError):
        asyncio.run(arrivals.receive(broken()))
    there = arrivals.fetch(asyncio.run(arrivals.receive(chunks(b"x"))))
    assert there is not None
    assert list(there.parent.iterdir()) == [there]
    arrivals.close()


def test_what_nobody_fetches_goes_when_there_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals_module, "MOST_WAITING", 10)
    arrivals = Arrivals()
    ids = [asyncio.run(arrivals.receive(chunks(b"1234"))) for _ in range(3)]
    found = [arrivals.fetch(id_) for id_ in ids]
    assert found[0] is None
    assert all(path and path.read_bytes() == b"1234" for path in found[1:])
    arrivals.close()


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("Notes of 7 April.TXT", "Notes of 7 April.txt"),
        ("../../etc/passwd.md", "passwd.md"),
        ("C:\\temp\\a.txt", "a.txt"),
        (".hidden.md", "hidden.md"),
        (".md", "md"),
        ("..", "article"),
        ("", "article"),
        ("a\x00b\n<c>\u202e.txt", "a_b__c__.txt"),
        ("e\u0301té.txt", "été.txt"),
        ("हिन्दी.txt", "हिन्दी.txt"),
    ],
)
def test_names_are_made_safe(given_name: str, kept: str) -> None:
    assert safe_name(given_name) == kept


@given(st.text(max_size=400))
def test_any_name_stays_in_its_folder_and_short(name: str) -> None:
    kept = safe_name(name + ".md")
    assert Path(kept).name == kept
    assert not kept.startswith(".")
    assert len(kept.encode()) <= incoming.NAME_BYTES + 3
    assert safe_name(kept) == kept
