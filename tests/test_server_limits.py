"""Bodies: a stated length, and no more than one large file; routes of Gradio that are shut."""

import asyncio

import pytest

from rag.page.guard import Message, Receive, Send
from rag.server.limits import ARRIVALS, LONGEST_UPLOAD, Limit, Used


async def served(scope: Message, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


def status(
    path: str, method: str = "POST", shield: type[Limit | Used] = Limit, **headers: str
) -> int:
    sent: list[Message] = []
    fields = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    scope: Message = {"type": "http", "path": path, "method": method, "headers": fields}

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(shield(served)(scope, receive, send))
    return int(sent[0]["status"])


@pytest.mark.parametrize("path", [ARRIVALS, "/gradio_api/queue/join"])
def test_a_file_or_an_event_states_a_length_within_the_limit(path: str) -> None:
    assert status(path, content_length=str(LONGEST_UPLOAD)) == 200
    assert status(path, content_length=str(LONGEST_UPLOAD + 1)) == 413
    assert status(path, transfer_encoding="chunked") == 413
    assert status(path, content_length="many") == 413
    assert status(path, method="GET") == 200


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/gradio_api/queue/data", 200),
        ("/gradio_api/heartbeat/page", 200),
        ("/gradio_api/upload", 404),
        ("/gradio_api/file=/etc/passwd", 404),
        ("/gradio_api/file/etc/passwd", 404),
        ("/gradio_api/proxy=http://evil.example/", 404),
        ("/gradio_api/vibe-edit/", 404),
        ("/gradio_api/component_server", 404),
        ("/gradio_api/", 404),
        ("/", 200),
    ],
)
def test_of_gradio_only_what_is_used_is_open(path: str, code: int) -> None:
    assert status(path, "GET", Used) == code
