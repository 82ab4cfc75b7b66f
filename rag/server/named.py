"""The same for Gradio's own client: the endpoints /ask and /search of the page."""

import threading
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from rag.errors import FootnoteError
from rag.page.desk import Desk
from rag.server.api import found
from rag.server.failures import told
from rag.types import public_name

if TYPE_CHECKING:
    from rag.assistant import Assistant

_MOST = 100  # passages
_SEARCHES = 4  # at once; each takes one of the places that Gradio has for all its events


def name_endpoints(assistant: "Assistant", desk: Desk) -> None:
    """Make them, inside the page's `gr.Blocks`; questions to `assistant` wait at `desk`."""
    import gradio as gr
    from gradio.events import api

    # Not a coroutine: Gradio would break it off where the client cancels, in the middle of a
    # thread's step. So one that is being answered is answered to its end.
    def ask(question: str) -> dict[str, Any]:
        """Answer a question from the articles, every sentence with a checked quotation."""
        try:
            with desk.turn(threading.Event()):
                answer = assistant.ask(question)
        except FootnoteError as error:
            raise gr.Error(told(error)[1], print_exception=False) from error
        public = replace(answer, model=public_name(answer.model))
        shown: dict[str, Any] = _without_paths(public.to_dict())
        return shown

    def search(query: str, k: float = 10) -> list[dict[str, Any]]:
        """Find the passages of the articles that are nearest to a query, best first."""
        if not 1 <= k <= _MOST:
            raise gr.Error(f"k has to be 1 to {_MOST}.", print_exception=False)
        try:
            passages = found(assistant, query, int(k))
        except FootnoteError as error:
            raise gr.Error(told(error)[1], print_exception=False) from error
        return [_without_paths(asdict(passage)) for passage in passages]

    # One question at a time: the others wait in Gradio's queue, where they hold no place.
    api(ask, api_name="ask", concurrency_limit=1)
    api(search, api_name="search", concurrency_limit=_SEARCHES)


def _without_paths(data: Any) -> Any:
    """`data` without what is named "path": the client takes what has one for a file to fetch."""
    if isinstance(data, dict):
        return {key: _without_paths(value) for key, value in data.items() if key != "path"}
    return [_without_paths(one) for one in data] if isinstance(data, list | tuple) else data
