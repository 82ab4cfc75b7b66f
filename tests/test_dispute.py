"""Two answers to one question: do they contradict each other?"""

import pytest

from rag.dispute import contradict, has_one_answer, may_contradict

CONTRADICTIONS = [
    ("Who was the leader?", "It was Ali Adeeb.", "Jalal Talabani was the leader."),
    ("What city was it in?", "It was in Qom.", "It was in Tehran."),
    ("How many fled?", "Some 10,000 fled.", "Some 100,000 fled."),
    ("How many fled?", "Some 34,000 fled.", "Some 35,000 fled."),
    ("How many fled?", "Only 3 fled.", "Some 3,400 fled."),
    ("Who led the delegation?", "Ali Adeeb led it.", "Jalal Talabani led the delegation."),
    ("How many rockets fell?", "Some 3,400 rockets fell.", "Officials counted 340 rockets."),
    ("When was the school founded?", "It was founded in May 1998.", "It opened on 4 May 2001."),
    ("Is al-Sadr in Iran?", "A US official says that al-Sadr is in Iran.", "He denied that."),
    ("Where is the school?", "The school is in Thimphu.", "It stands in Kathmandu, Nepal."),
    ("What is the profession of Peter Jacobs?", "He is a fencer.", "Jacobs is an architect."),
]
AGREEMENTS = [
    ("Who led the delegation?", "Ali Adeeb led it.", "Adeeb, of the Dawa party, led it."),
    ("Who led the delegation?", "Moqtada Khalid led it.", "Muqtada led it."),
    ("How many rockets fell?", "In 2008 some 3,400 rockets fell.", "3400 fell in 2008."),
    ("How many rockets fell?", "Twelve rockets fell.", "The count was 12."),
    ("When was it founded?", "It was founded in May 1998.", "It was founded in 1998."),
    ("Is al-Sadr in Iran?", "He is in Iran.", "Officials say that he is in Qom."),
    ("Is al-Sadr in Iran?", "He denied it.", "He is not in Iran."),
    ("When was it founded?", "It was founded in 1998.", "It was founded on 2 May."),
    ("Who led the delegation?", "Nouri Maliki led it.", "The prime minister led it."),
    ("Did Iran reject the offer?", "Iran rejected the offer.", "Iran turned the offer down."),
]
OPEN = [
    ("Why did Iran help?", "Iran feared unrest.", "Tehran wanted to be rid of Maliki."),
    ("What did Crocker say?", "Crocker doubted Iran.", "Petraeus was sure of Tehran."),
    ("Who said that the truce held?", "Crocker said so.", "Petraeus said so."),
    ("Which countries took part?", "Iran took part.", "Syria took part."),
    ("What were the demands?", "Iran wanted talks.", "Syria wanted money."),
]


@pytest.mark.parametrize(("question", "one", "other"), CONTRADICTIONS)
def test_answers_that_cannot_both_be_right(question: str, one: str, other: str) -> None:
    assert contradict(question, one, other)
    assert contradict(question, other, one)
    assert may_contradict(question, one, other)


def test_a_text_that_denies_something_else_may_still_affirm() -> None:
    text = "He is in Iran, officials say. They did not say where."
    assert may_contradict("Is al-Sadr in Iran?", "He is not in Iran.", text)
    assert may_contradict("Is al-Sadr in Iran?", "He is in Qom.", text)
    assert not may_contradict("Is al-Sadr in Iran?", "He is in Qom.", "He is in Iran.")


@pytest.mark.parametrize(("question", "one", "other"), AGREEMENTS)
def test_answers_that_say_the_same(question: str, one: str, other: str) -> None:
    assert not contradict(question, one, other)
    assert not contradict(question, other, one)


def test_an_answer_that_brings_nothing_contradicts_nothing() -> None:
    question = "Who led the delegation to Qom?"
    assert not contradict(question, "Ali Adeeb led it.", "The delegation to Qom was led.")
    assert not may_contradict(
        question, "Ali Adeeb led it.", "It went over many high hills by night."
    )


@pytest.mark.parametrize(("question", "one", "other"), OPEN)
def test_a_question_with_several_answers_has_no_contradiction(
    question: str, one: str, other: str
) -> None:
    assert not has_one_answer(question)
    assert not contradict(question, one, other)
    assert not may_contradict(question, one, other)
