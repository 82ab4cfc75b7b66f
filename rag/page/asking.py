"""The events of the conversation: asking, stopping, beginning anew, going back to earlier ones."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from rag.errors import FootnoteError
from rag.page import earlier, render, source
from rag.page.desk import Desk, frames
from rag.page.exchange import Exchange, known
from rag.page.keeping import Keeping
from rag.page.parts import (
    AGAIN_HINT,
    ANEW_HINT,
    ASKED,
    BUSY_HINT,
    CLOSED_HINT,
    EMPTY_HINT,
    FOCUS,
    GONE_HINT,
    HINT,
    NOTHING_HINT,
    QUIET,
    TYPED_HINT,
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


def listed(parts: Parts, room: Room, id_: str) -> Update:
    """The earlier conversations of `room`, with the one that is kept as `id_` marked."""
    return {parts.conversations: earlier.conversation_list(room.conversations.all(), id_)}


def controls(parts: Parts, *, answering: bool) -> Update:
    """The buttons as they are while an answer is on its way, or while none is."""
    import gradio as gr

    return {
        parts.ask: gr.Button(visible=not answering),
        parts.halt: gr.Button("Stop", visible=answering),
        parts.new: gr.Button(interactive=not answering),
    }


def told(parts: Parts, keeping: Keeping) -> Update:
    """What the end of an answer says of its keeping."""
    problem = keeping.problem or (ANEW_HINT if keeping.parted else "")
    return urgent(parts, problem) if problem else {parts.hint: render.hint(HINT)}


def wire_asking(desk: Desk, rooms: Rooms, parts: Parts) -> None:
    """Wire the question field, its buttons and the examples."""
    import gradio as gr

    def reply(  # noqa: PLR0913, PLR0917 - what the page sends
        text: str,
        before: tuple[Exchange, ...],
        id_: str,
        where: str,
        again: int | None,
        request: gr.Request,
    ) -> Iterator[Update]:
        room, text, page = rooms.of(where), text.strip(), str(request.session_hash)
        if room is None or not text or not room.articles:
            problem = NOTHING_HINT if room and text else EMPTY_HINT if room else CLOSED_HINT
            yield urgent(parts, problem)
            return
        update: Update = {}
        articles = room.articles
        keeping = Keeping(room.conversations, id_, before)
        again = again if again and 1 <= again <= len(before) else 0
        for growing in frames(desk.answer(room.assistant, text, known(before, again), page)):
            exchange = replace(growing, again=again)
            if rooms.of(room.id) is not room:  # deleted while the question waited
                yield controls(parts, answering=False) | urgent(parts, CLOSED_HINT)
                return
            begun = bool(update)
            update = {}
            if not begun:
                update |= controls(parts, answering=True) | {parts.hint: render.hint(HINT)}
                update[parts.question] = ""
            # Before it is shown: when the page goes away, this is closed where it yields.
            kept_as = keeping.id
            if keeping.keep(exchange):
                update |= {parts.kept: keeping.id, parts.exchanges: keeping.exchanges}
            if keeping.id != kept_as or not exchange.open:
                update |= listed(parts, room, keeping.id)
            if not exchange.open:
                update |= controls(parts, answering=False) | told(parts, keeping)
            now = (*before, exchange)
            update[parts.conversation] = render.conversation(
                now,
                articles,
                room.examples,
                "" if keeping.problem else keeping.id,  # what the browser may reload
                room.feedback.of(now),
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
        yield from reply(str(event.question), before, id_, where, 0, request)

    def edit(event: gr.EventData) -> str:
        return render.hint(AGAIN_HINT if event.free else TYPED_HINT, urgent=not event.free)

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
    ways = [parts.question.submit, parts.ask.click]
    gr.on(ways, reply, [*inputs, parts.again], js=ASKED, **asking)
    parts.conversation.submit(reply_to_example, inputs[1:], **asking)
    parts.conversation.edit(edit, None, parts.hint, queue=False, **QUIET)
    parts.halt.click(halt, None, parts.halt, queue=False, **QUIET)
    parts.new.click(renew, parts.where, changed, queue=False, **QUIET, js=FOCUS)


def wire_earlier(desk: Desk, rooms: Rooms, parts: Parts) -> None:
    """Wire the list of earlier conversations."""
    import gradio as gr

    def reopen(where: str, event: gr.EventData, request: gr.Request) -> Update:
        room = rooms.of(where)
        if room is None:
            return urgent(parts, CLOSED_HINT)
        if desk.busy(str(request.session_hash)):
            return urgent(parts, BUSY_HINT)
        found = room.conversations.open(str(event.conversation))
        if found is None:
            return listed(parts, room, "") | urgent(parts, GONE_HINT)
        return shown(parts, room, found.exchanges, found.id)

    def delete(id_: str, where: str, event: gr.EventData, request: gr.Request) -> Update:
        room, gone = rooms.of(where), str(event.conversation)
        if room is None:
            return urgent(parts, CLOSED_HINT)
        open_too = gone == id_ or (gone == earlier.ALL and bool(id_))
        if open_too and desk.busy(str(request.session_hash)):
            return urgent(parts, BUSY_HINT)
        try:
            if gone == earlier.ALL:
                room.conversations.clear()
            else:
                room.conversations.delete(gone)
        except FootnoteError as error:
            return listed(parts, room, id_) | urgent(parts, str(error))
        if open_too:
            return shown(parts, room, (), "")
        return listed(parts, room, id_)

    changed = [getattr(parts, field.name) for field in fields(parts)]
    parts.conversations.select(reopen, parts.where, changed, queue=False, **QUIET)
    parts.conversations.delete(delete, [parts.kept, parts.where], changed, queue=False, **QUIET)
