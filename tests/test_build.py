"""The write path: when an index is built, kept or built again, and what a user is told."""

import os
from pathlib import Path

import pytest
from fakes import HashEmbedder, Opening, write_corpus

from index.articles import read_articles
from index.build import build, index_folder
from index.embed import fingerprint, hashes_of
from index.errors import CorpusError
from index.selection import Selection
from index.types import Article


def test_the_first_build_is_kept_and_found_again(opening: Opening) -> None:
    first = opening()
    assert list(first.articles) == ["harbour.txt", "notes/flood.md", "qom.md"]
    assert opening.again == ""
    assert opening.said[-1] == "saving the index"
    again = opening()
    assert opening.embedder.encoded == 0
    assert opening.said[-1] == "reading articles"
    assert (again.version, again.sentences) == (first.version, first.sentences)


@pytest.mark.parametrize("change", ["changed", "added", "deleted", "renamed"])
def test_a_change_in_the_folder_is_seen(opening: Opening, change: str) -> None:
    opening()
    file = opening.corpus / "harbour.txt"
    if change == "changed":
        stat = file.stat()
        file.write_text(file.read_text().replace("25", "26"))
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    elif change == "added":
        (opening.corpus / "new.txt").write_text("New words.")
    elif change == "deleted":
        file.unlink()
    else:
        file.rename(file.with_name("port.txt"))
    index = opening()
    assert f"updating the index: 1 {change}" in opening.said
    text = " ".join(article.text for article in index.articles.values())
    assert ("25" in text, "26" in text) == (change in ("added", "renamed"), change == "changed")


def test_another_embedder_dimension_or_size_builds_again_and_says_so(opening: Opening) -> None:
    opening()
    opening(HashEmbedder("other"))
    assert "its embedder is hash, the settings ask for other" in opening.again
    opening(HashEmbedder("other", 32))
    assert "its dimension is 64, the settings ask for 32" in opening.again
    index = opening(HashEmbedder("other", 32), passage_chars=40)
    assert "its passage_chars is 800, the settings ask for 40" in opening.again
    assert len(index.passages) > 3
    opening(HashEmbedder("other", 32), passage_chars=40)
    assert opening.embedder.encoded == 0


def test_other_weights_under_the_same_name_build_again(opening: Opening) -> None:
    opening()
    swapped = HashEmbedder()
    swapped.fingerprint = "other words"
    opening(swapped)
    assert "its embedder_files is seeded words, the settings ask for other words" in opening.again


def test_a_fingerprint_follows_the_weights_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"one")
    one = fingerprint(hashes_of(tmp_path))
    (tmp_path / "README.md").write_text("Read this.")
    assert fingerprint(hashes_of(tmp_path)) == one
    (tmp_path / "model.safetensors").write_bytes(b"two")
    two = fingerprint(hashes_of(tmp_path))
    (tmp_path / "1_Pooling" / "config.json").write_text("[]")
    assert len({one, two, fingerprint(hashes_of(tmp_path))}) == 3


@pytest.mark.parametrize("name", ["articles.jsonl", "passages.faiss", "sentences.npy"])
def test_a_truncated_file_builds_again_and_says_so(opening: Opening, name: str) -> None:
    whole = opening()
    file = opening.generation() / name
    file.write_bytes(file.read_bytes()[:-5])
    assert opening().version == whole.version
    assert "the stored one cannot be used" in opening.again
    opening()
    assert opening.embedder.encoded == 0


@pytest.mark.parametrize("text", ["", "[]", '{"format": 1}', '{"format": 1, "identity": []}'])
def test_a_damaged_manifest_builds_again_and_says_so(opening: Opening, text: str) -> None:
    opening()
    (opening.folder / "manifest.json").write_text(text)
    opening()
    assert "the stored one cannot be used" in opening.again
    assert opening.generation().is_dir()


def test_the_index_of_another_folder_is_not_taken_for_this_one(
    opening: Opening, tmp_path: Path
) -> None:
    other = write_corpus(tmp_path / "other" / "articles", {"a.txt": "Other words."})
    theirs = Opening(other, opening.root)
    theirs()
    opening()
    assert theirs.folder != opening.folder
    theirs.folder.rename(opening.folder.with_suffix(".theirs"))
    opening.folder.rename(theirs.folder)
    assert list(theirs().articles) == ["a.txt"]
    assert "updating the index: 1 added, 3 deleted" in theirs.said


def test_the_text_of_an_article_with_one_line_repeated_is_all_there(opening: Opening) -> None:
    (opening.corpus / "log.txt").write_text("The same line again.\n" * 10_000)
    index = opening()
    assert len(index.sentences) > 10_000
    assert len(opening().sentences) == len(index.sentences)


def test_what_could_not_be_read_is_remembered(opening: Opening) -> None:
    (opening.corpus / "a.rtf").write_bytes(b"%PDF")
    (opening.corpus / "b.txt").write_bytes(b"\x00")
    opening()
    assert {(s.path, s.reason) for s in opening().skipped} == {
        ("a.rtf", "files of type .rtf are not read"),
        ("b.txt", "is binary, not text"),
    }


def test_a_file_that_cannot_be_read_is_told_though_no_article_changed(opening: Opening) -> None:
    opening()
    (opening.corpus / "a.rtf").write_bytes(b"%PDF")
    assert [skipped.path for skipped in opening().skipped] == ["a.rtf"]


@pytest.mark.parametrize("name", [b"caf\xe9.txt", b"caf\xe9.rtf"])
def test_a_file_name_that_is_not_utf8_stops_nothing(opening: Opening, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(opening.corpus) + b"/" + name)).write_text("They met.")
    index = opening()
    assert "qom.md" in index.articles
    assert opening().version == index.version
    told = [*index.articles, *(skipped.path for skipped in index.skipped)]
    assert os.fsdecode(name).replace("\udce9", "\ufffd") in told


def test_one_impossible_article_does_not_stop_the_others(opening: Opening) -> None:
    (opening.corpus / "a.md").write_text("---\npublished: 2008-13-45\n---\nThey met.")
    assert "qom.md" in opening().articles


def test_an_index_without_sentences_is_refused() -> None:
    with pytest.raises(CorpusError, match="no sentence"):
        build([Article("a", "A", "a", " \n ")], HashEmbedder(), 800)
    with pytest.raises(CorpusError, match="no sentence"):
        build([], HashEmbedder(), 800)


def test_a_link_to_a_folder_shares_its_index(opening: Opening, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(opening.corpus)
    assert index_folder(tmp_path / "link", opening.root) == opening.folder
    assert read_articles(tmp_path / "link", Selection())[0][0].id == "harbour.txt"
