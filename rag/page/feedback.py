"""What people think of answers, kept on this machine: JSON Lines, one line for each verdict."""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from rag.errors import ConfigError
from rag.page.exchange import Exchange, history, known
from rag.types import Citation, Turn

Verdict = Literal["up", "down", "none"]  # "none" takes an earlier one back
FORMAT = 1
NOTE_CHARS = 2000
LOCK_S = 5.0  # a line is written in far less


@dataclass(frozen=True, slots=True)
class Opinion:
    """A verdict on one answer, with all that the answer came from.

    `corpus` is the name that the folder of articles goes by in the Footnote folder, `date` the
    time (UTC, ISO) of the verdict. Of several about one answer the last one counts.
    """

    corpus: str
    date: str
    verdict: Verdict
    note: str
    question: str
    standalone_question: str
    history: tuple[Turn, ...]
    answer: str
    abstained: bool
    reason: str
    citations: tuple[Citation, ...]
    index_version: str
    model: str
    format: int = FORMAT
    query: str = ""

    @property
    def about(self) -> tuple[str, str, tuple[Turn, ...], str]:
        """Which answer it is about."""
        return (self.corpus, self.question, self.history, self.answer)


_OPINION: TypeAdapter[Opinion] = TypeAdapter(Opinion)


class Feedback:
    """The verdicts in `file` about answers from the folder of articles named `corpus`."""

    def __init__(self, file: Path, corpus: str) -> None:
        self.file = file
        self.corpus = corpus
        self._lock = threading.Lock()
        self._last: dict[object, Opinion] | None = None

    def give(
        self, earlier: Sequence[Exchange], exchange: Exchange, verdict: Verdict, note: str = ""
    ) -> None:
        """Keep a verdict on the answer of `exchange`; `earlier` is the conversation before it.

        Raises ConfigError when it cannot be kept.
        """
        note = note[:NOTE_CHARS].encode("utf-8", "replace").decode()  # JSON can hold half signs
        opinion = self._opinion(earlier, exchange, verdict, note)
        try:
            with self._lock:
                self._read()[opinion.about] = opinion
                _append(self.file, json.dumps(asdict(opinion)))
        except (OSError, Timeout) as error:
            self._last = None
            reason = getattr(error, "strerror", "") or "another process writes it just now"
            raise ConfigError(f"Your verdict could not be kept: {reason}. Try again.") from error

    def of(self, exchanges: Sequence[Exchange]) -> Mapping[int, Opinion]:
        """The verdicts on the answers of a conversation, by the exchange's number from 1."""
        found = {}
        with self._lock:
            given = self._read()
            for row, exchange in enumerate(exchanges):
                if exchange.answer is not None:
                    about = self._opinion(exchanges[:row], exchange, "none", "").about
                    if about in given and given[about].verdict != "none":
                        found[row + 1] = given[about]
        return found

    def _opinion(
        self, earlier: Sequence[Exchange], exchange: Exchange, verdict: Verdict, note: str
    ) -> Opinion:
        answer = exchange.answer
        assert answer is not None
        return Opinion(
            corpus=self.corpus,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            verdict=verdict,
            note=note,
            question=answer.question,
            standalone_question=answer.standalone_question,
            history=history(known(tuple(earlier), exchange.again)),
            answer=answer.text,
            abstained=answer.abstained,
            reason=answer.reason,
            citations=answer.citations,
            index_version=answer.index_version,
            model=answer.model,
            query=answer.query,
        )

    def _read(self) -> dict[object, Opinion]:
        if self._last is None:
            self._last = {opinion.about: opinion for opinion in read(self.file)[0]}
        return self._last


def read(file: Path) -> tuple[list[Opinion], list[int]]:
    """The last verdict on each answer, in the order of the file, and the lines of no use.

    Both are empty where there is no such file, or none that can be read.
    """
    found: dict[object, Opinion] = {}
    broken = []
    try:
        lines = file.read_bytes().split(b"\n")
    except OSError:
        lines = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            opinion = _OPINION.validate_json(line)
        except (ValidationError, ValueError):
            broken.append(number)
            continue
        if opinion.format != FORMAT:
            broken.append(number)
        else:
            found[opinion.about] = opinion
    return list(found.values()), broken


def _append(file: Path, line: str) -> None:
    """Write the line whole, behind whatever is there, also behind one that broke off."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock"), timeout=LOCK_S), file.open("a+b") as stream:
        whole = True
        if stream.tell():
            stream.seek(-1, 2)
            whole = stream.read(1) == b"\n"
        stream.write(b"" if whole else b"\n")
        stream.write(line.encode() + b"\n")
