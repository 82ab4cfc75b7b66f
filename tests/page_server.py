"""A real server of the page on a free port of this machine, for tests."""

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import app


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def serving(assistant: Any) -> Iterator[str]:
    """The address of a page over `assistant`, served until the block ends."""

    async def start() -> tuple[Any, str]:
        page = app.build_page(assistant)
        return page, app.launch(page, "127.0.0.1", free_port())

    # Outside a running loop Gradio opens loops of its own and leaves them open; in a thread,
    # since Playwright has a loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        page, address = pool.submit(lambda: asyncio.run(start())).result()
    try:
        yield address
    finally:
        page.close(verbose=False)
