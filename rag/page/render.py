"""The conversation as HTML: questions, answers with footnotes, refusals. Pure functions."""

import re
from collections.abc import Mapping, Sequence
from itertools import count, groupby

from rag.page.exchange import Exchange, Stage
from rag.page.feedback import Opinion
from rag.page.incoming import FORMATS
from rag.page.markup import byline, clip, day, escape, place
from rag.page.verdict import verdict_form
from rag.page.workings import workings
from rag.types import Answer, Article, Citation, Passage

STRONG_SUPPORT = 0.75  # from here on a quote's support is called strong, below it fair
UNSUPPORTED = "Written by the model, not found in the articles"
NEAREST = 3  # passages shown under a refusal
CLIP = 240  # characters of such a passage

REASONS = {
    "no_evidence": "Nothing in them comes near this question.",
    "not_stated": "Some passages come near, but none of them states an answer.",
    "declined": "The model read the nearest passages and found no answer in them.",
    "off_type": "A draft was written, but it does not give what the question asks for.",
    "off_premise": "The question names a year or a century of which no article found tells.",
    "off_point": "An answer was written, but read by itself it does not answer the question.",
    "unsupported": "A draft was written, but no sentence of it could be traced to the articles.",
}
STATUS = {
    Stage.LOADING: "Loading the model…",
    Stage.SEARCHING: "Reading the articles…",
    Stage.WRITING: "Checking each sentence…",
}
COPY = (
    '<button type="button" data-copy="text">Copy as text</button>'
    '<button type="button" data-copy="markdown">Copy as Markdown</button>'
)
EXPORT = (
    '<div class="tools export" role="group" aria-label="This conversation">'
    '<span>Save the conversation</span><button type="button" data-save="md">Markdown</button>'
    '<button type="button" data-save="json">JSON</button></div>'
)
_PARCELS = count(1)
_MARKER = re.compile(r"\s*\[(\d+)\]")


def masthead() -> str:
    """The name and what it does."""
    return (
        '<h1 class="name">Footnote<sup aria-hidden="true">1</sup></h1>'
        '<p class="tagline">Answers from your own articles, each sentence footnoted '
        "with the words it rests on.</p>"
        '<p class="lost" role="alert" data-lost hidden>Footnote has stopped. Start it again where '
        "it ran; this page then goes on by itself. What you have typed stays.</p>"
        '<p class="lost" role="alert" data-anew hidden>Footnote was started again, and this '
        "conversation is kept nowhere but here. Copy what you need of it. "
        '<button type="button" data-reload>Begin anew</button></p>'
    )


def conversation(
    exchanges: Sequence[Exchange],
    articles: Mapping[str, Article],
    examples: Sequence[str],
    id_: str = "",
    opinions: Mapping[int, Opinion] | None = None,
) -> str:
    """All exchanges, oldest first; an invitation with `examples` while there are none.

    `articles` (by id) gives publishers and dates; an article that is gone leaves its title.
    `id_` is what the conversation is kept under; the browser remembers it for a reload.
    `opinions` are those about the answers, by the exchange's number from 1.
    """
    if not exchanges:
        return _invitation(examples)
    given = opinions or {}
    turns = (
        _turn(exchange, i, articles, given.get(i)) for i, exchange in enumerate(exchanges, start=1)
    )
    kept = f' data-kept="{escape(id_)}"' if id_ else ""
    export = "" if exchanges[-1].open else EXPORT
    return f'<div class="turns"{kept}>{"".join(turns)}{export}</div>'


def nothing_to_ask() -> str:
    """What stands in place of the conversation while there are no articles to ask about."""
    return (
        '<div class="invitation"><h2>No articles yet</h2>'
        f"<p>Add some, or drop files and folders anywhere on this page: {FORMATS}. "
        "Then ask what they say.</p>"
        '<button type="button" data-add>Add articles…</button></div>'
    )


def hint(text: str, *, urgent: bool = False) -> str:
    """The line under the question field."""
    return f'<p class="hint{" urgent" if urgent else ""}" role="status">{escape(text)}</p>'


def parcel(text: str, name: str = "") -> str:
    """`text` for the browser to copy, or to save as the file `name`; page.js unpacks it once."""
    # The number makes the same text a new value, without which the browser would see no change.
    return (
        f'<div hidden data-parcel="{next(_PARCELS)}" data-name="{escape(name)}">'
        f"{escape(text)}</div>"
    )


def support_word(support: float) -> str:
    """`support` (0 to 1) in a word."""
    return "strong" if support >= STRONG_SUPPORT else "fair"


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


def _turn(
    exchange: Exchange, number: int, articles: Mapping[str, Article], opinion: Opinion | None
) -> str:
    answer = exchange.answer
    if answer is None:
        body = _arriving(exchange, number, articles)
    elif answer.abstained:
        body = _refusal(answer)
    else:
        body = _answer(exchange, answer, number, articles)
    # Busy until the end, so that a screen reader reads the answer once and not token by token.
    busy = "true" if exchange.open else "false"
    unfold = workings(answer) if answer is not None else ""
    return (
        f'<article class="turn" data-stage="{exchange.stage}" id="turn-{number}">'
        f'<h2 class="question" dir="auto">{escape(exchange.question)}</h2>'
        f'<div class="reply" aria-live="polite" aria-busy="{busy}">{body}</div>{unfold}'
        f"{'' if exchange.open else _tools(exchange, number, opinion)}</article>"
    )


def _tools(exchange: Exchange, number: int, opinion: Opinion | None) -> str:
    verdict = verdict_form(number, opinion) if exchange.answer is not None else ""
    copy = COPY if exchange.answer is not None or exchange.shown else ""
    return (
        f'<div class="tools" role="group" aria-label="Question {number}" data-turn="{number}">'
        f"{copy}"
        f'<button type="button" data-edit="{escape(exchange.question)}">Edit and ask again</button>'
        f"{verdict}</div>"
    )


def _arriving(exchange: Exchange, number: int, articles: Mapping[str, Article]) -> str:
    said = " ".join(
        f'<span class="said">{escape(sentence.text.strip())}</span>'
        + "".join(_marker(citation, number, articles) for citation in sentence.citations)
        for sentence in exchange.shown
    )
    draft = exchange.draft.strip()
    unchecked = f'<span class="draft">{escape(draft)}</span>' if draft else ""
    text = " ".join(part for part in (said, unchecked) if part)
    words = f'<p class="words" dir="auto">{text}</p>' if text else ""
    if exchange.stage == Stage.FAILED:
        return (
            f'{words}<div class="failure"><h3>This question could not be answered</h3>'
            f"<p>{escape(exchange.error)}</p></div>"
        )
    if exchange.stage == Stage.STOPPED:
        return f'<p class="aside">Stopped.</p>{words}'
    status = _place(exchange.ahead) if exchange.stage == Stage.WAITING else STATUS[exchange.stage]
    # above what grows: below it, it would move with every line
    return f'<p class="status">{status}</p>{words}'


def _place(ahead: int) -> str:
    """What comes before a question that waits."""
    if ahead > 1:
        return f"{ahead} questions come before yours."
    if ahead == 1:
        return "One question comes before yours."
    return "Something else is being done first. Your question is next."


def _answer(
    exchange: Exchange, answer: Answer, number: int, articles: Mapping[str, Article]
) -> str:
    by_number = {citation.number: citation for citation in answer.citations}
    notes = "".join(_note(by_number[n], number, articles) for n in sorted(by_number))
    # where none is shown, the article speaks instead of the model
    left_out = len(exchange.sentences) - len(exchange.shown) if exchange.shown else 0
    left_out = max(0, left_out - len(answer.unsupported))  # these are shown
    return (
        _aside(answer, left_out)
        + f'<p class="words" dir="auto">{_cited(answer, number, articles)}</p>'
        + _disagreement(answer, number, articles)
        + _unsupported(answer)
        + (f'<ol class="notes" aria-label="Footnotes">{notes}</ol>' if notes else "")
    )


def _refusal(answer: Answer) -> str:
    why = " ".join(part for part in (answer.text, REASONS.get(answer.reason, "")) if part)
    items = "".join(_near(passage) for passage in answer.passages[:NEAREST])
    near = f"<h4>Nearest passages</h4><ul>{items}</ul>" if items else ""
    return (
        f'{_aside(answer)}<div class="refusal"><h3>Not found in the articles</h3>'
        f'<p dir="auto">{escape(why)}</p>{_unsupported(answer)}{near}</div>'
    )


def _unsupported(answer: Answer) -> str:
    """What the model wrote and nothing bears out, where it is to be shown."""
    if not answer.unsupported:
        return ""
    items = "".join(f'<li dir="auto"><del>{escape(text)}</del></li>' for text in answer.unsupported)
    return f'<div class="unsupported"><h4>{UNSUPPORTED}</h4><ul>{items}</ul></div>'


def _near(passage: Passage) -> str:
    where = place(passage.article_id, passage.start, passage.end, "passage")
    page = f", page {passage.page}" if passage.page is not None else ""
    return (
        f'<li><button type="button" {where}>'
        f'<span class="title" dir="auto">{escape(passage.title)}{page}</span>'
        f'<span class="clip" dir="auto">{escape(clip(passage.text, CLIP))}</span></button></li>'
    )


def _cited(answer: Answer, turn: int, articles: Mapping[str, Article]) -> str:
    """`Answer.text` with its own markers turned into links; other brackets stay text."""
    parts: list[str] = []
    at = 0
    ordered = sorted(answer.citations, key=lambda c: (c.answer_start, c.answer_end, c.number))
    for (start, end), cited in groupby(ordered, key=lambda c: (c.answer_start, c.answer_end)):
        by_number = {citation.number: citation for citation in cited}
        parts.append(escape(answer.text[at:start]))
        parts.append(f'<span class="said">{escape(answer.text[max(at, start) : end])}</span>')
        parts += [_marker(citation, turn, articles) for citation in by_number.values()]
        at = max(at, end)
        while (found := _MARKER.match(answer.text, at)) and int(found[1]) in by_number:
            at = found.end()
    parts.append(escape(answer.text[at:]))
    return "".join(parts)


def _disagreement(answer: Answer, turn: int, articles: Mapping[str, Article]) -> str:
    if not answer.disagreement:
        return ""
    by_number = {citation.number: citation for citation in answer.citations}
    items = ""
    for position in answer.disagreement:
        cited = [by_number[number] for number in position.citations if number in by_number]
        whose = dict.fromkeys(escape(citation.title) for citation in cited)
        markers = "".join(_marker(citation, turn, articles) for citation in cited)
        items += (
            f'<li dir="auto"><p class="whose">{"; ".join(whose)}</p>'
            f"<p>{escape(position.text)}{markers}</p></li>"
        )
    return f'<div class="disagreement"><h3>The articles disagree</h3><ul>{items}</ul></div>'


def _marker(citation: Citation, turn: int, articles: Mapping[str, Article]) -> str:
    article = articles.get(citation.article_id)
    label = escape(f"Footnote {citation.number}: {clip(citation.quote, 120)}")
    where = place(citation.article_id, citation.start, citation.end, "quote")
    return (
        f'<sup><a class="marker" href="#note-{turn}-{citation.number}" {where} '
        f'aria-label="{label}" data-preview="{_preview(citation, article)}">'
        f"[{citation.number}]</a></sup>"
    )


def _preview(citation: Citation, article: Article | None) -> str:
    """What a marker shows while it is pointed at: quote, title, publisher, date, page."""
    parts = [clip(citation.title, 120)]
    if article:
        parts += filter(None, (clip(article.source, 60), clip(day(article.published), 40)))
    if citation.page is not None:
        parts.append(f"page {citation.page}")
    return escape(f"“{clip(citation.quote, CLIP)}”\n{', '.join(parts)}")


def _note(citation: Citation, turn: int, articles: Mapping[str, Article]) -> str:
    where = place(citation.article_id, citation.start, citation.end, "quote")
    article = articles.get(citation.article_id)
    publisher = f" · {byline(article, tag='span')}" if article else ""
    page = f" · page {citation.page}" if citation.page is not None else ""
    word = support_word(citation.support)
    return (
        f'<li id="note-{turn}-{citation.number}" value="{citation.number}">'
        f'<a class="note" href="#source" {where}>'
        f'<span class="quote" dir="auto">“{escape(citation.quote)}”</span>'
        f'<span class="from"><bdi class="title">{escape(citation.title)}</bdi>'
        f'{publisher}{page} · <span class="support {word}">support: {word}</span></span></a></li>'
    )


def _aside(answer: Answer, left_out: int = 0) -> str:
    parts = []
    if answer.standalone_question.strip() not in ("", answer.question.strip()):
        parts.append(f"asked as: <bdi>{escape(answer.standalone_question)}</bdi>")
    if answer.searched_for != answer.standalone_question:
        parts.append(f"searched for: <bdi>{escape(answer.searched_for)}</bdi>")
    if left_out:
        noun = "sentence" if left_out == 1 else "sentences"
        parts.append(f"{left_out} unsupported {noun} left out")
    if answer.timings.total_s > 0:
        parts.append(f"{answer.timings.total_s:.1f} s")
    return f'<p class="aside">{" · ".join(parts)}</p>' if parts else ""
