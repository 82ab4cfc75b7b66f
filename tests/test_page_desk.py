"""Who asks, who waits, who has stopped; and how an exchange grows."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import anyio
import pytest
from anyio.from_thread import start_blocking_portal
from page_html import answer, citation, done, refusal

from rag.errors import ModelError, QuestionError
from rag.failing import NO_MODEL
from rag.page.desk import BROKEN, WAIT_S, WAITING, Desk, frames
from rag.page.exchange import Exchange, Stage, absorb, fail, history, known, stop
from rag.server.line import Line
from rag.types import Progress, Sentence, Token, Turn

ANSWER = answer("He led it. [1]", citation(1, (0, 10)))
LED = Sentence("He led it.", (citation(1, (0, 10)),), shown=True)


class Scripted:
    """Plays `steps`: yields events, raises errors, waits for gates, calls with `stopped`."""

    loaded = True

    def __init__(self, *steps: object) -> None:
        self.steps = steps
        self.asked: list[tuple[str, Sequence[Turn]]] = []
        self.closed = threading.Event()

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        stopped: Callable[[], bool] = bool,
    ) -> Iterator[Any]:
        self.asked.append((question, history))
        try:
            for step in self.steps:
                if isinstance(step, threading.Event):
                    assert step.wait(10)
                elif isinstance(step, Exception):
                    raise step
                elif callable(step):
                    step(stopped)
                else:
                    yield step
        finally:
            self.closed.set()


def desk(*steps: object) -> tuple[Desk, Scripted]:
    assistant = Scripted(*steps)
    return Desk(), assistant


def test_an_answer_grows_and_ends() -> None:
    page, assistant = desk(Token("He "), Token("led it."), LED, ANSWER)
    grown = list(page.answer(assistant, "Who?", (done(ANSWER),), "a"))
    assert [e.stage for e in grown] == [
        Stage.SEARCHING, Stage.WRITING, Stage.WRITING, Stage.WRITING, Stage.DONE,
    ]  # fmt: skip
    assert [e.draft for e in grown] == ["", "He ", "He led it.", "", ""]
    assert grown[-1].answer == ANSWER
    assert page.asked is assistant
    assert assistant.asked == [("Who?", (Turn("Who led it?", "He led it. [1]"),))]


def test_the_model_is_loaded_first_and_that_is_shown() -> None:
    class Cold(Scripted):
        loaded = False

        def warm(self) -> None:
            self.loaded = True

    page, cold = Desk(), Cold(ANSWER)
    stages = [exchange.stage for exchange in page.answer(cold, "Who?", (), "a")]
    assert stages == [Stage.SEARCHING, Stage.LOADING, Stage.SEARCHING, Stage.DONE]
    assert cold.loaded


def test_an_error_of_ours_is_told_and_the_next_question_answered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page, assistant = desk(Token("He "), QuestionError("The question is empty. Type one."))
    last = list(page.answer(assistant, "Who?", (), "a"))[-1]
    assert (last.stage, last.error) == (Stage.FAILED, "The question is empty. Type one.")
    assistant.steps = (ModelError("/secret/path is no GGUF. Fetch it."),)
    last = list(page.answer(assistant, "Who?", (), "a"))[-1]
    assert (last.stage, last.error) == (Stage.FAILED, NO_MODEL)
    assert "/secret/path is no GGUF. Fetch it." in capsys.readouterr().err
    assistant.steps = (ANSWER,)
    assert list(page.answer(assistant, "Who?", (), "a"))[-1].stage == Stage.DONE


def test_any_other_error_is_logged_and_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    page, assistant = desk(RuntimeError("/secret/path"))
    last = list(page.answer(assistant, "Who?", (), "a"))[-1]
    assert (last.stage, last.error) == (Stage.FAILED, BROKEN)
    assert "/secret/path" in capsys.readouterr().err


def test_a_stream_without_an_answer_is_an_error() -> None:
    page, assistant = desk(Token("He "))
    assert list(page.answer(assistant, "Who?", (), "a"))[-1].stage == Stage.FAILED


def test_stopping_ends_the_stream_and_keeps_checked_sentences() -> None:
    page, assistant = desk(LED, Token("And"), Token(" then"), ANSWER)
    growing = page.answer(assistant, "Who?", (), "a")
    assert next(growing).stage == Stage.SEARCHING
    assert next(growing).sentences == (LED,)
    page.stop("b")  # another page's stop does nothing
    assert next(growing).draft == "And"
    page.stop("a")
    last = list(growing)[-1]
    assert (last.stage, last.sentences, last.draft) == (Stage.STOPPED, (LED,), "")
    assert assistant.closed.is_set()


def test_stopping_the_search_for_a_disagreement_keeps_the_whole_answer() -> None:
    searching, ended = threading.Event(), threading.Event()

    def search(stopped: Callable[[], bool]) -> None:
        searching.set()
        while not stopped():
            assert not ended.wait(0.01)

    page, assistant = desk(Token("He led it."), LED, search, ANSWER)

    def press() -> None:
        assert searching.wait(10)
        page.stop("a")

    pressing = threading.Thread(target=press)
    pressing.start()
    last = list(page.answer(assistant, "Who?", (), "a"))[-1]
    pressing.join()
    assert (last.stage, last.answer, last.sentences) == (Stage.DONE, ANSWER, (LED,))


def test_a_second_page_waits_for_the_first() -> None:
    page, assistant = desk(Token("He "), ANSWER)
    first, second = page.answer(assistant, "One?", (), "a"), page.answer(assistant, "Two?", (), "b")
    next(first)
    assert next(second).stage == Stage.WAITING
    assert next(second).stage == Stage.WAITING
    assert [e.stage for e in first][-1] == Stage.DONE
    assert next(second).stage == Stage.SEARCHING
    assert [e.stage for e in second][-1] == Stage.DONE
    assert [question for question, _ in assistant.asked] == ["One?", "Two?"]


def test_those_who_wait_are_answered_in_turn_and_told_their_place() -> None:
    page, assistant = desk(Token("He "), ANSWER)
    first, second, third = (page.answer(assistant, f"{name}?", (), name) for name in "abc")
    next(first)
    assert (next(second).ahead, next(third).ahead) == (1, 2)
    assert [e.stage for e in first][-1] == Stage.DONE
    assert (next(third).stage, next(third).ahead) == (Stage.WAITING, 1)  # not before the second
    page.stop("b")
    assert [e.stage for e in second] == [Stage.STOPPED]
    assert [e.stage for e in third][-1] == Stage.DONE
    assert [question for question, _ in assistant.asked] == ["a?", "c?"]


def test_whoever_comes_next_goes_at_once_and_is_told_nothing_untrue() -> None:
    page, assistant = desk(Token("He "), ANSWER)
    first, second = page.answer(assistant, "a?", (), "a"), page.answer(assistant, "b?", (), "b")
    next(first)
    assert next(second).ahead == 1
    list(first)
    assert next(second).stage == Stage.SEARCHING


def test_questions_of_programs_and_pages_are_answered_in_one_line() -> None:
    page, assistant = desk(Token("He "), ANSWER)
    line, go_on = Line(page), threading.Event()
    program = Scripted(go_on, ANSWER)
    with start_blocking_portal() as programs:
        asked = programs.start_task_soon(line.answer, program.stream("a program's?"))
        while not program.asked:
            time.sleep(0.01)
        grown = page.answer(assistant, "a page's?", (), "a")
        assert (next(grown).stage, next(grown).ahead) == (Stage.WAITING, 1)
        later = Scripted(ANSWER)
        second = programs.start_task_soon(line.answer, later.stream("later?"))
        go_on.set()
        assert asked.result(10) == ANSWER
        while (exchange := next(grown)).stage == Stage.WAITING:
            pass
        time.sleep(2 * WAIT_S)
        assert later.asked == []  # the page's came first, and is under way
        assert exchange.stage == Stage.SEARCHING
        assert [e.stage for e in grown][-1] == Stage.DONE
        assert second.result(10) == ANSWER


def test_a_program_that_leaves_while_it_waits_leaves_the_line() -> None:
    page, assistant = desk(Token("He "), ANSWER)
    first = page.answer(assistant, "One?", (), "a")
    next(first)

    async def leave() -> None:
        with anyio.move_on_after(2 * WAIT_S):
            await Line(page).answer(assistant.stream("never?"))

    asyncio.run(leave())
    second = page.answer(assistant, "Two?", (), "b")
    assert next(second).ahead == 1
    assert [e.stage for e in first][-1] == Stage.DONE
    assert [e.stage for e in second][-1] == Stage.DONE
    assert [question for question, _ in assistant.asked] == ["One?", "Two?"]


def test_a_page_that_is_closed_while_it_waits_leaves_the_line() -> None:
    page, assistant = desk(Token("He "), ANSWER)
    first, second, third = (page.answer(assistant, f"{name}?", (), name) for name in "abc")
    next(first), next(second), next(third)
    second.close()
    assert next(third).ahead == 1
    assert [e.stage for e in first][-1] == Stage.DONE
    assert [e.stage for e in third][-1] == Stage.DONE
    assert [question for question, _ in assistant.asked] == ["a?", "c?"]


def test_a_waiting_question_can_be_stopped() -> None:
    page, assistant = desk(Token("He "), ANSWER)
    first, second = page.answer(assistant, "One?", (), "a"), page.answer(assistant, "Two?", (), "b")
    next(first)
    next(second)
    page.stop("b")
    assert [e.stage for e in second] == [Stage.STOPPED]
    assert [e.stage for e in first][-1] == Stage.DONE
    assert [question for question, _ in assistant.asked] == ["One?"]


def test_one_page_asks_one_question_at_a_time() -> None:
    page, assistant = desk(Token("He "), ANSWER)
    first = page.answer(assistant, "One?", (), "a")
    next(first)
    assert list(page.answer(assistant, "Two?", (), "a")) == []
    assert [e.stage for e in first][-1] == Stage.DONE
    assert list(page.answer(assistant, "Two?", (), "a"))[-1].stage == Stage.DONE


def test_a_page_that_goes_away_frees_the_desk() -> None:
    page, assistant = desk(Token("He "), ANSWER)
    growing = page.answer(assistant, "One?", (), "a")
    next(growing)
    next(growing)
    growing.close()
    assert assistant.closed.is_set()
    assert [e.stage for e in page.answer(assistant, "Two?", (), "b")][-1] == Stage.DONE


def test_a_page_that_goes_away_while_it_waits_leaves_the_other_alone() -> None:
    page, assistant = desk(Token("He "), ANSWER)
    first, second = page.answer(assistant, "One?", (), "a"), page.answer(assistant, "Two?", (), "b")
    next(first)
    next(second)
    second.close()
    assert list(page.answer(assistant, "Three?", (), "a")) == []
    assert [e.stage for e in first][-1] == Stage.DONE


def test_questions_to_several_collections_are_answered_in_one_line() -> None:
    page, assistant = desk(Token("He "), ANSWER)
    other = Scripted(ANSWER)
    first = page.answer(assistant, "One?", (), "a")
    second = page.answer(other, "Two?", (), "b")  # type: ignore[arg-type]
    next(first)
    assert next(second).ahead == 1
    assert other.asked == []
    assert [e.stage for e in first][-1] == Stage.DONE
    assert [e.stage for e in second][-1] == Stage.DONE
    assert other.asked == [("Two?", ())]


def test_a_stop_after_the_end_is_harmless() -> None:
    page, assistant = desk(ANSWER)
    assert list(page.answer(assistant, "One?", (), "a"))[-1].stage == Stage.DONE
    page.stop("a")
    assert list(page.answer(assistant, "Two?", (), "a"))[-1].stage == Stage.DONE


def test_frames_thin_tokens_and_lose_neither_sentences_nor_the_end() -> None:
    exchange = Exchange("Who?")
    steps: list[Exchange] = [exchange]
    for event in (*[Token("x")] * 50, LED, Token("y"), ANSWER):
        exchange = absorb(exchange, event)
        steps.append(exchange)
    kept = list(frames(iter(steps)))
    assert len(kept) < len(steps)
    assert [e.stage for e in kept if not e.open] == [Stage.DONE]
    assert any(e.sentences == (LED,) for e in kept)


def test_a_sentence_is_drawn_to_its_end_while_it_waits_to_be_judged() -> None:
    exchange = Exchange("Who?")
    steps = [exchange := absorb(exchange, Token(piece)) for piece in ("He", " led", " it", ".")]
    drawn = [frame.draft for frame in frames(iter(steps))]
    assert drawn[-1] == "He led it."
    assert len(drawn) < len(steps)


def test_a_sentence_takes_its_words_out_of_the_draft() -> None:
    exchange = absorb(Exchange("Who?"), Token(" He led it. Th"))
    assert absorb(exchange, LED).draft == " Th"


def test_a_sentence_that_differs_from_its_tokens_clears_the_draft() -> None:
    exchange = absorb(Exchange("Who?"), Token("He  led\nit."))
    assert absorb(exchange, LED).draft == ""


def test_history_holds_what_came_back_and_nothing_else() -> None:
    answered = done(answer("He led it. [1]", citation(1, (0, 10))))
    stopped = stop(
        absorb(Exchange("And then?"), Sentence("He left.", (citation(1, (0, 8)),), shown=True))
    )
    failed = fail(Exchange("What?"), "broken")
    refused = done(refusal())
    assert history((answered, stopped, failed, refused)) == (
        Turn("Who led it?", "He led it. [1]"),
        Turn("And then?", "He left."),
        Turn("Who led it?", "The articles do not say."),
    )


def test_a_question_that_is_asked_again_knows_only_what_came_before_it() -> None:
    turns = tuple(done(answer(f"{number}.")) for number in (1, 2, 3))
    assert [known(turns, again) for again in (0, 1, 2, 3)] == [turns, (), turns[:1], turns[:2]]
    asked_again = (*turns, replace(turns[0], again=2))
    assert known(asked_again, len(asked_again)) == turns[:1]  # it stands where the second did


def test_a_change_waits_for_the_answer_and_a_question_for_the_change() -> None:
    page, assistant = desk(Token("He "), ANSWER)
    answering = page.answer(assistant, "Who?", (), "a")
    next(answering)
    begun, may_end = threading.Event(), threading.Event()

    def work(progress: Progress) -> str:
        begun.set()
        progress("embedding", 64, 128)
        assert may_end.wait(10)
        return "done"

    changing = page.change(work, "a")
    assert next(changing) == WAITING
    assert not begun.is_set()
    assert list(answering)[-1].stage == Stage.DONE
    assert begun.wait(10)
    asking = page.answer(assistant, "Who?", (), "b")
    assert next(asking).stage == Stage.WAITING
    assert (page.changing("a"), page.changing("b")) == (True, False)
    may_end.set()
    assert page.asked is assistant
    assert list(changing)[-1] == "done"
    assert page.asked is None, "its articles may be gone"
    assert not page.changing("a")
    assert list(asking)[-1].stage == Stage.DONE


def test_a_change_that_fails_or_whose_page_has_gone_leaves_the_turn_free() -> None:
    page, assistant = desk(ANSWER)

    def fail(progress: Progress) -> str:
        raise ModelError("broken")

    with pytest.raises(ModelError, match="broken"):
        list(page.change(fail, "a"))
    done_ = threading.Event()

    def work(progress: Progress) -> str:
        done_.set()
        return ""

    with page._turn:
        changing = page.change(work, "a")
        assert next(changing) == WAITING
        changing.close()
    assert done_.wait(10)
    assert list(page.answer(assistant, "Who?", (), "a"))[-1].stage == Stage.DONE


def test_a_turn_waits_its_place_and_lets_others_in_behind_it() -> None:
    gate = threading.Event()
    page, assistant = desk(gate, ANSWER)
    growing = page.answer(assistant, "Who?", (), "a")
    assert next(growing).stage == Stage.SEARCHING
    order: list[str] = []
    held, leave = threading.Event(), threading.Event()

    def work() -> None:
        for number in (1, 2):
            with page.turn(threading.Event()) as ours:
                assert ours
                order.append(f"turn {number} after {len(assistant.asked)}")
                held.set()
                assert leave.wait(10)

    worker = threading.Thread(target=work)
    worker.start()
    assert not held.wait(0.6)
    gate.set()
    assert list(growing)[-1].stage == Stage.DONE
    assert held.wait(10)
    between = page.answer(assistant, "And?", (), "b")
    assert (first := next(between)).stage == Stage.WAITING
    assert first.ahead == 1
    leave.set()
    assert list(between)[-1].stage == Stage.DONE
    worker.join(10)
    assert order == ["turn 1 after 1", "turn 2 after 2"]


def test_a_turn_that_is_stopped_while_it_waits_is_none() -> None:
    page, assistant = desk(ANSWER)
    growing = page.answer(assistant, "Who?", (), "a")
    next(growing)
    stopped = threading.Event()
    stopped.set()
    with page.turn(stopped) as ours:
        assert not ours
    assert list(growing)[-1].stage == Stage.DONE
    with page.turn(stopped) as ours:
        assert not ours
    with page.turn(threading.Event()) as ours:
        assert ours
