"""Who may come in: the token, and the log-in page for people, as an ASGI middleware."""

import asyncio
import secrets
from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from rag.page.guard import App, Message, Receive, Send
from rag.server.failures import problem

OPEN = "/health"
LOG_IN = "/login"
COOKIE = "footnote_session"
DELAY_S = 0.5  # before the reply to a wrong token, so that many take long to try
NO_TOKEN = (
    "A token is needed: send the one that FOOTNOTE_AUTH sets as `Authorization: Bearer TOKEN`."
)
PAGE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Footnote: log in</title>
<meta name="viewport" content="width=device-width">
<style>
:root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }}
main {{ max-width: 22rem; margin: 20vh auto 0; padding: 0 1rem }}
label, input, button {{ display: block; font: inherit; margin: .5rem 0 }}
input {{ box-sizing: border-box; width: 100%; padding: .4rem }}
</style></head><body><main><h1>Footnote</h1>
<form method="post" action="/login">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<p role="alert">{notice}</p>
<button>Log in</button></form></main></body></html>
"""
WRONG = "This is not the token. It is what FOOTNOTE_AUTH is set to where Footnote runs."


class Gate:
    """Lets through to `app` who knows `token`: a program by its header, a person by a cookie."""

    def __init__(self, app: App, token: str) -> None:
        self.app = app
        self._token = token.encode()
        # Not the token itself: what a browser keeps is worth nothing after this process.
        self._session = secrets.token_urlsafe(32).encode()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "lifespan" or scope.get("path") == OPEN:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":  # nothing of ours uses one
            await send({"type": "websocket.close", "code": 1008})
        else:
            refused = await self._refuse(Request(scope, receive))
            await (refused or self.app)(scope, receive, send)

    async def _refuse(self, request: Request) -> Response | None:
        """What to reply instead of passing the request on, if anything."""
        if request.url.path == LOG_IN:
            return await self._log_in(request)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            # headers are read as Latin-1, so that this gives back the bytes that were sent
            if _same(token.strip().encode("latin-1"), self._token):
                return None
            await asyncio.sleep(DELAY_S)
        elif _same(request.cookies.get(COOKIE, "").encode(), self._session):
            return None
        if "text/html" in request.headers.get("accept", ""):
            return _page(HTTPStatus.UNAUTHORIZED)
        return problem(HTTPStatus.UNAUTHORIZED, NO_TOKEN, **{"www-authenticate": "Bearer"})

    async def _log_in(self, request: Request) -> Response:
        if request.method != "POST":
            return _page(HTTPStatus.OK)
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        if not _same(form.get("token", [""])[0].strip().encode(), self._token):
            await asyncio.sleep(DELAY_S)
            return _page(HTTPStatus.UNAUTHORIZED, WRONG)
        entered = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        entered.set_cookie(
            COOKIE,
            self._session.decode(),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return entered


def _same(given: bytes, wanted: bytes) -> bool:
    return secrets.compare_digest(given, wanted)


def _page(status: int, notice: str = "") -> Response:
    return HTMLResponse(PAGE.format(notice=notice), status, {"cache-control": "no-store"})
