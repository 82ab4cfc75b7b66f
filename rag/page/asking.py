"""The events of the conversation: asking, stopping, beginning anew, going back to earlier ones."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from rag.errors import FootnoteError
from rag.page import earlier, render, source
from rag.page.conversations import Conversations
from rag.page.desk import Desk, frames
from rag.page.exchange import Exchange
from rag.page.feedback import Feedback
from rag.page.parts import (
    ANEW_HINT,
    BUSY_HINT,
    EMPTY_HINT,
    FOCUS,
    GONE_HINT,
    HINT,
    QUIET,
    Parts,
    Update,
)


def wire_asking(
    desk: Desk, shelf: Conversations, feedback: Feedback, parts: Parts, examples: Sequence[str]
) -> None:
    """Wire the question field, its buttons and the examples."""
    import gradio as gr

    def controls(*, answering: bool) -> Update:
        return {
            parts.ask: gr.Button(visible=not answering),
            parts.halt: gr.Button("Stop", visible=answering),
            parts.new: gr.Button(interactive=not answering),
        }

    def keep(id_: str, before: tuple[Exchange, ...], exchange: Exchange) -> Update:
        hint, now = render.hint(HINT), id_
        try:
            now = shelf.append(id_, before, exchange)
            if id_ and now != id_:
                hint = render.hint(ANEW_HINT, urgent=True)
        except FootnoteError as error:
            hint = render.hint(str(error), urgent=True)
        return {
            parts.hint: hint,
            parts.kept: now,
            parts.exchanges: (*before, exchange),
            parts.conversations: earlier.conversation_list(shelf.all(), now),
        }

    def reply(
        text: str, before: tuple[Exchange, ...], id_: str, request: gr.Request
    ) -> Iterator[Update]:
        if not text.strip():
            yield {parts.hint: render.hint(EMPTY_HINT, urgent=True)}
            return
        update: Update = {}
        articles = {article.id: article for article in desk.articles()}
        for exchange in frames(desk.answer(text.strip(), before, str(request.session_hash))):
            begun = bool(update)
            update = {}
            if not begun:
                update |= controls(answering=True) | {parts.hint: render.hint(HINT)}
                update[parts.question] = ""
            if not exchange.open:
                update |= controls(answering=False) | keep(id_, before, exchange)
                id_ = update[parts.kept]
            now = (*before, exchange)
            update[parts.conversation] = render.conversation(
                now, articles, examples, id_, feedback.of(now)
            )
            yield update
        if not update:
            yield {parts.hint: render.hint(BUSY_HINT, urgent=True)}

    def reply_to_example(
        before: tuple[Exchange, ...], id_: str, event: gr.EventData, request: gr.Request
    ) -> Iterator[Update]:
        yield from reply(str(event.question), before, id_, request)

    def halt(request: gr.Request) -> Any:
        desk.stop(str(request.session_hash))
        return gr.Button("Stopping…")

    def renew() -> Update:
        blank = render.conversation((), {}, examples)
        return {
            parts.conversation: blank,
            parts.exchanges: (),
            parts.kept: "",
            parts.conversations: earlier.conversation_list(shelf.all()),
            parts.panel: source.no_source(),
            parts.hint: render.hint(HINT),
        }

    changed = [getattr(parts, field.name) for field in fields(parts)]
    # The desk itself lets one question through at a time, and tells the others that they wait.
    asking = QUIET | {"outputs": changed, "concurrency_limit": None, "trigger_mode": "multiple"}
    inputs = [parts.question, parts.exchanges, parts.kept]
    gr.on([parts.question.submit, parts.ask.click], reply, inputs, **asking)
    parts.conversation.submit(reply_to_example, inputs[1:], **asking)
    parts.halt.click(halt, None, parts.halt, queue=False, **QUIET)
    parts.new.click(renew, None, changed, queue=False, **QUIET, js=FOCUS)


def wire_earlier(
    desk: Desk, shelf: Conversations, feedback: Feedback, parts: Parts, examples: Sequence[str]
) -> None:
    """Wire the list of earlier conversations."""
    import gradio as gr

    def shown(exchanges: tuple[Exchange, ...], id_: str) -> Update:
        articles = {article.id: article for article in desk.articles()}
        return {
            parts.conversation: render.conversation(
                exchanges, articles, examples, id_, feedback.of(exchanges)
            ),
            parts.exchanges: exchanges,
            parts.kept: id_,
            parts.panel: source.no_source(),
            parts.hint: render.hint(HINT),
        }

    def reopen(event: gr.EventData, request: gr.Request) -> Update:
        if desk.busy(str(request.session_hash)):
            return {parts.hint: render.hint(BUSY_HINT, urgent=True)}
        id_ = str(event.conversation)
        found = shelf.open(id_)
        if found is None:
            return {
                parts.conversations: earlier.conversation_list(shelf.all()),
                parts.hint: render.hint(GONE_HINT, urgent=True),
            }
        listed = {parts.conversations: earlier.conversation_list(shelf.all(), id_)}
        return shown(found.exchanges, id_) | listed

    def delete(id_: str, event: gr.EventData, request: gr.Request) -> Update:
        gone = str(event.conversation)
        if gone == id_ and desk.busy(str(request.session_hash)):
            return {parts.hint: render.hint(BUSY_HINT, urgent=True)}
        try:
            shelf.delete(gone)
        except FootnoteError as error:
            return {parts.hint: render.hint(str(error), urgent=True)}
        open_id = "" if gone == id_ else id_
        listed = {parts.conversations: earlier.conversation_list(shelf.all(), open_id)}
        return listed | (shown((), "") if gone == id_ else {})

    changed = [getattr(parts, field.name) for field in fields(parts)]
    parts.conversations.select(reopen, None, changed, queue=False, **QUIET)
    parts.conversations.delete(delete, parts.kept, changed, queue=False, **QUIET)
