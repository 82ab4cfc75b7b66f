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
    ("What is the job of Jacobs?", "He is a Canadian landscape architect.", "A British fencer."),
    ("What is the genre of the film?", "It is a Canadian documentary film.", "It is a comedy."),
    ("What is Hill's profession?", "Hill is an American chef.", "Hill is an American actor."),
    ("What sport does Coneo specialize in?", "She plays volleyball.", "Coneo is a runner."),
    ("What is the language of the film?", "It is a French film.", "It is an Italian film."),
    ("What month was it held?", "It was held in March 2008.", "It was held in June 2008."),
    ("How many died?", "Some 30 may have died.", "About 50 died."),
    ("What is the official language?", "Spanish is spoken there.", "It is French."),
    ("Who led the band?", "Brian led the band.", "Adrian led the band."),
    ("How many died?", "About 1500 died.", "Some 900 died."),
    ("How many died?", "25 died on 3 May.", "30 died on 3 May."),
    ("What is the founding date of it?", "It was in 1962.", "It was on 7 September 1971."),
    ("When was he born?", "He was born on 5 January 1884.", "He was born January 9, 1884."),
    ("When was it seen?", "It was seen in May 1884.", "It was seen on 4 June 1884."),
    ("What is the population?", "It was 2,097 at the 2010 census.", "It was 4,624 in 2010."),
    ("How much did Google pay for it?", "It paid $1.65 billion.", "Google paid $10.65 billion."),
    (
        "what county is diboll in",
        "Diboll is in Angelina County, Texas.",
        "In Harris County, Texas.",
    ),
    ("In which river is it?", "It is in the River Thames, London.", "In London's Severn River."),
    ('Who is the actor in "Let Us Do It"?', "George Wallace is.", "Formby is the actor."),
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
    ("What is his job?", "He is a British fencer.", "He is a fencer."),
    ("What is his job?", "He is a Scottish actor.", "He is a British actor."),
    ("What is the nationality of Hill?", "Hill is an American chef.", "Hill is American."),
    ("When was he elected?", "In 2003, and sworn in on 5 May 2004.", "On 3 November 2003."),
    ("When was it held?", "It was held on 5-7 January 2010.", "It began on 6 January 2010."),
    ("When was it held?", "It was held on 05 January 2010.", "It was on January 5, 2010."),
    ("When did they marry?", "Their marriage, 1950, was short.", "They married on 3 May 1950."),
    ("What is the population?", "It was 2,097 at the 2010 census.", "It was 2,300 in 2000."),
    ("What is his job?", "He is a Canadian architect.", "He is a British architect and fencer."),
    ("How much did it cost?", "It cost $1.65 billion.", "It cost 1,650 million dollars."),
    ("How long did it last?", "It lasted 3 days.", "It took 72 hours."),
    ("What is the New Year tradition?", "It was first held in 1950.", "Held since 1962."),
    ("When was it held?", "It was held in May and June 2010.", "It was held in May 2010."),
    ("When was he killed?", "On 5 May 2004.", "In 2004, police said on 7 May 2004."),
    ("How many died?", "1500 died.", "Some 1500 died and 20 were wounded."),
    ("Who is Larijani?", "He is an Iranian politician.", "He is the speaker of parliament."),
    ("How long will it last?", "It lasts as long as needed.", "Until the harvest is in."),
    ("When was it opened?", "It opened in September 2010.", "It opened in the fall of 2010."),
    ("When was he born?", "He was born on 5 January 1884.", "He was born in January 1884."),
    ("What is the population?", "It was 2,097 in 2010.", "The census of 2000 counted people."),
    ("What county is it in?", "It is in Angelina County, Texas.", "The county is Angelina."),
    ("In which river is it?", "It is in the River Thames.", "It is in London's Thames River."),
    ("What county is it in?", "It is in Suffolk County.", "Revere is north of Suffolk's Boston."),
    ("What party does he lead?", "He leads the Dawa Party.", "He leads the Islamic Dawa Party."),
]
OPEN = [
    ("Why did Iran help?", "Iran feared unrest.", "Tehran wanted to be rid of Maliki."),
    ("What did Crocker say?", "Crocker doubted Iran.", "Petraeus was sure of Tehran."),
    ("Who said that the truce held?", "Crocker said so.", "Petraeus said so."),
    ("Which countries took part?", "Iran took part.", "Syria took part."),
    ("What were the demands?", "Iran wanted talks.", "Syria wanted money."),
    ("What did Adeeb bring?", "Adeeb brought guns.", "He brought money."),
    ("Why would they not be named?", "Adeeb feared Iran.", "Maliki had asked them."),
    ("Which country did Maliki visit?", "Maliki visited Iran.", "He visited Turkey."),
    ("What language does he speak?", "He speaks Arabic.", "He speaks French."),
    ("Which party did Maliki criticise?", "He criticised Fadhila.", "It was Dawa."),
    ("How much did Bush say it would cost?", "It is $3 million.", "It is $5 million."),
    ("What role did Iran play?", "Iran brokered the truce.", "It was a mediator."),
    ("Who else was there?", "Larijani was there.", "Khamenei was there."),
    ("Whom did Adeeb meet?", "He met Khamenei.", "He met Larijani."),
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
