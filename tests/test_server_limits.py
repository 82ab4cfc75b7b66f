"""What is sent to Gradio: a stated length, and no more than one large file."""

import asyncio

import pytest

from rag.page.guard import Message, Receive, Send
from rag.server.limits import LONGEST_UPLOAD, Limit


async def served(scope: Message, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


def status(path: str, method: str = "POST", **headers: str) -> int:
    sent: list[Message] = []
    fields = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    scope: Message = {"type": "http", "path": path, "method": method, "headers": fields}

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Limit(served)(scope, receive, send))
    return int(sent[0]["status"])


@pytest.mark.parametrize("path", ["/gradio_api/upload", "/gradio_api/queue/join"])
def test_a_body_for_gradio_states_a_length_within_the_limit(path: str) -> None:
    assert status(path, content_length=str(LONGEST_UPLOAD)) == 200
    assert status(path, content_length=str(LONGEST_UPLOAD + 1)) == 413
    assert status(path, transfer_encoding="chunked") == 413
    assert status(path, content_length="many") == 413
    assert status(path, method="GET") == 200
