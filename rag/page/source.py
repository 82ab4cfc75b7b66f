"""The source panel as HTML. Pure functions."""

import re

from index.split import is_heading
from rag.page.markup import byline, escape, place
from rag.types import Article

_CLOSE = (
    '<button type="button" class="close" aria-label="Close the source">'
    '<span aria-hidden="true">×</span></button>'
)


def source(article: Article, start: int = 0, end: int = 0, kind: str = "quote") -> str:
    """The whole article with `article.text[start:end]` in one mark of class `kind`.

    An empty or impossible range marks nothing.
    """
    start, end = (start, end) if 0 <= start < end <= len(article.text) else (0, 0)
    where = place(article.id, start, end, kind)
    return (
        f'<section class="source" {where} aria-labelledby="source-title">'
        '<header><p class="eyebrow">Source</p>'
        f'{_CLOSE}<h2 id="source-title" tabindex="-1" dir="auto">{escape(article.title)}</h2>'
        f"{byline(article)}</header>"
        '<div class="text" role="region" aria-label="Text of the article" tabindex="0">'
        f"{_paragraphs(article.text, start, end, kind)}</div></section>"
    )


def no_source() -> str:
    """What the source panel says before a footnote is opened."""
    return (
        '<section class="no-source"><p class="eyebrow">Source</p>'
        "<p>Choose a footnote to read its words where they stand in the article.</p></section>"
    )


def gone() -> str:
    """What the source panel says when the article of a footnote is no longer in use."""
    return _notice("This article is no longer among the articles in use.")


def changed() -> str:
    """What the source panel says when other words stand where a footnote's were found."""
    return _notice(
        "This article has changed since the question was answered. Ask it again to see where "
        "the words stand now."
    )


def _notice(text: str) -> str:
    return (
        '<section class="no-source notice" aria-label="Source"><p class="eyebrow">Source</p>'
        f'{_CLOSE}<p class="told" tabindex="-1">{text}</p></section>'
    )


def _paragraphs(text: str, start: int, end: int, kind: str) -> str:
    """`text` as paragraphs; a blank line inside the marked range does not break it in two."""
    breaks = [m for m in re.finditer(r"\n\s*\n", text) if m.end() <= start or m.start() >= end]
    edges = [0, *(edge for m in breaks for edge in m.span()), len(text)]
    parts = []
    for begin, stop in zip(edges[::2], edges[1::2], strict=True):
        if begin <= start < end <= stop:
            inner = (
                escape(text[begin:start])
                + f'<mark class="{escape(kind)}">{escape(text[start:end])}</mark>'
                + escape(text[end:stop])
            )
        else:
            inner = escape(text[begin:stop])
        if inner.strip():
            kind_of = ' class="heading"' if is_heading(text[begin:stop]) else ""
            parts.append(f'<p{kind_of} dir="auto">{inner}</p>')
    return "".join(parts)
