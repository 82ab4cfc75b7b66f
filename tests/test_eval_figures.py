"""Figures with known values: SQuAD's, ALCE's, those of rankings, of confidence and of cost."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import prompts
from eval.answer_metrics import exact_match, token_f1
from eval.calibration import Bin, Point, accuracy_coverage, auroc, ece, reliability
from eval.citation_metrics import (
    CitedSentence,
    citation_precision,
    citation_recall,
    cited_sentences,
    faithfulness,
)
from eval.metrics import plain
from eval.retrieval_metrics import mean, score
from eval.usage import latencies, token_counts
from rag.types import Answer, Citation, Timings

# SQuAD


@pytest.mark.parametrize(
    ("answer", "references", "exact", "f1"),
    [
        ("The Defense Secretary.", ["defense secretary"], True, 1.0),
        ("Gates, the Defense Secretary", ["Defense Secretary", "x"], False, 0.8),
        ("x", ["Defense Secretary", "X!"], True, 1.0),
        ("x x b b", ["b b c"], False, 4 / 7),
        ("the a", ["an"], True, 1.0),
        ("", ["Gates"], False, 0.0),
        ("", [], True, 1.0),
        ("Gates", [], False, 0.0),
        ("U.S.", ["US"], True, 1.0),
    ],
)
def test_exact_match_and_token_f1(
    answer: str, references: list[str], exact: bool, f1: float
) -> None:
    assert exact_match(answer, references) is exact
    assert token_f1(answer, references) == pytest.approx(f1)


# ALCE


def cite(quote: str, at: int = 0, span: tuple[int, int] = (0, 5)) -> Citation:
    return Citation(1, *span, "a.md", "A", "a.md", "a.md#0", quote, at, at + len(quote), 0.9)


def sentence(claim: str, *quotes: str) -> CitedSentence:
    return CitedSentence(claim, tuple(map(cite, quotes)))


def holds_letters(quotes: Sequence[str], claim: str) -> bool:
    """A judge that anyone can check: every letter of the claim is in a quote."""
    return set(claim) <= set("".join(quotes))


@pytest.mark.parametrize(
    ("sentences", "recall", "precision"),
    [
        ([sentence("a", "a")], 1.0, 1.0),
        ([sentence("a", "b")], 0.0, 0.0),
        ([sentence("a")], 0.0, 0.0),
        # Together only: both are needed.
        ([sentence("ab", "a", "b")], 1.0, 1.0),
        # The second is idle: the first does without it.
        ([sentence("a", "a", "b")], 1.0, 0.5),
        # Either alone: neither is irrelevant.
        ([sentence("a", "ab", "ac")], 1.0, 1.0),
        # Not borne out: none of the citations counts.
        ([sentence("abc", "a", "b")], 0.0, 0.0),
        ([sentence("a", "a"), sentence("b"), sentence("c", "c", "d")], 2 / 3, 2 / 3),
        ([], None, None),
    ],
)
def test_citation_recall_and_precision(
    sentences: list[CitedSentence], recall: float | None, precision: float | None
) -> None:
    assert citation_recall(sentences, holds_letters) == recall
    assert citation_precision(sentences, holds_letters) == precision


def answer_of(text: str, *citations: Citation, abstained: bool = False) -> Answer:
    return Answer("q", "q", text, abstained, "", 0.9, citations, ())


def test_the_sentences_of_an_answer_with_and_without_citations() -> None:
    text = "Adeeb led it. [1] [2] He was tired. So were they. Qom is far. [3] The end."
    led, far = text.index("Adeeb"), text.index("Qom")
    first = (led, led + len("Adeeb led it."))
    third = (far, far + len("Qom is far."))
    citations = (cite("x", 3, third), cite("y", 0, first), cite("z", 1, first))
    found = cited_sentences(answer_of(text, *citations))
    assert [(one.text, [c.quote for c in one.citations]) for one in found] == [
        ("Adeeb led it.", ["y", "z"]),
        ("He was tired.", []),
        ("So were they.", []),
        ("Qom is far.", ["x"]),
        ("The end.", []),
    ]
    assert cited_sentences(answer_of(text, *citations, abstained=True)) == ()


def test_the_programs_own_words_are_no_sentence_without_a_citation() -> None:
    text = (
        f"{prompts.QUOTING} “A.” [1] {prompts.opposing('', 'Mr. B. says: no')} C. [2] But D says."
    )
    citations = [cite("A.", 0, (text.index("“A"), text.index(" [1]")))]
    citations += [cite("C.", 1, (text.index("C."), text.index(" [2]")))]
    found = cited_sentences(answer_of(text, *citations))
    assert [(one.text, len(one.citations)) for one in found] == [
        ("“A.”", 1),
        ("C.", 1),
        ("But D says.", 0),
    ]


def test_what_an_answer_says_is_missing_is_no_statement_of_it() -> None:
    part = "When. Did Adeeb leave?"
    whole = answer_of(f"C. [1] {prompts.missing(part)}", cite("C.", 0, (0, 2)))
    whole = replace(whole, missing=(part,))
    assert [one.text for one in cited_sentences(whole)] == ["C."]
    assert plain(whole) == "C."


def test_faithfulness_wants_a_quote_that_stands_and_bears_out() -> None:
    texts = {"a.md": "abc"}
    text = "ab [1] c [2]"
    good, other = cite("ab", 0, (0, 2)), cite("b", 1, (7, 8))
    off = cite("b", 0, (7, 8))
    assert faithfulness(answer_of(text, good, other), texts) == 1.0
    assert faithfulness(answer_of(text, good, off), texts) == 0.5
    assert faithfulness(answer_of(text, good, other), texts, holds_letters) == 0.5
    assert faithfulness(answer_of("ab c"), texts) == 0.0
    assert faithfulness(answer_of(text, good, abstained=True), texts) is None


# Rankings


def test_measures_of_a_ranking() -> None:
    relevant = {"q": {"a": 2, "b": 1, "c": 1, "d": 0}, "none": {"a": 0}, "lost": {"x": 1}}
    rankings = {"q": ["d", "b", "b", "a", "z"], "unjudged": ["a"]}
    names = ["hit@1", "hit@2", "recall@2", "recall@3", "mrr", "mrr@1", "ndcg@3"]
    found = score(rankings, relevant, names)
    gained = 1 / math.log2(3) + 2 / math.log2(4)
    best = 2 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    expected = [0, 1, 1 / 3, 2 / 3, 0.5, 0, gained / best]
    assert [found[name]["q"] for name in names] == pytest.approx(expected)
    assert {name: values["lost"] for name, values in found.items()} == dict.fromkeys(names, 0.0)
    assert all(set(values) == {"q", "lost"} for values in found.values())
    assert mean(found["mrr"]) == 0.25


def test_the_order_alone_counts_and_nothing_judged_is_nothing_measured() -> None:
    # trec_eval breaks ties by id, so that a ranking without distinct scores would be re-sorted.
    names = [f"d{number:03}" for number in range(200)]
    assert score({"q": names}, {"q": {"d199": 1}}, ["mrr"])["mrr"]["q"] == pytest.approx(1 / 200)
    assert score({"q": names}, {}, ["mrr"]) == {"mrr": {}}
    assert mean({}) is None


@pytest.mark.parametrize("name", ["map", "hit", "recall@0", "ndcg@ten", "mrr@"])
def test_an_unknown_measure_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a measure"):
        score({}, {}, [name])


# Confidence


def test_bins_of_confidence() -> None:
    found = reliability([0.0, 0.5, 0.6, 1.0], [False, True, False, True], bins=2)
    assert found == [Bin(0.0, 0.5, 2, 0.25, 0.5), Bin(0.5, 1.0, 2, 0.8, 0.5)]
    assert reliability([], [], bins=1) == [Bin(0.0, 1.0, 0, None, None)]
    assert [one.count for one in reliability([0.1, 0.2, 0.3, 0.7], [True] * 4)][:4] == [1, 1, 1, 0]


def test_calibration_error() -> None:
    assert ece([0.0, 0.5, 0.6, 1.0], [False, True, False, True], bins=2) == pytest.approx(0.275)
    assert ece([1.0, 1.0, 0.0], [True, True, False]) == 0.0
    assert ece([1.0], [False]) == 1.0
    assert ece([], []) is None


def test_auroc() -> None:
    assert auroc([0.9, 0.8, 0.2], [True, True, False]) == 1.0
    assert auroc([0.5, 0.5], [True, False]) == 0.5
    assert auroc([0.1, 0.9], [True, False]) == 0.0
    assert auroc([0.1, 0.9], [True, True]) is None
    assert auroc([], []) is None


def test_accuracy_over_coverage() -> None:
    points = accuracy_coverage([0.9, 0.5, 0.5, 0.1], [True, True, False, False])
    assert points == [Point(0.9, 0.25, 1.0), Point(0.5, 0.75, 2 / 3), Point(0.1, 1.0, 0.5)]
    assert accuracy_coverage([], []) == []


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_figures_of_confidence_stay_in_their_ranges(pairs: list[tuple[float, bool]]) -> None:
    confidences, right = [c for c, _ in pairs], [r for _, r in pairs]
    assert sum(one.count for one in reliability(confidences, right)) == len(pairs)
    error = ece(confidences, right)
    assert error is not None
    assert 0 <= error <= 1
    last = accuracy_coverage(confidences, right)[-1]
    assert (last.coverage, last.accuracy) == (1.0, pytest.approx(sum(right) / len(right)))


@pytest.mark.parametrize(
    ("confidences", "right"), [([0.5], []), ([1.1], [True]), ([-0.1], [True]), ([math.nan], [True])]
)
def test_what_is_no_confidence_is_refused(confidences: list[float], right: list[bool]) -> None:
    with pytest.raises(ValueError, match="confidence"):
        ece(confidences, right)


# Cost


def test_latencies_and_tokens() -> None:
    assert latencies([float(second) for second in range(101)]) == {
        "p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0,
    }  # fmt: skip
    assert latencies([], [50]) == {"p50": None}
    timings = [Timings(prompt_tokens=10, answer_tokens=2), Timings(prompt_tokens=30)]
    assert token_counts(timings) == {
        "prompt": {"total": 40, "mean": 20.0},
        "answer": {"total": 2, "mean": 1.0},
    }
    assert token_counts([])["answer"] == {"total": 0, "mean": None}
