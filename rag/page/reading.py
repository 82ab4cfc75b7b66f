"""The events of an answer that is there: its sources, copying and saving, what is thought of it."""

from typing import Any

from rag.errors import FootnoteError
from rag.page import export, render, source
from rag.page.desk import Desk
from rag.page.exchange import Exchange, moved
from rag.page.feedback import Feedback, Verdict
from rag.page.parts import QUIET, Parts

THANKS: dict[Verdict, str] = {
    "up": "Kept on this machine: right.",
    "down": "Kept on this machine: wrong. A note says what a right answer would be.",
    "none": "Your verdict was taken back.",
}
NOTED = "Kept on this machine, with your note."


def wire_export(desk: Desk, parts: Parts) -> None:
    """Wire copying an answer and saving a conversation."""
    import gradio as gr

    def copy(exchanges: tuple[Exchange, ...], event: gr.EventData) -> Any:
        turn = int(event.turn)
        form: export.Form = "markdown" if event.form == "markdown" else "text"
        if not 1 <= turn <= len(exchanges):
            return gr.skip()
        articles = {article.id: article for article in desk.articles()}
        return render.parcel(export.answer(exchanges[turn - 1], articles, form))

    def save(exchanges: tuple[Exchange, ...], event: gr.EventData) -> Any:
        if not exchanges:
            return gr.skip()
        if event.form == "json":
            return render.parcel(export.as_json(exchanges), "conversation.json")
        articles = {article.id: article for article in desk.articles()}
        return render.parcel(export.markdown(exchanges, articles), "conversation.md")

    quiet = QUIET | {"queue": False}
    parts.conversation.copy(copy, parts.exchanges, parts.parcel, **quiet)
    parts.conversation.download(save, parts.exchanges, parts.parcel, **quiet)


def wire_sources(desk: Desk, parts: Parts) -> None:
    """Wire the footnotes and the list of articles to the source panel."""
    import gradio as gr

    def open_source(exchanges: tuple[Exchange, ...], event: gr.EventData) -> str:
        start, end = int(event.start), int(event.end)
        for article in desk.articles():
            if article.id == event.article:
                if moved(exchanges, article, start, end):
                    return source.changed()
                return source.source(article, start, end, str(event.kind))
        return source.gone()

    for part in (parts.conversation, parts.articles):
        part.select(
            open_source,
            parts.exchanges,
            parts.panel,
            queue=False,
            trigger_mode="always_last",
            **QUIET,
        )


def wire_feedback(feedback: Feedback, parts: Parts) -> None:
    """Wire the thumbs under an answer and the note beside them."""
    import gradio as gr

    def rate(exchanges: tuple[Exchange, ...], event: gr.EventData) -> Any:
        turn = int(event.turn)
        verdict = next((each for each in THANKS if each == event.verdict), None)
        if verdict is None or not 1 <= turn <= len(exchanges):
            return gr.skip()
        if exchanges[turn - 1].answer is None:
            return gr.skip()
        try:
            feedback.give(exchanges[: turn - 1], exchanges[turn - 1], verdict, str(event.note))
        except FootnoteError as error:
            return render.hint(str(error), urgent=True)
        return render.hint(NOTED if event.note and verdict != "none" else THANKS[verdict])

    rating = QUIET | {"queue": False, "trigger_mode": "multiple"}
    parts.conversation.like(rate, parts.exchanges, parts.hint, **rating)
