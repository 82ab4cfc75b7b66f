"""What a terminal shows: answers with their footnotes as plain text, and progress.

No colours, so NO_COLOR has nothing to switch off. Every text that comes from a document, a file
name or the model goes through `safe` before it is printed.
"""

import argparse
import json
import os
import re
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rag.types import Answer, Article, Citation, Passage

if TYPE_CHECKING:
    from tqdm import tqdm

WAIT_S = 1.0  # a stage shorter than this shows no count
EVERY_S = 5.0  # in a log, seconds between two lines of counts
ANSWERING = "answering"
_BRIEF = {"reading articles", "saving the index", ANSWERING}  # not worth a line in a log
_PASSING = _BRIEF | {"loading the model"}  # not worth a line that stays on a terminal
_IN_BYTES = ("downloading ", "checking ")
_WIDEST = 100  # columns; longer lines are hard to read
_CLEAR = "\r\x1b[K"

# What a terminal obeys (C0, DEL, C1), what reorders the text around it, and lone surrogates
# (bytes of a file name that are no text). Line feeds stay.
_OBEYED = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def safe(text: str) -> str:
    """`text` without the characters that a terminal would obey instead of showing them."""
    return _OBEYED.sub(lambda found: " " if found[0].isspace() else "\ufffd", text)


def line(text: str) -> str:
    """`text`, made safe, on one line."""
    return " ".join(safe(text).split())


def wrap(text: str, first: str = "", rest: str = "", max_lines: int | None = None) -> str:
    """`text`, made safe, as lines of the terminal's width that begin with `first` and `rest`."""
    return textwrap.fill(
        line(text),
        width=max(20, min(shutil.get_terminal_size().columns, _WIDEST)),
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        max_lines=max_lines,
        placeholder=" …",
    )


def render(answer: Answer, articles: Mapping[str, Article]) -> str:
    """The answer's text and all that belongs below it; `articles` by id know the publishers."""
    return "\n\n".join(part for part in (wrap(answer.text), below(answer, articles)) if part)


def below(answer: Answer, articles: Mapping[str, Article]) -> str:
    """The footnotes of an answer, or the passages nearest to a question that is refused."""
    blocks = []
    if answer.standalone_question != answer.question:
        blocks.append(wrap(f"asked as: {answer.standalone_question}"))
    if answer.searched_for != answer.standalone_question:
        blocks.append(wrap(f"searched for: {answer.searched_for}"))
    if answer.disagreement:
        lines = [
            wrap(position.text + _markers(position.citations), "- ", "  ")
            for position in answer.disagreement
        ]
        blocks.append("\n".join(["The articles disagree:", *lines]))
    if answer.unsupported:
        lines = [wrap(f"~~{text}~~", "- ", "  ") for text in answer.unsupported]
        blocks.append("\n".join(["Not found in the articles:", *lines]))
    by_number: dict[int, Citation] = {}
    for citation in answer.citations:
        by_number.setdefault(citation.number, citation)
    blocks += [_footnote(citation, articles) for citation in by_number.values()]
    if answer.abstained and answer.passages:
        lines = ["Nearest passages:"]
        for passage in answer.passages:
            lines.append(wrap(_source(passage, articles), "  ", "  "))
            lines.append(wrap(passage.text, "      ", "      ", max_lines=2))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def ranked(passage: Passage, articles: Mapping[str, Article]) -> str:
    """A passage that a search found: its rank, where it stands, its scores, its beginning."""
    head = f"{passage.rank}. "
    indent = " " * len(head)
    scores = (
        f"score {passage.score:.4f}, vectors {passage.dense_score:.3f}, "
        f"words {passage.lexical_score:.2f}"
    )
    return "\n".join(
        [
            wrap(_source(passage, articles), head, indent),
            indent + scores,
            wrap(passage.text, indent, indent, max_lines=3),
        ]
    )


def with_markers(text: str, citations: tuple[Citation, ...]) -> str:
    """An answer sentence with its markers behind it, as `Answer.text` has them."""
    return text + _markers(tuple(citation.number for citation in citations))


def as_json(value: Any) -> str:
    """`value` as indented JSON; what a terminal would obey is written as \\uXXXX."""
    dumped = json.dumps(value, ensure_ascii=False, indent=2)
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", dumped)


def table(rows: Sequence[tuple[str, ...]], indent: str = "") -> Iterator[str]:
    """The rows as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield (indent + "  ".join(cells)).rstrip()


def credit(article: Article) -> str:
    """Title, publisher and date, as far as the article states them."""
    stated = (article.title, article.source, article.published)
    return ", ".join(part for part in stated if part) or article.path


def whole_number(text: str) -> int:
    """An option's value as a whole number of at least 1, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def complain(message: str) -> None:
    """Tell on stderr what is wrong."""
    print(f"footnote: {safe(message)}", file=sys.stderr)


def _markers(numbers: tuple[int, ...]) -> str:
    return "".join(f" [{number}]" for number in numbers)


def _footnote(citation: Citation, articles: Mapping[str, Article]) -> str:
    head = f"[{citation.number}] "
    indent = " " * len(head)
    source = wrap(_source(citation, articles), indent, indent)
    return wrap(f'"{citation.quote}"', head, indent) + "\n" + source


def _source(place: Citation | Passage, articles: Mapping[str, Article]) -> str:
    article = articles.get(place.article_id)
    named = credit(article) if article else place.title or place.path
    return named if place.page is None else f"{named}, page {place.page}"


class Meter:
    """Shows progress on stderr; call it as `progress(stage, done, total)`.

    On a terminal short steps are one line that the next replaces, counts become a bar. In a log
    counts are a line now and then. `quiet` shows nothing. Leaving its `with` block clears it.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._passing = False  # a line stands there that is to be replaced
        self._bar: tqdm[Any] | None = None
        self._stage = ""
        self._due = 0.0
        self._logged = False

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show a step; `total` 0 stands for a step without a count."""
        if self._quiet:
            return
        if not total:
            self._say(safe(stage))
        elif self._live:
            self._draw(safe(stage), done, total)
        else:
            self._log(safe(stage), done, total)

    def clear(self) -> None:
        """Take what is to be replaced off the terminal; call it before printing anything."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        if self._passing:
            print(_CLEAR, end="", file=sys.stderr, flush=True)
            self._passing = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.clear()

    def _say(self, stage: str) -> None:
        self.clear()
        if self._live and stage in _PASSING:
            print(f"{stage} …", end="", file=sys.stderr, flush=True)
            self._passing = True
        elif self._live or stage not in _BRIEF:
            print(stage, file=sys.stderr, flush=True)

    def _draw(self, stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        bar = self._bar
        if bar is None or (stage, total) != (self._stage, bar.total) or done < bar.n:
            if bar is not None:
                bar.close()
            in_bytes = stage.startswith(_IN_BYTES)
            # It replaces a passing line, and is itself gone when the step is done.
            bar = tqdm(
                desc=stage,
                total=total,
                initial=done,
                delay=WAIT_S,
                leave=False,
                dynamic_ncols=True,
                unit="B" if in_bytes else "",
                unit_scale=in_bytes,
                file=sys.stderr,
            )
            self._bar, self._stage = bar, stage
        bar.update(done - bar.n)
        if done >= total:
            self.clear()

    def _log(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._due, self._logged = stage, now + WAIT_S, False
        if now >= self._due or (self._logged and done >= total):
            print(f"{stage}: {_amount(stage, done, total)}", file=sys.stderr, flush=True)
            self._due, self._logged = now + EVERY_S, True


def _amount(stage: str, done: int, total: int) -> str:
    if stage.startswith(_IN_BYTES):
        return f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB"
    return f"{done:,} of {total:,}"
