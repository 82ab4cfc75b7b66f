"""A corpus folder -> its articles; what is the same as in a stored index is not parsed again."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from index.clean import storable
from index.errors import CorpusError
from index.load import Skipped, nothing_to_read, parse, read
from index.readers import READERS
from index.selection import Selection
from index.store import Index
from index.types import Article, Progress


@dataclass(frozen=True, slots=True)
class Changes:
    """How many articles differ between two states of a folder, told by the files' hashes."""

    added: int = 0
    changed: int = 0
    renamed: int = 0
    deleted: int = 0

    @classmethod
    def between(cls, before: Iterable[Article], after: Iterable[Article]) -> Self:
        """What happened to the articles `before`; one file under another id was renamed."""
        old = {article.id: article.sha256 for article in before}
        new = {article.id: article.sha256 for article in after}
        gone = Counter(sha256 for name, sha256 in old.items() if name not in new)
        come = Counter(sha256 for name, sha256 in new.items() if name not in old)
        renamed = (gone & come).total()
        return cls(
            added=come.total() - renamed,
            changed=sum(old[name] != new[name] for name in old.keys() & new.keys()),
            renamed=renamed,
            deleted=gone.total() - renamed,
        )

    def __bool__(self) -> bool:
        return self != type(self)()

    def __str__(self) -> str:
        counts = {name: getattr(self, name) for name in ("added", "changed", "renamed", "deleted")}
        return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def read_articles(
    corpus: Path,
    selection: Selection,
    stored: Index | None = None,
    progress: Progress | None = None,
) -> tuple[list[Article], list[Skipped]]:
    """Every readable article of `corpus` as `selection` alters it, and what was left out and why.

    Of files with the same bytes the first is taken. Raises CorpusError when nothing readable is
    left.
    """
    files, skipped = selection.files(corpus)
    removed = [name for name in selection.removed if name in files]
    for name in removed:
        del files[name]
    articles: dict[tuple[str, object], Article] = {}  # by content and reader
    known = _Known(stored)
    for number, (name, file) in enumerate(files.items(), start=1):
        try:
            data = read(file)
        except CorpusError as error:
            skipped.append(Skipped(name, str(error)))
        else:
            sha256 = hashlib.sha256(data).hexdigest()
            content = (sha256, READERS[file.suffix.lower()])
            if content in articles:
                same = f"has the same content as {articles[content].path}, which is indexed"
                skipped.append(Skipped(name, same))
            elif isinstance(found := known.parse(data, name, sha256), Article):
                articles[content] = found
            else:
                skipped.append(found)
        if progress is not None and len(files) > 1:
            progress("reading articles", number, len(files))
    if not articles and removed:
        names = ", ".join(removed[:5]) + (" and others" if len(removed) > 5 else "")
        raise CorpusError(f"{corpus} has no article left; removed: {names}.")
    if not articles:
        raise CorpusError(nothing_to_read(corpus, skipped))
    return list(articles.values()), [
        Skipped(storable(entry.path), storable(entry.reason), entry.sha256) for entry in skipped
    ]


class _Known:
    """What a stored index knows of files, so that an unchanged one is not parsed again."""

    def __init__(self, stored: Index | None) -> None:
        self._articles = stored.articles if stored is not None else {}
        self._skipped = {entry.path: entry for entry in (stored.skipped if stored else ())}

    def parse(self, data: bytes, name: str, sha256: str) -> Article | Skipped:
        """The article that `data` holds, or why it holds none."""
        article = self._articles.get(name)
        if article is not None and article.sha256 == sha256:
            return article
        skipped = self._skipped.get(name)
        if skipped is not None and skipped.sha256 == sha256:
            return skipped
        try:
            return parse(data, name)
        except CorpusError as error:
            return Skipped(name, str(error), sha256)
