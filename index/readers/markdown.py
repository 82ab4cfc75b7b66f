"""Markdown with optional YAML front matter."""

import re
from datetime import date, datetime
from typing import Any

import yaml

from index.decode import decode
from index.readers.document import Document, iso_date

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_FIELDS = ("title", "publisher", "source", "published", "date", "author")


def read_markdown(data: bytes) -> Document:
    """Markdown with optional YAML front matter; the markup is rendered to plain paragraphs."""
    meta, body = _front_matter(decode(data))
    plain, heading = _render(body)
    return Document(
        text=plain,
        title=meta.get("title") or heading,
        source=meta.get("publisher") or meta.get("source", ""),
        published=iso_date(meta.get("published") or meta.get("date", "")),
        author=meta.get("author", ""),
    )


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    """The fields of a YAML header that are used, and the text behind it.

    A broken header is text like any other: nothing is lost.
    """
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, text
    try:
        meta = yaml.safe_load(match.group(1))
        if not isinstance(meta, dict):
            return {}, text
        return {name: _field(meta.get(name)) for name in _FIELDS}, text[match.end() :]
    except Exception:  # beside its own errors PyYAML lets through what an impossible value raises
        return {}, text


def _field(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()[:10]
    values = value if isinstance(value, list) else [value or ""]
    # nested values are left out: a few lines of YAML aliases can stand for gigabytes
    text = ", ".join(str(v) for v in values if not isinstance(v, list | tuple | dict | set))
    return "" if text.strip().lower() in ("not stated", "unknown", "none") else text


def _render(body: str) -> tuple[str, str]:
    """Markdown -> (plain paragraphs, first heading). HTML tags and link targets are dropped."""
    from markdown_it import MarkdownIt

    blocks: list[str] = []
    first_heading = ""
    in_heading = False
    for token in MarkdownIt("commonmark").enable("table").parse(body):
        if token.type in ("heading_open", "heading_close"):
            in_heading = token.type == "heading_open"
        elif token.type == "inline":
            text = "".join(_inline(child) for child in token.children or [])
            blocks.append(text)
            if in_heading and not first_heading:
                first_heading = text
        elif token.type in ("fence", "code_block"):
            blocks.append(token.content)
        elif token.type == "html_block":
            blocks.append(re.sub(r"<[^>]*>", "", token.content))
    return "\n\n".join(block for block in blocks if block.strip()), first_heading


def _inline(token: Any) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n" if token.type == "hardbreak" else " "
    if token.type in ("text", "code_inline", "image"):
        return str(token.content)
    return ""
