"""Passages that a caller gives, treated as little articles, and the way back from them."""

from collections.abc import Sequence
from dataclasses import replace

from rag.types import Answer, Article, Citation, Passage, Weighed


def as_articles(passages: Sequence[Passage]) -> list[Article]:
    """Each passage as an article of its own; its id is its place in `passages`."""
    return [Article(str(row), p.title, p.path, p.text) for row, p in enumerate(passages)]


def point_back(answer: Answer, passages: Sequence[Passage]) -> Answer:
    """`answer` with its ids and offsets those of the articles that `passages` are from."""
    return replace(
        answer,
        citations=tuple(_move_citation(c, passages[int(c.article_id)]) for c in answer.citations),
        passages=tuple(_move_passage(p, passages[int(p.article_id)]) for p in answer.passages),
        weighed=tuple(_move_weighed(w, passages[int(w.article_id)]) for w in answer.weighed),
    )


def _move_citation(citation: Citation, home: Passage) -> Citation:
    return replace(
        citation,
        article_id=home.article_id,
        passage_id=home.id,
        start=citation.start + home.start,
        end=citation.end + home.start,
    )


def _move_passage(passage: Passage, home: Passage) -> Passage:
    return replace(
        passage,
        id=home.id,
        article_id=home.article_id,
        start=passage.start + home.start,
        end=passage.end + home.start,
    )


def _move_weighed(weighed: Weighed, home: Passage) -> Weighed:
    return replace(
        weighed,
        article_id=home.article_id,
        start=weighed.start + home.start,
        end=weighed.end + home.start,
    )
