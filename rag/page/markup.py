"""The small pieces that both the conversation and the source panel are made of.

Gradio puts our strings into the page as they are (`gr.HTML` sanitises nothing), so whatever a
document, a file name, a question or the model says passes through `escape` on its way.
"""

import html
from datetime import date

from rag.types import Article


def escape(text: str) -> str:
    """`text` for use as HTML text or inside a quoted attribute, character for character."""
    # An HTML parser would turn a bare carriage return into a line feed.
    return html.escape(text, quote=True).replace("\r", "&#13;")


def bar(label: str, done: int, total: int) -> str:
    """How far something is; "" where it is not known of how much."""
    if not total:
        return ""
    return f'<progress max="{total}" value="{done}" aria-label="{escape(label)}"></progress>'


def clip(text: str, length: int) -> str:
    """`text` on one line, cut at a word's end to at most `length` characters."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    head = line[:length]
    return (head.rsplit(" ", 1)[0] if " " in head else head[:-1]).rstrip(" .,;:") + "…"


def day(published: str) -> str:
    """An ISO date as "7 April 2008"; anything else as it stands."""
    try:
        given = date.fromisoformat(published)
    except ValueError:
        return published
    return f"{given.day} {given:%B %Y}"


def place(article_id: str, start: int, end: int, kind: str) -> str:
    """The attributes of a link that opens `article_text[start:end]`; page.js sends them on.

    `kind` is the class that the marked words get, "quote" or "passage".
    """
    return (
        f'data-article="{escape(article_id)}" data-start="{int(start)}" '
        f'data-end="{int(end)}" data-kind="{escape(kind)}"'
    )


def byline(article: Article, tag: str = "p") -> str:
    """Publisher and date, as far as the article states them."""
    parts = []
    if article.source:
        parts.append(f"<bdi>{escape(article.source)}</bdi>")
    if article.published:
        parts.append(f"<bdi>{escape(day(article.published))}</bdi>")
    else:
        parts.append("date not stated" if parts else "publisher and date not stated")
    return f'<{tag} class="byline">{", ".join(parts)}</{tag}>'
