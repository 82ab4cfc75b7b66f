"""An answer as it happens, as server-sent events.

Their format: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import json
import traceback
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from rag.page.guard import Message, Receive, Send
from rag.server.failures import told
from rag.server.line import Event, unless_left

MEDIA_TYPE = "text/event-stream"


class EventStream(Response):
    """Sends each event under its type's name in small letters; a failure as the event `error`."""

    media_type = MEDIA_TYPE

    def __init__(self, events: AsyncGenerator[Event]) -> None:
        # "no": nginx would otherwise keep the events back until its buffer is full
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._events = events

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Send the events until they end or the client has gone away."""
        await unless_left(receive, self._send(send))

    async def _send(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        async with aclosing(self._frames()) as frames:
            async for frame in frames:
                await send({"type": "http.response.body", "body": frame, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _frames(self) -> AsyncGenerator[bytes]:
        try:
            async with aclosing(self._events) as events:
                async for event in events:
                    yield _frame(type(event).__name__.lower(), asdict(event))
        except Exception as error:
            status, text = told(error)
            if status == 500:
                traceback.print_exc()
            yield _frame("error", {"error": text, "status": status})


def _frame(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
