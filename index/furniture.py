"""What a page puts around an article: notices that must not become evidence.

Whole lines go, never a part of one, and of ordinary prose none: the forms below are those of
notices, and most of them count only at the head or the foot of a document.
"""

import re
from collections.abc import Sequence

_HEAD = 6  # lines at the top where a notice may stand between others
_FOOT = 40  # lines at the bottom
_HEADING_CHARS = 40  # of a line between notices that goes with them
_GAP = 3  # such lines in a row
_LONGEST = 1500  # characters of a notice


def _forms(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_SITES = (
    r"(?:facebook|twitter|x|linkedin|whatsapp|reddit|pinterest|telegram|e-?mail|print|copy link)"
)
# Whole lines that are no sentence of an article wherever they stand.
_ANYWHERE = _forms(
    r"(?:share|tweet|pin|send|e-?mail|print) this(?: (?:article|story|page|post))?[:.]?",
    rf"(?:share|send|follow us)(?: (?:this|the)(?: (?:article|story|page|post))?)?"
    rf" (?:on|via|by|with) {_SITES}(?:[\s,|/]+(?:and |on |via )?{_SITES})*[:.]?",
    rf"{_SITES}(?:[\s,|/·•]+{_SITES})+",
    r"you(?:'|’)ve (?:read|reached)\b.{0,40}\bfree articles?\b.{0,60}",
    r"qr code to .{1,200}",
    r"read this article in",
    r"(?:start your subscription|subscribe)(?: (?:now|today|to continue(?: reading)?))?[.!]?",
    r"(?:subscribe|sign up) (?:to|for) (?:our|the|a|your)\b.{0,60}"
    r"\b(?:newsletters?|alerts?)\b.{0,60}",
    r"already (?:a subscriber|have an account)\?.{0,40}",
    r"(?:we|this (?:web ?)?site) uses? cookies\b.{0,400}",
    r"by (?:using|continuing to (?:use|browse)) (?:this|our) (?:web ?)?site.{0,60}cookies.{0,300}",
    r"(?:accept|reject|manage)(?: all)?(?: our)? cookies(?: (?:and|or) .{1,40})?[.]?",
    r"cookie (?:policy|settings|notice|preferences)",
    r"(?:ie|internet explorer) ?\d* is (?:not|no longer) supported\..{0,120}",
    r"(?:please )?(?:enable|turn on|activate) javascript\b.{0,120}",
    r"skip to (?:main )?content",
    r"our standards:\s*the thomson reuters trust principles\.?",
    r"related (?:posts|articles|stories|links|topics):?",
    r"trackbacks?(?:/pings?)?(?: url)?:?",
    r"(?:note|a note|notice) from [^.:]{1,60}:(?=.*\b(?:comments?|readers?)\b)"
    r"(?=.*\b(?:terms of (?:use|service)|posting privileges?|(?:not|n['’]t) .*endorses?)\b).+",
    r"comments? (?:are|is) (?:moderated|closed)\b.{0,200}",
    r"(?:©|\(c\)|copyright(?: ©| \(c\))?) ?(?:19|20)\d\d\b.{0,150}",
    r"(?:©|copyright ©).{1,60}(?:19|20)\d\d\b.{0,100}",
    r"all rights reserved\.?",
)
# Lines that are furniture among others at the head or the foot; alone they may be an article's.
_AT_EDGES = _forms(
    r"[•*·-] ?[a-z]+(?:-[a-z]+)+",
    r"\d+ ?: ?\d+",
    r"(?:home|menu|search|sections|news|world|politics|business|sports?|opinion|culture"
    r"|about(?: us)?|contact(?: us)?|advertisement|sign in|log ?in|register|comments?"
    r"|next|previous|back to top"
    r"|read more|load more|show more|share|tweet|print|e-?mail|follow us|privacy policy"
    r"|terms of (?:use|service)|terms and conditions)",
    r"(?:home|news|world) ?(?:[|>»/·][\w ]{1,30})+",
    r".{0,80}\ball rights reserved\.?",
)


def without_furniture(text: str) -> str:
    """The cleaned `text` without the lines that are notices of the page that it was on.

    A text that would be left without a word is given back as it is.
    """
    lines = text.split("\n")
    drop = furniture(lines)
    if not drop:
        return text
    kept = "\n".join(line for row, line in enumerate(lines) if row not in drop)
    kept = re.sub(r"\n{3,}", "\n\n", kept).strip()
    return kept if any(map(str.isalnum, kept)) else text


def furniture(lines: Sequence[str]) -> set[int]:
    """Which of `lines` are page furniture."""
    rows = [row for row, line in enumerate(lines) if line.strip()]
    texts = {row: lines[row].strip() for row in rows}
    drop = {
        row for row, line in texts.items() if len(line) <= _LONGEST and _ANYWHERE.fullmatch(line)
    }
    for edge in (rows[:_HEAD], rows[: -_FOOT - 1 : -1]):
        found = []
        for row in edge:
            if row not in drop and not _AT_EDGES.fullmatch(texts[row]):
                break
            found.append(row)
        # one such line alone may be the article's: a title "World", a result "2 : 0"
        if len(found) > 1:
            drop.update(found)
    return drop | _between(rows, texts, drop)


def _between(rows: Sequence[int], texts: dict[int, str], drop: set[int]) -> set[int]:
    """Short lines without an end mark that stand between two notices: headings of boxes."""
    more: set[int] = set()
    held: list[int] | None = None  # such lines since the last notice
    for row in rows:
        if row in drop:
            if held is not None and len(held) <= _GAP:
                more.update(held)
            held = []
        elif held is not None:
            line = texts[row]
            held = [*held, row] if len(line) <= _HEADING_CHARS and line[-1].isalpha() else None
    return more
