"""Thumbs up and down under an answer, with a note, as HTML. Pure functions."""

from rag.page.feedback import NOTE_CHARS, Opinion
from rag.page.markup import escape

_THUMB = (
    "M2 9h4v12H2zM8 21h9.5a3 3 0 0 0 2.9-2.3l1.4-6A2.2 2.2 0 0 0 19.7 10H14l.8-4.3"
    "a2.3 2.3 0 0 0-4.2-1.6L8 9z"
)


def verdict_form(number: int, opinion: Opinion | None) -> str:
    """The thumbs under answer `number`; page.js opens the note when one is pressed."""
    given = opinion.verdict if opinion else ""
    note = opinion.note if opinion else ""
    return (
        f'<span class="verdict" role="group" aria-label="Was answer {number} right?">'
        f"{_thumb('up', 'Right answer', given)}{_thumb('down', 'Wrong answer', given)}</span>"
        '<form class="remark" hidden><label>Note, if you like: '
        f'<input type="text" maxlength="{NOTE_CHARS}" autocomplete="off" dir="auto" '
        f'value="{escape(note)}"/></label><button type="submit">Keep the note</button></form>'
    )


def _thumb(verdict: str, label: str, given: str) -> str:
    pressed = "true" if verdict == given else "false"
    return (
        f'<button type="button" class="thumb {verdict}" data-verdict="{verdict}" '
        f'aria-pressed="{pressed}" aria-label="{label}" title="{label}">'
        f'<svg viewBox="0 0 24 24" width="16" height="16" aria-hidden="true"><path d="{_THUMB}"/>'
        "</svg></button>"
    )
