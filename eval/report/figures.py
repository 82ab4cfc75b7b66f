"""The figures of a run: overall, by split and by kind."""

from collections.abc import Sequence
from typing import Any

from eval.dataset import KINDS, SPLITS
from eval.metrics import (
    OUTCOMES,
    citation_holds_fact,
    citation_holds_some_fact,
    mean,
    share,
    spread,
)
from eval.runner import Result
from eval.scores import SCORES, scores

Figures = dict[str, Any]

# Stage of an answer -> how the report calls it.
STAGES = {
    "rewrite_s": "making it stand alone",
    "retrieve_s": "searching",
    "judge_s": "judging whether it is stated",
    "read_s": "reading what to answer",
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


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """Figures `overall`, by `splits` and by `kinds` (only those that have cases), and `errors`.

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
        "scores": _scores(results),
        "total_s": spread([timing.total_s for timing in fresh]),
        "first_token_s": spread(first),
        "stages": {name: sum(getattr(timing, name) for timing in fresh) for name in STAGES},
        "seconds": sum(timing.total_s for timing in fresh),
        "prompt_tokens": spread([float(timing.prompt_tokens) for timing in timings]),
        "answer_tokens": spread([float(timing.answer_tokens) for timing in timings]),
    }


def _scores(results: Sequence[Result]) -> Figures:
    """The mean of each figure of `eval.scores`, over the answers that have it."""
    found = [scores(r.case, r.answer, r.citations_valid) for r in results if r.answer]
    return {
        name: mean([score for one in found if (score := one[name]) is not None]) for name in SCORES
    }
