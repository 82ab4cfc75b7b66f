"""The headers that hold the browser to this machine, as an ASGI middleware."""

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

# Gradio's page begins with inline scripts that differ from page to page, so that no hash could
# stand for them, and `gr.HTML` compiles its templates: without the one the page logs errors,
# without the other it stays empty. Its components set inline styles. What matters here: nothing
# may be fetched from, or sent to, any other host, and no other site may show it in a frame.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    # Nothing to other sites; "no-referrer" would also hide from us that a form of ours was sent.
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
)
ASSETS = "/assets/"  # Gradio's own files, each with a hash of its content in its name
KEPT = (b"cache-control", b"public, max-age=31536000, immutable")


class Guard:
    """Adds `HEADERS` to every response of `app`, and lets the browser keep what never changes."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass the request on and the response back, with the headers added."""

        asset = str(scope.get("path", "")).startswith(ASSETS)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [KEPT] if asset and message["status"] == HTTPStatus.OK else []
                message["headers"] = [*message.get("headers", ()), *HEADERS, *kept]
            await send(message)

        await self.app(scope, receive, send_guarded)
