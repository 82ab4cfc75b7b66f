"""The conversation in the terminal: what is typed, what is shown, what is remembered."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes import LED, ScriptedGenerator, open_assistant

import prompts
from rag import chat
from rag.chat import Chat
from rag.generate import Prompt
from rag.terminal import Meter

WHO = "Who headed the Iraqi delegation to Qom?"
CRANES = "Its cranes lift 25 ships a week, the manager said."
INTERRUPT = "<Ctrl-C>"
Converse = Callable[..., list[str]]


class Interrupted(ScriptedGenerator):
    """Is interrupted where its script says so."""

    def stream(self, prompt: Prompt, max_tokens: int) -> Iterator[str]:
        for piece in super().stream(prompt, max_tokens):
            if piece == INTERRUPT:
                raise KeyboardInterrupt
            yield piece


@pytest.fixture
def converse(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Converse:
    """Type lines into a chat with a generator; what was printed, paragraph by paragraph."""
    monkeypatch.setenv("COLUMNS", "100")

    def run(generator: ScriptedGenerator, *lines: str) -> list[str]:
        script = iter(lines)

        with open_assistant(corpus, generator, disagreement=False) as assistant:

            def typed(_prompt: str) -> str:
                assert not assistant._model.turn.locked(), "the model is still taken"
                line = next(script, None)
                if line is None:
                    raise EOFError
                if line == INTERRUPT:
                    raise KeyboardInterrupt
                return line

            monkeypatch.setattr("builtins.input", typed)
            Chat(assistant, Meter(quiet=True)).run()
        return capsys.readouterr().out.strip().split("\n\n")

    return run


def test_an_answer_is_followed_by_its_footnotes(converse: Converse) -> None:
    opening, notes = converse(ScriptedGenerator(LED), WHO)
    assert opening == f"Ask about 3 articles. /help lists the commands.\n{LED} [1]"
    assert notes == f'[1] "{LED}"\n    The talks in Qom, Reuters, 2008-04-07'


def test_sentences_are_shown_as_they_are_checked(
    converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    added: list[str] = []
    add = chat._Reply.add
    monkeypatch.setattr(
        chat._Reply, "add", lambda self, text: (added.append(text), add(self, text))
    )
    close = "He is close to Nuri al-Maliki."
    shown = converse(ScriptedGenerator(f"{LED} The moon is cheese. {close}"), WHO)
    assert added == [f"{LED} [1]", f"{close} [2]"]
    assert f"{LED} [1] {close} [2]" in " ".join(shown[0].split())
    assert "cheese" not in "".join(shown)


def test_what_comes_out_otherwise_than_it_was_read_is_shown_anew(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reply = chat._Reply(Meter())
    reply.add("It was red. [1]")
    reply.add("It left. [2]")
    reply.become("It was red. [1] But others say blue. [2] It left. [3]")
    reply.become("It was red. [1] But others say blue. [2] It left. [3] The end.")
    assert capsys.readouterr().out == (
        "It was red. [1] It left. [2]\n\n"
        "It was red. [1] But others say blue. [2] It left. [3] The end."
    )


def test_a_refusal_shows_the_nearest_passages(converse: Converse) -> None:
    shown = converse(ScriptedGenerator(LED, margin=-9.0), WHO)
    assert shown[0].endswith(f"\n{prompts.REFUSAL}")
    assert shown[1].startswith("Nearest passages:\n  The talks in Qom, Reuters, 2008-04-07\n")


def test_a_sentence_that_turns_out_beside_the_question_is_never_shown(converse: Converse) -> None:
    shown = converse(ScriptedGenerator(LED), "How many rockets did the Iraqi delegation count?")
    assert f"\n{prompts.QUOTING} “Three delegates travelled on Friday.” [1]" in shown[0]


def test_a_further_question_may_refer_to_the_answer_before_it(converse: Converse) -> None:
    generator = ScriptedGenerator(LED, "Who is Ali Adeeb close to?", "He is close to al-Maliki.")
    shown = converse(generator, WHO, "Who is he close to?")
    assert f"Q: {WHO}\nA: {LED}" in generator.asked[1].user
    assert "asked as: Who is Ali Adeeb close to?" in shown


def test_a_new_conversation_remembers_nothing(converse: Converse) -> None:
    generator = ScriptedGenerator(LED)
    shown = converse(generator, WHO, "/new", "Who is he close to?")
    assert any(part.startswith("A new conversation.") for part in shown)
    assert len(generator.asked) == 2
    assert not any(part.startswith("asked as") for part in shown)


def test_commands_are_answered_without_the_model(converse: Converse) -> None:
    generator = ScriptedGenerator(LED)
    shown = "\n".join(converse(generator, "", "  ", "/articles", "/help", "/\x1b[2J", "/quit", WHO))
    assert "- The talks in Qom, Reuters, 2008-04-07\n" in shown
    assert "- Harbour reopens\n" in shown
    assert "/new       begin a new conversation" in shown
    assert "There is no command /\ufffd[2J. /help lists them." in shown
    assert generator.asked == []


def test_an_error_is_told_and_the_conversation_goes_on(
    converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(chat, "complain", told.append)
    shown = converse(ScriptedGenerator(LED), "?!", "why " * 1500, WHO)
    assert [message.split(".")[0] for message in told] == [
        "The question is empty",
        "The question has 5,999 characters; at most 4,000 are read",
    ]
    assert f"{LED} [1]" in shown[0]


def test_ctrl_c_stops_the_answer_and_shows_nothing_unchecked(converse: Converse) -> None:
    generator = Interrupted([f"{LED} ", "Its cranes", INTERRUPT, " are idle."], LED)
    shown = converse(generator, WHO, WHO)
    assert shown[0].endswith("Stopped.")
    assert LED not in shown[0]
    assert f"{LED} [1]" in shown[1]


def test_ctrl_c_while_an_answer_is_printed_gives_the_model_back(
    converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(chat._Reply, "add", interrupt)
        shown = converse(ScriptedGenerator(f"{LED} {CRANES}"), WHO, WHO)
    assert "\n\n".join(shown).count("Stopped.") == 2


def test_ctrl_c_at_the_prompt_leaves(converse: Converse) -> None:
    with pytest.raises(KeyboardInterrupt):
        converse(ScriptedGenerator(LED), INTERRUPT)
