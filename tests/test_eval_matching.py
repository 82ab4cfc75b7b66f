"""Normalisation, values, and which texts hold which wordings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.matching import contains, equals, held_by, holds, normalise
from eval.values import as_values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Moqtada \n\tAL-Sadr ", "moqtada al sadr"),
        ("Shi'ite, Shi’ite, Shi‘ite", "shiite shiite shiite"),
        ("Da'wa", "dawa"),
        ("Crocker's residence; Crocker’s", "crocker residence crocker"),
        ("the Americans' view", "the americans view"),
        ("Café Münster naïve", "cafe munster naive"),
        ("ﬁve ½ ｆｕｌｌ", "five 1 2 full"),
        ("U.S.", "us"),
        ("the U.S.-led force", "the us led force"),
        ("U.S.'s", "us"),
        ("the U.S forces", "the us forces"),
        ("at 12:19 p.m. sharp", "at 12 19 pm sharp"),
        ("3,400 and 1,117,320", "3400 and 1117320"),
        ("3\u202f400 and 3\u2009400", "3400 and 3400"),
        ("in 2003,2005", "in 2003 2005"),
        ("12,34", "12 34"),
        ("one, 234", "one 234"),
        ("3.4 thousand. In 2005.", "3.4 thousand in 2005"),
        ("240-mm—or “more”…", "240 mm or more"),
        ("2½ years, −5 °C, -5; 3-5, F-16", "2.5 years minus 5 c minus 5 3 5 f 16"),
        ("5% or 5\u00a0000", "5 percent or 5000"),
        ("snake_case", "snake case"),
        ("«Кум» ٣٤", "кум ٣٤"),
        ("", ""),
        (" '…—!? ", ""),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


@given(st.text())
def test_normalised_text_has_only_words_and_single_spaces(text: str) -> None:
    words = normalise(text).split(" ")
    assert words == [""] or all(words)
    assert all(char.isalnum() or char == "." for word in words for char in word)


@given(st.text(alphabet="aéUS39½.,'’-−% \u2009sd"))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@pytest.mark.parametrize(
    ("text", "wording"),
    [
        ("It was Ali al-Adeeb.", "al Adeeb"),
        ("It was Ali al-Adeeb.", "Adeeb"),
        ("Adeeb’s team", "Adeeb"),
        ("about 3,400 men", "3400"),
        ("about 3400 men", "3,400"),
        ("the US said", "U.S."),
        ("the U.S. said", "US"),
        ("parliament's deputy speaker", "Parliament’s deputy-speaker"),
        ("Soleimání", "soleimani"),
    ],
)
def test_spellings_of_one_thing_meet(text: str, wording: str) -> None:
    assert contains(text, wording)


@pytest.mark.parametrize(
    ("text", "wording"),
    [
        ("the Adeebs", "Adeeb"),
        ("in 2018", "18"),
        ("3,400 men", "3"),
        ("3,400 men", "400"),
        ("3.4 million", "3"),
        ("13 meetings", "3"),
        ("because", "US"),
        ("Sadr and the City", "Sadr City"),
        ("City Sadr", "Sadr City"),
        ("anything", ""),
        ("anything", "..."),
    ],
)
def test_parts_of_words_and_numbers_do_not_count(text: str, wording: str) -> None:
    assert not contains(text, wording)


def test_the_pronoun_us_is_a_known_limit() -> None:
    assert contains("Tell us more.", "U.S.")


def test_holds_says_which_facts_are_met() -> None:
    groups = (("Adeeb", "Adib"), ("Ameri",), ("Sahlani",))
    assert holds("Ali Adib and Hadi al-Ameri", groups) == (True, True, False)
    assert holds("Ali Adib", ()) == ()


def test_a_wording_across_two_texts_is_in_neither() -> None:
    assert held_by(["They met Sadr.", "City officials came."], [("Sadr City",)]) == (False,)
    assert held_by(["Gaza.", "Lebanon."], [("Gaza",), ("Lebanon",)]) == (True, True)
    assert held_by([], [("Gaza",)]) == (False,)


# Values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("two", "2"),
        ("twenty five thousand", "25000"),
        ("25 thousand", "25000"),
        ("3.4 thousand", "3400"),
        ("thirty four hundred", "3400"),
        ("34 hundred", "3400"),
        ("two hundred and five", "205"),
        ("two hundred and fifty thousand", "250000"),
        ("one million two hundred thousand", "1200000"),
        ("two thousand and eight", "2008"),
        ("a hundred", "100"),
        ("hundred miles", "100 miles"),
        ("half a million", "500000"),
        ("two and a half million", "2500000"),
        ("2 and a half", "2.5"),
        ("a dozen, two dozen, half a dozen", "12 24 6"),
        ("10.50", "10.5"),
        ("10.0", "10"),
        ("3.4k 2bn 240mm 11pm", "3400 2000000000 240 mm 11 pm"),
        ("5 per cent", "5 percent"),
        ("minus five", "-5"),
        ("twenty first and 21st", "21th and 21th"),
        ("٣٤", "34"),
        # Not one number
        ("between two hundred and three hundred", "between 200 and 300"),
        ("five million and three thousand", "5000000 and 3000"),
        ("one two three", "1 2 3"),
        ("ten and twenty", "10 and 20"),
        ("thousand million", "1000 1000000"),
        # No number
        ("several hundred, a few thousand", "several hundred a few thousand"),
        ("hundreds of thousands, dozens", "hundreds of thousands dozens"),
        ("no one, some one another", "no one some one another"),
        ("half a day", "half a day"),
        ("1.2.3", "1.2.3"),
        ("007", "007"),
        ("9" * 40, "9" * 40),
        # Dates
        ("Apr. 4", "4th april"),
        ("4 April", "4th april"),
        ("April 4th", "4th april"),
        ("the 4th of April", "4th april"),
        ("April the fourth", "4th april"),
        ("April 4, 2008", "4th april 2008"),
        ("4 Sept. 2008", "4th september 2008"),
        ("2008-04-04", "4th april 2008"),
        ("In Apr. 2008", "in april 2008"),
        ("Mar 2008", "march 2008"),
        ("twenty first of March", "21th march"),
        # No dates
        ("April 45", "april 45"),
        ("2008-14-04", "2008 14 04"),
        ("the 3 may have", "the 3 may have"),
        ("April 3,400", "april 3400"),
        ("mar the day", "mar the day"),
        ("the first of all", "the 1th of all"),
    ],
)
def test_as_values(text: str, values: str) -> None:
    assert " ".join(as_values(normalise(text).split())) == values


WORDS = "one two twenty hundred thousand million a half and dozen 3 3.4 04 2008 4th may april of"


@given(st.lists(st.sampled_from(WORDS.split()), max_size=12))
def test_any_words_give_values_that_hold_themselves(words: list[str]) -> None:
    text = " ".join(words)
    assert len(as_values(words)) <= len(words)
    assert contains(text, text) == bool(words)


@given(st.text(), st.text())
def test_any_text_holds_itself_also_within_others(text: str, other: str) -> None:
    assert contains(text, text) == bool(normalise(text))
    assert contains(f"{other} | xyz | {text} | xyz", text) == bool(normalise(text))


@pytest.mark.parametrize(
    ("text", "wording"),
    [
        ("About 3,400 men remain.", "3400"),
        ("Some 3.4 thousand men remain.", "3,400"),
        ("There were 3400.", "about 3,400"),
        ("They killed about 3,400.", "killed 3,400"),
        ("They talked about 3 demands.", "talked about"),
        ("on 4 April 2008", "Apr. 4"),
        ("on April 4th", "4 April"),
        ("on April 4", "April"),
        ("on April 4", "fourth"),
        ("on April 4, 2008", "2008"),
        ("on 4 April 2008", "April 2008"),
        ("2 years", "two years"),
        ("a hundred miles", "100 miles"),
        ("5%", "five per cent"),
    ],
)
def test_values_meet_however_they_are_written(text: str, wording: str) -> None:
    assert contains(text, wording)


@pytest.mark.parametrize(
    ("text", "wording"),
    [
        ("3.4 thousand men", "3.4"),
        ("three hundred men", "three"),
        ("25 thousand", "25"),
        ("on 4 April", "4"),
        ("on 14 April", "4 April"),
        ("on April 4", "April 4, 2008"),
        ("-5 degrees", "5 degrees"),
        ("several hundred", "100"),
        ("on April 4", "4 May"),
    ],
)
def test_other_values_do_not_meet(text: str, wording: str) -> None:
    assert not contains(text, wording)


def test_equal_texts_have_the_same_values_and_no_more() -> None:
    assert equals("About 3,400.", "3400")
    assert equals("Apr. 4", "4 April")
    assert not equals("3,400 men", "3400")
    assert not equals("...", "...")
