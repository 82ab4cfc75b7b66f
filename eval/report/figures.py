"""The figures of a run: overall, by split and by kind."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from eval.calibration import auroc, ece
from eval.dataset import KINDS, SPLITS
from eval.metrics import (
    OUTCOMES,
    citation_holds_fact,
    citation_holds_some_fact,
    mean,
    share,
    spread,
)
from eval.retrieval_metrics import score
from eval.runner import EVIDENCE_SENTENCES, Result
from eval.scores import SCORES
from rag.types import Answer

Figures = dict[str, Any]

# Stage of an answer -> how the report calls it.
STAGES = {
    "rewrite_s": "wording the question",
    "retrieve_s": "searching",
    "judge_s": "judging whether it is stated",
    "read_s": "beginning the answer",
    "generate_s": "writing",
    "cite_s": "checking",
}
# Figure -> how the report calls it.
SHARES = {
    "right": "answerable, right",
    "wrong": "answerable, wrong",
    "refused_wrongly": "answerable, refused",
    "refused_rightly": "unanswerable, refused",
    "answered_unanswerable": "unanswerable, answered",
    "citation_valid": "citations valid",
    "right_cited": "right, quotes hold every fact",
    "right_cited_some": "right, quotes hold some fact",
    "hit10": "first 10 sentences hold every fact",
    "hit10_some": "first 10 sentences hold some fact",
    "article_hit": "first 10 sentences of a right article",
}

# Figure -> how the report calls it, and how `eval.retrieval_metrics` does, if it does.
RANKING = {
    "facts10": ("share of the facts in the first 10 sentences", ""),
    "mrr10": ("1 / rank of the first sentence with a fact (MRR@10)", "mrr@10"),
    "ndcg10": ("nDCG@10 of the sentences with a fact", "ndcg@10"),
}


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """Figures `overall`, by `splits`, `kinds` and `tags` (those that have cases), and `errors`.

    A crashed case stays in the number of answerable or unanswerable questions, so that a crash
    cannot raise a share; what was never measured, such as its evidence, is left out of that
    figure. Shares have count, of, rate (None of 0) and the bounds of a 95 % Wilson interval.
    """

    def by(name: str, values: Sequence[str]) -> dict[str, Figures]:
        groups = {v: [r for r in results if getattr(r.case, name) == v] for v in values}
        return {value: figures(group) for value, group in groups.items() if group}

    return {
        "overall": figures(results),
        "splits": by("split", SPLITS),
        "kinds": by("kind", KINDS),
        "tags": {
            tag: figures([result for result in results if tag in result.case.tags])
            for tag in sorted({tag for result in results for tag in result.case.tags})
        },
        "errors": {result.case.id: result.error for result in results if result.error},
    }


def figures(results: Sequence[Result]) -> Figures:
    """The figures of one group of results; latencies in seconds, None where unmeasured.

    `errors` counts crashes and time-outs, `timeouts` those of them that are time-outs, `cached` the
    answers of other runs, which the latencies leave out.
    """
    counts = {o: sum(r.verdict is not None and r.verdict.outcome == o for r in results)
              for o in OUTCOMES}  # fmt: skip
    answerable = sum(result.case.answerable for result in results)
    unanswerable = len(results) - answerable
    valid = [ok for result in results for ok in result.citations_valid]
    right = [(r.case, r.answer) for r in results
             if r.answer and r.verdict and r.verdict.outcome == "right"]  # fmt: skip
    hits = [result.hit for result in results if result.hit]
    in_corpus = [hit.article for hit in hits if hit.article is not None]
    # An answer of another run says nothing of how fast this one is.
    fresh = [r.answer.timings for r in results if r.answer and not r.cached]
    timings = [result.answer.timings for result in results if result.answer]
    # A refusal before any token was written has no first token: 0 is not its latency.
    first = [timing.first_token_s for timing in fresh if timing.first_token_s > 0]
    return {
        "cases": len(results),
        "answerable": answerable,
        "unanswerable": unanswerable,
        "errors": sum(bool(result.error) for result in results),
        "timeouts": sum(result.timed_out for result in results),
        "cached": sum(result.cached for result in results),
        "right": share(counts["right"], answerable),
        "wrong": share(counts["wrong"], answerable),
        "refused_wrongly": share(counts["refused_wrongly"], answerable),
        "refused_rightly": share(counts["refused_rightly"], unanswerable),
        "answered_unanswerable": share(counts["answered_unanswerable"], unanswerable),
        "citation_valid": share(sum(valid), len(valid)),
        "right_cited": share(sum(citation_holds_fact(*pair) for pair in right), len(right)),
        "right_cited_some": share(
            sum(citation_holds_some_fact(*pair) for pair in right), len(right)
        ),
        "hit10": share(sum(hit.all for hit in hits), len(hits)),
        "hit10_some": share(sum(hit.any for hit in hits), len(hits)),
        "article_hit": share(sum(in_corpus), len(in_corpus)),
        "scores": _scores(results) | _ranking(results),
        "confidence": _confidence(results),
        "total_s": spread([timing.total_s for timing in fresh]),
        "first_token_s": spread(first),
        "stages": {name: sum(getattr(timing, name) for timing in fresh) for name in STAGES},
        "seconds": sum(timing.total_s for timing in fresh),
        "prompt_tokens": spread([float(timing.prompt_tokens) for timing in timings]),
        "answer_tokens": spread([float(timing.answer_tokens) for timing in timings]),
    }


def short(results: Sequence[Result]) -> dict[str, list[str]]:
    """The ids of the cases that a figure of the gate lacks, where no outcome tells which."""

    def ids(lacks: Callable[[Result], bool]) -> list[str]:
        return [result.case.id for result in results if lacks(result)]

    return {
        "citation_valid": ids(lambda r: not all(r.citations_valid)),
        "right_cited": ids(
            lambda r: r.outcome == "right" and not citation_holds_fact(r.case, _given(r))
        ),
        "hit10": ids(lambda r: r.hit is not None and not r.hit.all),
        "errors": ids(lambda r: bool(r.error)),
    }


def _given(result: Result) -> Answer:
    assert result.answer is not None, "a verdict is of an answer"
    return result.answer


def _ranking(results: Sequence[Result]) -> Figures:
    """How early the search finds the facts, by ir-measures: the mean of each of `RANKING`.

    A sentence is relevant when it is the first that holds a fact, as often as it does so.
    """
    rankings: dict[str, list[str]] = {}
    relevant: dict[str, Counter[str]] = {}
    for result in results:
        if result.hit:
            rankings[result.case.id] = [str(rank) for rank in range(1, EVIDENCE_SENTENCES + 1)]
            relevant[result.case.id] = Counter(
                f"missing {fact}" if rank is None else str(rank)
                for fact, rank in enumerate(result.fact_ranks)
            )
    found = score(rankings, relevant, [measure for _, measure in RANKING.values() if measure])
    ranked = {name: mean([*found[m].values()]) for name, (_, m) in RANKING.items() if m}
    facts = [[rank is not None for rank in r.fact_ranks] for r in results if r.fact_ranks]
    return {"facts10": mean([sum(one) / len(one) for one in facts])} | ranked


def _confidence(results: Sequence[Result]) -> Figures:
    """Whether the confidence of what was answered tells right from wrong, and is what it says."""
    answered = [r for r in results if r.answer and r.verdict and not r.answer.abstained]
    confidences = [r.answer.confidence for r in answered if r.answer]
    right = [r.outcome == "right" for r in answered]
    return {
        "answers": len(answered),
        "auroc": auroc(confidences, right) if answered else None,
        "ece": ece(confidences, right) if answered else None,
    }


def _scores(results: Sequence[Result]) -> Figures:
    """The mean of each figure of `eval.scores`, over the answers that have it."""
    found = [result.scores for result in results if result.scores]
    return {
        name: mean([score for one in found if (score := one[name]) is not None]) for name in SCORES
    }
