"""What a request may not be: another site's, endless, for what is unused. ASGI middlewares."""

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from rag.page.guard import App, Message, Receive, Send
from rag.server.failures import problem

LONGEST_BODY = 1 << 20  # bytes; a question or a conversation is far shorter
_READ_ON = 16  # times that: as much is read and forgotten, so that the reply can be received
LONGEST_UPLOAD = 110_000_000  # bytes; the page sends one file at a time
ARRIVALS = "/arrivals"  # where it sends them
_OURS = ("/api/", "/mcp", "/login")
_GRADIO = "/gradio_api/"
# What the page and Gradio's client ask Gradio for. Not among it are uploads, whose reply names a
# path of this machine, and files, which are fetched by such paths.
_USED = (
    "queue/", "run/", "call/", "heartbeat/", "info", "app_id", "startup-events", "cancel", "reset",
)  # fmt: skip
_SAFE = ("GET", "HEAD", "OPTIONS")
FOREIGN = "The request comes from a page of another site. Send it from a program, or from ours."
TOO_LARGE = f"The files are too large: at most {LONGEST_UPLOAD:,} bytes are taken at once."
UNUSED = "There is nothing here."
TOO_LONG = f"The request's body is too long: at most {LONGEST_BODY:,} bytes are read."


class SameSite:
    """Refuses what a page of another origin has a browser send; programs send no `Origin`.

    A browser sends simple requests to any address, this machine's own too, and asks nobody.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and scope["method"] not in _SAFE:
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and urlsplit(origin).netloc != headers.get("host"):
                await problem(HTTPStatus.FORBIDDEN, FOREIGN)(scope, receive, send)
                return
        await self.app(scope, receive, send)


class Limit:
    """Refuses a body of over `LONGEST_BODY` bytes on our own routes, whatever its headers say.

    Files, and what goes to Gradio, are not read here: they have to state their length, and the
    server holds them to that.

    It reads on first: Starlette's own middleware replies at once, and a client that still sends
    then finds its connection reset, not the reply.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Read the whole body, then pass the request on, or refuse it."""
        if scope["type"] == "http" and scope["path"].startswith((_GRADIO, ARRIVALS)):
            stated = Headers(scope=scope).get("content-length", "")
            fits = stated.isdecimal() and int(stated) <= LONGEST_UPLOAD
            if scope["method"] not in _SAFE and not fits:
                refusal = problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE)
                await refusal(scope, receive, send)
                return
        if scope["type"] != "http" or not scope["path"].startswith(_OURS):
            await self.app(scope, receive, send)
            return
        body = bytearray()
        length, more = 0, True
        while more and length <= _READ_ON * LONGEST_BODY:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            length += len(message.get("body", b""))
            more = message.get("more_body", False)
            if length <= LONGEST_BODY:
                body += message.get("body", b"")
        if length > LONGEST_BODY:
            await problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LONG)(scope, receive, send)
            return
        whole: list[Message] = [{"type": "http.request", "body": bytes(body)}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self.app(scope, replay, send)


class Used:
    """Refuses those routes of Gradio that neither the page nor Gradio's own client uses."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        path = scope.get("path", "")
        if path.startswith(_GRADIO) and not path.removeprefix(_GRADIO).startswith(_USED):
            await problem(HTTPStatus.NOT_FOUND, UNUSED)(scope, receive, send)
            return
        await self.app(scope, receive, send)
