"""An index that is brought up to date equals one built afresh, and embeds only what is new."""

import random
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from fakes import CORPUS, HashEmbedder, Opening, ScriptedGenerator, open_assistant, write_corpus
from made_files import docx, pdf

from index import articles, store
from index.articles import Changes
from index.build import open_index
from index.errors import CorpusError
from index.store import Index
from index.types import Article
from rag.retrieve import Search

QUERIES = ("Who led the delegation to Qom?", "harbour cranes", "new words of the flood", "rockets")
WORDS = ["harbour", "crane", "flood", "river", "delegate", "rocket", "truce", "cleric", "minister"]


def answers(index: Index) -> list[object]:
    """All that a search of `index` gives, to the last bit."""
    found: list[object] = [index.version, index.articles, index.passages, index.sentences]
    for query in QUERIES:
        search = Search(index, query, HashEmbedder().encode([query])[0])
        found.append([astuple(passage) for passage in search.passages(20)])
        found.append(search.sentences(20))
    for dense, rows in (
        (index.dense_passages, len(index.passages)),
        (index.dense_sentences, len(index.sentences)),
    ):
        found.append(dense.vectors(np.arange(rows)).tobytes())
    return found


def fresh(opening: Opening, tmp_path: Path) -> Index:
    """The index of the same folder built from nothing."""
    return open_index(opening.corpus, tmp_path / f"fresh-{random.random()}", HashEmbedder(), 800)


def change(corpus: Path) -> None:
    (corpus / "qom.md").write_text(CORPUS["qom.md"].replace("3,400", "5,200"))


def rename(corpus: Path) -> None:
    (corpus / "qom.md").rename(corpus / "a later name.md")


def rename_untitled(corpus: Path) -> None:
    (corpus / "bare.txt").rename(corpus / "a later name.txt")


def delete(corpus: Path) -> None:
    (corpus / "notes" / "flood.md").unlink()


def add(corpus: Path) -> None:
    (corpus / "new.pdf").write_bytes(pdf(["New words of the flood."], ["A second page."]))


def swap(corpus: Path) -> None:
    for name, text in (("qom.md", CORPUS["notes/flood.md"]), ("notes/flood.md", CORPUS["qom.md"])):
        (corpus / name).write_text(text)


@pytest.mark.parametrize(
    ("alter", "said", "embedded"),
    [
        (change, "1 changed", 2),  # the passage and the sentence with the number
        (rename, "1 renamed", 0),
        (rename_untitled, "1 renamed", 0),
        (delete, "1 deleted", 0),
        (add, "1 added", 3),
        (swap, "2 changed", 0),
    ],
)
def test_an_update_embeds_what_is_new_and_equals_a_fresh_build(
    opening: Opening,
    tmp_path: Path,
    alter: Callable[[Path], None],
    said: str,
    embedded: int,
) -> None:
    (opening.corpus / "bare.txt").write_text("A text that states no title: none at all.")
    opening()
    alter(opening.corpus)
    index = opening()
    assert f"updating the index: {said}" in opening.said
    assert opening.embedder.encoded == embedded
    assert answers(index) == answers(fresh(opening, tmp_path))
    assert answers(opening()) == answers(index)
    assert opening.embedder.encoded == 0


def test_many_random_changes_equal_a_fresh_build(opening: Opening, tmp_path: Path) -> None:
    chance = random.Random(4)

    def text() -> str:
        lines = (" ".join(chance.choices(WORDS, k=6)) for _ in range(chance.randint(1, 9)))
        return ". ".join(lines) + "."

    for _ in range(12):
        files = sorted(file for file in opening.corpus.rglob("*.*") if file.is_file())
        for file in chance.sample(files, k=min(2, len(files) - 1)):
            step = chance.choice(["change", "rename", "delete", "copy"])
            other = opening.corpus / f"{chance.random()}.txt"
            if step == "change":
                file.write_text(text())
            elif step == "rename":
                file.rename(other)
            elif step == "copy":
                other.write_bytes(file.read_bytes())
            else:
                file.unlink()
        (opening.corpus / f"{chance.random()}.md").write_text(f"# {text()}\n\n{text()}")
        assert answers(opening()) == answers(fresh(opening, tmp_path))


def test_nothing_of_a_deleted_or_replaced_file_is_found(opening: Opening) -> None:
    opening()
    delete(opening.corpus)
    change(opening.corpus)
    index = opening()
    vector = HashEmbedder().encode(["The river Tigris flooded two villages, 3,400 rockets"])[0]
    search = Search(index, "Tigris villages 3,400", vector)
    for found in (
        [passage.text for passage in search.passages(99)],
        [index.sentences[row].text for row, _ in search.sentences(99)],
    ):
        assert found
        assert not any("Tigris" in text or "3,400" in text for text in found)
    kept = b"".join(f.read_bytes() for f in opening.folder.rglob("*") if f.is_file())
    assert b"Tigris" not in kept


def test_files_of_the_same_content_are_indexed_once(opening: Opening, tmp_path: Path) -> None:
    for name in ("copy of qom.md", "z.md"):
        (opening.corpus / name).write_text(CORPUS["qom.md"])
    index = opening()
    assert sorted(index.articles) == ["copy of qom.md", "harbour.txt", "notes/flood.md"]
    same = "has the same content as copy of qom.md, which is indexed"
    assert [(s.path, s.reason) for s in index.skipped] == [("qom.md", same), ("z.md", same)]
    (opening.corpus / "copy of qom.md").unlink()
    index = opening()
    assert "updating the index: 1 renamed" in opening.said
    assert sorted(index.articles) == sorted(CORPUS)
    assert opening.embedder.encoded == 0
    assert answers(index) == answers(fresh(opening, tmp_path))


def test_a_known_file_is_not_parsed_again(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    (opening.corpus / "good.docx").write_bytes(docx("They met."))
    opening()
    (opening.corpus / "bad.pdf").write_bytes(pdf([]))
    reason = opening().skipped
    assert [entry.path for entry in reason] == ["bad.pdf"]

    def refuse(data: bytes, name: str) -> Article:
        raise AssertionError(f"{name} is parsed again")

    monkeypatch.setattr(articles, "parse", refuse)
    assert opening().skipped == reason
    (opening.corpus / "bad.pdf").write_bytes(pdf(["Mended."]))
    with pytest.raises(AssertionError, match=r"bad.pdf is parsed again"):
        opening()


def test_what_was_left_out_is_told_though_it_cannot_be_noted(opening: Opening) -> None:
    opening()
    (opening.corpus / "bad.pdf").write_bytes(b"")
    with store.writing(opening.folder):
        assert [entry.path for entry in opening().skipped] == ["bad.pdf"]
    assert [entry.path for entry in opening().skipped] == ["bad.pdf"]


def test_settings_that_differ_take_nothing_over(opening: Opening) -> None:
    opening()
    change(opening.corpus)
    opening(HashEmbedder("other"))
    assert "its embedder is hash" in opening.again
    assert opening.embedder.encoded > 10


def test_an_assistant_adds_and_removes_by_the_same_path(corpus: Path, tmp_path: Path) -> None:
    said: list[str] = []
    assistant = open_assistant(corpus, ScriptedGenerator())
    assistant._progress = lambda stage, done, total: said.append(f"{stage} {total}")
    extra = write_corpus(tmp_path / "extra", {"new.txt": "New words. More of them."})
    embedder = assistant._embedder
    assert isinstance(embedder, HashEmbedder)
    before = embedder.encoded
    assistant.add([extra])
    assert embedder.encoded - before == 2  # the second sentence behind the first is the passage
    assert "embedding 2" in said
    assert said[-1] == "saving the index 0"
    assistant.remove(["new.txt"])
    assert embedder.encoded - before == 2
    assert assistant.retrieve("new words")[0].article_id != "new.txt"
    assert answers(assistant._index) == answers(
        open_index(corpus, tmp_path / "fresh", HashEmbedder(), 800)
    )


def test_changes_are_told_apart() -> None:
    def state(**files: str) -> list[Article]:
        return [Article(name, name, name, "text", sha256=sha256) for name, sha256 in files.items()]

    before = state(a="1", b="2", c="3", d="4")
    assert not Changes.between(before, state(d="4", a="1", b="2", c="3"))
    after = state(a="1", b="9", x="3", y="5", z="6")
    assert str(Changes.between(before, after)) == "2 added, 1 changed, 1 renamed, 1 deleted"


def test_a_reader_that_meets_a_writer_sees_the_new_index(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening()
    load, swaps = store.load, [1]

    def swap_first(folder: Path, manifest: dict[str, object]) -> Index:
        if swaps:
            swaps.pop()
            found = store.read_manifest(folder)
            assert found is not None
            with store.writing(folder):
                store.save(load(folder, found), folder)
        return load(folder, manifest)

    monkeypatch.setattr(store, "load", swap_first)
    assert sorted(opening().articles) == sorted(CORPUS)
    assert (opening.again, opening.embedder.encoded) == ("", 0)


def test_what_was_removed_is_restored_and_stays_so(corpus: Path, tmp_path: Path) -> None:
    assistant = open_assistant(corpus, ScriptedGenerator())
    extra = write_corpus(tmp_path / "extra", {"qom.md": "Another file of that name."})
    assistant.add([extra / "qom.md"])
    said: list[str] = []
    assistant.remove(["qom.md", "qom (2).md"], progress=lambda stage, *_: said.append(stage))
    assert said[-1] == "saving the index"
    assert assistant.removed == ["qom.md", "qom (2).md"]
    with pytest.raises(CorpusError, match=r"harbour\.txt was not removed"):
        assistant.restore(["qom.md", "harbour.txt"])
    assert assistant.removed == ["qom.md", "qom (2).md"]
    assistant.restore(["qom (2).md"])
    again = open_assistant(corpus, ScriptedGenerator())
    assert again.removed == ["qom.md"]
    assert {article.id for article in again.articles()} >= {"qom (2).md", "harbour.txt"}
    assert "qom.md" not in {article.id for article in again.articles()}
