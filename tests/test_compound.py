"""A question that asks several things: what it is split into, and one answer to all of it."""

from dataclasses import replace

import pytest
from fakes import LED, Opener, ScriptedGenerator, pieces

import prompts
from rag.compound import joined, parts
from rag.types import Answer, Citation, Position, Sentence, Timings, Token, Turn

REOPENED = "The harbour of Umm Qasr reopened in May."
BOTH = "Who headed the Iraqi delegation to Qom, and when did the harbour of Umm Qasr reopen?"
WHO = "Who headed the Iraqi delegation to Qom?"
WHEN = "When did the harbour of Umm Qasr reopen?"


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Who led it, and when did they leave?", ["Who led it?", "When did they leave?"]),
        ("who led it and when did it end", ["Who led it?", "When did it end?"]),
        ("Who led it? When did\n they leave?", ["Who led it?", "When did they leave?"]),
        ("In which city did they meet, and which of them paid?",
         ["In which city did they meet?", "Which of them paid?"]),
        ("What happened in Basra in March, and which troops were sent there?",
         ["What happened in Basra in March?", "Which troops were sent there?"]),
        ("What is X; who made it?", ["What is X?", "Who made it?"]),
        ("Did he win, and was he glad?", ["Did he win?", "Was he glad?"]),
        ("Who won, then? Did Iran lose?", ["Who won, then?", "Did Iran lose?"]),
        ("And who led it, but in which city was it?",
         ["And who led it?", "In which city was it?"]),
        ("Who led it, and who left, and who paid for it?",
         ["Who led it?", "Who left, and who paid for it?"]),
        ("Who led the men, and who went home, or who paid for it?",
         ["Who led the men?", "Who went home?", "Who paid for it?"]),
    ],
)  # fmt: skip
def test_a_question_is_split_where_another_begins(question: str, asked: list[str]) -> None:
    assert list(parts(question)) == asked


@pytest.mark.parametrize(
    "question",
    [
        "Who led the delegation to Qom?",
        "When and where was he born?",
        "Who said what and why?",
        "What did he say and do, and when?",
        "Is it true, and if so who said it?",
        "How many soldiers and how many civilians were killed in Basra?",
        "On what day and at what time did the attack happen?",
        "What happened between 2003 and when the war ended?",
        "Did the senator, who voted for the war, and who later ran for president, regret it?",
        "Who was the general who led the surge in Iraq, and who later became director?",
        "Who said that he was, or was not, in Iran?",
        "What could they do, and must be done?",
        "Did he say who led it and who paid for it?",
        "Which officials know who did it and who ordered it?",
        "How do Iran and the people who left and who stayed see it?",
        "Tell me who led it, and who paid for it.",
        "Reuters reported who led it; who paid for it?",
        "Who led a thing? " * 5,
        "  Who  paid?  ",
        "",
    ],
)
def test_what_is_one_question_stays_as_it_was_typed(question: str) -> None:
    assert parts(question) == (question,)


def test_each_part_is_answered_from_its_own_place(opener: Opener) -> None:
    assistant = opener(ScriptedGenerator(LED, REOPENED), disagreement=False)
    events = list(assistant.stream(BOTH))
    *shown, answer = events
    assert isinstance(answer, Answer)
    assert answer.text == f"{LED} [1] {REOPENED} [2]"
    assert (answer.question, answer.standalone_question) == (BOTH, f"{WHO} {WHEN}")
    assert (answer.abstained, answer.reason, answer.missing) == (False, "", ())
    texts = {article.id: article.text for article in assistant.articles()}
    for citation in answer.citations:
        assert texts[citation.article_id][citation.start : citation.end] == citation.quote
        assert answer.text[citation.answer_start : citation.answer_end] == citation.quote
    sentences = [event for event in shown if isinstance(event, Sentence)]
    assert [(s.text, [c.number for c in s.citations]) for s in sentences] == [
        (LED, [1]),
        (REOPENED, [2]),
    ]
    said = "".join(event.text for event in shown if isinstance(event, Token))
    assert said == f"{LED} {REOPENED}"
    assert {passage.article_id for passage in answer.passages if passage.used} == {
        "qom.md",
        "harbour.txt",
    }
    assert len({passage.id for passage in answer.passages}) == len(answer.passages)
    assert answer.answer_prompt.count("<reply>") == 2
    assert answer.timings.answer_tokens == len(pieces(LED) + pieces(REOPENED))
    assert answer.confidence == pytest.approx(assistant.ask(WHO).confidence ** 2)


def test_sentences_are_placed_as_the_whole_answer_has_them(opener: Opener) -> None:
    """The first part is quoted, since what was written of it has no support."""
    generator = ScriptedGenerator("Bananas led it.", REOPENED)
    *shown, answer = opener(generator, disagreement=False).stream(BOTH)
    assert isinstance(answer, Answer)
    assert answer.text.startswith(prompts.QUOTING)
    sentences = [event for event in shown if isinstance(event, Sentence) and event.shown]
    cited = [citation for sentence in sentences for citation in sentence.citations]
    assert cited == list(answer.citations)
    assert answer.text == " ".join(
        sentence.text + "".join(f" [{c.number}]" for c in sentence.citations)
        for sentence in sentences
    )


def test_what_only_one_part_is_answered_of_says_so(opener: Opener) -> None:
    generator = ScriptedGenerator(LED, margin=lambda user: -9.0 if "reopen?" in user else 9.0)
    answer = opener(generator).ask(BOTH)
    assert answer.missing == (WHEN,)
    assert answer.text == f"{LED} [1] {prompts.missing(WHEN)}"
    assert (answer.abstained, answer.reason) == (False, "")
    first = opener(ScriptedGenerator(REOPENED, margin=lambda u: -9.0 if "headed" in u else 9.0))
    assert first.ask(BOTH).text == f"{REOPENED} [1] {prompts.missing(WHO)}"


def test_what_nothing_bears_out_is_told_of_every_part(opener: Opener) -> None:
    replies = (f"{LED} Bananas grow.", f"{REOPENED} It rained.")
    answer = opener(ScriptedGenerator(*replies), show_unsupported=True).ask(BOTH)
    assert answer.unsupported == ("Bananas grow.", "It rained.")
    assert answer.text == f"{LED} [1] {REOPENED} [2]"
    assert Answer.from_dict(answer.to_dict()) == answer
    assert opener(ScriptedGenerator(*replies)).ask(BOTH).unsupported == ()


def test_what_no_part_is_answered_of_is_one_refusal(opener: Opener) -> None:
    answer = opener(ScriptedGenerator(LED, margin=-9.0)).ask(BOTH)
    assert (answer.text, answer.abstained) == (prompts.REFUSAL, True)
    assert (answer.reason, answer.citations, answer.missing) == ("not_stated", (), ())
    assert answer.passages[0].article_id == "qom.md"
    assert "harbour.txt" in {passage.article_id for passage in answer.passages}


def test_a_part_may_refer_to_the_answer_before_it(opener: Opener) -> None:
    close = "He is close to Nuri al-Maliki."
    generator = ScriptedGenerator(LED, " Ali Adeeb close to?", close)
    assistant = opener(generator, disagreement=False)
    answer = assistant.ask(f"{WHO[:-1]} and whom is he close to?", [Turn("Hm?", "Ha.")])
    assert f"Q: Hm?\nA: Ha.\nQ: {WHO}\nA: {LED}" in generator.asked[1].user
    assert answer.standalone_question == f"{WHO} Whom is Ali Adeeb close to?"
    assert answer.text == f"{LED} [1] {close} [2] {prompts.QUOTING} “{LED}” [1]"


def test_where_the_same_sentences_answer_two_parts_they_are_quoted_once(opener: Opener) -> None:
    question = f"{WHO[:-1]} and who headed the delegation to Qom?"
    assert parts(question) == (WHO, "Who headed the delegation to Qom?")
    assistant = opener(ScriptedGenerator("Bananas grow."), disagreement=False)
    *shown, answer = assistant.stream(question)
    assert isinstance(answer, Answer)
    assert answer.text == f"{prompts.QUOTING} “{LED}” [1]"
    assert (len(answer.citations), answer.missing) == (1, ())
    sentences = [event for event in shown if isinstance(event, Sentence) and event.shown]
    assert [citation for each in sentences for citation in each.citations] == [*answer.citations]


def test_what_was_written_of_two_parts_stays_as_it_was_shown(opener: Opener) -> None:
    question = f"{WHO[:-1]} and who headed the delegation to Qom?"
    answer = opener(ScriptedGenerator(LED), disagreement=False).ask(question)
    assert answer.text == f"{LED} [1] {LED} [1]"


def test_given_passages_answer_in_parts_too(opener: Opener) -> None:
    assistant = opener(ScriptedGenerator(LED, REOPENED), disagreement=False)
    answer = assistant.read(BOTH, assistant.retrieve(BOTH))
    assert answer.text == f"{LED} [1] {REOPENED} [2]"
    assert [citation.article_id for citation in answer.citations] == ["qom.md", "harbour.txt"]


def a_citation(number: int, place: int, start: int, end: int) -> Citation:
    return Citation(number, start, end, "a", "A", "a", "a#0", "q", place, place + 1, 0.9)


def test_footnotes_are_numbered_through_and_words_in_brackets_are_left() -> None:
    first = Answer(
        "A?", "A?", "He wrote [1]. [1] [2]", False, "", 0.8,
        (a_citation(1, 10, 0, 13), a_citation(2, 20, 0, 13)), (),
    )  # fmt: skip
    text = "".join(f"s{n}. [{n}] " for n in range(1, 10)) + "But so: t. [2] [10]"
    ten = tuple(a_citation(n, 100 + n, 8 * n - 8, 8 * n - 5) for n in range(1, 10))
    at = text.index("t. ")
    ten += (replace(ten[1], answer_start=at, answer_end=at + 2), a_citation(10, 20, at, at + 2))
    second = Answer(
        "B?", "B is?", text, False, "", 0.5, ten, (),
        disagreement=(Position("s1.", (1,)), Position("t.", (2, 10))), timings=Timings(total_s=2.0),
    )  # fmt: skip
    answer = joined("A and B?", [first, second])
    assert answer.text.startswith("He wrote [1]. [1] [2] s1. [3] s2. [4]")
    assert answer.text.endswith("s8. [10] s9. [11] But so: t. [4] [2]")
    said = [answer.text[c.answer_start : c.answer_end] for c in answer.citations]
    assert said == ["He wrote [1]."] * 2 + [f"s{n}." for n in range(1, 10)] + ["t.", "t."]
    for citation in answer.citations:
        behind = answer.text[citation.answer_end :]
        assert f"[{citation.number}]" in behind[:10]
    assert answer.disagreement == (Position("s1.", (3,)), Position("t.", (4, 2)))
    assert (answer.confidence, answer.timings.total_s) == (0.4, 2.0)
    assert (answer.question, answer.standalone_question) == ("A and B?", "A? B is?")
