"""The evaluation that runs behind the page: one at a time, whichever page has started it."""

import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from rag import failing
from rag.errors import FootnoteError
from rag.page.desk import BROKEN, WAIT_S, Desk
from rag.page.evaluator import Evaluator, Subset


@dataclass(frozen=True, slots=True)
class State:
    """How far the last run is: `done` of `total` questions, and the time left in words.

    `subset` is what is asked, None before the first run; `failure` says what ended it, if an
    error did.
    """

    subset: Subset | None = None
    running: bool = False
    stopping: bool = False
    done: int = 0
    total: int = 0
    left: str = ""
    failure: str = ""


class Exam:
    """Has `evaluator` ask its questions between those that people ask at `desk`."""

    def __init__(self, desk: Desk, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.state = State()
        self._desk = desk
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def begin(self, subset: Subset) -> None:
        """Start asking `subset` in the background, unless a run is under way."""
        with self._lock:
            if self.state.running:
                return
            self._stopped = threading.Event()
            self.state = State(subset, running=True)
        # Not a daemon: when the server ends it is stopped, and then writes its report.
        threading.Thread(target=self._run, args=(subset,), name="evaluation").start()

    def stop(self) -> None:
        """End the run, if any, when the question under way is answered."""
        with self._lock:
            self._stopped.set()
            self.state = replace(self.state, stopping=self.state.running)

    def watch(self) -> Iterator[State]:
        """The state now and after every change, until no run is under way."""
        seen = None
        while seen is None or seen.running:
            state = self.state
            if state is seen:
                time.sleep(WAIT_S)
            else:
                seen = state
                yield seen

    def _run(self, subset: Subset) -> None:
        failure = ""
        try:
            self.evaluator.run(subset, self._turn, self._progress)
        except FootnoteError as error:
            failure = failing.told(error)
        except Exception:
            traceback.print_exc()
            failure = BROKEN
        self._change(running=False, left="", failure=failure)

    def _turn(self) -> AbstractContextManager[bool]:
        return self._desk.turn(self._stopped)

    def _progress(self, done: int, total: int, left: str) -> None:
        self._change(done=done, total=total, left=left)

    def _change(self, **given: object) -> None:
        with self._lock:
            self.state = replace(self.state, **given)  # type: ignore[arg-type]
