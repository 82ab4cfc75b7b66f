"""What a program is told when something fails: `{"error": "..."}`, and no path of this machine."""

import traceback
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from rag import failing
from rag.errors import FootnoteError, ModelError, QuestionError
from rag.page.guard import App, Message, Receive, Send

_STATUS = {
    QuestionError: HTTPStatus.BAD_REQUEST,
    ModelError: HTTPStatus.SERVICE_UNAVAILABLE,
}


def told(error: Exception) -> tuple[int, str]:
    """Status and text for the one who asked."""
    found = (status for kind, status in _STATUS.items() if isinstance(error, kind))
    return next(found, HTTPStatus.INTERNAL_SERVER_ERROR), failing.told(error)


def problem(status: int, text: str, **headers: str) -> JSONResponse:
    """A response that says what is wrong."""
    return JSONResponse({"error": text}, status, headers)


def handle_failures(web: FastAPI) -> None:
    """Have `web` answer every failure with `problem`."""
    web.add_exception_handler(FootnoteError, _failed)
    web.add_exception_handler(Exception, _failed)
    web.add_exception_handler(RequestValidationError, _malformed)
    web.add_exception_handler(HTTPException, _refused)


class Unbroken:
    """Writes the traceback of what `app` has failed at, and answered, to the terminal.

    Starlette raises it again behind the answer, and uvicorn would then break the connection off.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        try:
            await self.app(scope, receive, send)
        except Exception:
            if scope["type"] != "http":
                raise
            traceback.print_exc()


async def _failed(_request: Request, error: Exception) -> JSONResponse:
    return problem(*told(error))


async def _malformed(_request: Request, error: Any) -> JSONResponse:
    found = []
    for one in error.errors():
        where = ".".join(str(part) for part in one["loc"] if part != "body")
        found.append(f"{where}: {one['msg']}" if where else str(one["msg"]))
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"The request is malformed: {'; '.join(found)}")


async def _refused(_request: Request, error: Any) -> JSONResponse:
    return problem(error.status_code, str(error.detail), **(error.headers or {}))
