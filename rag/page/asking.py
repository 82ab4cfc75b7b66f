"""The events of the conversation: asking, stopping, beginning anew, going back to earlier ones."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from rag.errors import FootnoteError
from rag.page import earlier, render, source
from rag.page.desk import Desk, frames
from rag.page.exchange import Exchange
from rag.page.parts import (
    ANEW_HINT,
    BUSY_HINT,
    CLOSED_HINT,
    EMPTY_HINT,
    FOCUS,
    GONE_HINT,
    HINT,
    NOTHING_HINT,
    QUIET,
    Parts,
    Update,
)
from rag.page.rooms import Room, Rooms


def shown(parts: Parts, room: Room, exchanges: tuple[Exchange, ...], id_: str) -> Update:
    """A conversation of `room`, kept as `id_`, in place of the one before it."""
    conversation = room.blank
    if exchanges:
        conversation = render.conversation(
            exchanges, room.articles, room.examples, id_, room.feedback.of(exchanges)
        )
    return {
        parts.conversation: conversation,
        parts.exchanges: exchanges,
        parts.kept: id_,
        parts.conversations: earlier.conversation_list(room.conversations.all(), id_),
        parts.panel: source.no_source(),
        parts.hint: render.hint(HINT),
    }


def urgent(parts: Parts, text: str) -> Update:
    """What is wrong, in the line under the question field."""
    return {parts.hint: render.hint(text, urgent=True)}


def wire_asking(desk: Desk, rooms: Rooms, parts: Parts) -> None:
    """Wire the question field, its buttons and the examples."""
    import gradio as gr

    def controls(*, answering: bool) -> Update:
        return {
            parts.ask: gr.Button(visible=not answering),
            parts.halt: gr.Button("Stop", visible=answering),
            parts.new: gr.Button(interactive=not answering),
        }

    def keep(room: Room, id_: str, before: tuple[Exchange, ...], exchange: Exchange) -> Update:
        hint, now = render.hint(HINT), id_
        try:
            now = room.conversations.append(id_, before, exchange)
            if id_ and now != id_:
                hint = render.hint(ANEW_HINT, urgent=True)
        except FootnoteError as error:
            hint = render.hint(str(error), urgent=True)
        return {
            parts.hint: hint,
            parts.kept: now,
            parts.exchanges: (*before, exchange),
            parts.conversations: earlier.conversation_list(room.conversations.all(), now),
        }

    def reply(
        text: str, before: tuple[Exchange, ...], id_: str, where: str, request: gr.Request
    ) -> Iterator[Update]:
        room, text, page = rooms.of(where), text.strip(), str(request.session_hash)
        if room is None or not text or not room.articles:
            problem = NOTHING_HINT if room and text else EMPTY_HINT if room else CLOSED_HINT
            yield urgent(parts, problem)
            return
        update: Update = {}
        articles = room.articles
        for exchange in frames(desk.answer(room.assistant, text, before, page)):
            if rooms.of(room.id) is not room:  # deleted while the question waited
                yield controls(answering=False) | urgent(parts, CLOSED_HINT)
                return
            begun = bool(update)
            update = {}
            if not begun:
                update |= controls(answering=True) | {parts.hint: render.hint(HINT)}
                update[parts.question] = ""
            if not exchange.open:
                update |= controls(answering=False) | keep(room, id_, before, exchange)
                id_ = update[parts.kept]
            now = (*before, exchange)
            update[parts.conversation] = render.conversation(
                now, articles, room.examples, id_, room.feedback.of(now)
            )
            yield update
        if not update:
            yield urgent(parts, BUSY_HINT)

    def reply_to_example(
        before: tuple[Exchange, ...],
        id_: str,
        where: str,
        event: gr.EventData,
        request: gr.Request,
    ) -> Iterator[Update]:
        yield from reply(str(event.question), before, id_, where, request)

    def halt(request: gr.Request) -> Any:
        desk.stop(str(request.session_hash))
        return gr.Button("Stopping…")

    def renew(where: str) -> Update:
        if room := rooms.of(where):
            return shown(parts, room, (), "")
        return urgent(parts, CLOSED_HINT)

    changed = [getattr(parts, field.name) for field in fields(parts)]
    # The desk itself lets one question through at a time, and tells the others that they wait.
    asking = QUIET | {"outputs": changed, "concurrency_limit": None, "trigger_mode": "multiple"}
    inputs = [parts.question, parts.exchanges, parts.kept, parts.where]
    gr.on([parts.question.submit, parts.ask.click], reply, inputs, **asking)
    parts.conversation.submit(reply_to_example, inputs[1:], **asking)
    parts.halt.click(halt, None, parts.halt, queue=False, **QUIET)
    parts.new.click(renew, parts.where, changed, queue=False, **QUIET, js=FOCUS)


def wire_earlier(desk: Desk, rooms: Rooms, parts: Parts) -> None:
    """Wire the list of earlier conversations."""
    import gradio as gr

    def listed(room: Room, id_: str = "") -> Update:
        return {parts.conversations: earlier.conversation_list(room.conversations.all(), id_)}

    def reopen(where: str, event: gr.EventData, request: gr.Request) -> Update:
        room = rooms.of(where)
        if room is None:
            return urgent(parts, CLOSED_HINT)
        if desk.busy(str(request.session_hash)):
            return urgent(parts, BUSY_HINT)
        found = room.conversations.open(str(event.conversation))
        if found is None:
            return listed(room) | urgent(parts, GONE_HINT)
        return shown(parts, room, found.exchanges, found.id)

    def delete(id_: str, where: str, event: gr.EventData, request: gr.Request) -> Update:
        room, gone = rooms.of(where), str(event.conversation)
        if room is None:
            return urgent(parts, CLOSED_HINT)
        if gone == id_ and desk.busy(str(request.session_hash)):
            return urgent(parts, BUSY_HINT)
        try:
            room.conversations.delete(gone)
        except FootnoteError as error:
            return urgent(parts, str(error))
        return shown(parts, room, (), "") if gone == id_ else listed(room, id_)

    changed = [getattr(parts, field.name) for field in fields(parts)]
    parts.conversations.select(reopen, parts.where, changed, queue=False, **QUIET)
    parts.conversations.delete(delete, [parts.kept, parts.where], changed, queue=False, **QUIET)
