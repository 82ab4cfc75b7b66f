"""The list of earlier conversations as HTML. Pure functions."""

from collections.abc import Sequence

from rag.page.conversations import Kept
from rag.page.markup import clip, day, escape

ALL = "all"  # in the place of an id: every one of them
_ALL = (
    f'<p class="all"><button type="button" class="delete" data-delete="{ALL}" '
    'data-sure="Delete all of them for good?" '
    'aria-label="Delete all earlier conversations">Delete all</button></p>'
)
TITLE = 90  # characters of a first question in the list


def conversation_list(kept: Sequence[Kept], current: str = "") -> str:
    """First question and date of each, with a button that deletes it; `current` is marked."""
    if not kept:
        return ""
    items = "".join(_item(one, one.id == current) for one in kept)
    return (
        '<details class="earlier"><summary>Earlier conversations '
        f"<span>{len(kept):,}</span></summary><ol>{items}</ol>{_ALL}</details>"
    )


def _item(kept: Kept, current: bool) -> str:
    title = escape(clip(kept.title, TITLE))
    mark = ' aria-current="true"' if current else ""
    return (
        f'<li><button type="button" class="open" data-conversation="{escape(kept.id)}"{mark}>'
        f'<span class="title" dir="auto">{title}</span>'
        f'<span class="byline">{escape(day(kept.changed[:10]))}</span></button>'
        f'<button type="button" class="delete" data-delete="{escape(kept.id)}" '
        f'aria-label="Delete the conversation: {title}">Delete</button></li>'
    )
