"""The kind of answer that a question asks for, and whether an answer gives it."""

import pytest

from rag.answer_type import AnswerType, answer_type, asks_two_things, gives_answer


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many rockets were fired?", "number"),
        ("How far is Najaf from Baghdad?", "number"),
        ("What is the name of the militia?", "name"),
        ("When did the talks begin?", "date"),
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
    "question",
    [
        "How do Iran and Iraq differ on the truce?",
        "How did Soleimani and the newspapers each regard it?",
        "What did Washington say of Iran, and how did Tehran reply?",
        "Who says that he is in Iran, and who denies it?",
        "Where was it signed and who signed it?",
        "Which two districts were held?",
        "Do Choate and Ogden agree on what destroyed the tank?",
        "What did he call it, but what was it really?",
    ],
)
def test_two_parties_or_two_questions_in_one_are_two_things(question: str) -> None:
    assert asks_two_things(question)


@pytest.mark.parametrize(
    "question",
    [
        "Who led the delegation?",
        "Who commanded the Qods Force when the truce of March, 2008, was arranged?",
        "What is the agreement between Iran and Iraq about?",
        "How much money was offered for each weapon?",
        "Which party do Abbadi and Adeeb belong to?",
    ],
)
def test_one_thing_asked_for_is_one(question: str) -> None:
    assert not asks_two_things(question)
