"""One assistant for many: threads, streams left half read, loading and closing the model."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fakes import LED, Opener, ScriptedGenerator, open_assistant

from rag.errors import ModelError
from rag.types import Answer

QUESTION = "Who headed the Iraqi delegation to Qom?"


def test_two_threads_that_ask_at_once_both_get_answers(opener: Opener) -> None:
    assistant = opener()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(assistant.ask, [QUESTION] * 16))
    assert {answer.text for answer in answers} == {f"{LED} [1]"}


def test_a_stream_may_be_left_and_finished_elsewhere(opener: Opener) -> None:
    assistant = opener()
    left = assistant.stream(QUESTION)
    next(left)
    left.close()  # type: ignore[attr-defined]
    begun = assistant.stream(QUESTION)
    next(begun)
    done: list[Any] = []
    finishing = threading.Thread(target=lambda: done.extend(begun))
    finishing.start()
    finishing.join(10)
    assert isinstance(done[-1], Answer)
    assert assistant.ask(QUESTION).text == f"{LED} [1]"


def test_leaving_with_a_stream_half_read_does_not_hang(opener: Opener) -> None:
    half_read = []

    def leave() -> None:
        with opener() as assistant:
            half_read.append(assistant.stream(QUESTION))
            next(half_read[0])

    leaving = threading.Thread(target=leave)
    leaving.start()
    leaving.join(0.5)
    hangs = leaving.is_alive()
    half_read[0].close()  # type: ignore[attr-defined]
    leaving.join(10)
    assert not hangs


def test_an_error_in_the_middle_lets_the_next_question_through(opener: Opener) -> None:
    class Breaking(ScriptedGenerator):
        def stream(self, prompt: Any, max_tokens: int) -> Iterator[str]:
            yield "Ali"
            if not self.asked:
                self.asked.append(prompt)
                raise KeyboardInterrupt
            yield LED.removeprefix("Ali")

    assistant = opener(Breaking())
    with pytest.raises(KeyboardInterrupt):
        assistant.ask(QUESTION)
    assert assistant.ask(QUESTION).text == f"{LED} [1]"


def test_the_model_is_loaded_when_needed_and_again_after_closing(corpus: Path) -> None:
    generator, loaded = ScriptedGenerator(LED), []
    assistant = open_assistant(corpus, generator)
    assistant._load_generator = lambda: loaded.append("loaded") or generator  # type: ignore[func-returns-value]
    assert assistant.retrieve(QUESTION)[0].article_id == "qom.md"
    assert (loaded, assistant.model) == ([], assistant.settings.model)
    with assistant:
        assistant.warm()
        assistant.ask(QUESTION)
        assert (loaded, assistant.model) == (["loaded"], "scripted")
    assistant.close()
    assert generator.closed == 1
    assert not assistant.ask(QUESTION).abstained
    assert loaded == ["loaded"] * 2


def test_a_model_that_cannot_be_loaded_is_told_each_time(corpus: Path) -> None:
    assistant = open_assistant(corpus, ScriptedGenerator())

    def fail() -> ScriptedGenerator:
        raise ModelError("It is damaged.")

    assistant._load_generator = fail
    for _ in range(2):
        with pytest.raises(ModelError, match="damaged"):
            assistant.ask(QUESTION)
