"""A real server of the page on a free port of this machine, for tests."""

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import app
from rag.settings import Settings


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def serving(assistant: Any, **given: Any) -> Iterator[str]:
    """The address of the server over `assistant`, until the block ends; `given` are settings."""

    async def start() -> Any:
        settings = {"read_ahead": False, "port": free_port()} | given
        return app.launch(assistant, Settings.load(**settings))

    # Outside a running loop Gradio opens loops of its own and leaves them open; in a thread,
    # since Playwright has a loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: asyncio.run(start())).result()
    try:
        yield running.address
    finally:
        running.close()
