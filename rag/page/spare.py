"""Spare time: the model reads the articles while nobody asks anything."""

import threading
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from rag.errors import FootnoteError

if TYPE_CHECKING:
    from rag.assistant import Assistant

_LOOK_S = 5.0  # how often it is looked whether there is something to read; a page opens sooner
_CLOSE_S = 1.0  # it may be waiting for an answer that is being written


class SpareTime:
    """Has the model read ahead whenever nobody asks anything, in a thread, until it is closed.

    On a CPU a question waits for it no longer than one operation of the model takes. It leaves a
    folder alone of which the model can keep less than about a quarter: with more sentences than
    `states_mb` has megabytes, what it would read would seldom be what is asked for.
    """

    def __init__(self, current: Callable[[], "Assistant"]) -> None:
        """Read the articles of the assistant that `current` gives, looked at again and again."""
        self._current = current
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reading ahead", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it: now, or when the answer that it waits for is there."""
        self._closed.set()
        self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        done: set[str] = set()  # versions of indexes
        while not self._closed.wait(_LOOK_S):
            assistant = self._current()
            version = assistant.index_version
            if version not in done:
                try:
                    ended = self._read(assistant, version)
                except FootnoteError:  # whoever asks is told why the model cannot be used
                    ended = True
                except Exception:  # no reason to end for other articles, too
                    traceback.print_exc()
                    ended = True
                if ended:
                    done.add(version)

    def _read(self, assistant: "Assistant", version: str) -> bool:
        """Read what there is in the index of that `version`; False when it was interrupted."""
        interrupted = False

        def stopped() -> bool:
            nonlocal interrupted
            interrupted = (
                interrupted
                or assistant.wanted
                or self._closed.is_set()
                or self._current() is not assistant
                or assistant.index_version != version
            )
            return interrupted

        if assistant.sentence_count <= assistant.settings.states_mb:
            assistant.read_ahead(stopped=stopped)
        return not interrupted
