"""Years and centuries of a question, held to the articles in which anything was found."""

import pytest

from rag.premise import undated
from rag.types import Article


def article(text: str, title: str = "", published: str = "") -> Article:
    return Article("a", title, "a", text, published=published)


@pytest.mark.parametrize(
    ("question", "text", "missing"),
    [
        ("Who won in 1998?", "It was won in 1994.", {"1998"}),
        ("Who won in 1994?", "It was won in 1994.", set()),
        ("Who won in 1994?", "It was won in the 1990s.", set()),
        ("Who won in the 1990s?", "Nobody won.", set()),
        ("Who won in 2008?", "It was won on 07.04.2008.", set()),
        ("Who won in 2017?", "In 2016-17 it played in the cup.", set()),
        ("Who won in 2004?", "It was won on 2008-04-07.", {"2004"}),
        ("Who won on 2008-04-09?", "It was won on April 9.", set()),
        ("Why did 1800 soldiers go?", "1,800 soldiers went home.", set()),
        ("Did more than 1000 people die?", "Some 1,000 died.", set()),
        ("Who paid $1998 for it?", "It was paid for.", set()),
        ("Who owned it in the 14th century?", "In the fifteenth century it was sold.",
         {"14th century"}),
        ("Who owned it in the fourteenth century?", "Later it was sold.",
         {"fourteenth century"}),
        ("Who owned it in the 15th century?", "In the fifteenth century it was sold.", set()),
        ("Who owned it in the 15th century?", "It was sold in 1448.", set()),
        ("Who owned it in the 15th century?", "It was sold in 1500.", set()),
        ("Who owned it in the 15th century?", "It was sold in 1501.", {"15th century"}),
        ("Who owned it in the 9th century?", "It was sold in 845.", set()),
        ("Who owned it in the 20th century?", "It was sold in the 1930s.", set()),
        ("Who owned it in the 20th century?", "In the 19th and 20th centuries it was lent.", set()),
        ("Who owned it in the twenty-first century?", "It was sold in 2008.", set()),
        ("What was done on October 16th?", "It was done on 16 October.", set()),
        ("Who won the 2nd World War?", "The Second World War ended.", set()),
    ],
)  # fmt: skip
def test_a_year_or_century_has_to_be_known(question: str, text: str, missing: set[str]) -> None:
    assert undated(question, [article("Another one."), article(text)]) == missing


def test_an_articles_day_and_title_count() -> None:
    assert undated("What was said in 2008?", [article("It was.", published="2008-04-07")]) == set()
    assert undated("What was said in 2008?", [article("It was.", title="Notes of 2008")]) == set()
    assert undated("What was said in 2008?", []) == {"2008"}


@pytest.mark.parametrize(
    ("year", "text", "published", "known"),
    [
        ("2007", "They met three times last year.", "2008-05-05", True),
        ("2006", "They met three times last year.", "2008-05-05", False),
        ("2009", "They will meet next year.", "2008-05-05", True),
        ("2006", "It was built two years ago.", "2008-05-05", True),
        ("2006", "It was built a year ago.", "2008-05-05", False),
        ("2007", "It was built in 2006 and burned down a year later.", "", True),
        ("2005", "It was built in 2006, the previous year was dry.", "2008-05-05", True),
        ("2007", "It burned down in 2006. It was built 12 years before.", "2008-05-05", False),
        ("1994", "It burned down in 2006. It was built 12 years before.", "2008-05-05", True),
        ("2005", "It burned in 2006. The year before, it had been flooded.", "", True),
        ("2009", "It burned in 2006, and in 2008 again. Two years later it fell.", "", False),
        ("2010", "It burned in 2006, and in 2008 again. Two years\nlater it fell.", "", True),
        ("1802", "1,800 soldiers came in 1791. Two years later they went.", "", False),
        ("1808", "It is 1,200 years old. It was 1,200 years ago.", "2008-05-05", False),
        ("2003", "It was 2.5 years ago.", "2008-05-05", False),
        ("1958", "It was a hundred and fifty years ago.", "2008-05-05", False),
        ("1991", "In 1991 he died; his last year was his best.", "2008-05-05", True),
        ("2007", "In 1991 he died; his last year was his best.", "2008-05-05", False),
        # nobody knows when this was written
        ("2007", "They met three times last year, and once in 2003.", "", True),
        ("2007", "They met in 2003, the last year of the war. His last year was hard.", "", False),
        ("2007", "The cave was painted 40,000 years ago, and found in 1994.", "", False),
        ("2007", "They met in 2003, many years ago.", "2008-05-05", False),
    ],
)
def test_years_are_told_by_other_years(year: str, text: str, published: str, known: bool) -> None:
    missing = undated(f"Who met in {year}?", [article(text, published=published)])
    assert missing == (set() if known else {year})


@pytest.mark.parametrize(
    "text", ["a-" * 100_000, f"{'9' * 9_000} years ago", "1 years ago " * 9_000]
)
def test_no_text_is_too_much(text: str) -> None:
    assert undated("Who met in 1998?", [article(text, published="2008")]) == {"1998"}
