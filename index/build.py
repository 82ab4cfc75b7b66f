"""The write path in one place: load -> clean -> split -> embed -> store."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from index import store
from index.dense import DenseIndex
from index.embed import Embedder
from index.errors import CorpusError, IndexStoreError
from index.lexical import LexicalIndex
from index.load import Skipped, find, load
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
    articles, skipped = read_articles(corpus, progress)
    identity = _identity(embedder, passage_chars)
    folder = index_folder(corpus, index_root)
    stored, why = _load_current(folder, articles, identity)
    if stored is not None:
        return stored
    if why:
        say(f"building the index again: {why}", 0, 0)
    with store.writing(folder):
        index = build(articles, embedder, passage_chars, skipped=skipped, progress=progress)
        say("saving the index", 0, 0)
        store.save(index, folder)
    return index


def read_articles(
    corpus: Path, progress: Progress | None = None
) -> tuple[list[Article], list[Skipped]]:
    """Every readable article of `corpus` and what was left out with its reason.

    Raises CorpusError when nothing readable is left.
    """
    files, skipped = find(corpus)
    root = corpus if corpus.is_dir() else corpus.parent
    articles: list[Article] = []
    for number, file in enumerate(files, start=1):
        try:
            articles.append(load(file, root))
        except CorpusError as error:
            skipped.append(Skipped(file.relative_to(root).as_posix(), str(error)))
        if progress is not None and len(files) > 1:
            progress("reading articles", number, len(files))
    if not articles:
        raise CorpusError(_nothing_to_read(corpus, skipped))
    return articles, skipped


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
    texts = [f"{p.title}\n{p.text}" for p in passages] + [s.text for s in sentences]
    vectors = embedder.encode(texts, progress)
    return Index(
        articles=by_id,
        passages=passages,
        sentences=sentences,
        dense_passages=DenseIndex.build(vectors[: len(passages)]),
        dense_sentences=DenseIndex.build(vectors[len(passages) :]),
        lexical_passages=LexicalIndex.build([f"{p.title}\n{p.text}" for p in passages]),
        lexical_sentences=LexicalIndex.build([s.text for s in sentences]),
        identity=_identity(embedder, passage_chars),
        skipped=tuple(skipped),
    )


def _identity(embedder: Embedder, passage_chars: int) -> dict[str, str | int]:
    return {
        "embedder": embedder.name,
        "dimension": embedder.dimension,
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


def _nothing_to_read(corpus: Path, skipped: Sequence[Skipped]) -> str:
    lines = [f"{corpus} holds no article that Footnote can read (it reads .txt and .md files)."]
    lines += [f"  {entry.path}: {entry.reason}" for entry in skipped[:5]]
    if len(skipped) > 5:
        lines.append(f"  and {len(skipped) - 5} more")
    return "\n".join(lines)


def _silent(stage: str, done: int, total: int) -> None:
    """Progress that goes nowhere."""
