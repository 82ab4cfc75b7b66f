"""A stored index: complete or absent, and checked before it is believed.

FOLDER/manifest.json        written last, swapped in by rename: its presence means complete
FOLDER/<generation>/...     the files that the manifest names, with sizes and SHA-256
FOLDER/lock                 held by the one process that writes
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from index.comments import apart
from index.dense import DenseIndex
from index.errors import IndexStoreError
from index.lexical import LexicalIndex
from index.load import Skipped
from index.selection import FILE as SELECTION
from index.selection import Selection
from index.types import Article, Passage, Sentence

FORMAT = 4
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Index:
    """Everything that retrieval needs, in memory. Rows of the searches are list positions."""

    articles: dict[str, Article]
    passages: list[Passage]
    sentences: list[Sentence]
    dense_passages: DenseIndex
    dense_sentences: DenseIndex
    lexical_passages: LexicalIndex
    lexical_sentences: LexicalIndex
    identity: dict[str, Any]  # what has to be equal for the index to be usable
    passage_originals: NDArray[np.int64]
    """Row of the first passage that each one nearly equals, its own for none; (passages,)."""
    sentence_originals: NDArray[np.int64]
    """The same of the sentences, each with its neighbours; (sentences,)."""
    skipped: tuple[Skipped, ...] = ()
    article_rows: NDArray[np.int64] = field(init=False, compare=False, repr=False)
    """Place in `articles` of the article that each passage is of, shape (passages,)."""
    passage_counts: NDArray[np.int64] = field(init=False, compare=False, repr=False)
    """How many passages each of `articles` has, shape (articles,)."""
    passage_rows: NDArray[np.int64] = field(init=False, compare=False, repr=False)
    """Row of the passage that each sentence is in, shape (sentences,)."""
    next_rows: NDArray[np.int64] = field(init=False, compare=False, repr=False)
    """Row of the sentence behind each one, its own where an article or comment ends."""
    version: str = field(init=False, compare=False)
    """Short hash of the identity and of every article; equal for equal content."""

    def __post_init__(self) -> None:
        """Look up each row's article, passage and follower once, not for every question."""
        places = {name: place for place, name in enumerate(self.articles)}
        found = np.array([places[p.article_id] for p in self.passages], dtype=np.int64)
        object.__setattr__(self, "article_rows", found)
        found = np.bincount(found, minlength=len(places))
        object.__setattr__(self, "passage_counts", found)
        rows = {passage.id: row for row, passage in enumerate(self.passages)}
        found = np.array([rows[s.passage_id] for s in self.sentences], dtype=np.int64)
        object.__setattr__(self, "passage_rows", found)
        goes_on = [not apart(before, after) for before, after in pairwise(self.sentences)]
        found = np.arange(len(self.sentences), dtype=np.int64)
        found += np.array([*goes_on, False], dtype=np.int64)
        object.__setattr__(self, "next_rows", found)
        object.__setattr__(self, "version", self._version())

    def _version(self) -> str:
        content = [self.identity, sorted((a.id, a.sha256) for a in self.articles.values())]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest in `folder`, or None when there is none.

    Raises IndexStoreError when it cannot be read as one.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise IndexStoreError(f"its manifest cannot be read ({error})") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise IndexStoreError("it was written by another version of Footnote")
    return manifest


def load(folder: Path, manifest: dict[str, Any]) -> Index:
    """The index that `manifest` describes.

    Raises IndexStoreError when a file is missing or differs from its recorded size or hash.
    """
    try:
        data = folder / str(manifest["generation"])
        for name, expected in manifest["files"].items():
            _check(data / name, expected)
        articles = _read_articles(data / "articles.jsonl")
        passages, sentences = _read_spans(data, articles)
        dimension = int(manifest["identity"]["dimension"])
        return Index(
            articles={article.id: article for article in articles},
            passages=passages,
            sentences=sentences,
            dense_passages=DenseIndex.load(data / "passages.faiss", len(passages), dimension),
            dense_sentences=DenseIndex.load(data / "sentences.faiss", len(sentences), dimension),
            lexical_passages=LexicalIndex.load(data / "passages.bm25", len(passages)),
            lexical_sentences=LexicalIndex.load(data / "sentences.bm25", len(sentences)),
            identity=manifest["identity"],
            passage_originals=_read_originals(data / "passages.originals.npy", len(passages)),
            sentence_originals=_read_originals(data / "sentences.originals.npy", len(sentences)),
            skipped=tuple(Skipped(**entry) for entry in manifest["skipped"]),
        )
    except (OSError, KeyError, TypeError, ValueError, IndexError) as error:
        raise IndexStoreError(f"a file is missing or altered ({error})") from error


def save(index: Index, folder: Path) -> None:
    """Write `index` beside what `folder` holds, then swap it in; hold `writing` meanwhile.

    Raises IndexStoreError when it cannot be written; the old index then stays.
    """
    generation = uuid.uuid4().hex[:12]
    data = folder / generation
    try:
        data.mkdir(parents=True)
        _write_files(index, data)
        manifest = {
            "format": FORMAT,
            "generation": generation,
            "version": index.version,
            "identity": index.identity,
            "articles": {article.id: article.sha256 for article in index.articles.values()},
            "skipped": [asdict(skipped) for skipped in index.skipped],
            "files": {
                file.relative_to(data).as_posix(): {
                    "bytes": file.stat().st_size,
                    "sha256": _sha256(file),
                }
                for file in sorted(data.rglob("*"))
                if file.is_file()
            },
        }
        _write_durably(folder / MANIFEST, _manifest_text(manifest))
    except OSError as error:
        raise IndexStoreError(
            f"The index cannot be written to {folder} ({error.strerror or error}). "
            "Free some space or set FOOTNOTE_HOME to another folder; the old index is untouched."
        ) from error
    finally:
        _remove_others(folder)


def note_skipped(skipped: Sequence[Skipped], folder: Path) -> None:
    """Keep what was left out with the index in `folder`, of which nothing else has changed.

    It saves the next start some work; where it cannot be written, that work is done.
    """
    with suppress(IndexStoreError, OSError), writing(folder):
        manifest = read_manifest(folder)
        if manifest is not None:
            manifest["skipped"] = [asdict(entry) for entry in skipped]
            _write_durably(folder / MANIFEST, _manifest_text(manifest))


def save_selection(selection: Selection, folder: Path) -> None:
    """Keep `selection` in `folder`, for `Selection.read`; raises IndexStoreError on failure."""
    try:
        _write_durably(folder / SELECTION, selection.dump())
    except OSError as error:
        raise IndexStoreError(
            f"What was added and removed cannot be written to {folder} ({error.strerror or error})."
            " Free some space or set FOOTNOTE_HOME to another folder; nothing was changed."
        ) from error


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; raises IndexStoreError when another process holds it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "lock", timeout=0)
        lock.acquire()
    except Timeout as error:
        raise IndexStoreError(
            "Another Footnote process is indexing this folder just now. "
            "Wait until it has finished, then try again; nothing was changed."
        ) from error
    except OSError as error:
        raise IndexStoreError(
            f"The index folder {folder} cannot be written ({error.strerror or error}). "
            "Set FOOTNOTE_HOME to a folder that can."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _write_files(index: Index, data: Path) -> None:
    with (data / "articles.jsonl").open("w", encoding="utf-8") as file:
        for article in index.articles.values():
            file.write(json.dumps(asdict(article), ensure_ascii=False) + "\n")
    numbers = {article_id: i for i, article_id in enumerate(index.articles)}
    rows = {passage.id: i for i, passage in enumerate(index.passages)}
    _write_array(
        data / "passages.npy", [(numbers[p.article_id], p.start, p.end) for p in index.passages]
    )
    _write_array(
        data / "sentences.npy", [(rows[s.passage_id], s.start, s.end) for s in index.sentences]
    )
    np.save(data / "passages.originals.npy", index.passage_originals, allow_pickle=False)
    np.save(data / "sentences.originals.npy", index.sentence_originals, allow_pickle=False)
    index.dense_passages.save(data / "passages.faiss")
    index.dense_sentences.save(data / "sentences.faiss")
    index.lexical_passages.save(data / "passages.bm25")
    index.lexical_sentences.save(data / "sentences.bm25")


def _write_array(file: Path, rows: Sequence[tuple[int, int, int]]) -> None:
    np.save(file, np.asarray(rows, dtype=np.int64).reshape(-1, 3), allow_pickle=False)


def _read_articles(file: Path) -> list[Article]:
    with file.open(encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    return [Article(**{**fields, "pages": tuple(fields["pages"])}) for fields in found]


def _read_spans(data: Path, articles: list[Article]) -> tuple[list[Passage], list[Sentence]]:
    rows = np.load(data / "passages.npy", allow_pickle=False).tolist()
    passages = [articles[number].passage(start, end) for number, start, end in rows]
    by_id = {article.id: article for article in articles}
    rows = np.load(data / "sentences.npy", allow_pickle=False).tolist()
    sentences = [
        by_id[passages[row].article_id].sentence(passages[row].id, start, end)
        for row, start, end in rows
    ]
    return passages, sentences


def _read_originals(file: Path, rows: int) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.load(file, allow_pickle=False)
    if found.shape != (rows,):
        raise IndexStoreError(f"{file.name} has another shape than its manifest.")
    return found


def _check(file: Path, expected: dict[str, Any]) -> None:
    if file.stat().st_size != expected["bytes"] or _sha256(file) != expected["sha256"]:
        raise IndexStoreError(f"{file.name} differs from what was written")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _manifest_text(manifest: dict[str, Any]) -> str:
    return json.dumps(manifest, indent=1, ensure_ascii=False)


def _write_durably(file: Path, text: str) -> None:
    beside = file.with_suffix(".partial")
    with beside.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(file)


def _remove_others(folder: Path) -> None:
    """Remove every generation but the one that the manifest names: older and unfinished ones."""
    try:
        manifest = read_manifest(folder)
    except IndexStoreError:
        manifest = None
    current = manifest["generation"] if manifest else ""
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != current:
            shutil.rmtree(entry, ignore_errors=True)
