"""Verdicts, citation checks, retrieval hits, figures and the gate's arithmetic."""

from dataclasses import replace

import pytest

from eval.dataset import Case
from eval.metrics import (
    Hit,
    citation_holds_fact,
    citation_holds_some_fact,
    citations_valid,
    hit,
    median,
    percentile,
    plain,
    share,
    verdict,
)
from rag.types import Answer, Citation, Position, SourceSentence

ARTICLE = "Ali Adeeb led the team. It went to Qom with 3,400 men."


def case(*expected: tuple[str, ...], **given: object) -> Case:
    base = Case(
        id="c",
        question="Who led the team?",
        kind="single_fact",
        split="report",
        answerable=bool(expected),
        expected=expected,
        articles=("a.md",),
    )
    return replace(base, **given)  # type: ignore[arg-type]


def answer(text: str, *citations: Citation, abstained: bool = False, reason: str = "") -> Answer:
    return Answer("q", "q", text, abstained, reason, 0.9, citations, ())


def cite(quote: str, start: int | None = None, **given: object) -> Citation:
    at = ARTICLE.find(quote) if start is None else start
    base = Citation(1, 0, 5, "a.md", "A", "a.md", "a.md#0", quote, at, at + len(quote), 0.9)
    return replace(base, **given)  # type: ignore[arg-type]


def sentence(text: str, article: str = "a.md") -> SourceSentence:
    return SourceSentence(article, f"{article}#0", text, 0, len(text))


# Verdicts


def test_right_wants_every_fact() -> None:
    wanted = case(("Gaza",), ("Lebanon", "Beirut"))
    both = verdict(wanted, answer("He named Gaza and Beirut. [1]"))
    assert both.outcome == "right"
    one = verdict(wanted, answer("He named Gaza. [1]"))
    assert one.outcome == "wrong"
    assert one.reason == "The answer does not state: Lebanon or Beirut."


def test_markers_are_no_part_of_the_answer() -> None:
    three = case(("three", "3"))
    assert verdict(three, answer("They met often. [3]")).outcome == "wrong"
    assert verdict(three, answer("They met three times. [1][2]")).outcome == "right"
    assert plain(answer("Ali Adeeb led it. [1] He went. [2] [13]")) == "Ali Adeeb led it. He went."
    assert verdict(case(("led it twice",)), answer("He led [1] it twice.")).outcome == "right"


@pytest.mark.parametrize("reason", ["no_evidence", "not_stated", "declined", "unsupported", ""])
def test_refusals_are_judged_by_whether_there_is_an_answer(reason: str) -> None:
    refusal = answer("The articles do not say.", abstained=True, reason=reason)
    rightly = verdict(case(), refusal)
    wrongly = verdict(case(("Adeeb",)), refusal)
    assert (rightly.outcome, wrongly.outcome) == ("refused_rightly", "refused_wrongly")
    assert reason in rightly.reason
    assert "Adeeb" in wrongly.reason
    assert "()" not in rightly.reason


def test_a_refusal_that_happens_to_hold_the_fact_stays_a_refusal() -> None:
    refusal = answer("The articles do not say. Nearest: Adeeb.", abstained=True)
    assert verdict(case(("Adeeb",)), refusal).outcome == "refused_wrongly"


def test_any_answer_to_an_unanswerable_question_counts_against_it() -> None:
    judged = verdict(case(), answer("Nobody knows."))
    assert judged.outcome == "answered_unanswerable"
    assert judged.reason.endswith(".")


def test_an_empty_answer_is_wrong() -> None:
    assert verdict(case(("Adeeb",)), answer("")).outcome == "wrong"


@pytest.mark.parametrize(
    "text",
    [
        "It was not Adeeb.",
        "The articles do not say whether Adeeb led it.",
        "Adeeb, Ameri, Sahlani, Talabani, Maliki or Sadr led it.",
    ],
)
def test_known_limit_words_are_judged_and_not_what_is_said_with_them(text: str) -> None:
    """Documented in `verdict`; a wording such as "Adeeb led" narrows it where it matters."""
    assert verdict(case(("Adeeb",)), answer(text)).outcome == "right"
    assert verdict(case(("Adeeb led",)), answer("It was not Adeeb.")).outcome == "wrong"


def test_known_limit_an_unforeseen_wording_is_wrong() -> None:
    assert verdict(case(("two decades",)), answer("For 20 years.")).outcome == "wrong"


def test_an_exact_case_takes_a_wording_and_nothing_else() -> None:
    wanted = case(("3,400", "3400 men"), exact=True)
    for text in ("3,400 [1]", "About 3,400.", "3.4 thousand", "3400 men"):
        assert verdict(wanted, answer(text)).outcome == "right", text
    wrong = verdict(wanted, answer("There were 3,400 men."))
    assert wrong.outcome == "wrong"
    assert wrong.reason == "The answer is not exactly: 3,400 or 3400 men."
    assert verdict(wanted, answer("No.", abstained=True)).outcome == "refused_wrongly"


def test_an_expected_disagreement_has_to_be_shown() -> None:
    wanted = case(("Adeeb",), disagreement=True)
    silent = answer("Adeeb led it.")
    shown = replace(silent, disagreement=(Position("Adeeb", (1,)), Position("Ameri", (2,))))
    assert verdict(wanted, silent).outcome == "wrong"
    assert "disagree" in verdict(wanted, silent).reason
    assert verdict(wanted, shown).outcome == "right"
    assert verdict(case(("Adeeb",)), shown).outcome == "right"


# Citations


def test_a_citation_is_valid_when_the_quote_stands_at_its_offsets() -> None:
    good = cite("Ali Adeeb led the team.")
    later = cite("It went to Qom")
    reply = answer("Adeeb led it. [1]", good, later)
    assert citations_valid(reply, {"a.md": ARTICLE}) == (True, True)
    assert citations_valid(answer("Adeeb."), {"a.md": ARTICLE}) == ()


@pytest.mark.parametrize(
    "bad",
    [
        cite("Ali Adeeb", start=1),
        cite("Ali Adib", start=0),
        cite("Ali Adeeb", end=8),
        cite("men.", start=-4, end=len(ARTICLE)),
        cite("men", start=-4, end=-1),
        cite("", start=3),
        cite("men.", end=len(ARTICLE) + 9),
        cite("Ali Adeeb", article_id="b.md"),
        cite("Ali Adeeb", answer_start=-1),
        cite("Ali Adeeb", answer_start=5),
        cite("Ali Adeeb", answer_end=99),
    ],
)
def test_a_citation_that_is_off_is_found_beside_a_good_one(bad: Citation) -> None:
    reply = answer("Adeeb led it. [1]", bad, cite("Ali Adeeb"))
    assert citations_valid(reply, {"a.md": ARTICLE}) == (False, True)


def test_quotes_hold_the_facts_together_or_in_part() -> None:
    wanted = case(("Adeeb",), ("Qom",))
    both = answer("x", cite("Ali Adeeb led the team."), cite("It went to Qom"))
    part = answer("Adeeb went to Qom.", cite("Ali Adeeb led the team."))
    none = answer("Adeeb went to Qom.")
    assert [citation_holds_fact(wanted, a) for a in (both, part, none)] == [True, False, False]
    assert [citation_holds_some_fact(wanted, a) for a in (both, part, none)] == [True, True, False]


# Retrieval


def test_hit_of_facts_and_articles() -> None:
    wanted = case(("Adeeb",), ("Qom",))
    found = [sentence("Ali Adeeb led."), sentence("They met in Qom.", "b.md")]
    assert hit(wanted, found, {"b.md"}) == Hit(any=True, all=True, article=True)
    assert hit(wanted, found[:1], {"b.md"}) == Hit(any=True, all=False, article=False)
    assert hit(wanted, [], {"b.md"}) == Hit(any=False, all=False, article=False)
    assert hit(wanted, found, set()).article is None
    assert hit(case(), found, {"a.md"}) == Hit(any=False, all=False, article=True)


# Figures


def test_median_and_percentile() -> None:
    assert median([3.0, 1.0, 2.0]) == 2.0
    assert median([4.0, 1.0]) == 2.5
    assert percentile([float(i) for i in range(11)], 90) == pytest.approx(9.0)
    assert percentile([5.0], 90) == 5.0
    assert median([]) is None
    assert percentile([], 90) is None


def test_share() -> None:
    measured = share(9, 10)
    assert (measured["count"], measured["of"], measured["rate"]) == (9, 10, 0.9)
    assert measured["low"] < 0.9 < measured["high"]
    assert share(0, 0)["rate"] is None
