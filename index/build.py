"""The write path in one place: load -> clean -> split -> embed -> store."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from index import store
from index.clean import storable
from index.dense import DenseIndex
from index.embed import Embedder
from index.errors import CorpusError, IndexStoreError
from index.lexical import LexicalIndex
from index.load import Skipped, load, nothing_to_read
from index.readers import VERSION as READERS
from index.selection import FILE as SELECTION
from index.selection import Selection
from index.split import SPLITTER, split
from index.store import Index
from index.types import Article, Passage, Progress, Sentence


def index_folder(corpus: Path, index_root: Path) -> Path:
    """Where the index of the folder `corpus` is kept below `index_root`."""
    resolved = corpus.resolve()
    digest = hashlib.sha256(str(resolved).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return index_root / f"{resolved.name[:40] or 'root'}-{digest}"


def open_index(
    corpus: Path,
    index_root: Path,
    embedder: Embedder,
    passage_chars: int,
    progress: Progress | None = None,
) -> Index:
    """The index of `corpus`: the stored one when it is whole and current, else built anew.

    Raises CorpusError when there is nothing to index, IndexStoreError when another process is
    writing or the index cannot be written.
    """
    say = progress or _silent
    say("reading articles", 0, 0)
    folder = index_folder(corpus, index_root)
    selection = Selection.read(folder)
    try:
        articles, skipped = read_articles(corpus, selection, progress)
    except CorpusError as error:
        if not selection.removed:
            raise
        raise CorpusError(
            f"{error}\nTo bring back what was removed, delete {folder / SELECTION}."
        ) from error
    identity = _identity(embedder, passage_chars)
    stored, why = _load_current(folder, articles, identity)
    if stored is not None:
        return replace(stored, skipped=tuple(skipped))
    if why:
        say(f"building the index again: {why}", 0, 0)
    with store.writing(folder):
        index = build(articles, embedder, passage_chars, skipped=skipped, progress=progress)
        say("saving the index", 0, 0)
        store.save(index, folder)
    return index


def reselect(
    corpus: Path,
    index_root: Path,
    embedder: Embedder,
    passage_chars: int,
    change: Callable[[Selection], Selection],
) -> Index:
    """The index of `corpus` after `change` of what was added and removed, stored for good.

    Raises CorpusError when no article would be left, IndexStoreError when it cannot be stored;
    then nothing is changed.
    """
    folder = index_folder(corpus, index_root)
    with store.writing(folder):
        selection = change(Selection.read(folder))
        articles, skipped = read_articles(corpus, selection)
        index = build(articles, embedder, passage_chars, skipped=skipped)
        store.save(index, folder)
        # last, as it decides: an index that does not match it is built again when next opened
        store.save_selection(selection, folder)
    return index


def read_articles(
    corpus: Path, selection: Selection, progress: Progress | None = None
) -> tuple[list[Article], list[Skipped]]:
    """Every readable article of `corpus` as `selection` alters it, and what was left out and why.

    Raises CorpusError when nothing readable is left.
    """
    files, skipped = selection.files(corpus)
    removed = [name for name in selection.removed if name in files]
    for name in removed:
        del files[name]
    articles: list[Article] = []
    for number, (name, file) in enumerate(files.items(), start=1):
        try:
            articles.append(load(file, name))
        except CorpusError as error:
            skipped.append(Skipped(name, str(error)))
        if progress is not None and len(files) > 1:
            progress("reading articles", number, len(files))
    if not articles and removed:
        names = ", ".join(removed[:5]) + (" and others" if len(removed) > 5 else "")
        raise CorpusError(f"{corpus} has no article left; removed: {names}.")
    if not articles:
        raise CorpusError(nothing_to_read(corpus, skipped))
    return articles, [Skipped(storable(entry.path), storable(entry.reason)) for entry in skipped]


def build(
    articles: Iterable[Article],
    embedder: Embedder,
    passage_chars: int,
    *,
    skipped: Sequence[Skipped] = (),
    progress: Progress | None = None,
) -> Index:
    """An index in memory of `articles`; raises CorpusError when they hold no sentence."""
    passages: list[Passage] = []
    sentences: list[Sentence] = []
    by_id = {article.id: article for article in articles}
    for article in by_id.values():
        some_passages, some_sentences = split(article, passage_chars)
        passages.extend(some_passages)
        sentences.extend(some_sentences)
    if not sentences:
        raise CorpusError("The articles hold no sentence to index.")
    whole = [f"{passage.title}\n{passage.text}" for passage in passages]
    in_context = _in_context(sentences)
    vectors = embedder.encode([*whole, *in_context], progress)
    return Index(
        articles=by_id,
        passages=passages,
        sentences=sentences,
        dense_passages=DenseIndex.build(vectors[: len(passages)]),
        dense_sentences=DenseIndex.build(vectors[len(passages) :]),
        lexical_passages=LexicalIndex.build(whole),
        lexical_sentences=LexicalIndex.build(in_context),
        identity=_identity(embedder, passage_chars),
        skipped=tuple(skipped),
    )


def _in_context(sentences: Sequence[Sentence]) -> list[str]:
    """Each sentence behind the one before it, as both searches see it.

    "He denied it" is found by the name that the sentence before it gives.
    """
    texts = []
    for before, sentence in zip([None, *sentences[:-1]], sentences, strict=True):
        follows = before is not None and before.article_id == sentence.article_id
        texts.append(f"{before.text} {sentence.text}" if before and follows else sentence.text)
    return texts


def _identity(embedder: Embedder, passage_chars: int) -> dict[str, str | int]:
    return {
        "embedder": embedder.name,
        "embedder_files": embedder.fingerprint,
        "dimension": embedder.dimension,
        "readers": READERS,
        "splitter": SPLITTER,
        "passage_chars": passage_chars,
    }


def _load_current(
    folder: Path, articles: Sequence[Article], identity: dict[str, str | int]
) -> tuple[Index | None, str]:
    """The stored index when it is whole and current; else None and the reason to tell."""
    try:
        manifest = store.read_manifest(folder)
        if manifest is None:
            return None, ""
        for name, value in identity.items():
            if (was := manifest["identity"].get(name)) != value:
                return None, f"its {name} is {was}, the settings ask for {value}"
        if manifest["articles"] != {article.id: article.sha256 for article in articles}:
            return None, "the articles have changed"
        return store.load(folder, manifest), ""
    except (IndexStoreError, KeyError, AttributeError) as error:
        return None, f"the stored one cannot be used, {error}"


def _silent(stage: str, done: int, total: int) -> None:
    """Progress that goes nowhere."""
