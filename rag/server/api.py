"""The routes of the API: asking, searching, the list of articles, health."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from rag.errors import QuestionError
from rag.server.events import MEDIA_TYPE, EventStream
from rag.server.line import Line, unless_left
from rag.server.nouns import Health, Listed, Problem, Query, Question
from rag.types import Answer, Filters, Passage, Turn, public_name

if TYPE_CHECKING:
    from rag.assistant import Assistant

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 413, 422, 500, 503)
}
AS_EVENTS: dict[str, Any] = {
    "description": "The answer; with `Accept: text/event-stream` the events `token`, "
    "`sentence`, then `answer` or `error`.",
    "content": {MEDIA_TYPE: {}},
}


def routes(assistant: "Assistant", line: Line) -> APIRouter:
    """The routes over `assistant`, whose questions wait in `line`."""
    router = APIRouter(responses=PROBLEMS)

    @router.post("/api/ask", response_model=Answer, responses={200: AS_EVENTS})
    async def ask(body: Question, request: Request) -> Response:
        """Answer a question from the articles, or say that they do not say."""
        history = [Turn(turn.question, turn.answer) for turn in body.history]
        events = assistant.stream(body.question, history, within=body.filters)
        if MEDIA_TYPE in request.headers.get("accept", ""):
            return EventStream(line.events(events))
        answer = await unless_left(request.receive, line.answer(events))
        return JSONResponse(answer.to_dict()) if answer else Response(status_code=499)

    @router.post("/api/search")
    def search(body: Query) -> list[Passage]:
        """Find the passages nearest to a query, best first; the answer model takes no part."""
        return found(assistant, body.query, body.k, body.filters)

    @router.get("/api/articles")
    def articles() -> list[Listed]:
        """List the articles."""
        passages = assistant.passages_by_article
        return [
            Listed(
                id=article.id,
                title=article.title,
                path=article.path,
                source=article.source,
                published=article.published,
                passages=passages[article.id],
            )
            for article in assistant.articles()
        ]

    @router.get("/health")
    def health() -> Health:
        """Tell that the server runs and what it serves; needs no token."""
        return Health(
            status="ok",
            model=public_name(assistant.model),
            model_loaded=assistant.loaded,
            articles=len(assistant.articles()),
            passages=assistant.passage_count,
            index_version=assistant.index_version,
        )

    return router


def found(
    assistant: "Assistant", query: str, k: int, within: Filters | None = None
) -> list[Passage]:
    """The `k` best passages for `query`. Raises QuestionError when it is empty."""
    if not query.strip():
        raise QuestionError("The query is empty. Give what to search the articles for.")
    return assistant.retrieve(query, k, **asdict(within or Filters()))
