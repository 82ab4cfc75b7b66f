"""Collections: the first folder, the bundled one, and those made here, renamed and deleted."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fakes import CORPUS, LED, Opener, write_corpus

from rag.assistant import Assistant
from rag.collections import BUNDLED, BUNDLED_NAME, FIRST, NAME_CHARS, Collections
from rag.errors import ConfigError
from rag.types import Collection

BRIDGE = {"bridge.txt": "The bridge of Kut\n\nThe bridge of Kut was mended in June."}


@pytest.fixture
def bundled(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "seeds", BRIDGE)


Fresh = Callable[[], Collections]


@pytest.fixture
def fresh(opener: Opener, bundled: Path) -> Fresh:
    """The collections as after a start."""
    return lambda: Collections(opener(), bundled)


def filled(collections: Collections, name: str, files: dict[str, str] = BRIDGE) -> Collection:
    made = collections.make(name)
    written = write_corpus(made.folder, files)
    collections.open(made.id).add([written / file for file in files])
    return made


def test_the_first_and_the_bundled_are_there_from_the_start(fresh: Fresh) -> None:
    collections = fresh()
    assert [(one.id, one.name, one.kind) for one in collections.all()] == [
        (FIRST, "articles", "given"),
        (BUNDLED, BUNDLED_NAME, "bundled"),
    ]
    assert len(collections.open(FIRST).articles()) == len(CORPUS)
    assert [article.id for article in collections.open(BUNDLED).articles()] == ["bridge.txt"]
    assert collections.open(BUNDLED) is collections.open(BUNDLED)


def test_a_bundled_folder_that_is_the_first_or_missing_is_listed_once_or_not(
    opener: Opener, corpus: Path, tmp_path: Path
) -> None:
    (one,) = Collections(opener(), corpus / "notes" / "..").all()
    assert (one.id, one.name, one.kind) == (FIRST, BUNDLED_NAME, "bundled")
    (one,) = Collections(opener(), tmp_path / "nowhere").all()
    assert (one.id, one.name, one.kind) == (FIRST, "articles", "given")


def test_one_made_is_empty_takes_articles_and_is_there_after_a_restart(fresh: Fresh) -> None:
    collections = fresh()
    made = collections.make("  Field\n notes ")
    assert (made.name, made.made) == ("Field notes", True)
    assert collections.open(made.id).articles() == []
    filled(collections, "Bridges")
    again = fresh()
    assert [one.name for one in again.all()][2:] == ["Bridges", "Field notes"]
    bridges = again.all()[2]
    assert [article.id for article in again.open(bridges.id).articles()] == ["bridge.txt"]
    assert len(again.open(FIRST).articles()) == len(CORPUS)
    # whatever becomes of the list of what was added, the articles are in the folder
    again.open(FIRST).forget(bridges.folder)
    assert [article.id for article in fresh().open(bridges.id).articles()] == ["bridge.txt"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "needs a name"),
        (" \u202e\u200f . ", "needs a name"),
        ("x" * (NAME_CHARS + 1), "at most 60"),
        ("ж" * 255, "255 characters"),
        ("ARTICLES", "already"),
        ("bundled\u200b articles", "already"),
    ],
)
def test_a_name_that_tells_nothing_is_refused(
    fresh: Fresh, home: Path, name: str, why: str
) -> None:
    collections = fresh()
    kept = collections.make("Kept")
    with pytest.raises(ConfigError, match=why):
        collections.make(name)
    with pytest.raises(ConfigError, match=why):
        collections.rename(kept.id, name)
    assert [one.name for one in collections.all() if one.made] == ["Kept"]
    assert len(list((home / "collections").iterdir())) == 2


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "../../etc/passwd"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("ي" * NAME_CHARS, "ي" * NAME_CHARS),
        ("\u202etxt.a\u202c\x00\udc80", "txt.a \ufffd"),
        ("NUL", "NUL"),
    ],
)
def test_a_name_never_becomes_a_path(fresh: Fresh, home: Path, name: str, shown: str) -> None:
    made = fresh().make(name)
    assert fresh().get(made.id) == Collection(made.id, shown, made.folder, "made")
    assert {entry.name for entry in (home / "collections").iterdir()} == {
        made.id,
        f"{made.id}.json",
    }


def test_renaming_keeps_everything_else(fresh: Fresh) -> None:
    collections = fresh()
    made = filled(collections, "Old")
    assistant = collections.open(made.id)
    collections.rename(made.id, "old")  # its own name, in another case
    collections.rename(made.id, "New")
    assert collections.get(made.id) == Collection(made.id, "New", made.folder, "made")
    assert collections.open(made.id) is assistant


def test_deleting_takes_what_footnote_keeps_and_nothing_else(
    fresh: Fresh, home: Path, corpus: Path
) -> None:
    collections = fresh()
    other, made = filled(collections, "Other"), filled(collections, "Gone")
    collections.open(made.id).conversations_dir.mkdir(parents=True)
    collections.delete(made.id)
    assert [one.id for one in collections.all() if one.made] == [other.id]
    assert not [entry for entry in home.rglob("*") if made.id in entry.name]
    assert (other.folder / "bridge.txt").exists()
    for id_ in (made.id, "0" * 32, "../articles"):
        with pytest.raises(ConfigError, match="no longer there"):
            collections.open(id_)
        with pytest.raises(ConfigError, match="no longer there"):
            collections.delete(id_)
    for id_ in (FIRST, BUNDLED):
        with pytest.raises(ConfigError, match="yours"):
            collections.delete(id_)
        with pytest.raises(ConfigError, match="yours"):
            collections.rename(id_, "Mine")
    assert (corpus / "qom.md").exists()


def test_one_that_was_moved_and_linked_to_is_not_deleted(fresh: Fresh, tmp_path: Path) -> None:
    collections = fresh()
    made = filled(collections, "Bridges")
    made.folder.rename(tmp_path / "elsewhere")
    made.folder.symlink_to(tmp_path / "elsewhere")
    kept = collections.open(made.id).conversations_dir
    kept.mkdir(parents=True)
    with pytest.raises(ConfigError, match="moved and linked to"):
        collections.delete(made.id)
    assert (tmp_path / "elsewhere" / "bridge.txt").exists()
    assert kept.exists()
    made.folder.unlink()
    collections.delete(made.id)
    assert len(collections.all()) == 2


def test_one_that_holds_nothing_readable_is_empty_and_says_so(
    fresh: Fresh, capsys: pytest.CaptureFixture[str]
) -> None:
    collections = fresh()
    made, empty = collections.make("Sheets"), collections.make("Empty")
    (made.folder / "prices.xlsx").write_bytes(b"x")
    assert collections.open(made.id).articles() == []
    assert str(made.folder) in capsys.readouterr().err
    assert collections.open(empty.id).articles() == []
    assert capsys.readouterr().err == ""


def test_one_whose_files_are_damaged_or_gone_can_be_renamed_filled_and_deleted(
    fresh: Fresh, home: Path
) -> None:
    collections = fresh()
    made = filled(collections, "Bridges")
    (home / "collections" / f"{made.id}.json").write_text("[")
    (made.folder / "bridge.txt").unlink()
    made.folder.rmdir()
    collections = fresh()
    assert [one.name for one in collections.all()][2:] == ["Collection without a name"]
    assert collections.open(made.id).articles() == []
    collections.rename(made.id, "Bridges")
    collections.open(made.id).add([write_corpus(made.folder, BRIDGE)])
    assert len(fresh().open(made.id).articles()) == 1
    collections.delete(made.id)
    assert len(fresh().all()) == 2


def test_what_cannot_be_written_is_an_error_without_a_path(fresh: Fresh, home: Path) -> None:
    collections = fresh()
    (home / "collections").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be kept") as raised:
        collections.make("New")
    assert str(home) not in str(raised.value)


def test_a_folder_given_that_was_made_here_is_not_offered_for_deletion(
    fresh: Fresh, opener: Opener, bundled: Path
) -> None:
    made = filled(fresh(), "Bridges")
    given = Collections(opener().beside(made.folder), bundled)
    assert [one.kind for one in given.all()] == ["given", "bundled"]
    with pytest.raises(ConfigError, match="no longer there"):
        given.delete(made.id)


def test_two_that_open_one_get_the_same_and_keep_no_other_from_opening(
    opener: Opener, bundled: Path
) -> None:
    first = opener()
    collections = Collections(first, bundled)
    made = collections.make("Empty")
    begun, gate, beside = threading.Event(), threading.Event(), first.beside

    def slow(folder: Path, **given: Any) -> Assistant:
        if folder == bundled:
            begun.set()
            assert gate.wait(10)
        return beside(folder, **given)

    first.beside = slow  # type: ignore[method-assign, assignment]
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(collections.open, BUNDLED) for _ in range(2)]
        assert begun.wait(10)
        assert collections.open(made.id).articles() == []
        gate.set()
        assert both[0].result(10) is both[1].result(10)


def test_all_are_answered_by_one_model(fresh: Fresh) -> None:
    collections = fresh()
    made = filled(collections, "Talks", CORPUS)
    question = "Who headed the Iraqi delegation to Qom?"
    assert collections.open(made.id).ask(question).text == f"{LED} [1]"
    assert collections.open(FIRST).loaded
