"""The same for programs that speak the Model Context Protocol: three tools at /mcp."""

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from rag.errors import FootnoteError
from rag.server.api import found
from rag.server.failures import told
from rag.server.line import Line

if TYPE_CHECKING:
    from rag.assistant import Assistant

INSTRUCTIONS = (
    "Answers from a folder of articles. Every sentence of an answer has a citation, whose quote "
    "is the article's own words: article_text[start:end] == quote. An answer that is abstained "
    "means that the articles do not say; do not fill it in."
)
READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)


def tools(assistant: "Assistant", line: Line) -> MCPServer:
    """The tools over `assistant`, whose questions wait in `line`."""
    # It sets logging up for a program of its own unless somebody has; ours keeps its own.
    logging.getLogger().addHandler(logging.NullHandler())
    server = MCPServer("Footnote", instructions=INSTRUCTIONS, log_level="WARNING")

    @server.tool(annotations=READS)
    async def ask(
        question: Annotated[str, Field(description="A whole question; no conversation is kept.")],
    ) -> dict[str, Any]:
        """Answer a question from the articles, every sentence with a checked quotation."""
        try:
            return (await line.answer(assistant.stream(question))).to_dict()
        except FootnoteError as error:
            raise ToolError(told(error)[1]) from error

    @server.tool(annotations=READS)
    def search(
        query: Annotated[str, Field(description="A question, or words.")],
        k: Annotated[int, Field(ge=1, le=100, description="How many passages.")] = 10,
    ) -> list[dict[str, Any]]:
        """Find the passages of the articles that are nearest to a query, best first."""
        try:
            return [asdict(passage) for passage in found(assistant, query, k)]
        except FootnoteError as error:
            raise ToolError(told(error)[1]) from error

    @server.tool(annotations=READS)
    def read_article(
        article_id: Annotated[str, Field(description="`article_id` of a citation or passage.")],
    ) -> dict[str, str]:
        """Read one article whole; the offsets of citations and passages point into its text."""
        for article in assistant.articles():
            if article.id == article_id:
                names = ("id", "title", "source", "published", "text")
                return {name: getattr(article, name) for name in names}
        raise ToolError(
            "There is no article of that id. Take it from a citation or a passage that `ask` or "
            "`search` gave."
        )

    return server
