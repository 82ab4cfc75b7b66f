"""The order of things behind the server: who asks, who waits, who has stopped."""

import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from rag import failing
from rag.errors import FootnoteError
from rag.page.exchange import Exchange, Stage, absorb, fail, history, stop
from rag.types import Progress

if TYPE_CHECKING:
    from rag.assistant import Assistant

T = TypeVar("T")
Step = tuple[str, int, int]
"""What a longer piece of work is at: its stage, how much is done, and of how much."""

BROKEN = f"{failing.BROKEN} You can go on asking."
WAITING: Step = ("", 0, 0)  # for what is under way
WAIT_S = 0.25  # how often a waiting question looks whether it may go or has been stopped
FRAME_S = 0.08  # at most one redraw for unchecked text in this time
_ENDS = (".", "!", "?", "”", '"')


class Desk:
    """Takes the questions of all open pages and of programs, one at a time."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._stops: dict[str, threading.Event] = {}
        self._line: list[threading.Event] = []  # who asks, the one being answered first
        self.asked: Assistant | None = None  # the last that a question was for, till a change
        self._changes: list[str] = []  # the pages that change something, once for each change

    def busy(self, page: str) -> bool:
        """Whether this page has a question under way."""
        return page in self._stops

    def changing(self, page: str) -> bool:
        """Whether this page has articles that are being changed."""
        return page in self._changes

    def stop(self, page: str) -> None:
        """End what this page waits for, if anything, at the next event of its stream.

        An answer that is there already stays; no other place is heard beside it.
        """
        if stopped := self._stops.get(page):
            stopped.set()

    def change(self, work: Callable[[Progress], T], page: str) -> Generator[Step | T]:
        """Do `work` for `page`, as `steps` does, behind the question that is being answered."""

        def run(progress: Progress) -> T:
            with self._turn:
                progress("beginning", 0, 0)
                done = work(progress)
                self.asked = None  # it may be a collection that is gone now
                return done

        self._changes.append(page)
        try:
            yield from steps(run)
        finally:
            self._changes.remove(page)

    def answer(
        self, assistant: "Assistant", question: str, earlier: tuple[Exchange, ...], page: str
    ) -> Generator[Exchange]:
        """Yield the exchange as it grows; the last one is closed, whatever happens.

        Yields nothing when `page` (the name of one open page) has a question under way.
        """
        stopped = threading.Event()
        if self._stops.setdefault(page, stopped) is not stopped:
            return
        exchange = Exchange(question)
        try:
            with self._queued(stopped) as waiting:
                for ahead in waiting:
                    yield replace(exchange, stage=Stage.WAITING, ahead=ahead)
                if not stopped.is_set():
                    yield exchange  # where the page ends it, should its collection be gone
                    self.asked = assistant
                    with closing(_stream(assistant, exchange, earlier, stopped)) as stream:
                        for exchange in stream:
                            if stopped.is_set():
                                break
                            if exchange.open:
                                yield exchange
        finally:
            self._stops.pop(page, None)
        # Only now, so that whoever sees the end may ask the next question at once.
        yield stop(exchange) if exchange.open else exchange

    @contextmanager
    def turn(self, stopped: threading.Event) -> Iterator[bool]:
        """A turn like that of a question, for the block; gives False when `stopped` is set first.

        Nothing else is answered meanwhile, nor are the articles changed.
        """
        with self._queued(stopped) as waiting:
            for _ahead in waiting:
                pass
            yield not stopped.is_set()

    def join(self, waiting: threading.Event) -> None:
        """Take a place at the end of the line, for what goes by this event."""
        self._line.append(waiting)

    def leave(self, waiting: threading.Event, *, held: bool) -> None:
        """Leave the line; the turn passes on where it was `held`."""
        self._line.remove(waiting)
        if held:
            self._turn.release()

    @contextmanager
    def _queued(self, stopped: threading.Event) -> Iterator[Iterator[int]]:
        """A place in the line for the block, which reads to their end how many come before it.

        From then on it holds the turn, unless `stopped` is set.
        """
        held = False

        def ahead() -> Iterator[int]:
            nonlocal held
            while not (held := self.may_go(stopped)) and not stopped.is_set():
                yield self._line.index(stopped)

        self.join(stopped)
        try:
            yield ahead()
        finally:
            self.leave(stopped, held=held)

    def may_go(self, waiting: threading.Event) -> bool:
        """Wait a moment; whether it is the turn of `waiting`, which is then taken."""
        if self._line[0] is not waiting:
            waiting.wait(WAIT_S)
        return self._line[0] is waiting and self._turn.acquire(timeout=WAIT_S)


def steps(work: Callable[[Progress], T]) -> Generator[Step | T]:
    """Do `work` in a thread of its own; yield its steps, then its result.

    Once begun it goes on to its end, whether or not the page that asked for it is still open.
    """
    at = [WAITING]

    def progress(stage: str, done: int, total: int) -> None:
        at[0] = (stage, done, total)

    pool = ThreadPoolExecutor(1, "articles")
    working = pool.submit(work, progress)
    pool.shutdown(wait=False)
    seen = None
    while not working.done():
        if at[0] != seen:
            seen = at[0]
            yield seen
        wait([working], timeout=WAIT_S)
    yield working.result()


def frames(exchanges: Iterator[Exchange]) -> Iterator[Exchange]:
    """`exchanges` with runs of unchecked text thinned to one in `FRAME_S`; loses no ending.

    A sentence that has ended is drawn at once: while it is judged, nothing else comes.
    """
    last: tuple[Stage, int] | None = None
    drawn = 0.0
    for exchange in exchanges:
        state = (exchange.stage, len(exchange.sentences))
        now = time.monotonic()
        ended = exchange.draft.endswith(_ENDS)
        if state != last or ended or now - drawn >= FRAME_S:
            last, drawn = state, now
            yield exchange


def _stream(
    assistant: "Assistant",
    exchange: Exchange,
    earlier: tuple[Exchange, ...],
    stopped: threading.Event,
) -> Generator[Exchange]:
    events: Iterator[Any] = iter(())
    try:
        if not assistant.loaded:
            yield replace(exchange, stage=Stage.LOADING)
            assistant.warm()
            yield exchange
        events = assistant.stream(exchange.question, history(earlier), stopped=stopped.is_set)
        for event in events:
            exchange = absorb(exchange, event)
            yield exchange
        if exchange.open:
            yield fail(exchange, BROKEN)
    except FootnoteError as error:
        yield fail(exchange, failing.told(error))
    except Exception:
        traceback.print_exc()
        yield fail(exchange, BROKEN)
    finally:
        # Before anybody else's question starts: the model serves one stream at a time.
        if isinstance(events, Generator):
            events.close()
