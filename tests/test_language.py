"""A question in another language is asked in English, where the articles are English."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import LED, ScriptedGenerator, open_assistant

from rag.assistant import Assistant
from rag.language import are_english, compose_translation, in_english, is_foreign, language
from rag.types import Turn

GERMAN = "Wer leitete die irakische Delegation in Ghom?"
ENGLISH = "Who headed the Iraqi delegation to Qom?"


@pytest.mark.parametrize(
    "question",
    [
        GERMAN,
        "Qui dirigeait la délégation irakienne à Qom ?",
        "¿Quién encabezó la delegación iraquí en Qom?",
        "Chi guidava la delegazione irachena a Qom?",
        "Quem liderou a delegação iraquiana?",
        "Wie is de leider van de delegatie?",
        "Kto kierował iracką delegacją do Kom?",
        "Кто возглавлял иракскую делегацию?",
        "谁率领了伊拉克代表团？",
        "誰がイラクの代表団を率いましたか",
        "火星有几颗卫星？",
        "QUI DIRIGEAIT LA DÉLÉGATION IRAKIENNE À QOM ?",
    ],
)
def test_another_language_is_told(question: str) -> None:
    assert is_foreign(question)


@pytest.mark.parametrize(
    "question",
    [
        ENGLISH,
        "WHO LED THE DELEGATION?",
        "Is Muqtada al-Sadr in Iran?",
        "distance Baghdad Najaf",
        "Jalal Talabani political party leader",
        "calibre rockets American ambassador residence",
        "Soleimani message via Talabani American commander",
        "And Petraeus?",
        "How many?",
        "Najaf",
        "What does “Wer war das und warum?” mean?",
        "Warum?",  # one word may be anything
        "jay z magna carta holy grail album sales",
        "42",
        "Muqtada al-Sadr (مقتدى)",
    ],
)
def test_english_and_what_is_not_certain_stay(question: str) -> None:
    assert not is_foreign(question)


def test_what_is_not_certain_is_in_no_language() -> None:
    assert (language(GERMAN), language("Najaf"), language("")) == ("de", "", "")


def test_articles_are_english_where_nearly_all_are() -> None:
    german = "Die Abgeordneten reisten am Freitag nach Ghom, um über die Waffenruhe zu sprechen."
    english = "Three delegates travelled to Qom on Friday, where they spoke about the truce."
    assert are_english([english] * 500)
    assert are_english([*[english] * 19, german, "Najaf, 42"])
    assert not are_english([english, english, english, german])
    assert not are_english([german])
    assert not are_english(["Najaf", "42"])
    assert not are_english([])


@pytest.mark.parametrize("reply", [ENGLISH, f"English: {ENGLISH}", f" {ENGLISH}\nAnswer: Adeeb"])
def test_the_model_asks_it_in_english(reply: str) -> None:
    generator = ScriptedGenerator(reply)
    assert in_english(GERMAN, generator) == ENGLISH
    (prompt,) = generator.asked
    assert prompt == compose_translation(GERMAN)
    assert GERMAN in prompt.request
    assert not prompt.adapted


@pytest.mark.parametrize("reply", ["", "\n\n", "…", GERMAN, "Qui dirigeait la délégation ?"])
def test_an_unusable_translation_is_not_taken(reply: str) -> None:
    assert in_english(GERMAN, ScriptedGenerator(reply)) == GERMAN


def test_a_number_is_not_lost_on_the_way() -> None:
    question = "Wie viele der 18 Kämpfer starben im März 2008?"
    lost = ScriptedGenerator("How many fighters died in March 2008?")
    kept = ScriptedGenerator("How many of the 18 fighters died in March 2008?")
    assert in_english(question, lost) == question
    assert in_english(question, kept) == "How many of the 18 fighters died in March 2008?"


def test_a_question_too_long_to_translate_stays() -> None:
    generator = ScriptedGenerator(ENGLISH, context_tokens=90)
    assert in_english(GERMAN, generator) == GERMAN
    assert not generator.asked


def test_a_question_cannot_imitate_the_chat_s_own_tokens() -> None:
    assert "<|im_end|>" not in compose_translation(f"<|im_end|> {GERMAN}").request


@pytest.fixture
def generator() -> ScriptedGenerator:
    return ScriptedGenerator(ENGLISH, LED)


@pytest.fixture
def assistant(corpus: Path, generator: ScriptedGenerator) -> Iterator[Assistant]:
    with open_assistant(corpus, generator) as opened:
        yield opened


def test_an_answer_tells_how_a_foreign_question_was_asked(assistant: Assistant) -> None:
    answer = assistant.ask(GERMAN)
    assert (answer.question, answer.standalone_question) == (GERMAN, ENGLISH)
    assert [citation.quote for citation in answer.citations] == [LED]


def test_an_english_question_is_not_translated(corpus: Path, generator: ScriptedGenerator) -> None:
    with open_assistant(corpus, ScriptedGenerator(LED)) as opened:
        answer = opened.ask(ENGLISH)
    assert answer.standalone_question == ENGLISH
    assert not answer.abstained


def test_several_foreign_questions_in_one_are_told_apart(corpus: Path) -> None:
    both = "Who headed the Iraqi delegation to Qom, and when did it travel?"
    generator = ScriptedGenerator(both, LED, "When did the Iraqi delegation travel?", "On Friday.")
    with open_assistant(corpus, generator) as opened:
        answer = opened.ask("Wer leitete die Delegation, und wann reiste sie?")
    assert answer.question == "Wer leitete die Delegation, und wann reiste sie?"
    assert answer.standalone_question.startswith(ENGLISH)


def test_a_foreign_follow_up_is_translated_and_then_rewritten(corpus: Path) -> None:
    generator = ScriptedGenerator("When did he travel?", " Ali Adeeb travel to Qom?", LED)
    with open_assistant(corpus, generator) as opened:
        answer = opened.ask("Wann ist er dorthin gereist?", [Turn(GERMAN, LED)])
    assert answer.standalone_question == "When did Ali Adeeb travel to Qom?"
    assert answer.question == "Wann ist er dorthin gereist?"


def test_articles_in_another_language_are_asked_in_that(tmp_path: Path) -> None:
    folder = tmp_path / "deutsch"
    folder.mkdir()
    led = "Ali Adeeb leitete die irakische Delegation in Ghom."
    (folder / "ghom.md").write_text(f"Drei Abgeordnete reisten am Freitag ab. {led} Er kam heim.\n")
    generator = ScriptedGenerator(led)
    with open_assistant(folder, generator) as opened:
        answer = opened.ask(GERMAN)
    assert answer.standalone_question == GERMAN
    assert [citation.quote for citation in answer.citations] == [led]
