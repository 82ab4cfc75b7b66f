"""A server in the background of this process."""

import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

import uvicorn

from rag.page.guard import App

_CLOSE_S = 1  # that requests under way get when it is closed


class Running:
    """Serves `app` on `listening` in a thread until it is closed."""

    def __init__(self, app: App, listening: socket.socket, on_close: Callable[[], Any]) -> None:
        """Start; returns once it answers. `on_close` is called before it stops."""
        host, port = listening.getsockname()[:2]
        self.address = f"http://{host}:{port}"
        self._on_close = on_close
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_CLOSE_S,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([listening],), name="server", daemon=True
        )
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("The server did not start; what it wrote above says why.")
            self._thread.join(0.01)

    def close(self) -> None:
        """Stop serving and free the port."""
        # An open page always has a request under way; that it is broken off is nobody's error.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._on_close()
        self._server.should_exit = True
        self._thread.join(_CLOSE_S + 4)
