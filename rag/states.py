"""What the model has read, kept: states of passages by name, the least recently used goes first."""

from collections import OrderedDict


class States:
    """Up to `limit` bytes of states. Not for two threads at once."""

    def __init__(self, limit: int) -> None:
        """Keep `limit` bytes at most; 0 keeps nothing."""
        self.limit = limit
        self._size = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        """The state kept under `key`, which counts as a use."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def put(self, key: str, state: bytes) -> None:
        """Keep `state`; others go, the least recently used first, when there is no room."""
        self._size += len(state) - len(self._kept.get(key, b""))
        self._kept[key] = state
        self._kept.move_to_end(key)
        while self._size > self.limit:
            _, gone = self._kept.popitem(last=False)
            self._size -= len(gone)
