"""One answered case in figures from 0 to 1, beside its verdict; what a report gives the mean of."""

from collections.abc import Sequence

from eval.answer_metrics import exact_match, token_f1
from eval.citation_metrics import (
    Supports,
    citation_precision,
    citation_recall,
    cited_sentences,
    verified_share,
)
from eval.dataset import Case
from eval.metrics import plain
from rag.types import Answer

# Figure -> how the report calls it.
SCORES = {
    "exact_match": "answerable, exact match",
    "token_f1": "answerable, token F1",
    "citation_recall": "citation recall",
    "citation_precision": "citation precision",
    "faithfulness": "faithfulness",
}


def scores(
    case: Case, answer: Answer, citations_ok: Sequence[bool], supports: Supports
) -> dict[str, float | None]:
    """The figures of `SCORES`; None for one that the case or the answer has nothing for.

    A refusal is the empty answer. The references of a case with one fact are its wordings, of
    one with several the first wordings, joined. What the quotes bear out is judged by `supports`,
    and faithfulness by place in the article besides.
    """
    text = "" if answer.abstained else plain(answer)
    references = references_of(case)
    sentences = cited_sentences(answer)
    return {
        "exact_match": float(exact_match(text, references)) if references else None,
        "token_f1": token_f1(text, references) if references else None,
        "citation_recall": citation_recall(sentences, supports),
        "citation_precision": citation_precision(sentences, supports),
        "faithfulness": verified_share(answer, citations_ok, supports),
    }


def references_of(case: Case) -> list[str]:
    """The reference answers of a case; none of an unanswerable one."""
    if len(case.expected) == 1:
        return list(case.expected[0])
    return [" ".join(fact[0] for fact in case.expected)] if case.expected else []
