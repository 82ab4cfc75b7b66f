"""The place of the MCP endpoint, which is put together when a program first asks for it.

What it needs takes as long to import as a fifth of the page, and most people never use it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from starlette.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

PATH = "/mcp"


class Endpoint:
    """An ASGI application that serves what `make` makes, while it is `running`."""

    def __init__(self, make: Callable[[], "MCPServer"]) -> None:
        self._make = make
        self._app: ASGIApp | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve until the block is left."""
        self._wanted, self._ready = anyio.Event(), anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._serve)
            yield
            tasks.cancel_scope.cancel()

    async def _serve(self) -> None:
        """Sessions end in the task that they began in, which no request's is."""
        await self._wanted.wait()
        server = await anyio.to_thread.run_sync(self._make)
        from mcp.server.transport_security import TransportSecuritySettings

        self._app = server.streamable_http_app(
            streamable_http_path=PATH,
            # `guarded` looks at hosts and origins, for every route alike
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        async with server.session_manager.run():
            self._ready.set()
            await anyio.sleep_forever()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, the first as soon as there is something that can."""
        self._wanted.set()
        await self._ready.wait()
        assert self._app is not None
        await self._app(scope, receive, send)
