"""The articles in use, how to add to them, and what came of it, as HTML. Pure functions."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from index.load import Skipped
from index.readers import READERS
from rag.page.incoming import FORMATS, MOST_BYTES, MOST_FILES
from rag.page.markup import bar, byline, clip, escape, place
from rag.types import Article

LISTED = 2000  # articles in the list; the rest are counted
FILTERED = 12  # articles; a longer list has a field that narrows it
TOLD = 8  # files in a message; the rest are counted
NAME = 90  # characters of a title or a file's name in a message
REASON = 200  # characters of why a file was left out
STAGES = {
    "": "Waiting until the question before it is answered…",
    "reading": "Reading the files…",
    "reading articles": "Reading the articles…",
    "embedding": "Indexing…",
    "saving the index": "Saving the index…",
}
_FROM_ROOT = r"(?<![^\s('\"])[/~]"  # where a path from the machine's root or a home begins
_HIDE = (
    '<button type="button" class="hide" data-hide aria-label="Hide this message">'
    '<span aria-hidden="true">×</span></button>'
)


_FILTER = (
    '<input type="search" class="filter" placeholder="Narrow the list" autocomplete="off" '
    'aria-label="Narrow the list of articles to those that hold these words"/>'
    '<p class="narrowed" role="status"></p>'
)


def article_list(
    articles: Sequence[Article],
    passages: Mapping[str, int],
    removed: Sequence[str] = (),
    left_out: Sequence[tuple[str, str]] = (),
) -> str:
    """The articles in use, each a button that opens it and one that removes it.

    `passages` are their numbers by the article's id; `removed` are ids that can come back,
    `left_out` the files of the folder that are no articles, each with its reason.
    """
    items = "".join(_item(article, passages.get(article.id, 0)) for article in articles[:LISTED])
    rest = len(articles) - LISTED
    more = f'<p class="more">and {rest:,} more</p>' if rest > 0 else ""
    if not articles:
        more = '<p class="more">None yet.</p>'
    return (
        f'<section class="articles"><h2>Articles in use <span>{len(articles):,}</span></h2>'
        f"{_FILTER if len(articles) > FILTERED else ''}<ol>{items}</ol>{more}"
        f"{_removed(removed)}{_left_out(left_out)}</section>"
    )


def adding() -> str:
    """The buttons that add files and folders; page.js holds to the limits stated here."""
    largest = escape(json.dumps({suffix: reader.max_bytes for suffix, reader in READERS.items()}))
    return (
        '<div class="adding"><button type="button" data-add aria-describedby="adding-hint">'
        "Add articles</button>"
        '<button type="button" data-add="folder" aria-describedby="adding-hint">'
        'Add a folder</button><button type="button" data-refresh>Look for changes</button>'
        '<p id="adding-hint">or drop files and folders anywhere: '
        f"{FORMATS}</p>"
        f'<input type="file" multiple hidden accept="{",".join(READERS)}" data-choose="files" '
        f'aria-label="Files to add" data-most="{MOST_FILES}" data-bytes="{MOST_BYTES}" '
        f'data-largest="{largest}"/>'
        '<input type="file" webkitdirectory hidden data-choose="folder" '
        'aria-label="Folder to add"/><p role="status" data-sending></p></div>'
    )


def working(stage: str, done: int, total: int) -> str:
    """What is being done with the articles just now."""
    text = STAGES.get(stage, "Working…")
    shown = f'<p role="status">{escape(text)}</p>{bar(text, done, total)}'
    return f'<div class="work" aria-busy="true">{shown}</div>'


def added(articles: Sequence[Article], skipped: Sequence[Skipped]) -> str:
    """What was added, and what was left out and why."""
    parts = []
    if articles:
        noun = "article" if len(articles) == 1 else "articles"
        parts.append(f"<p>Added {len(articles):,} {noun}:</p>")
        parts.append(_listing([_name(article.title) for article in articles]))
    if skipped:
        noun = "file" if len(skipped) == 1 else "files"
        parts.append(f"<p>Left out {len(skipped):,} {noun}:</p>")
        parts.append(
            _listing([f"{_name(one.path)}: {escape(clip(one.reason, REASON))}" for one in skipped])
        )
    return _message("".join(parts) or "<p>No files were chosen.</p>")


def removed(article: Article) -> str:
    """That `article` was removed, with the way back."""
    return _message(
        f"<p>Removed {_name(article.title)}. Its file stays. "
        f'<button type="button" data-restore="{escape(article.id)}">Undo</button></p>'
    )


def restored(id_: str) -> str:
    """That the article `id_` is in use again."""
    return _message(f"<p>{_name(id_)} is in use again.</p>")


def refreshed(changed: bool, articles: int) -> str:
    """What looking at the folder again has brought."""
    if not changed:
        return _message("<p>Nothing has changed: the index is that of the files.</p>")
    noun = "article is" if articles == 1 else "articles are"
    return _message(f"<p>Brought up to date: {articles:,} {noun} in use.</p>")


def problem(text: str) -> str:
    """What could not be done with the articles."""
    return _message(f'<p class="urgent">{escape(text)}</p>')


def _message(inner: str) -> str:
    return f'<div class="work"><div role="status">{inner}</div>{_HIDE}</div>'


def _listing(items: Sequence[str]) -> str:
    rest = len(items) - TOLD
    more = f"<li>and {rest:,} more</li>" if rest > 0 else ""
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items[:TOLD])}{more}</ul>"


def _name(text: str) -> str:
    return f"<bdi>{escape(clip(text, NAME)) or 'a file without a name'}</bdi>"


def _item(article: Article, passages: int) -> str:
    noun = "passage" if passages == 1 else "passages"
    return (
        f'<li><button type="button" class="open" {place(article.id, 0, 0, "quote")}>'
        f'<span class="title" dir="auto">{escape(article.title)}</span>'
        f"{byline(article, tag='span')}"
        f'<span class="passages">{passages:,} {noun}</span></button>'
        f'<button type="button" class="remove" data-remove="{escape(article.id)}" '
        f'aria-label="Remove the article: {escape(clip(article.title, NAME))}">Remove</button></li>'
    )


def _removed(ids: Sequence[str]) -> str:
    if not ids:
        return ""
    items = "".join(
        f'<li><span class="title" dir="auto">{escape(clip(id_, NAME))}</span>'
        f'<button type="button" data-restore="{escape(id_)}" '
        f'aria-label="Bring back the article: {escape(clip(id_, NAME))}">Bring back</button></li>'
        for id_ in ids[:LISTED]
    )
    return (
        f'<details class="removed"><summary>Removed <span>{len(ids):,}</span></summary>'
        f"<ul>{items}</ul></details>"
    )


def _left_out(files: Sequence[tuple[str, str]]) -> str:
    if not files:
        return ""
    items = "".join(
        f"<li>{_name(name)}: {escape(clip(reason, REASON))}</li>"
        for name, reason in (_without_folders(*file) for file in files[:LISTED])
    )
    rest = len(files) - LISTED
    more = f"<li>and {rest:,} more</li>" if rest > 0 else ""
    told = "file was" if len(files) == 1 else "files were"
    return (
        f'<details class="left-out"><summary>{len(files):,} {told} left out</summary>'
        f"<ul>{items}{more}</ul></details>"
    )


def _without_folders(path: str, reason: str) -> tuple[str, str]:
    """Both without the folders of this machine; a path below the folder of articles stays."""
    name = PurePath(path).name if PurePath(path).is_absolute() else path
    # its own first, as the names of folders may hold blanks
    reason = re.sub(rf"{_FROM_ROOT}.*/(?={re.escape(name)})", "", reason)
    return name, re.sub(rf"{_FROM_ROOT}\S*/", "", reason)
