"""The MCP endpoint, with the official client."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fakes import LED, ScriptedGenerator, open_assistant, write_corpus
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from page_server import serving

from rag.assistant import Assistant

TOKEN = "secret"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("tools")
    corpus = write_corpus(folder / "articles")
    with open_assistant(corpus, ScriptedGenerator(LED), home=folder / "home") as opened:
        yield opened


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    with serving(assistant, auth=TOKEN) as address:
        yield address


def call(address: str, tool: str, **given: Any) -> Any:
    async def calling() -> Any:
        headers = {"authorization": f"Bearer {TOKEN}"}
        async with httpx2.AsyncClient(headers=headers, timeout=20, trust_env=False) as http:
            transport = streamable_http_client(f"{address}/mcp", http_client=http)
            async with Client(transport) as client:
                if not tool:
                    return await client.list_tools()
                return await client.call_tool(tool, given)

    return asyncio.run(calling())


def test_three_tools_are_offered_and_described(address: str) -> None:
    tools = call(address, "").tools
    assert {tool.name for tool in tools} == {"ask", "search", "read_article"}
    assert all(tool.description and tool.annotations.read_only_hint for tool in tools)


def test_an_answer_can_be_followed_into_its_article(address: str, assistant: Assistant) -> None:
    answer = call(address, "ask", question="Who led the delegation?").structured_content
    (citation,) = answer["citations"]
    article = call(address, "read_article", article_id=citation["article_id"]).structured_content
    assert article["text"][citation["start"] : citation["end"]] == citation["quote"] == LED
    assert article["title"] == "The talks in Qom"
    assert str(assistant.settings.home.parent) not in str(answer) + str(article)


def test_a_search_gives_ranked_passages(address: str) -> None:
    found = call(address, "search", query="delegates Qom", k=2).structured_content["result"]
    assert [passage["rank"] for passage in found] == [1, 2]


@pytest.mark.parametrize(
    ("tool", "given", "said"),
    [
        ("ask", {"question": " "}, "question is empty"),
        ("search", {"query": " "}, "query is empty"),
        ("search", {"query": "x", "k": 0}, "k"),
        ("read_article", {"article_id": "../../etc/passwd"}, "no article of that id"),
    ],
)
def test_what_cannot_be_done_is_told(
    tool: str, given: dict[str, Any], said: str, address: str
) -> None:
    result = call(address, tool, **given)
    assert result.is_error
    assert said in result.content[0].text
