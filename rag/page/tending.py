"""The events of the list of articles: adding, removing, bringing back, looking for changes."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from rag import failing
from rag.errors import FootnoteError
from rag.page import incoming, library, render
from rag.page.arrivals import Arrivals
from rag.page.desk import BROKEN, Desk
from rag.page.parts import CLOSED_HINT, HINT, QUIET, Parts, Update
from rag.page.rooms import Room, Rooms
from rag.types import Progress

FAILED = (
    "The articles could not be changed and are as they were; the terminal that Footnote runs in "
    "says why."
)
LAST = "One article at least has to stay. Add another one first."
GONE = "This article is no longer in use."
BACK = "This article is not among those that were removed."


def listed(room: Room) -> str:
    """The articles of `room` as they are now, and what of its folder is not among them."""
    assistant = room.assistant
    try:
        removed = assistant.removed
    except FootnoteError as error:
        failing.tell(error)
        removed = []
    return library.article_list(
        assistant.articles(), assistant.passages_by_article, removed, assistant.skipped
    )


def wire_articles(desk: Desk, rooms: Rooms, parts: Parts, arrivals: Arrivals) -> None:
    """Wire adding, removing and bringing back; files that are added wait in `arrivals`."""
    import gradio as gr

    def carry_out(
        work: Callable[[Room, Progress], str],
        id_: str,
        where: str,
        request: gr.Request,
        gone: Callable[[], object] = bool,
    ) -> Iterator[Update]:
        """Do `work` in the collection `id_`, `gone` if there is none, for a page at `where`."""
        was_empty = False

        def run(progress: Progress) -> str:
            nonlocal was_empty
            # looked up in its turn: the collection may have been deleted while it waited
            if (room := rooms.of(id_)) is None:
                gone()
                return library.problem(CLOSED_HINT)
            was_empty = not room.articles
            return work(room, progress)

        try:
            for step in desk.change(run, str(request.session_hash)):
                if isinstance(step, str):
                    now = _now(parts, rooms.of(id_), was_empty) if id_ == where else {}
                    yield now | {parts.work: step}
                else:
                    yield {parts.work: library.working(*step)}
        except FootnoteError as error:
            failing.tell(error)
            yield {parts.work: library.problem(FAILED)}
        except Exception:
            traceback.print_exc()
            yield {parts.work: library.problem(BROKEN)}

    def add(where: str, event: gr.EventData, request: gr.Request) -> Iterator[Update]:
        files = incoming.sent(event.files, arrivals.fetch)
        id_ = str(event.collection) or where
        unwanted = partial(incoming.discard, files)
        yield from carry_out(partial(_add, files), id_, where, request, unwanted)

    def remove(where: str, event: gr.EventData, request: gr.Request) -> Iterator[Update]:
        yield from carry_out(partial(_remove, str(event.article)), where, where, request)

    def refresh(where: str, request: gr.Request) -> Iterator[Update]:
        yield from carry_out(_refresh, where, where, request)

    def restore(where: str, event: gr.EventData, request: gr.Request) -> Iterator[Update]:
        yield from carry_out(partial(_restore, str(event.article)), where, where, request)

    outputs = [parts.work, parts.articles, parts.conversation, parts.hint]
    changing = QUIET | {"concurrency_limit": None, "trigger_mode": "multiple"}
    parts.adding.upload(add, parts.where, outputs, **changing)
    parts.adding.apply(refresh, parts.where, outputs, **changing)
    parts.articles.delete(remove, parts.where, outputs, **changing)
    for part in (parts.articles, parts.work):
        part.undo(restore, parts.where, outputs, **changing)


def _now(parts: Parts, room: Room | None, was_empty: bool) -> Update:
    """The articles of `room`, and an invitation to ask about the first of them."""
    if room is None:
        return {}
    update: Update = {parts.articles: listed(room)}
    if was_empty and room.articles:
        update |= {parts.conversation: room.blank, parts.hint: render.hint(HINT)}
    return update


def _add(files: Sequence[incoming.Sent], room: Room, progress: Progress) -> str:
    known = [article.sha256 for article in room.articles.values()]
    taken = incoming.take(files, room.intake, known, progress)
    try:
        if taken.files:
            room.assistant.add(taken.files, progress=progress)
    except BaseException:
        taken.undo()
        raise
    return library.added(taken.articles, taken.skipped)


def _remove(id_: str, room: Room, progress: Progress) -> str:
    articles = room.articles
    if id_ not in articles:
        return library.problem(GONE)
    if len(articles) == 1:
        return library.problem(LAST)
    room.assistant.remove([id_], progress=progress)
    return library.removed(articles[id_])


def _refresh(room: Room, progress: Progress) -> str:
    changed = room.assistant.refresh(progress=progress)
    return library.refreshed(changed, len(room.articles))


def _restore(id_: str, room: Room, progress: Progress) -> str:
    if id_ not in room.assistant.removed:
        return library.problem(BACK)
    room.assistant.restore([id_], progress=progress)
    return library.restored(id_)
