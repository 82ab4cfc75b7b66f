"""The write path in one place: load -> clean -> split -> embed -> store."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from index import store
from index.articles import Changes, read_articles
from index.comments import apart, holds_name, writers
from index.dense import DenseIndex
from index.duplicates import METHOD, originals
from index.embed import Embedder, Vectors
from index.errors import CorpusError, IndexStoreError
from index.lexical import LexicalIndex
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
    """The index of `corpus`: the stored one when it is whole and current, else brought up to date.

    Only what is new or changed is embedded. Raises CorpusError when there is nothing to index,
    IndexStoreError when another process is writing or the index cannot be written.
    """
    say = progress or _silent
    say("reading articles", 0, 0)
    folder = index_folder(corpus, index_root)
    selection = Selection.read(folder)
    stored, why = _stored(folder, identity(embedder, passage_chars))
    try:
        articles, skipped = read_articles(corpus, selection, stored, progress)
    except CorpusError as error:
        if not selection.removed:
            raise
        raise CorpusError(
            f"{error}\nTo bring back what was removed, delete {folder / SELECTION}."
        ) from error
    if stored is not None:
        changes = Changes.between(stored.articles.values(), articles)
        if not changes:
            if stored.skipped != tuple(skipped):
                store.note_skipped(skipped, folder)
            return replace(stored, skipped=tuple(skipped))
        say(f"updating the index: {changes}", 0, 0)
    elif why:
        say(f"building the index again: {why}", 0, 0)
    with store.writing(folder):
        index = build(articles, embedder, passage_chars, stored=stored, progress=progress)
        index = replace(index, skipped=tuple(skipped))
        say("saving the index", 0, 0)
        store.save(index, folder)
    return index


def reselect(  # noqa: PLR0913 - those of open_index, and the change
    corpus: Path,
    index_root: Path,
    embedder: Embedder,
    passage_chars: int,
    change: Callable[[Selection], Selection],
    *,
    progress: Progress | None = None,
) -> Index:
    """The index of `corpus` after `change` of what was added and removed, stored for good.

    Raises CorpusError when no article would be left, IndexStoreError when it cannot be stored;
    then nothing is changed.
    """
    say = progress or _silent
    folder = index_folder(corpus, index_root)
    with store.writing(folder):
        selection = change(Selection.read(folder))
        stored, _ = _stored(folder, identity(embedder, passage_chars))
        articles, skipped = read_articles(corpus, selection, stored, progress)
        index = build(articles, embedder, passage_chars, stored=stored, progress=progress)
        index = replace(index, skipped=tuple(skipped))
        say("saving the index", 0, 0)
        store.save(index, folder)
        # last, as it decides: an index that does not match it is built again when next opened
        store.save_selection(selection, folder)
    return index


def build(
    articles: Iterable[Article],
    embedder: Embedder,
    passage_chars: int,
    *,
    stored: Index | None = None,
    progress: Progress | None = None,
) -> Index:
    """An index in memory of `articles`; raises CorpusError when they hold no sentence.

    Vectors of texts that `stored`, an index of the same identity, holds are taken from there.
    """
    passages: list[Passage] = []
    sentences: list[Sentence] = []
    by_id = {article.id: article for article in articles}
    for article in by_id.values():
        some_passages, some_sentences = split(article, passage_chars)
        passages.extend(some_passages)
        sentences.extend(some_sentences)
    if not sentences:
        raise CorpusError("The articles hold no sentence to index.")
    in_context = sentence_texts(sentences)
    known = _known(stored) if stored is not None else {}
    vectors = _embed([*passage_texts(passages, by_id), *in_context], embedder, known, progress)
    return Index(
        articles=by_id,
        passages=passages,
        sentences=sentences,
        dense_passages=DenseIndex.build(vectors[: len(passages)]),
        dense_sentences=DenseIndex.build(vectors[len(passages) :]),
        lexical_passages=LexicalIndex.build([f"{p.title}\n{p.text}" for p in passages]),
        lexical_sentences=LexicalIndex.build(in_context),
        identity=identity(embedder, passage_chars),
        passage_originals=originals([passage.text for passage in passages]),
        sentence_originals=originals(_with_neighbours(sentences)),
    )


def empty_index(embedder: Embedder, passage_chars: int) -> Index:
    """An index in memory of no article: nothing is found in it."""
    dense = DenseIndex.build(np.empty((0, embedder.dimension), dtype=np.float32))
    lexical = LexicalIndex.build([])
    none = np.empty(0, dtype=np.int64)
    return Index(
        articles={},
        passages=[],
        sentences=[],
        dense_passages=dense,
        dense_sentences=dense,
        lexical_passages=lexical,
        lexical_sentences=lexical,
        identity=identity(embedder, passage_chars),
        passage_originals=none,
        sentence_originals=none,
    )


def passage_texts(passages: Sequence[Passage], articles: Mapping[str, Article]) -> list[str]:
    """Each passage as it is embedded: behind its title, where the file states one.

    A file's name is left to the word search, so that renaming a file embeds nothing.
    """
    return [
        f"{passage.title}\n{passage.text}" if articles[passage.article_id].titled else passage.text
        for passage in passages
    ]


def _known(stored: Index) -> dict[str, Vectors]:
    """The vector of every text that `stored` holds, by the text."""
    found: dict[str, Vectors] = {}
    for texts, dense in (
        (passage_texts(stored.passages, stored.articles), stored.dense_passages),
        (sentence_texts(stored.sentences), stored.dense_sentences),
    ):
        found.update(zip(texts, dense.vectors(np.arange(len(texts))), strict=True))
    return found


def _embed(
    texts: Sequence[str],
    embedder: Embedder,
    known: Mapping[str, Vectors],
    progress: Progress | None,
) -> Vectors:
    """Vectors of shape (len(texts), dimension); only those not `known` are computed."""
    fresh = [text for text in dict.fromkeys(texts) if text not in known]
    made = dict(zip(fresh, embedder.encode(fresh, progress), strict=True)) if fresh else {}
    vectors = np.empty((len(texts), embedder.dimension), dtype=np.float32)
    for row, text in enumerate(texts):
        vectors[row] = known[text] if text in known else made[text]
    return vectors


def sentence_texts(sentences: Sequence[Sentence]) -> list[str]:
    """Each sentence behind the one before it, as both searches see it.

    "He denied it" is found by the name that the sentence before it gives, and what a reader's
    comment says by the name of the reader.
    """
    texts = []
    by = writers(sentences)
    for before, sentence, writer in zip([None, *sentences[:-1]], sentences, by, strict=True):
        name = writer.name if writer else ""
        text = sentence.text if holds_name(sentence.text, name) else f"{sentence.text} {name}"
        follows = before is not None and not apart(before, sentence)
        texts.append(f"{before.text} {text}" if before and follows else text)
    return texts


def _with_neighbours(sentences: Sequence[Sentence]) -> list[str]:
    """Each sentence between its neighbours: "He denied it." is a copy only where those are, too."""
    texts = []
    padded = [None, *sentences, None]
    for before, sentence, after in zip(padded, sentences, padded[2:], strict=False):
        near = (before, sentence, after)
        texts.append(" ".join(s.text for s in near if s and s.article_id == sentence.article_id))
    return texts


def identity(embedder: Embedder, passage_chars: int) -> dict[str, str | int]:
    """What has to be equal for a stored index to be used."""
    return {
        "embedder": embedder.name,
        "embedder_files": embedder.fingerprint,
        "dimension": embedder.dimension,
        "readers": READERS,
        "splitter": SPLITTER,
        "passage_chars": passage_chars,
        "near_duplicates": METHOD,
    }


def _stored(folder: Path, wanted: dict[str, str | int]) -> tuple[Index | None, str]:
    """The stored index when it is whole and of the identity `wanted`; else why it is not."""
    generation = None
    while True:
        try:
            manifest = store.read_manifest(folder)
            if manifest is None:
                return None, ""
            for name, value in wanted.items():
                if (was := manifest["identity"].get(name)) != value:
                    return None, f"its {name} is {was}, the settings ask for {value}"
            before, generation = generation, manifest["generation"]
            return store.load(folder, manifest), ""
        except (IndexStoreError, KeyError, AttributeError) as error:
            # a writer may have swapped in another generation since the manifest was read
            if generation is None or generation == before:
                return None, f"the stored one cannot be used, {error}"


def _silent(stage: str, done: int, total: int) -> None:
    """Progress that goes nowhere."""
