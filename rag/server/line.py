"""Questions of programs, one behind another, off the event loop.

The assistant answers one question at a time. Of those that wait here only the first holds a
thread, and a place among the questions of open pages; the others keep nothing from the page.
Whoever goes away, waiting or answered, makes room for the next.
"""

import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import anyio
from anyio import to_thread

from rag.page.desk import Desk
from rag.page.guard import Receive
from rag.types import Answer, Sentence, Token, public_name

if TYPE_CHECKING:
    from rag.answering import Events

T = TypeVar("T")
Event = Token | Sentence | Answer


class Line:
    """Lets one stream of the assistant run at a time, and none while a page's question runs."""

    def __init__(self, desk: Desk) -> None:
        """The first that waits here joins the line at `desk`."""
        self._turn = anyio.Lock()
        self._desk = desk

    async def events(self, events: "Events") -> AsyncGenerator[Event]:
        """`events`, when it is their turn; they are closed at the end, whatever happens.

        Close it in the task that reads it, as the turn belongs to that task.
        """
        async with self._turn, self._among_pages():
            try:
                # A thread that has begun is waited for, so nobody closes what still runs.
                while (event := await to_thread.run_sync(next, events, None)) is not None:
                    yield _public(event)
            finally:
                with anyio.CancelScope(shield=True):
                    await to_thread.run_sync(events.close)

    @asynccontextmanager
    async def _among_pages(self) -> AsyncIterator[None]:
        waiting, held = threading.Event(), False
        self._desk.join(waiting)
        try:
            while not held:  # whoever goes away meanwhile leaves between two looks
                held = await to_thread.run_sync(self._desk.may_go, waiting)
            yield
        finally:
            self._desk.leave(waiting, held=held)

    async def answer(self, events: "Events") -> Answer:
        """The answer that `events` end with."""
        async with aclosing(self.events(events)) as running:
            async for event in running:
                if isinstance(event, Answer):
                    return event
        raise AssertionError("a stream ends with its answer")


def _public(event: Event) -> Event:
    if isinstance(event, Answer):
        return replace(event, model=public_name(event.model))
    return event


async def unless_left(receive: Receive, work: Awaitable[T]) -> T | None:
    """What `work` gives; None, with it cancelled, once the client has gone away."""
    done: T | None = None
    failed: Exception | None = None
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            group.cancel_scope.cancel()

        group.start_soon(watch)
        try:
            done = await work
        except Exception as error:  # a task group would wrap it
            failed = error
        group.cancel_scope.cancel()
    if failed is not None:
        raise failed
    return done
