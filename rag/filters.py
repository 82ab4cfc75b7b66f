"""What a question is limited to -> the articles that it may be answered from."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from rag.errors import QuestionError
from rag.types import Article, Filters

_NAMED = 8  # sources that a message lists


def check(filters: Filters, articles: Iterable[Article]) -> None:
    """Raise QuestionError for a date that is none, or a source that no article states."""
    after = _limit(filters.published_after, "published_after")
    before = _limit(filters.published_before, "published_before")
    if after and before and after > before:
        raise QuestionError(
            f"No day is after {after} and before {before}. Exchange the two dates or leave one out."
        )
    sources = sorted({article.source for article in articles if article.source})
    if filters.source and _plain(filters.source) not in map(_plain, sources):
        more = f" and {len(sources) - _NAMED:,} more" if len(sources) > _NAMED else ""
        stated = f"They state: {', '.join(sources[:_NAMED])}{more}." if sources else "None does."
        raise QuestionError(f"No article states the source {filters.source!r}. {stated}")


def allows(filters: Filters, article: Article) -> bool:
    """Whether `article` is within `filters`, which `check` has passed."""
    if filters.source and _plain(filters.source) != _plain(article.source):
        return False
    if not (filters.published_after or filters.published_before):
        return True
    published = day(article.published)
    after, before = day(filters.published_after), day(filters.published_before)
    return published is not None and (after or date.min) <= published <= (before or date.max)


@lru_cache(maxsize=100_000)  # a search limited to days asks it of every article
def day(text: str) -> date | None:
    """The day of an ISO date, of which a time may follow; None for anything else."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _limit(text: str, name: str) -> date | None:
    found = day(text)
    if text and (found is None or len(text) != 10):
        raise QuestionError(f"{name} cannot be {text!r}. Write a date such as 2008-04-07.")
    return found


def _plain(source: str) -> str:
    return " ".join(source.casefold().split())
