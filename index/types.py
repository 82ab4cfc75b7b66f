"""The nouns of the write path. All offsets count Unicode code points of `Article.text`."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Article:
    """One document after cleaning; every offset in Footnote points into `text`."""

    id: str  # the path relative to the corpus folder, with forward slashes
    title: str
    path: str  # where it was read from, relative to the corpus folder
    text: str
    source: str = ""  # publisher, as the file states it
    published: str = ""  # ISO date where the file states one
    author: str = ""
    sha256: str = ""  # of the file's bytes
    titled: bool = True  # whether the file states the title; else it is the file's name
    pages: tuple[int, ...] = ()  # where each page begins in `text`; empty without pages

    def page(self, at: int) -> int | None:
        """The page, counted from 1, that the character at offset `at` is on."""
        return bisect_right(self.pages, at) if self.pages else None

    def passage(self, start: int, end: int) -> "Passage":
        """The passage of the text from `start` to `end`; its id names article and place."""
        return Passage(
            id=f"{self.id}:{start}-{end}",
            article_id=self.id,
            title=self.title,
            path=self.path,
            text=self.text[start:end],
            start=start,
            end=end,
            page=self.page(start),
        )

    def sentence(self, passage_id: str, start: int, end: int) -> "Sentence":
        """The sentence from `start` to `end`, of the passage that it is in."""
        return Sentence(self.id, passage_id, self.text[start:end], start, end, self.page(start))


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of one article: `text == article.text[start:end]`.

    The scores and ranks are those of the query that retrieved it: of the vectors, of the words,
    and `score` and `rank` of both together. Ranks count from 1; 0 means that the search did not
    find it. `used` says whether the model was shown any of it.
    """

    id: str
    article_id: str
    title: str
    path: str
    text: str
    start: int
    end: int
    score: float = 0.0
    dense_score: float = 0.0
    lexical_score: float = 0.0
    rank: int = 0
    dense_rank: int = 0
    lexical_rank: int = 0
    used: bool = False
    page: int | None = None  # on which it begins, counted from 1, where the file has pages


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a passage: `text == article.text[start:end]`."""

    article_id: str
    passage_id: str
    text: str
    start: int
    end: int
    page: int | None = None  # on which it begins, counted from 1, where the file has pages


Progress = Callable[[str, int, int], None]
"""Called as `progress(stage, done, total)` during a long step; `total` 0 when unknown."""
