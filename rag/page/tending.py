"""The events of the list of articles: adding files, removing articles, bringing them back."""

import traceback
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rag import failing
from rag.errors import FootnoteError
from rag.page import incoming, library
from rag.page.desk import BROKEN, Desk
from rag.page.parts import QUIET, Parts, Update
from rag.types import Progress

if TYPE_CHECKING:
    import gradio as gr

FAILED = (
    "The articles could not be changed and are as they were; the terminal that Footnote runs in "
    "says why."
)
LAST = "One article at least has to stay. Add another one first."
GONE = "This article is no longer in use."
BACK = "This article is not among those that were removed."


def listed(desk: Desk) -> str:
    """The list of articles as it is now."""
    try:
        removed = desk.assistant.removed
    except FootnoteError as error:
        failing.tell(error)
        removed = []
    return library.article_list(desk.articles(), desk.passages(), removed)


def wire_articles(desk: Desk, parts: Parts, page: "gr.Blocks") -> None:
    """Wire adding, removing and bringing back; `page` knows what was uploaded to it."""
    import gradio as gr

    assistant = desk.assistant

    def carry_out(work: Callable[[Progress], str]) -> Iterator[Update]:
        try:
            for step in desk.change(work):
                if isinstance(step, str):
                    yield {parts.work: step, parts.articles: listed(desk)}
                else:
                    yield {parts.work: library.working(*step)}
        except FootnoteError as error:
            failing.tell(error)
            yield {parts.work: library.problem(FAILED)}
        except Exception:
            traceback.print_exc()
            yield {parts.work: library.problem(BROKEN)}

    def add(event: gr.EventData) -> Iterator[Update]:
        files = incoming.sent(event.files, page.upload_file_set)

        def work(progress: Progress) -> str:
            known = [article.sha256 for article in desk.articles()]
            taken = incoming.take(files, assistant.added_dir, known, progress)
            try:
                if taken.files:
                    assistant.add(taken.files, progress=progress)
            except BaseException:
                taken.undo()
                raise
            return library.added(taken.articles, taken.skipped)

        yield from carry_out(work)

    def remove(event: gr.EventData) -> Iterator[Update]:
        id_ = str(event.article)

        def work(progress: Progress) -> str:
            articles = {article.id: article for article in desk.articles()}
            if id_ not in articles:
                return library.problem(GONE)
            if len(articles) == 1:
                return library.problem(LAST)
            assistant.remove([id_], progress=progress)
            return library.removed(articles[id_])

        yield from carry_out(work)

    def restore(event: gr.EventData) -> Iterator[Update]:
        id_ = str(event.article)

        def work(progress: Progress) -> str:
            if id_ not in assistant.removed:
                return library.problem(BACK)
            assistant.restore([id_], progress=progress)
            return library.restored(id_)

        yield from carry_out(work)

    outputs = [parts.work, parts.articles]
    changing = QUIET | {"concurrency_limit": None, "trigger_mode": "multiple"}
    parts.adding.upload(add, None, outputs, **changing)
    parts.articles.delete(remove, None, outputs, **changing)
    for part in (parts.articles, parts.work):
        part.undo(restore, None, outputs, **changing)
