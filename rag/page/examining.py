"""The events of the evaluation: opening its view, starting a run, stopping it."""

from collections.abc import Iterator
from typing import Any

from rag import failing
from rag.errors import FootnoteError
from rag.page import evaluation
from rag.page.evaluator import Subset
from rag.page.exam import Exam
from rag.page.parts import QUIET, Parts, Update


def wire_evaluation(exam: Exam, parts: Parts) -> None:
    """Wire the header's button and what it opens."""
    import gradio as gr

    choices = exam.evaluator.choices()

    def report() -> str:
        try:
            return evaluation.report(exam.evaluator.latest())
        except FootnoteError as error:
            failing.tell(error)
            return evaluation.unreadable()

    def show() -> Iterator[Update]:
        """The view as it is, and as it goes on while a run is under way."""
        drawn = ""
        for state in exam.watch():
            update: Update = {parts.pace: evaluation.pace(state)}
            if not (drawn and state.running):
                update[parts.report] = report()
            controls = evaluation.controls(choices, state)
            if controls != drawn:  # drawn anew it would lose the focus and what is chosen
                update[parts.exam] = drawn = controls
            yield update

    def start(event: gr.EventData) -> Iterator[Update]:
        exam.begin(_subset(event))
        yield from show()

    outputs = [parts.exam, parts.pace, parts.report]
    watching = QUIET | {"outputs": outputs, "concurrency_limit": None, "trigger_mode": "once"}
    parts.to_evaluation.select(show, None, **watching)
    parts.exam.submit(start, None, **watching)
    parts.exam.stop(exam.stop, None, None, queue=False, **QUIET)


def _subset(event: Any) -> Subset:
    """What the form says; what a browser could not have sent is a subset without a case."""
    by, _, name = str(event.group).partition(":")
    most = str(event.most)
    return Subset(
        split=str(event.split),
        kind=name if by == "kind" else "",
        tag=name if by == "tag" else "",
        most=int(most) if most.isdecimal() and len(most) < 10 else 0,
    )
