"""Puts the server together: the API, the MCP endpoint, and the middlewares before everything."""

import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI, Request
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from rag.page.arrivals import Arrivals
from rag.page.guard import App, Guard
from rag.server.api import routes
from rag.server.endpoint import PATH, Endpoint
from rag.server.failures import Unbroken, handle_failures, problem
from rag.server.gate import Gate
from rag.server.limits import ARRIVALS, Limit, SameSite, Used
from rag.server.line import Line
from rag.server.reference import reference

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from rag.assistant import Assistant

_NOT_KEPT = "The file cannot be kept: the disk of the machine that Footnote runs on refuses it."
_NO_REPORT = "There is no report of an evaluation yet."
# Beside the guard's policy, which it can only narrow: the report holds whatever articles say.
_REPORT_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "cache-control": "no-store",
}
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create(assistant: "Assistant", line: Line) -> FastAPI:
    """The API and the MCP endpoint over `assistant`, whose questions wait in `line`.

    The page can be mounted behind them.
    """

    def protocol() -> "MCPServer":
        from rag.server.tools import tools

        return tools(assistant, line)

    endpoint = Endpoint(protocol)

    @asynccontextmanager
    async def lifespan(_web: FastAPI) -> AsyncIterator[None]:
        async with endpoint.running():
            yield

    web = FastAPI(
        title="Footnote",
        description="Answers about a folder of articles, every sentence with a checked footnote.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    handle_failures(web)
    bearer = HTTPBearer(auto_error=False, description="FOOTNOTE_AUTH, where it is set.")
    web.include_router(routes(assistant, line), dependencies=[Depends(bearer)])
    web.router.routes.append(Route(PATH, endpoint))

    @web.get("/api/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(reference(web.openapi()))

    @web.api_route("/api/{rest:path}", methods=_METHODS, include_in_schema=False)
    def nothing(request: Request) -> None:
        known = web.openapi()["paths"].get(request.url.path)
        if known is None:
            raise HTTPException(
                404, "There is no such route; /api/docs lists those that there are."
            )
        allowed = ", ".join(method.upper() for method in known)
        raise HTTPException(405, f"This route takes {allowed}.", {"allow": allowed})

    return web


def add_report(web: FastAPI, path: str, report: Callable[[], str | None]) -> None:
    """Have `web` serve at `path` what `report` gives: the last evaluation as a page, if any."""

    @web.get(path, include_in_schema=False)
    def evaluation() -> HTMLResponse:
        if (found := report()) is None:
            raise HTTPException(404, _NO_REPORT)
        return HTMLResponse(found, headers=_REPORT_HEADERS)


def add_arrivals(web: FastAPI, arrivals: Arrivals) -> None:
    """Have `web` take files for the page; the reply names each by its id in `arrivals`."""

    @web.post(ARRIVALS, include_in_schema=False)
    async def arrive(request: Request) -> Response:
        try:
            return JSONResponse({"id": await arrivals.receive(request.stream())})
        except ClientDisconnect:  # nobody is there to be told
            return Response(status_code=499)
        except OSError as error:
            traceback.print_exception(error)
            return problem(HTTPStatus.INSUFFICIENT_STORAGE, _NOT_KEPT)


def guarded(app: App, hosts: list[str], token: str) -> App:
    """`app` behind all middlewares. With `hosts`, the server answers under these names alone."""
    app = Unbroken(SameSite(Limit(Gate(Used(app), token) if token else Used(app))))
    if hosts:
        # A page elsewhere could otherwise reach this one under a name that it points here.
        app = TrustedHostMiddleware(app, allowed_hosts=hosts)
    return Guard(app)
