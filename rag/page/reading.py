"""The events of an answer that is there: opening its sources, copying and saving it."""

from typing import Any

from rag.page import export, render, source
from rag.page.desk import Desk
from rag.page.exchange import Exchange, moved
from rag.page.parts import QUIET, Parts


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
