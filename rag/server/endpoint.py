"""The place of the MCP endpoint, which is put together when a program first asks for it.

What it needs takes as long to import as a fifth of the page, and most people never use it.
"""

import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.server.failures import problem

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

PATH = "/mcp"
_UNUSABLE = (
    "The MCP endpoint cannot be used. Start Footnote anew; if that does not help, install it again."
)


class Endpoint:
    """An ASGI application that serves what `make` makes, while it is `running`."""

    def __init__(self, make: Callable[[], "MCPServer"]) -> None:
        self._make = make
        self._wanted = self._ready = anyio.Event()
        self._ready.set()  # there is nothing to wait for before it runs
        self._app: ASGIApp | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve until the block is left."""
        self._wanted, self._ready = anyio.Event(), anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._serve)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()

    async def _serve(self) -> None:
        """Sessions end in the task that they began in, which no request's is."""
        try:
            await self._wanted.wait()
            server = await anyio.to_thread.run_sync(self._make)
            from mcp.server.transport_security import TransportSecuritySettings

            app = server.streamable_http_app(
                streamable_http_path=PATH,
                # `guarded` looks at hosts and origins, for every route alike
                transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
            )
            async with server.session_manager.run():
                self._app = app
                self._ready.set()
                await anyio.sleep_forever()
        except Exception as error:
            traceback.print_exception(error)
        finally:
            self._app = None
            self._ready.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, the first as soon as there is something that can."""
        self._wanted.set()
        await self._ready.wait()
        app = self._app or problem(HTTPStatus.SERVICE_UNAVAILABLE, _UNUSABLE)
        await app(scope, receive, send)
