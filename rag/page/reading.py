"""The events of an answer that is there: its sources, copying and saving, what is thought of it."""

from typing import Any

from rag.errors import FootnoteError
from rag.page import export, render, source
from rag.page.exchange import Exchange, moved
from rag.page.feedback import Verdict
from rag.page.parts import CLOSED_HINT, QUIET, Parts
from rag.page.rooms import Rooms
from rag.types import Article

THANKS: dict[Verdict, str] = {
    "up": "Kept on this machine: right.",
    "down": "Kept on this machine: wrong. A note says what a right answer would be.",
    "none": "Your verdict was taken back.",
}
NOTED = "Kept on this machine, with your note."


def wire_export(rooms: Rooms, parts: Parts) -> None:
    """Wire copying an answer and saving a conversation."""
    import gradio as gr

    def articles(where: str) -> dict[str, Article]:
        room = rooms.of(where)
        return room.articles if room else {}

    def copy(exchanges: tuple[Exchange, ...], where: str, event: gr.EventData) -> Any:
        turn = int(event.turn)
        form: export.Form = "markdown" if event.form == "markdown" else "text"
        if not 1 <= turn <= len(exchanges):
            return gr.skip()
        return render.parcel(export.answer(exchanges[turn - 1], articles(where), form))

    def save(exchanges: tuple[Exchange, ...], where: str, event: gr.EventData) -> Any:
        if not exchanges:
            return gr.skip()
        if event.form == "json":
            return render.parcel(export.as_json(exchanges), "conversation.json")
        return render.parcel(export.markdown(exchanges, articles(where)), "conversation.md")

    quiet = QUIET | {"queue": False}
    inputs = [parts.exchanges, parts.where]
    parts.conversation.copy(copy, inputs, parts.parcel, **quiet)
    parts.conversation.download(save, inputs, parts.parcel, **quiet)


def wire_sources(rooms: Rooms, parts: Parts) -> None:
    """Wire the footnotes and the list of articles to the source panel."""
    import gradio as gr

    def open_source(exchanges: tuple[Exchange, ...], where: str, event: gr.EventData) -> str:
        start, end = int(event.start), int(event.end)
        room = rooms.of(where)
        article = room.articles.get(event.article) if room else None
        if article is None:
            return source.gone()
        if moved(exchanges, article, start, end):
            return source.changed()
        return source.source(article, start, end, str(event.kind))

    for part in (parts.conversation, parts.articles):
        part.select(
            open_source,
            [parts.exchanges, parts.where],
            parts.panel,
            queue=False,
            trigger_mode="always_last",
            **QUIET,
        )


def wire_feedback(rooms: Rooms, parts: Parts) -> None:
    """Wire the thumbs under an answer and the note beside them."""
    import gradio as gr

    def rate(exchanges: tuple[Exchange, ...], where: str, event: gr.EventData) -> Any:
        turn, room = int(event.turn), rooms.of(where)
        verdict = next((each for each in THANKS if each == event.verdict), None)
        if verdict is None or not 1 <= turn <= len(exchanges):
            return gr.skip()
        if exchanges[turn - 1].answer is None:
            return gr.skip()
        if room is None:
            return render.hint(CLOSED_HINT, urgent=True)
        try:
            room.feedback.give(exchanges[: turn - 1], exchanges[turn - 1], verdict, str(event.note))
        except FootnoteError as error:
            return render.hint(str(error), urgent=True)
        return render.hint(NOTED if event.note and verdict != "none" else THANKS[verdict])

    rating = QUIET | {"queue": False, "trigger_mode": "multiple"}
    parts.conversation.like(rate, [parts.exchanges, parts.where], parts.hint, **rating)
