"""Answers and conversations as text, Markdown and JSON, for copying and saving. Pure functions."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from rag.page.exchange import Exchange
from rag.page.markup import day
from rag.types import Answer, Article, Citation, public_name

Form = Literal["text", "markdown"]
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!$])")
_LEADING = re.compile(r"(?m)^(\s*\d+(?=[.)])|\s*(?=[-+=]))")


def answer(exchange: Exchange, articles: Mapping[str, Article], form: Form, label: str = "") -> str:
    """What came back for a question, its footnotes below; `articles` by id give the publishers.

    `label` goes before the numbers of Markdown footnotes, whose names hold for a whole document.
    """
    text, citations = _said(exchange)
    blocks = [_marked(text, citations, label) if form == "markdown" else text]
    if exchange.error:
        blocks.append(_as(exchange.error, form))
    if exchange.answer is not None:
        for position in exchange.answer.disagreement:
            numbers = "".join(f"[{number}]" for number in position.citations)
            blocks.append(f"- {_as(position.text, form)} {_as(numbers, form)}")
        for text in exchange.answer.unsupported:
            struck = f"~~{_as(text, form)}~~" if form == "markdown" else text
            blocks.append(f"Not found in the articles: {struck}")
    notes = {citation.number: citation for citation in citations}
    lines = [_note(notes[number], articles, form, label) for number in sorted(notes)]
    return "\n\n".join(block for block in (*blocks, "\n".join(lines)) if block) + "\n"


def markdown(exchanges: Sequence[Exchange], articles: Mapping[str, Article]) -> str:
    """The conversation as Markdown, each question a heading over its answer."""
    return "\n".join(
        f"## {_plain(_line(exchange.question))}\n\n"
        + answer(exchange, articles, "markdown", f"{turn}-")
        for turn, exchange in enumerate(exchanges, 1)
    )


def as_json(exchanges: Sequence[Exchange]) -> str:
    """The conversation as JSON: question, stage, answer (as `Answer.to_dict`) and error of each.

    It may be given away, so of the model's place on this machine only its name stays.
    """
    rows = [
        {
            "question": exchange.question,
            "stage": str(exchange.stage),
            "text": _said(exchange)[0],
            "answer": exchange.answer and _public(exchange.answer),
            "citations": [asdict(citation) for citation in _said(exchange)[1]],
            "error": exchange.error,
        }
        for exchange in exchanges
    ]
    return json.dumps({"conversation": rows}, indent=2, ensure_ascii=False) + "\n"


def _public(answer: Answer) -> dict[str, Any]:
    return answer.to_dict() | {"model": public_name(answer.model)}


def _said(exchange: Exchange) -> tuple[str, Sequence[Citation]]:
    if exchange.answer is not None:
        return exchange.answer.text, exchange.answer.citations
    sentences = [
        sentence.text.strip() + "".join(f" [{c.number}]" for c in sentence.citations)
        for sentence in exchange.shown
    ]
    return " ".join(sentences), [c for sentence in exchange.shown for c in sentence.citations]


def _note(citation: Citation, articles: Mapping[str, Article], form: Form, label: str) -> str:
    parts = [citation.title]
    if article := articles.get(citation.article_id):
        parts += filter(None, (article.source, article.published and day(article.published)))
    if citation.page is not None:
        parts.append(f"page {citation.page}")
    start = f"[^{label}{citation.number}]: " if form == "markdown" else f"[{citation.number}] "
    quote, origin = (_as(_line(part), form) for part in (citation.quote, ", ".join(parts)))
    return f"{start}“{quote}” — {origin}"


def _marked(text: str, citations: Sequence[Citation], label: str) -> str:
    """`text` escaped, with the markers of `citations` as Markdown footnotes."""
    numbers = {citation.number for citation in citations}
    pieces = re.split(r"\s*\[(\d+)\]", text)
    out = _plain(pieces[0])
    for number, rest in zip(pieces[1::2], pieces[2::2], strict=True):
        mark = f"[^{label}{number}]" if int(number) in numbers else f" {_plain(f'[{number}]')}"
        out += mark + _plain(rest)
    return out


def _as(text: str, form: Form) -> str:
    return _plain(text) if form == "markdown" else text


def _plain(text: str) -> str:
    """`text` with everything escaped that Markdown or HTML would read as more than text."""
    return _LEADING.sub(r"\1\\", _SPECIAL.sub(r"\\\1", text))


def _line(text: str) -> str:
    return " ".join(text.split())
