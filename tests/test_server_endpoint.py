"""The MCP endpoint is made when it is asked for, and fails by itself."""

import anyio
import httpx
import pytest

from rag.server.endpoint import Endpoint


def test_an_endpoint_that_cannot_be_made_says_so_and_leaves_the_server_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = []

    def make() -> object:
        made.append(1)
        raise ImportError("no mcp here")

    async def run() -> list[int]:
        endpoint = Endpoint(make)  # type: ignore[arg-type]
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=endpoint), base_url="http://127.0.0.1"
        )
        statuses = []
        async with client:
            statuses.append((await client.post("/mcp")).status_code)
            async with endpoint.running():
                assert made == []
                with anyio.fail_after(5):
                    reply = await client.post("/mcp")
                    assert "Start Footnote anew" in reply.json()["error"]
                    statuses += [reply.status_code, (await client.post("/mcp")).status_code]
            statuses.append((await client.post("/mcp")).status_code)
            async with endpoint.running():
                pass  # nobody asks
            with anyio.fail_after(5):
                statuses.append((await client.post("/mcp")).status_code)
        return statuses

    assert anyio.run(run) == [503] * 5
    assert made == [1]
    assert "no mcp here" in capsys.readouterr().err
