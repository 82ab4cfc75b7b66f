"""Rankings against relevance judgements, computed by ir-measures (which runs trec_eval)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MEASURES = ("hit@10", "recall@10", "mrr", "ndcg@10")


def score(
    rankings: Mapping[str, Sequence[str]],
    relevant: Mapping[str, Mapping[str, int]],
    measures: Iterable[str] = MEASURES,
) -> dict[str, dict[str, float]]:
    """Each measure's value, 0 to 1, for each judged query; by measure, then query.

    `rankings` are document ids by query, best first; a second mention of a document is dropped,
    and a query without a ranking scores 0. `relevant` are grades by query and document, 0 for not
    relevant; a query without a relevant document is left out, as nothing could be found for it.
    Measures, each of the first k (Manning, Raghavan and Schütze 2008, chapter 8):

    - hit@k: 1 if any document is relevant (success at k)
    - recall@k: the share of the relevant documents that are found
    - mrr, mrr@k: 1 / rank of the first relevant document (Voorhees 1999); its mean is the MRR
    - ndcg@k: the grades, discounted by the logarithm of the rank, against the best ranking
      (Järvelin and Kekäläinen 2002, with the grades as gains)

    Raises ValueError for a measure that is none of these.
    """
    import ir_measures

    asked = {_measure(name): name for name in measures}
    judged = {query: dict(docs) for query, docs in relevant.items() if _any_relevant(docs)}
    found: dict[str, dict[str, float]] = {name: {} for name in asked.values()}
    if not judged:
        return found
    # The scores say the order and nothing else: trec_eval sorts by them.
    run = {
        query: {doc: -float(rank) for rank, doc in enumerate(dict.fromkeys(rankings[query]))}
        for query in judged
        if rankings.get(query)
    }
    for metric in ir_measures.iter_calc(list(asked), judged, run):
        found[asked[metric.measure]][metric.query_id] = float(metric.value)
    return found


def mean(values: Mapping[str, float]) -> float | None:
    """The mean over the queries; None of no queries."""
    return sum(values.values()) / len(values) if values else None


def _any_relevant(docs: Mapping[str, int]) -> bool:
    return any(grade > 0 for grade in docs.values())


def _measure(name: str) -> Any:
    from ir_measures import RR, R, Success, nDCG

    kinds = {"hit": Success, "recall": R, "mrr": RR, "ndcg": nDCG}
    kind, _, cut = name.partition("@")
    if kind in kinds and cut.isdecimal() and int(cut) > 0:
        return kinds[kind] @ int(cut)
    if name == "mrr":
        return RR
    raise ValueError(f"{name!r} is not a measure; write hit@k, recall@k, mrr, mrr@k or ndcg@k")
