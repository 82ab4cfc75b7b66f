"""The answer model in memory: loaded once for all who share it, used by one at a time."""

import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from rag.generate import Generator

if TYPE_CHECKING:
    from rag.answering import Events


class ModelTurn:
    """A lock that knows whether anybody waits for it.

    It is released by another thread than the one that took it where a stream is resumed by
    another, so it cannot be reentrant.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._waiting = 0

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for the turn at this moment."""
        return self._waiting > 0

    def locked(self) -> bool:
        """Whether somebody has the turn."""
        return self._lock.locked()

    def __enter__(self) -> None:
        if self._lock.acquire(blocking=False):
            return
        self._count(1)
        try:
            self._lock.acquire()
        finally:
            self._count(-1)

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def _count(self, more: int) -> None:
        with self._counting:
            self._waiting += more


class SharedModel:
    """The answer model, and the turn of whoever uses it."""

    def __init__(
        self, load: Callable[[], Generator], fit: Callable[[Generator], None] = lambda _: None
    ) -> None:
        """What can `load` it, and `fit` it to this machine, beside which nothing should run."""
        self._load, self._fit = load, fit
        self._fitted = False
        self._streams: weakref.WeakSet[Events] = weakref.WeakSet()
        self.loaded: Generator | None = None
        self.turn = ModelTurn()  # one llama.cpp context serves all

    def load(self) -> Generator:
        """The model, loaded when it is not yet, and maybe not fitted; hold `turn`.

        Raises ModelError when it cannot be.
        """
        if self.loaded is None:
            self.loaded, self._fitted = self._load(), False
        return self.loaded

    def ready(self) -> Generator:
        """The model as it is to be used; hold `turn`. Raises ModelError when it cannot be."""
        loaded = self.load()
        if not self._fitted:
            self._fit(loaded)
            self._fitted = True
        return loaded

    def follow(self, events: "Events") -> "Events":
        """`events`, which may be left in the middle with the turn taken: `close` ends them."""
        self._streams.add(events)
        return events

    def close(self) -> None:
        """Free the model. A stream that was left in the middle ends here."""
        for events in list(self._streams):
            with suppress(ValueError):  # running in another thread: that one finishes first
                events.close()
        with self.turn:
            if self.loaded is not None:
                self.loaded.close()
                self.loaded = None
