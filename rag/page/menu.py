"""The collections as HTML: which one is open, the others, and what can be done with them."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.collections import NAME_CHARS
from rag.page.library import STAGES
from rag.page.markup import bar, escape
from rag.types import Collection

KINDS = {"given": "your folder", "bundled": "comes with Footnote", "made": "made here"}


@dataclass(frozen=True, slots=True)
class Wrong:
    """A name that cannot be used, and why; `id` is that of the collection, "" for a new one."""

    id: str
    name: str
    why: str


def menu(collections: Sequence[Collection], current: str, wrong: Wrong | None = None) -> str:
    """The name of the `current` collection; it unfolds the others, and a form for a new one.

    It is unfolded where something is `wrong` with what was typed into it.
    """
    name = next((one.name for one in collections if one.id == current), "")
    items = "".join(_item(one, one.id == current, wrong) for one in collections)
    return (
        f'<details class="menu"{" open" if wrong else ""}>'
        '<summary><span class="eyebrow">Collection</span> '
        f'<bdi class="name">{escape(name)}</bdi></summary>'
        f'<div class="sheet"><ul aria-label="Collections">{items}</ul>'
        f"{_form('', 'New collection', 'Create', wrong)}</div></details>"
    )


def opening(stage: str, done: int, total: int) -> str:
    """How far the opening of a collection has come, for the line under the question field."""
    text = STAGES.get(stage, "Working…") if stage else "Waiting…"
    shown = f"{escape(text)} {bar(text, done, total)}"
    return f'<p class="hint" role="status">Opening the collection. {shown}</p>'


def _item(collection: Collection, current: bool, wrong: Wrong | None) -> str:
    name = escape(collection.name)
    mark = ' aria-current="true"' if current else ""
    change = ""
    if collection.made:
        change = (
            '<button type="button" data-rename aria-expanded="false" '
            f'aria-label="Rename the collection: {name}">Rename</button>'
            f'<button type="button" class="delete" data-delete="{escape(collection.id)}" '
            'data-sure="Delete it and its articles?" '
            f'aria-label="Delete the collection: {name}">Delete</button>'
            + _form(collection.id, "New name", "Save", wrong, collection.name)
        )
    return (
        f'<li><button type="button" class="open" data-collection="{escape(collection.id)}"{mark}>'
        f'<span class="title" dir="auto">{name}</span>'
        f'<span class="byline">{KINDS[collection.kind]}</span></button>{change}</li>'
    )


def _form(id_: str, label: str, button: str, wrong: Wrong | None, name: str = "") -> str:
    """A form for a name; that of a collection is hidden until it is asked for."""
    here = wrong if wrong is not None and wrong.id == id_ else None
    hidden = " hidden" if id_ and here is None else ""
    value = escape(here.name if here else name)
    note = f'<p class="urgent" id="wrong" role="alert">{escape(here.why)}</p>' if here else ""
    invalid = ' aria-invalid="true" aria-describedby="wrong"' if here else ""
    return (
        f'<form data-name="{escape(id_)}"{hidden}><label>{label}'
        f'<input type="text" name="name" value="{value}" maxlength="{NAME_CHARS}" dir="auto" '
        f'autocomplete="off" required{invalid}/></label>'
        f'<button type="submit">{button}</button>{note}</form>'
    )
