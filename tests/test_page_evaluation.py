"""The evaluation on the page: its runs, and how they and their report are shown."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from page_html import Page
from scripted_page import HOSTILE

from rag.errors import ConfigError
from rag.page import evaluation
from rag.page.desk import BROKEN, Desk
from rag.page.evaluator import Choices, Figure, Miss, Plot, Progress, Report, Subset, Turn
from rag.page.exam import Exam, State

CHOICES = Choices({"tune": 2, "report": 30, "all": 32}, ("false_premise", "list"), ("press",))
REPORT = Report(
    made=datetime(2026, 11, 27, 21, 9, tzinfo=UTC),
    on_page=False,
    model="small.gguf",
    corpus="seeds",
    asked="60 questions of seeds.jsonl, split report",
    note="",
    figures=(Figure("answerable, right", 28, 42, 0.516, 0.79, "<svg></svg>"),),
    plots=(Plot("Latency", "Whole answers.", '<svg role="img"></svg>'),),
    missed=(Miss("wrong", "Who led it?", "Adeeb", "Talabani did.", "It does not state: Adeeb."),),
)


class Evaluator:
    """Asks `total` questions, each when `steps` allows it; then raises `error`, if any."""

    def __init__(self, total: int = 3, error: Exception | None = None) -> None:
        self.total = total
        self.error = error
        self.steps = threading.Semaphore(0)
        self.subsets: list[Subset] = []

    def choices(self) -> Choices:
        return CHOICES

    def latest(self) -> Report:
        return REPORT

    def whole(self) -> str:
        return ""

    def run(self, subset: Subset, turn: Turn, progress: Progress) -> None:
        self.subsets.append(subset)
        progress(0, self.total, "")
        for number in range(1, self.total + 1):
            with turn() as ours:
                if not ours:
                    return
                assert self.steps.acquire(timeout=10)
            progress(number, self.total, f"{self.total - number} s")
        if self.error:
            raise self.error


def begun(evaluator: Evaluator) -> tuple[Exam, Iterator[State]]:
    exam = Exam(Desk(), evaluator)
    assert list(exam.watch()) == [State()]
    exam.begin(Subset(split="tune"))
    return exam, exam.watch()


def until(states: Iterator[State], done: int) -> State:
    return next(state for state in states if state.done == done and state.total)


def test_a_run_is_watched_to_its_end() -> None:
    evaluator = Evaluator()
    exam, states = begun(evaluator)
    assert until(states, 0).running
    exam.begin(Subset(split="all"))  # one is under way
    evaluator.steps.release()
    assert until(states, 1).left == "2 s"
    evaluator.steps.release(2)
    *_, last = states
    assert last == State(Subset(split="tune"), done=3, total=3)
    assert evaluator.subsets == [Subset(split="tune")]
    assert "Asked 3 questions" in evaluation.pace(last)


def test_a_run_is_stopped_behind_the_question_under_way() -> None:
    evaluator = Evaluator()
    exam, states = begun(evaluator)
    evaluator.steps.release()
    until(states, 1)
    exam.stop()
    state = next(states)
    assert (state.running, state.stopping) == (True, True)
    assert "stopping" in evaluation.pace(state)
    evaluator.steps.release()
    *_, last = states
    assert (last.running, last.done) == (False, 2)
    assert "Stopped after 2 of 3 questions" in evaluation.pace(last)
    exam.stop()  # nothing is under way
    evaluator.steps.release(3)
    exam.begin(Subset())
    *_, last = exam.watch()
    assert last == State(Subset(), done=3, total=3)


@pytest.mark.parametrize("error", [ConfigError("No room in /secret."), RuntimeError("/secret")])
def test_what_ends_a_run_is_told_without_a_path(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluator = Evaluator(1, error)
    evaluator.steps.release()
    _, states = begun(evaluator)
    *_, last = states
    assert not last.running
    assert "/secret" not in evaluation.pace(last)
    assert BROKEN.split(";")[0] in Page(evaluation.pace(last)).texts("p", "urgent")[0]
    assert "/secret" in capsys.readouterr().err


def test_a_run_that_ended_of_itself_says_why() -> None:
    assert evaluation.pace(State()) == ""
    nothing = evaluation.pace(State(Subset()))
    assert "No question is of that split and kind" in nothing
    changed = evaluation.pace(State(Subset(), done=1, total=3))
    assert "The articles were changed after 1 of 3" in changed


def test_the_form_keeps_what_was_chosen_and_its_limits() -> None:
    chosen = Subset("tune", kind="false_premise", most=5)
    page = Page(evaluation.controls(CHOICES, State(chosen)).replace("/>", "></input>"))
    picked = [one["value"] for one in page.attrs("option") if "selected" in one]
    assert picked == ["tune", "kind:false_premise"]
    (most,) = page.attrs("input")
    assert (most["value"], most["max"]) == ("5", "32")
    assert "false premise" in page.texts("option")
    few = evaluation.controls(replace(CHOICES, splits={"all": 4}), State())
    assert 'value="4"' in few  # a form that holds what it does not take could not be sent


def test_other_articles_are_evaluated_from_a_terminal() -> None:
    page = Page(evaluation.controls(None, State()))
    assert not page.attrs("form")
    assert "footnote eval run --cases" in page.texts("pre")[0]


def test_a_report_is_told_with_figures_intervals_and_misses() -> None:
    page = Page(evaluation.report(REPORT))
    (value,) = page.texts("span", "value")
    assert value == "67% 28 of 42, 52% to 79%"
    about = page.texts("header")[0]
    assert "27 November 2026, 21:09, from the command line" in about
    assert "small.gguf" in about
    assert page.texts("dd") == ["Talabani did.", "Adeeb", "It does not state: Adeeb."]
    assert "started on this page" in evaluation.report(replace(REPORT, on_page=True))
    assert "None." in evaluation.report(replace(REPORT, missed=()))
    assert "No evaluation yet" in evaluation.report(None)
    assert "cannot be read" in Page(evaluation.unreadable()).texts("p", "urgent")[0]


def test_whatever_a_report_says_is_escaped() -> None:
    evil = Report(
        made=REPORT.made,
        on_page=True,
        model=HOSTILE,
        corpus=HOSTILE,
        asked=HOSTILE,
        note=HOSTILE,
        figures=(replace(REPORT.figures[0], label=HOSTILE),),
        plots=(replace(REPORT.plots[0], title=HOSTILE, caption=HOSTILE),),
        missed=(Miss(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
    )
    markup = evaluation.report(evil)
    markup += evaluation.controls(Choices({HOSTILE: 1}, (HOSTILE,), (HOSTILE,)), State())
    markup += evaluation.pace(State(Subset(), running=True, total=1, left=HOSTILE))
    page = Page(markup.replace("/>", "></input>"))
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "b"}
    assert page.texts("dd") == [HOSTILE] * 3
    assert not [name for _, attrs in page.elements for name in attrs if name.startswith("on")]
