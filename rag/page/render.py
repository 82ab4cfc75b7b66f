"""Answers and articles as HTML. Pure functions; every text that comes in is escaped here.

Gradio puts the strings into the page as they are (`gr.HTML` sanitises nothing), so whatever a
document, a file name, a question or the model says passes through `escape` on its way. Links
that open a source carry its place as `data-article`, `data-start`, `data-end` and `data-kind`;
page.js turns a click on them into an event of the page.
"""

import html
import re
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby

from rag.page.exchange import Exchange, Stage
from rag.types import Answer, Article, Citation, Passage, Position

STRONG_SUPPORT = 0.75  # from here on a quote's support is called strong, below it fair
NEAREST = 3  # passages shown under a refusal
CLIP = 240  # characters of such a passage
LISTED = 500  # articles in the list; the rest are counted
NOT_STATED = "not stated"

REASONS = {
    "no_evidence": "Nothing in them comes near this question.",
    "not_stated": "Some passages come near, but none of them states an answer.",
    "declined": "The model read the nearest passages and found no answer in them.",
    "unsupported": "A draft was written, but no sentence of it could be traced to the articles.",
}
STATUS = {
    Stage.WAITING: "Another question is being answered first. Yours is next.",
    Stage.SEARCHING: "Reading the articles…",
    Stage.WRITING: "Checking each sentence against the articles…",
}
_MARKER = re.compile(r"\s*\[(\d+)\]")


def escape(text: str) -> str:
    """`text` for use as HTML text or inside a quoted attribute, character for character."""
    # An HTML parser would turn a bare carriage return into a line feed.
    return html.escape(text, quote=True).replace("\r", "&#13;")


def masthead() -> str:
    """The name and what it does."""
    return (
        '<h1 class="name">Footnote<sup aria-hidden="true">1</sup></h1>'
        '<p class="tagline">Answers from your own articles, each sentence footnoted '
        "with the words it rests on.</p>"
    )


def conversation(
    exchanges: Sequence[Exchange], articles: Mapping[str, Article], examples: Sequence[str]
) -> str:
    """All exchanges, oldest first; an invitation with `examples` while there are none.

    `articles` (by id) gives publishers and dates; an article that is gone leaves its title.
    """
    if not exchanges:
        return _invitation(examples)
    turns = (_turn(exchange, i, articles) for i, exchange in enumerate(exchanges, start=1))
    return f'<div class="turns">{"".join(turns)}</div>'


def source(article: Article, start: int = 0, end: int = 0, kind: str = "quote") -> str:
    """The whole article with `article.text[start:end]` in one mark of class `kind`.

    An empty or impossible range marks nothing.
    """
    start, end = (start, end) if 0 <= start < end <= len(article.text) else (0, 0)
    place = _place(article.id, start, end, kind)
    return (
        f'<section class="source" {place} aria-labelledby="source-title">'
        '<header><p class="eyebrow">Source</p>'
        '<button type="button" class="close" aria-label="Close the source">'
        '<span aria-hidden="true">×</span></button>'
        f'<h2 id="source-title" tabindex="-1" dir="auto">{escape(article.title)}</h2>'
        f"{_byline(article)}</header>"
        '<div class="text" role="region" aria-label="Text of the article" tabindex="0">'
        f"{_paragraphs(article.text, start, end, kind)}</div></section>"
    )


def no_source() -> str:
    """What the source panel says before a footnote is opened."""
    return (
        '<section class="no-source"><p class="eyebrow">Source</p>'
        "<p>Choose a footnote to read its words where they stand in the article.</p></section>"
    )


def article_list(articles: Sequence[Article]) -> str:
    """The articles in use: title, publisher and date, each a button that opens it."""
    items = "".join(
        f'<li><button type="button" {_place(article.id, 0, 0, "quote")}>'
        f'<span class="title" dir="auto">{escape(article.title)}</span>'
        f"{_byline(article, tag='span')}</button></li>"
        for article in articles[:LISTED]
    )
    rest = len(articles) - LISTED
    more = f'<p class="more">and {rest:,} more</p>' if rest > 0 else ""
    return (
        f'<section class="articles"><h2>Articles in use <span>{len(articles):,}</span></h2>'
        f"<ol>{items}</ol>{more}</section>"
    )


def hint(text: str, *, urgent: bool = False) -> str:
    """The line under the question field."""
    return f'<p class="hint{" urgent" if urgent else ""}" role="status">{escape(text)}</p>'


def day(published: str) -> str:
    """An ISO date as "7 April 2008"; anything else as it stands."""
    try:
        given = date.fromisoformat(published)
    except ValueError:
        return published
    return f"{given.day} {given:%B %Y}"


def support_word(support: float) -> str:
    """`support` (0 to 1) in a word."""
    return "strong" if support >= STRONG_SUPPORT else "fair"


def clip(text: str, length: int) -> str:
    """`text` on one line, cut at a word's end to at most `length` characters."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    head = line[: length - 1]
    return (head.rsplit(" ", 1)[0] if " " in head else head) + "…"


def _invitation(examples: Sequence[str]) -> str:
    buttons = "".join(
        f'<li><button type="button" data-question="{escape(question)}" dir="auto">'
        f"{escape(question)}</button></li>"
        for question in examples
    )
    return (
        '<div class="invitation"><h2>What do the articles say?</h2>'
        "<p>Every sentence you get back is traced to the words it rests on. "
        "What the articles do not say, you will not be told.</p>"
        f'<ul aria-label="Example questions">{buttons}</ul></div>'
    )


def _turn(exchange: Exchange, number: int, articles: Mapping[str, Article]) -> str:
    answer = exchange.answer
    if answer is None:
        body = _arriving(exchange, number)
    elif answer.abstained:
        body = _refusal(answer)
    else:
        body = _answer(exchange, answer, number, articles)
    # Busy until the end, so that a screen reader reads the answer once and not token by token.
    busy = "true" if exchange.open else "false"
    return (
        f'<article class="turn" data-stage="{exchange.stage}" id="turn-{number}">'
        f'<h2 class="question" dir="auto">{escape(exchange.question)}</h2>'
        f'<div class="reply" aria-live="polite" aria-busy="{busy}">{body}</div></article>'
    )


def _arriving(exchange: Exchange, number: int) -> str:
    said = " ".join(
        f'<span class="said">{escape(sentence.text.strip())}</span>'
        + "".join(_marker(citation, number) for citation in sentence.citations)
        for sentence in exchange.shown
    )
    draft = exchange.draft.strip()
    unchecked = f'<span class="draft">{escape(draft)}</span>' if draft else ""
    text = " ".join(part for part in (said, unchecked) if part)
    prose = f'<p class="prose" dir="auto">{text}</p>' if text else ""
    if exchange.stage == Stage.FAILED:
        return (
            f'{prose}<div class="failure" role="alert"><h3>This question could not be answered'
            f"</h3><p>{escape(exchange.error)}</p></div>"
        )
    if exchange.stage == Stage.STOPPED:
        return f'{prose}<p class="aside">Stopped.</p>'
    return f'{prose}<p class="status">{STATUS[exchange.stage]}</p>'


def _answer(
    exchange: Exchange, answer: Answer, number: int, articles: Mapping[str, Article]
) -> str:
    notes = "".join(
        _note(citation, number, articles)
        for citation in sorted(answer.citations, key=lambda citation: citation.number)
    )
    return (
        f'<p class="prose" dir="auto">{_cited(answer, number)}</p>'
        + _disagreement(answer.disagreement, answer.citations, number)
        + (f'<ol class="notes" aria-label="Footnotes">{notes}</ol>' if notes else "")
        + _aside(answer, left_out=len(exchange.sentences) - len(exchange.shown))
    )


def _refusal(answer: Answer) -> str:
    why = " ".join(part for part in (answer.text, REASONS.get(answer.reason, "")) if part)
    items = "".join(_near(passage) for passage in answer.passages[:NEAREST])
    near = f"<h4>Nearest passages</h4><ul>{items}</ul>" if items else ""
    return (
        '<div class="refusal"><h3>Not found in the articles</h3>'
        f'<p dir="auto">{escape(why)}</p>{near}</div>{_aside(answer)}'
    )


def _near(passage: Passage) -> str:
    place = _place(passage.article_id, passage.start, passage.end, "passage")
    return (
        f'<li><button type="button" {place}>'
        f'<span class="title" dir="auto">{escape(passage.title)}</span>'
        f'<span class="clip" dir="auto">{escape(clip(passage.text, CLIP))}</span></button></li>'
    )


def _cited(answer: Answer, turn: int) -> str:
    """`Answer.text` with its own markers turned into links; other brackets stay text."""
    parts: list[str] = []
    at = 0
    ordered = sorted(answer.citations, key=lambda c: (c.answer_start, c.answer_end, c.number))
    for (start, end), cited in groupby(ordered, key=lambda c: (c.answer_start, c.answer_end)):
        by_number = {citation.number: citation for citation in cited}
        parts.append(escape(answer.text[at:start]))
        parts.append(f'<span class="said">{escape(answer.text[max(at, start) : end])}</span>')
        parts += [_marker(citation, turn) for citation in by_number.values()]
        at = max(at, end)
        while (found := _MARKER.match(answer.text, at)) and int(found[1]) in by_number:
            at = found.end()
    parts.append(escape(answer.text[at:]))
    return "".join(parts)


def _disagreement(
    positions: Sequence[Position], citations: Sequence[Citation], turn: int
) -> str:
    if not positions:
        return ""
    by_number = {citation.number: citation for citation in citations}
    items = "".join(
        f'<li dir="auto">{escape(position.text)}'
        + "".join(_marker(by_number[n], turn) for n in position.citations if n in by_number)
        + "</li>"
        for position in positions
    )
    return f'<div class="disagreement"><h3>The articles disagree</h3><ul>{items}</ul></div>'


def _marker(citation: Citation, turn: int) -> str:
    label = escape(f"Footnote {citation.number}: {clip(citation.quote, 120)}")
    place = _place(citation.article_id, citation.start, citation.end, "quote")
    return (
        f'<sup><a class="marker" href="#note-{turn}-{citation.number}" {place} '
        f'aria-label="{label}">[{citation.number}]</a></sup>'
    )


def _note(citation: Citation, turn: int, articles: Mapping[str, Article]) -> str:
    place = _place(citation.article_id, citation.start, citation.end, "quote")
    article = articles.get(citation.article_id)
    word = support_word(citation.support)
    return (
        f'<li id="note-{turn}-{citation.number}" value="{citation.number}">'
        f'<a class="note" href="#source" {place}>'
        f'<span class="quote" dir="auto">“{escape(citation.quote)}”</span>'
        f'<span class="from"><bdi class="title">{escape(citation.title)}</bdi>'
        f"{_byline(article, tag='span') if article else ''}"
        f'<span class="support {word}">support: {word}</span></span></a></li>'
    )


def _aside(answer: Answer, left_out: int = 0) -> str:
    parts = []
    if answer.standalone_question.strip() not in ("", answer.question.strip()):
        parts.append(f"asked as: <bdi>{escape(answer.standalone_question)}</bdi>")
    if left_out:
        noun = "sentence" if left_out == 1 else "sentences"
        parts.append(f"{left_out} unsupported {noun} left out")
    if answer.timings.total_s > 0:
        parts.append(f"{answer.timings.total_s:.1f} s")
    spans = "".join(f"<span>{part}</span>" for part in parts)
    return f'<p class="aside">{spans}</p>' if parts else ""


def _byline(article: Article, tag: str = "p") -> str:
    """Publisher and date, as far as the article states them."""
    parts = []
    if article.source and article.source != NOT_STATED:
        parts.append(f"<bdi>{escape(article.source)}</bdi>")
    if article.published and article.published != NOT_STATED:
        parts.append(f"<bdi>{escape(day(article.published))}</bdi>")
    else:
        parts.append("date not stated" if parts else "publisher and date not stated")
    return f'<{tag} class="byline">{", ".join(parts)}</{tag}>'


def _place(article_id: str, start: int, end: int, kind: str) -> str:
    return (
        f'data-article="{escape(article_id)}" data-start="{int(start)}" '
        f'data-end="{int(end)}" data-kind="{escape(kind)}"'
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
            parts.append(f'<p dir="auto">{inner}</p>')
    return "".join(parts)
