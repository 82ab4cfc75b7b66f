"""What counts as right, and the figures: pure functions, each naming where it comes from."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

import prompts
from eval.dataset import Case
from eval.matching import equals, held_by, holds
from eval.stats import Interval, bootstrap_mean, bootstrap_median, wilson
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


def verdict(case: Case, answer: Answer) -> Verdict:
    """Judge the answer's text, the markers [n] left out, by the facts that the case expects.

    An `exact` case wants one of the wordings and nothing else; one that expects a `disagreement`
    also wants the answer to show that the articles disagree.

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
    if fault := _fault(case, answer):
        return Verdict("wrong", fault)
    return Verdict("right", f"The answer states: {facts}.")


def _fault(case: Case, answer: Answer) -> str:
    """Why an answer to an answerable case is wrong; empty for a right one."""
    text = plain(answer)
    if case.exact and not any(equals(text, wording) for wording in case.expected[0]):
        return f"The answer is not exactly: {' or '.join(case.expected[0])}."
    pairs = zip(case.expected, holds(text, case.expected), strict=True)
    if lacking := "; ".join(" or ".join(wordings) for wordings, met in pairs if not met):
        return f"The answer does not state: {lacking}."
    if case.disagreement and not answer.disagreement:
        return "The answer states the facts, but does not show that the articles disagree."
    return ""


def plain(answer: Answer) -> str:
    """The answer's text without its markers [n], what it says is not answered, and lead-ins."""
    text = answer.text
    for part in answer.missing:
        text = text.replace(prompts.missing(part), "")
    return " ".join(without_markers(prompts.without_leads(text)).split())


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


def interval(found: Interval | None) -> dict[str, float] | None:
    """An estimate as estimate, low and high, JSON-ready."""
    return asdict(found) if found else None


def mean(values: Sequence[float]) -> dict[str, Any]:
    """The mean as estimate (None of no values), low, high (None of fewer than two), and of."""
    found = bootstrap_mean(values)
    estimate = sum(values) / len(values) if values else None
    bounds = {"low": found.low if found else None, "high": found.high if found else None}
    return {"estimate": estimate, **bounds, "of": len(values)}


def spread(values: Sequence[float]) -> dict[str, float | None]:
    """Median, low and high of its bootstrap interval, and p90; None where unmeasured."""
    middle = bootstrap_median(values)
    return {
        "median": percentile(values, 50),
        "low": middle.low if middle else None,
        "high": middle.high if middle else None,
        "p90": percentile(values, 90),
    }
