"""Years, ordinals and denials of a question, held to what is to answer it."""

import pytest

from rag.premise import CONTRARY, DOUBT, doubt, undated
from rag.types import Article


def article(text: str, title: str = "", published: str = "") -> Article:
    return Article("a", title, "a", text, published=published)


@pytest.mark.parametrize(
    ("question", "text", "missing"),
    [
        ("Who won in 1998?", "It was won in 1994.", {"1998"}),
        ("Who won in 1994?", "It was won in 1994.", set()),
        (
            "Who owned it in the 14th century?",
            "In the fifteenth century it was sold.",
            {"14th century"},
        ),
        ("Who owned it in the 15th century?", "In the fifteenth century it was sold.", set()),
        ("Who owned it in the 15th century?", "It was sold in 1448.", set()),
        ("Who owned it in the 15th century?", "It was sold in 1500.", set()),
        ("Who owned it in the 15th century?", "It was sold in 1501.", {"15th century"}),
        ("What did the fourth law say?", "Newton had three laws.", {"4th"}),
        ("When was the 25th round?", "The twenty-fifth round began on Monday.", set()),
        ("What was done on October 16th?", "It was done on 15 October.", {"16th"}),
        ("What was the season of 2017?", "In 2016–17 it played in the cup.", set()),
        ("How many came in the first year?", "Nobody came.", set()),
        ("How many of 1,998 rockets fell?", "None of 2,004 rockets fell.", set()),
        ("What was done in the 1990s?", "Much was done.", set()),
    ],
)
def test_a_year_or_ordinal_has_to_be_known(question: str, text: str, missing: set[str]) -> None:
    assert undated(question, [article("Another one."), article(text)]) == missing


def test_an_articles_day_and_title_count() -> None:
    assert undated("What was said in 2008?", [article("It was.", published="2008-04-07")]) == set()
    assert undated("What was said in 2008?", [article("It was.", title="Notes of 2008")]) == set()
    assert undated("What was said in 2008?", []) == {"2008"}


@pytest.mark.parametrize(
    ("question", "text", "doubted"),
    [
        ("What does the treaty not protect?", "The treaty protects workers.", CONTRARY),
        ("What does the treaty not protect?", "The treaty does not protect firms.", 0.0),
        ("What doesn't the treaty protect?", "It guards workers.", DOUBT),
        ("What can't it tell from its own cells?", "It fails to tell them apart.", 0.0),
        ("Who was unable to go?", "Ann went.", 0.0),
        ("Who was No. 1 in tennis?", "Ann was first.", 0.0),
        ("What not only failed?", "The bridge fell.", 0.0),
        ("Did it not fall?", "It fell.", 0.0),
        ("What did nobody expect?", "Everybody was unsure of the end.", 0.0),
        ("What did nobody expect?", "The United Nations were under way.", DOUBT),
    ],
)
def test_what_a_question_denies_is_doubted_where_nothing_is_denied(
    question: str, text: str, doubted: float
) -> None:
    assert doubt(question, text) == doubted
