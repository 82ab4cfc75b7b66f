"""The kind of answer that a question asks for, and whether an answer gives it."""

import pytest

from rag.answer_type import AnswerType, answer_type, asks_for_somebody, gives_answer


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many rockets were fired?", "number"),
        ("How far is Najaf from Baghdad?", "number"),
        ("What is the name of the militia?", "name"),
        ("When did the talks begin?", "date"),
        ("What is the founding date of the party?", "date"),
        ("What was the year's top film?", "other"),
        ("What is the date palm used for?", "other"),
        ("Why would the officials not be named?", "other"),
        ("How is the militia called?", "name"),
        ("Is al-Sadr in Iran?", "yes_no"),
        ("Who led the delegation?", "other"),
        ("Why did the fighting stop?", "other"),
    ],
)
def test_the_words_of_a_question_tell_its_type(question: str, expected: AnswerType) -> None:
    assert answer_type(question) == expected


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many rockets were fired?", "More than 700 rockets were fired."),
        ("How many rockets were fired?", "2000 rockets were fired."),
        ("How many died?", "Some 30 may have died."),
        ("How many talks were held?", "They met three times in 2007."),
        ("What is the name of the militia?", "It is the Mahdi Army."),
        ("When did it begin?", "It began last Wednesday."),
        ("Who led the delegation?", "A deputy speaker led the delegation."),
        ("Is he in Iran?", "Yes."),
    ],
)
def test_an_answer_of_the_asked_type_passes(question: str, answer: str) -> None:
    assert gives_answer(question, answer)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many soldiers were sent to Basra?", "Soldiers were sent to Basra in March 2008."),
        ("How many of the 5 camps were closed?", "Of the 5 camps, camps were closed."),
        ("What is the name of the militia in Basra?", "The militia in Basra was beaten."),
        ("When did the talks in Qom begin?", "The talks in Qom began between the parties."),
        ("Who led the delegation to Qom?", "The delegation to Qom was led."),
    ],
)
def test_an_answer_beside_the_question_does_not(question: str, answer: str) -> None:
    assert not gives_answer(question, answer)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who led the delegation?", True),
        ("Which reader says so?", True),
        ("What is the name of the militia?", True),
        ("Which city is it?", False),
        ("How many readers say so?", False),
        ("Why was it whole?", False),
    ],
)
def test_who_is_asked_for_is_told(question: str, expected: bool) -> None:
    assert asks_for_somebody(question) is expected
