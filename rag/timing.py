"""Seconds by stage and tokens of one answer, as it is made."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rag.types import Timings


class Clock:
    """Starts when it is made; `timings` reads it."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._first_token_s = 0.0
        self._before_s = 0.0  # spent in stages before the first token
        self._stages: dict[str, float] = {}
        self.prompt_tokens = 0
        self.answer_tokens = 0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to the field `name` of Timings."""
        start = time.perf_counter()
        try:
            yield
        finally:
            elapsed = time.perf_counter() - start
            self._stages[name] = self._stages.get(name, 0.0) + elapsed

    def tick(self) -> None:
        """Count a token of the answer."""
        self.answer_tokens += 1
        if not self._first_token_s:
            self._first_token_s = time.perf_counter() - self._start
            self._before_s = sum(self._stages.values())

    def timings(self) -> Timings:
        """What has been spent so far; without a token, the first one counts as now."""
        total = time.perf_counter() - self._start
        first = self._first_token_s or total
        writing = total - first - (sum(self._stages.values()) - self._before_s)
        return Timings(
            retrieve_s=self._stages.get("retrieve_s", 0.0),
            judge_s=self._stages.get("judge_s", 0.0),
            cite_s=self._stages.get("cite_s", 0.0),
            rewrite_s=self._stages.get("rewrite_s", 0.0),
            read_s=self._stages.get("read_s", 0.0),
            first_token_s=first,
            generate_s=max(0.0, writing),
            total_s=total,
            prompt_tokens=self.prompt_tokens,
            answer_tokens=self.answer_tokens,
        )
