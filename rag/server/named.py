"""The same for Gradio's own client: the endpoints /ask and /search of the page."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rag.errors import FootnoteError
from rag.server.api import found
from rag.server.failures import told
from rag.server.line import Line

if TYPE_CHECKING:
    from rag.assistant import Assistant


def name_endpoints(assistant: "Assistant", line: Line) -> None:
    """Make them, inside the page's `gr.Blocks`; questions to `assistant` wait in `line`."""
    import gradio as gr
    from gradio.events import api

    async def ask(question: str) -> dict[str, Any]:
        """Answer a question from the articles, every sentence with a checked quotation."""
        try:
            answer = await line.answer(assistant.stream(question))
        except FootnoteError as error:
            raise gr.Error(told(error)[1], print_exception=False) from error
        public: dict[str, Any] = _without_paths(answer.to_dict())
        return public

    def search(query: str, k: float = 10) -> list[dict[str, Any]]:
        """Find the passages of the articles that are nearest to a query, best first."""
        try:
            passages = found(assistant, query, min(int(k), 100))
        except FootnoteError as error:
            raise gr.Error(told(error)[1], print_exception=False) from error
        return [_without_paths(asdict(passage)) for passage in passages]

    # The line lets one question through at a time; here all may wait in it.
    api(ask, api_name="ask", concurrency_limit=None)
    api(search, api_name="search", concurrency_limit=None)


def _without_paths(data: Any) -> Any:
    """`data` without what is named "path": the client takes what has one for a file to fetch."""
    if isinstance(data, dict):
        return {key: _without_paths(value) for key, value in data.items() if key != "path"}
    return [_without_paths(one) for one in data] if isinstance(data, list | tuple) else data
