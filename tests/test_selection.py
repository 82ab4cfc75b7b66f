"""Adding and removing articles: kept when the folder is opened again, or nothing is changed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes import CORPUS, ScriptedGenerator, open_assistant, write_corpus

from index import store
from rag.assistant import Assistant
from rag.errors import CorpusError, FootnoteError, IndexStoreError

ALL = sorted(CORPUS)


@pytest.fixture
def reopen(corpus: Path) -> Callable[[], Assistant]:
    return lambda: open_assistant(corpus, ScriptedGenerator())


@pytest.fixture
def extra(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "extra", {"new.txt": "New words.", "more/b.md": "More words."})


def ids(assistant: Assistant) -> list[str]:
    return sorted(article.id for article in assistant.articles())


def test_added_files_and_folders_stay(reopen: Callable[[], Assistant], extra: Path) -> None:
    assistant = reopen()
    version = assistant.index_version
    assistant.add([extra / "new.txt"])
    assert ids(assistant) == sorted([*ALL, "new.txt"])
    assert assistant.index_version != version
    assert ids(reopen()) == sorted([*ALL, "new.txt"])
    assistant.add([str(extra)])
    assert ids(reopen()) == sorted([*ALL, "more/b.md", "new.txt"])
    assert reopen().retrieve("more words")[0].article_id == "more/b.md"


def test_removed_articles_stay_away_until_they_are_added_again(
    reopen: Callable[[], Assistant], corpus: Path
) -> None:
    assistant = reopen()
    assistant.remove(["qom.md", "notes/flood.md"])
    assert ids(assistant) == ids(reopen()) == ["harbour.txt"]
    assert (corpus / "qom.md").exists()
    assistant.add([corpus / "qom.md"])
    assert ids(assistant) == ids(reopen()) == ["harbour.txt", "qom.md"]


def test_an_added_article_can_be_removed_again(
    reopen: Callable[[], Assistant], extra: Path
) -> None:
    assistant = reopen()
    assistant.add([extra])
    assistant.remove(["new.txt"])
    assert ids(reopen()) == sorted([*ALL, "more/b.md"])


def test_an_unknown_id_removes_nothing(reopen: Callable[[], Assistant]) -> None:
    assistant = reopen()
    with pytest.raises(CorpusError, match=r"no article nope.md; nothing was removed"):
        assistant.remove(["qom.md", "nope.md"])
    assert ids(assistant) == ids(reopen()) == ALL


def test_the_last_article_cannot_be_removed(reopen: Callable[[], Assistant]) -> None:
    assistant = reopen()
    with pytest.raises(CorpusError):
        assistant.remove(ALL)
    assert ids(assistant) == ids(reopen()) == ALL


@pytest.mark.parametrize("name", ["missing.md", "empty folder"])
def test_what_is_not_there_is_not_added(
    reopen: Callable[[], Assistant], tmp_path: Path, name: str
) -> None:
    (tmp_path / "empty folder").mkdir()
    assistant = reopen()
    with pytest.raises(CorpusError):
        assistant.add([tmp_path / name])
    assert ids(assistant) == ids(reopen()) == ALL
    assert assistant.skipped == reopen().skipped == []


@pytest.mark.parametrize(("name", "data"), [("a.pdf", b"%PDF"), ("a.txt", b"\x00"), ("b.md", b"")])
def test_what_holds_nothing_to_read_is_not_added(
    reopen: Callable[[], Assistant], tmp_path: Path, name: str, data: bytes
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(CorpusError):
        reopen().add([tmp_path / name])


def test_an_added_file_that_is_gone_is_told_when_the_corpus_changes(
    reopen: Callable[[], Assistant], extra: Path
) -> None:
    reopen().add([extra / "new.txt"])
    (extra / "new.txt").unlink()
    assistant = reopen()
    assert ids(assistant) == ALL
    ((path, reason),) = assistant.skipped
    assert path == "new.txt"
    assert "There is no folder or file" in reason


def test_files_of_the_same_name_are_all_kept_or_told(
    reopen: Callable[[], Assistant], tmp_path: Path
) -> None:
    first = write_corpus(tmp_path / "a", {"qom.md": "First words."})
    second = write_corpus(tmp_path / "b", {"qom.md": "Second words."})
    assistant = reopen()
    assistant.add([first / "qom.md", second / "qom.md"])
    texts = " ".join(article.text for article in assistant.articles())
    kept = ["Adeeb" in texts, "First" in texts, "Second" in texts]
    assert kept == [True, True, True]
    assert ids(assistant) == ids(reopen()) == sorted([*ALL, "qom (2).md", "qom (3).md"])
    assistant.remove(["qom.md", "qom (2).md"])
    assistant.add([first / "qom.md"])
    assert ids(assistant) == ids(reopen()) == sorted([*ALL[:-1], "qom (2).md", "qom (3).md"])


def test_a_file_of_the_corpus_that_is_added_stays_one_article(
    reopen: Callable[[], Assistant], corpus: Path
) -> None:
    assistant = reopen()
    assistant.remove(["notes/flood.md"])
    assistant.add([corpus / "notes" / "flood.md"])
    assert ids(assistant) == ids(reopen()) == ALL


def test_a_file_name_that_is_not_utf8_can_be_added(
    reopen: Callable[[], Assistant], extra: Path
) -> None:
    odd = Path(os.fsdecode(os.fsencode(extra) + b"/caf\xe9.txt"))
    odd.write_text("They met.")
    reopen().add([odd])
    assert ids(reopen()) == sorted([*ALL, "caf\ufffd.txt"])


def test_a_corpus_of_which_only_removed_articles_are_left_says_so(
    reopen: Callable[[], Assistant], corpus: Path, home: Path
) -> None:
    reopen().remove(["qom.md"])
    (corpus / "harbour.txt").unlink()
    (corpus / "notes" / "flood.md").unlink()
    with pytest.raises(CorpusError, match=r"no article left; removed: qom.md.*\n.*delete ") as told:
        reopen()
    Path(str(told.value).split("delete ")[1].removesuffix(".")).unlink()
    assert ids(reopen()) == ["qom.md"]


@pytest.mark.parametrize("step", ["save", "save_selection"])
def test_a_selection_that_cannot_be_stored_changes_nothing(
    reopen: Callable[[], Assistant], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    assistant = reopen()

    def full(*_: object) -> None:
        raise IndexStoreError("The index cannot be written.")

    with monkeypatch.context() as patch, pytest.raises(FootnoteError):
        patch.setattr(store, step, full)
        assistant.remove(["qom.md"])
    assert ids(assistant) == ids(reopen()) == ALL
