"""The events of the collections: going to one, making, renaming and deleting one."""

import traceback
from collections.abc import Generator, Iterator
from dataclasses import fields
from typing import TYPE_CHECKING

from rag import failing
from rag.errors import ConfigError, FootnoteError
from rag.page import menu, render
from rag.page.asking import shown
from rag.page.desk import BROKEN, Desk, steps
from rag.page.parts import BUSY_HINT, GONE_HINT, QUIET, Parts, Update
from rag.page.rooms import Room, Rooms
from rag.page.tending import listed

if TYPE_CHECKING:
    from rag.page.exchange import Exchange

NOT_DELETED = (
    "The collection could not be deleted; the terminal that Footnote runs in says why. "
    "Try again when that is mended."
)
CANNOT = "This collection cannot be used; the terminal that Footnote runs in says why."
RENAMED = "The collection has its new name."
DELETING = "Deleting the collection…"
DELETED = "The collection was deleted."
CHANGING_HINT = "The articles are being changed just now. Try again when that is done."


class Doors:
    """Take open pages from one collection to another."""

    def __init__(self, desk: Desk, rooms: Rooms, parts: Parts) -> None:
        self._desk = desk
        self._rooms = rooms
        self._parts = parts
        self._newest: dict[str, object] = {}  # what each page that is on its way has chosen last

    def menu(self, where: str, wrong: menu.Wrong | None = None) -> Update:
        """The menu of a page that is at the collection `where`."""
        listed = menu.menu(self._rooms.collections.all(), where, wrong)
        return {self._parts.collections: listed}

    def nothing(self) -> Update:
        """No change."""
        import gradio as gr

        return {self._parts.work: gr.skip()}

    def hint(self, text: str, *, urgent: bool = True) -> Update:
        """The line under the question field."""
        return {self._parts.hint: render.hint(text, urgent=urgent)}

    def into(self, room: Room, exchanges: "tuple[Exchange, ...]" = (), id_: str = "") -> Update:
        """The whole page as it is in `room`."""
        parts = self._parts
        rest = {parts.where: room.id, parts.articles: listed(room), parts.work: ""}
        return shown(parts, room, exchanges, id_) | self.menu(room.id) | rest

    def open(self, id_: str) -> Generator[Update, None, Room | str]:
        """The room of a collection, or why there is none; yields how far it is."""
        try:
            if room := self._rooms.of(id_):
                return room
            for step in steps(lambda progress: self._rooms.enter(id_, progress)):
                if isinstance(step, Room):
                    return step
                yield {self._parts.hint: menu.opening(*step)}
        except Exception as error:
            return why(error)
        raise AssertionError("steps end with a result")

    def last(self, id_: str, page: str) -> Generator[Update, None, Room | str | None]:
        """As `open`; None when the page has made another choice in the meantime."""
        self._newest[page] = choice = object()
        found = yield from self.open(id_)
        if self._newest.get(page) is not choice:
            return None
        del self._newest[page]
        return found

    def go(self, id_: str, where: str, page: str) -> Iterator[Update]:
        """Take a page from `where` to another collection; it stays where that cannot be."""
        found = yield from self.last(id_, page)
        # asked only now, as a question may have been asked in the meantime
        if found is None:
            yield self.nothing()
        elif problem := found if isinstance(found, str) else self.kept_in(page):
            yield self.menu(where) | self.hint(problem)
        elif isinstance(found, Room):
            yield self.into(found)

    def kept_in(self, page: str) -> str:
        """Why this page cannot leave its collection just now, "" when it can."""
        if self._desk.busy(page):
            return BUSY_HINT
        return CHANGING_HINT if self._desk.changing(page) else ""


def wire_collections(desk: Desk, rooms: Rooms, parts: Parts) -> None:
    """Wire the menu of the collections, and the beginning of a page."""
    import gradio as gr

    doors = Doors(desk, rooms, parts)

    def begin(id_: str, conversation: str, page: str) -> Iterator[Update]:
        found = yield from doors.last(id_ or rooms.first.id, page)
        if found is None:
            yield doors.nothing()
            return
        room = found if isinstance(found, Room) else rooms.first
        kept = room.conversations.open(conversation)
        update = doors.into(room, kept.exchanges, kept.id) if kept else doors.into(room)
        lost = GONE_HINT if conversation and not kept else ""  # deleted in another tab
        problem = found if isinstance(found, str) else lost
        yield update | (doors.hint(problem) if problem else {})

    def choose(where: str, event: gr.EventData, request: gr.Request) -> Iterator[Update]:
        id_, page = str(event.collection), str(request.session_hash)
        if where:
            yield from doors.go(id_, where, page)
        else:  # the page has just been opened
            yield from begin(id_, str(event.conversation), page)

    def make(where: str, event: gr.EventData, request: gr.Request) -> Iterator[Update]:
        name, page = str(event.name), str(request.session_hash)
        if problem := doors.kept_in(page):
            yield doors.menu(where, menu.Wrong("", name, problem))
            return
        try:
            made = rooms.collections.make(name)
        except FootnoteError as error:
            yield doors.menu(where, menu.Wrong("", name, why(error)))
        else:
            yield from doors.go(made.id, where, page)

    def rename(where: str, event: gr.EventData) -> Update:
        id_, name = str(event.collection), str(event.name)
        try:
            rooms.collections.rename(id_, name)
        except FootnoteError as error:
            return doors.menu(where, menu.Wrong(id_, name, why(error)))
        return doors.menu(where) | doors.hint(RENAMED, urgent=False)

    def delete(where: str, event: gr.EventData, request: gr.Request) -> Iterator[Update]:
        id_, page = str(event.collection), str(request.session_hash)
        if id_ == where and (problem := doors.kept_in(page)):
            yield doors.menu(where) | doors.hint(problem)
            return
        try:
            for _ in desk.change(lambda _: rooms.delete(id_), page):
                yield doors.hint(DELETING, urgent=False)
        except Exception as error:
            yield doors.menu(where) | doors.hint(why(error, NOT_DELETED))
            return
        update = doors.into(rooms.first) if id_ == where else doors.menu(where)
        yield update | doors.hint(DELETED, urgent=False)

    changed = [getattr(parts, field.name) for field in fields(parts)]
    waiting = QUIET | {"concurrency_limit": None, "trigger_mode": "multiple"}
    parts.collections.select(choose, parts.where, changed, **waiting)
    parts.collections.apply(make, parts.where, changed, **waiting)
    parts.collections.edit(rename, parts.where, changed, queue=False, **QUIET)
    parts.collections.delete(delete, parts.where, changed, **waiting)


def why(error: Exception, cannot: str = CANNOT) -> str:
    """What the page says of a failure; what may name a file goes to the terminal."""
    if isinstance(error, ConfigError):  # of a name, or of a collection that is gone
        return str(error)
    if isinstance(error, FootnoteError):
        failing.tell(error)
        return cannot
    traceback.print_exception(error)
    return BROKEN
