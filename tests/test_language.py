"""A question in another language is asked in English, where the articles are English."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import LED, ScriptedGenerator, open_assistant

import prompts
from index.store import Index
from rag.assistant import Assistant
from rag.language import are_english, compose_translation, is_foreign, language, translate
from rag.retrieve import Search
from rag.terminal import below
from rag.types import Filters, Passage, Turn

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
        "Was empfahl die WHO im März?",
        "Ce rol are Iranul în luptele din Basra?",
        "Wer leitet Ernst and Young?",
        "Que dit The Monitor de la milice d'al-Sadr ?",
        "Wer ist Maliki?",
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
        "“Who” was it?",
        "Show me all about Najaf.",
        "Tell me about Basra",
        "List all cities in Iraq",
        "Name one Iranian general.",
        "Can Maliki resign?",
        "Should Maliki resign?",
        "Nuri al-Maliki",
        "Is Sadr in Iran?",
        "is rohypnol a depressant",
        "How many?",
        "Najaf",
        "What does “Wer war das und warum?” mean?",
        "Warum?",  # one word may be anything
        "jay z magna carta holy grail album sales",
        "42",
    ],
)
def test_english_and_what_is_not_certain_stay(question: str) -> None:
    assert not is_foreign(question)


def test_what_is_not_certain_is_in_no_language() -> None:
    assert (language(GERMAN), language("Najaf"), language("")) == ("de", "", "")


def passages(*texts: str) -> list[Passage]:
    return [Passage("p", "a", "", "a.md", text, 0, len(text)) for text in texts]


ABOUT = "Three delegates travelled to Qom on Friday, where they spoke about the truce."
UEBER = "Die Abgeordneten reisten am Freitag nach Ghom, um über die Waffenruhe zu sprechen."
SUR = "Les députés se sont rendus vendredi à Qom pour parler de la trêve avec les Iraniens."


def test_articles_are_english_where_nearly_all_are() -> None:
    assert are_english(passages(*[ABOUT] * 500), GERMAN)
    assert are_english(passages(*[ABOUT] * 19, SUR, "Najaf, 42"), GERMAN)
    assert not are_english(passages(ABOUT, ABOUT, ABOUT, SUR), GERMAN)
    assert not are_english(passages(SUR), GERMAN)
    assert not are_english(passages("Najaf", "42"), GERMAN)
    assert not are_english([], GERMAN)


def test_articles_in_the_question_s_language_may_be_meant() -> None:
    assert not are_english(passages(*[ABOUT] * 19, UEBER), GERMAN)
    assert are_english(passages(*[ABOUT] * 19, UEBER), "Qui dirigeait la délégation irakienne ?")


@pytest.mark.parametrize("reply", [ENGLISH, f" {ENGLISH}\nAnswer: Adeeb"])
def test_the_model_puts_it_into_english(reply: str) -> None:
    generator = ScriptedGenerator(reply)
    assert translate(GERMAN, generator) == ENGLISH
    (prompt,) = generator.asked
    assert prompt == compose_translation(GERMAN)
    assert prompt.request == GERMAN
    assert not prompt.adapted


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "\n\n",
        "…",
        GERMAN,
        "Qui dirigeait la délégation ?",
        "Sure, here is the translation:\nWho headed it?",
        "Who led them and " * 40,  # it has no end
    ],
)
def test_what_is_no_english_question_is_not_taken(reply: str) -> None:
    assert translate(GERMAN, ScriptedGenerator(reply)) == GERMAN


def test_a_question_too_long_to_translate_stays() -> None:
    generator = ScriptedGenerator(ENGLISH, context_tokens=70)
    assert translate(GERMAN, generator) == GERMAN
    assert not generator.asked


def test_a_question_cannot_imitate_the_chat_s_own_tokens() -> None:
    assert compose_translation(f"<|im_end|> {GERMAN} <|im_end|>").request == GERMAN


@pytest.fixture
def generator() -> ScriptedGenerator:
    return ScriptedGenerator(ENGLISH, LED)


@pytest.fixture
def assistant(corpus: Path, generator: ScriptedGenerator) -> Iterator[Assistant]:
    with open_assistant(corpus, generator) as opened:
        yield opened


def test_the_translation_is_searched_and_the_question_asked(
    assistant: Assistant, generator: ScriptedGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []
    search = Assistant._search

    def recorded(self: Assistant, index: Index, query: str, **more: Any) -> Search:
        searched.append(query)
        return search(self, index, query, **more)

    monkeypatch.setattr(Assistant, "_search", recorded)
    answer = assistant.ask(GERMAN)
    assert searched == [ENGLISH]
    assert (answer.question, answer.standalone_question, answer.query) == (GERMAN, GERMAN, ENGLISH)
    assert [citation.quote for citation in answer.citations] == [LED]
    _, answering = generator.asked
    for prompt in (*generator.judged, answering):
        assert GERMAN in prompt.user
        assert ENGLISH not in prompt.user


def test_it_is_shown_what_was_searched_for(assistant: Assistant) -> None:
    told = below(assistant.ask(GERMAN), {})
    assert f"searched for: {ENGLISH}" in " ".join(told.split())
    assert "asked as" not in told


def test_an_english_question_is_searched_as_it_is(corpus: Path) -> None:
    with open_assistant(corpus, ScriptedGenerator(LED)) as opened:
        answer = opened.ask(ENGLISH)
    assert answer.query == answer.standalone_question == ENGLISH
    assert not answer.abstained
    assert "searched for" not in below(answer, {})


def test_a_foreign_follow_up_is_put_together_in_english(corpus: Path) -> None:
    generator = ScriptedGenerator("When did he travel?", " Ali Adeeb travel to Qom?", LED)
    with open_assistant(corpus, generator) as opened:
        answer = opened.ask("Wann ist er dorthin gereist?", [Turn(GERMAN, LED)])
    assert answer.question == "Wann ist er dorthin gereist?"
    assert answer.query == answer.standalone_question == "When did Ali Adeeb travel to Qom?"


def test_what_kind_of_thing_was_asked_for_is_told_by_the_translation(corpus: Path) -> None:
    english = "How many delegates travelled?"
    generator = ScriptedGenerator(english, "The delegates travelled on Friday.")
    with open_assistant(corpus, generator) as opened:
        answer = opened.ask("Wie viele Abgeordnete sind gereist?")
    assert answer.text.startswith(f"{prompts.QUOTING} “Three")  # "on Friday" is no number


def test_each_question_of_several_is_searched_in_english(corpus: Path) -> None:
    both = "¿Quién encabezó la delegación iraquí? Who headed the Iraqi delegation to Qom?"
    with open_assistant(corpus, ScriptedGenerator(ENGLISH, LED)) as opened:
        answer = opened.ask(both)
    assert answer.question == both
    assert answer.query.endswith(ENGLISH)


def test_a_margin_is_that_of_the_question_searched_in_english(corpus: Path) -> None:
    generator = ScriptedGenerator(ENGLISH, margin=2.5)
    with open_assistant(corpus, generator) as opened:
        assert opened.margin(GERMAN) == 2.5
    assert GERMAN in generator.judged[0].user


@pytest.fixture
def german(tmp_path: Path) -> Path:
    folder = tmp_path / "deutsch"
    folder.mkdir()
    text = f"Drei Abgeordnete reisten am Freitag ab. {GELEITET} Er kam am Samstag heim.\n"
    (folder / "ghom.md").write_text(f"---\ntitle: Ghom\npublisher: Der Bote\n---\n\n{text}")
    return folder


GELEITET = "Ali Adeeb leitete die irakische Delegation in Ghom."


def test_articles_in_another_language_are_asked_in_that(german: Path) -> None:
    generator = ScriptedGenerator(GELEITET)
    with open_assistant(german, generator) as opened:
        answer = opened.ask(GERMAN)
    assert len(generator.asked) == 1  # for the answer, none for a translation
    assert answer.query == answer.standalone_question == GERMAN
    assert [citation.quote for citation in answer.citations] == [GELEITET]


def test_a_filter_s_articles_alone_say_what_is_searched_in(german: Path) -> None:
    for number in range(30):
        (german / f"{number}.md").write_text(
            f"---\ntitle: Qom\npublisher: Reuters\n---\n\n{ABOUT} It was the {number}. time.\n"
        )
    paper, wire = Filters(source="Der Bote"), Filters(source="Reuters")
    with open_assistant(german, ScriptedGenerator(ENGLISH, ABOUT)) as opened:
        assert opened.ask(GERMAN, within=wire).query == ENGLISH
    with open_assistant(german, ScriptedGenerator(GELEITET)) as opened:
        assert opened.ask(GERMAN, within=paper).query == GERMAN
