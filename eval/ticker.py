"""Progress on stderr: one line that is rewritten on a terminal, else now and then a new one."""

import sys

from eval.reading_metrics import Reading
from eval.runner import Result


class Pace:
    """How long the rest takes, by the cases that were asked, not by those recalled."""

    def __init__(self) -> None:
        self._asked = 0
        self._seconds = 0.0

    def left(self, cases: int, seconds: float | None) -> str:
        """The time for so many more, "" if not known; `seconds` took the last, None if recalled."""
        if seconds is not None:
            self._asked += 1
            self._seconds += seconds
        return _minutes(self._seconds / self._asked * cases) if self._asked else ""


class Ticker:
    """Shows stages and cases, and the time left."""

    def __init__(self, verbose: bool) -> None:
        self._verbose = verbose
        self._rewrite = sys.stderr.isatty()
        self._pace = Pace()

    def stage(self, stage: str, done: int, total: int) -> None:
        """Show a step of opening the assistant."""
        if self._rewrite:
            self._show(f"{stage} {done}/{total}" if total else stage)

    def case(self, result: Result | Reading, done: int, total: int) -> None:
        """Show how far the cases are, and the case itself when verbose."""
        self.note(f"{result.outcome:<22} {result.case.id}: {result.reason}")
        self.count(done, total, seconds_of(result))

    def note(self, text: str) -> None:
        """Print a line about a case when verbose."""
        if self._verbose:
            self.clear()
            print(text, flush=True)

    def count(self, done: int, total: int, seconds: float | None) -> None:
        """Show how far the cases are; `seconds` is what the last took, None if it was recalled."""
        left = self._pace.left(total - done, seconds)
        # A log is not flooded: ten lines in all, the last one among them.
        if self._rewrite or done == total or done * 10 // total > (done - 1) * 10 // total:
            self._show(f"{done}/{total} questions{f', {left} left' if left else ''}")

    def clear(self) -> None:
        """Take the progress line off a terminal."""
        if self._rewrite:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _show(self, line: str) -> None:
        start, end = ("\r\x1b[K", "") if self._rewrite else ("", "\n")
        print(f"{start}{line}", end=end, file=sys.stderr, flush=True)


def seconds_of(result: Result | Reading) -> float | None:
    """How long a case took; None if its answer was recalled."""
    return None if result.cached or result.resumed else result.seconds


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"
