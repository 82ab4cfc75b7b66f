"""What counts as right, and the figures: pure functions, each naming where it comes from."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from eval.dataset import Case
from eval.stats import wilson
from rag.types import Answer, Citation, SourceSentence

Outcome = Literal["right", "wrong", "refused_rightly", "refused_wrongly", "answered_unanswerable"]
OUTCOMES: tuple[Outcome, ...] = (
    "right",
    "wrong",
    "refused_wrongly",
    "refused_rightly",
    "answered_unanswerable",
)
GOOD: tuple[Outcome, ...] = ("right", "refused_rightly")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one case, with a sentence saying why."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Hit:
    """Whether the evidence holds any fact, all facts, and is of a right article.

    `article` is None when the corpus holds none of the articles that the case names.
    """

    any: bool
    all: bool
    article: bool | None


_MARKER = re.compile(r"\s*\[\d+\]")
_POSSESSIVE = re.compile(r"['’ʼ‘`]s\b")
_APOSTROPHE = re.compile(r"['’ʼ‘`]")
_ABBREVIATION = re.compile(r"\b[^\W\d_](?:\.[^\W\d_])+\b\.?")
_GROUPED_DIGITS = re.compile(r"\b\d{1,3}(?:[,\u2009\u202f]\d{3})+\b")
_WORD = re.compile(r"[^\W_]+(?:(?<=\d)\.(?=\d)[^\W_]+)*")


def normalise(text: str) -> str:
    """Lower-case words with one space between them, so that spellings of one thing meet.

    Accents go (Unicode NFKD, UAX #15), as do apostrophes with a possessive s ("Crocker's" is
    "crocker"), the points of abbreviations ("U.S." is "us") and the separators of thousands
    ("3,400" is "3400"). Other punctuation and hyphens become spaces, except a decimal point.
    After the answer normalisation of SQuAD (Rajpurkar et al. 2016), which keeps accents and
    drops articles. Known limit: the pronoun "us" and the country meet as well.
    """
    # Before NFKD, which would make a plain space of the thin space in "3 400".
    text = _GROUPED_DIGITS.sub(lambda match: re.sub(r"\D", "", match[0]), text.lower())
    text = unicodedata.normalize("NFKD", text)
    text = "".join(char for char in text if not unicodedata.combining(char)).lower()
    text = _APOSTROPHE.sub("", _POSSESSIVE.sub("", text))
    text = _ABBREVIATION.sub(lambda match: match[0].replace(".", "") + " ", text)
    return " ".join(_WORD.findall(text))


def contains(text: str, wording: str) -> bool:
    """Whether the text holds the wording as whole words, both normalised.

    A wording without letters or digits is held by nothing.
    """
    wanted = normalise(wording)
    return bool(wanted) and f" {wanted} " in f" {normalise(text)} "


def holds(text: str, expected: Iterable[Iterable[str]]) -> tuple[bool, ...]:
    """For each expected fact, whether the text holds any of its wordings."""
    return held_by((text,), expected)


def held_by(texts: Sequence[str], expected: Iterable[Iterable[str]]) -> tuple[bool, ...]:
    """For each expected fact, whether any one of the texts holds any of its wordings.

    The texts are not joined: a wording across the end of one and the start of the next is in
    neither.
    """
    padded = [f" {normalise(text)} " for text in texts]
    return tuple(
        any(
            f" {wanted} " in text
            for wanted in filter(None, map(normalise, wordings))
            for text in padded
        )
        for wordings in expected
    )


def verdict(case: Case, answer: Answer) -> Verdict:
    """Judge the answer's text, the markers [n] left out, by the facts that the case expects.

    The check is of words, as in SQuAD's answer containment, not of meaning, so it has known
    limits: "It was not Petraeus" holds "Petraeus" and is judged right, a list of every name in
    the articles holds the right one, and a right answer in words that no wording foresaw is
    judged wrong. Facts are worded, and reports read, with that in mind.
    """
    facts = "; ".join(wordings[0] for wordings in case.expected)
    if answer.abstained:
        why = f" ({answer.reason})" if answer.reason else ""
        if case.answerable:
            return Verdict("refused_wrongly", f"It refused{why}, but the articles state: {facts}.")
        return Verdict("refused_rightly", f"It refused{why}, and the articles do not answer this.")
    if not case.answerable:
        reason = "It answered, but the articles do not answer this."
        return Verdict("answered_unanswerable", reason)
    met = holds(plain(answer), case.expected)
    if all(met):
        return Verdict("right", f"The answer states: {facts}.")
    pairs = zip(case.expected, met, strict=True)
    lacking = "; ".join(" or ".join(wordings) for wordings, fact_met in pairs if not fact_met)
    return Verdict("wrong", f"The answer does not state: {lacking}.")


def plain(answer: Answer) -> str:
    """The answer's text without its markers [n]."""
    return without_markers(answer.text)


def without_markers(text: str) -> str:
    """Text of an answer without its markers [n]."""
    return _MARKER.sub("", text)


def citations_valid(answer: Answer, texts: Mapping[str, str]) -> tuple[bool, ...]:
    """For each citation, whether it is what it says it is; `texts` are by article id.

    Its quote has to stand in the article at exactly its offsets, and its span in the answer.
    Offsets into the source are those of the citations of Anthropic's API, spans in the answer
    those of Cohere's grounded chat.
    """
    return tuple(_citation_valid(citation, answer.text, texts) for citation in answer.citations)


def _citation_valid(citation: Citation, answer: str, texts: Mapping[str, str]) -> bool:
    text = texts.get(citation.article_id)
    # Negative offsets would slice from the end and could meet the quote by chance.
    return (
        text is not None
        and 0 <= citation.start < citation.end <= len(text)
        and text[citation.start : citation.end] == citation.quote
        and 0 <= citation.answer_start < citation.answer_end <= len(answer)
    )


def citation_holds_fact(case: Case, answer: Answer) -> bool:
    """Whether the cited quotes together hold every expected fact.

    Citation recall of ALCE (Gao et al. 2023), with expected wordings in place of its entailment
    model.
    """
    return bool(case.expected) and all(_cited(case, answer))


def citation_holds_some_fact(case: Case, answer: Answer) -> bool:
    """Whether the cited quotes hold at least one expected fact: a weaker figure."""
    return any(_cited(case, answer))


def _cited(case: Case, answer: Answer) -> tuple[bool, ...]:
    return held_by([citation.quote for citation in answer.citations], case.expected)


def hit(case: Case, sentences: Sequence[SourceSentence], articles: Collection[str]) -> Hit:
    """Whether the ranked sentences hold the facts and are of one of the `articles` (ids).

    Success at k (Manning, Raghavan and Schütze 2008, chapter 8), k being the number of
    sentences given; a fact counts as found when one sentence holds it.
    """
    met = held_by([sentence.text for sentence in sentences], case.expected)
    found = {sentence.article_id for sentence in sentences}
    return Hit(
        any=any(met),
        all=bool(met) and all(met),
        article=not found.isdisjoint(articles) if articles else None,
    )


def percentile(values: Sequence[float], q: float) -> float | None:
    """The q-th percentile, 0 to 100, linear between ranks (Hyndman and Fan 1996, type 7).

    None of no values.
    """
    return float(np.percentile(values, q)) if values else None


def median(values: Sequence[float]) -> float | None:
    """The middle value; None of no values."""
    return percentile(values, 50)


def share(k: int, n: int) -> dict[str, Any]:
    """k of n as count, of, rate (None of 0), and low and high of its 95 % Wilson interval."""
    low, high = wilson(k, n)
    return {"count": k, "of": n, "rate": k / n if n else None, "low": low, "high": high}
