"""What was tried out of this machine once, with a model, and is kept in the Footnote folder."""

import json
import os
import platform
from contextlib import suppress
from math import isfinite
from pathlib import Path

Found = float | list[int]


class Trials:
    """What was found out about one model on this processor, with so many of its cores."""

    def __init__(self, file: Path, model: str) -> None:
        """Kept in `file`; where that is missing or damaged, all is tried anew."""
        self._file = file
        self._key = f"{model}, {cores()} of {_processor()}"

    def get(self, name: str) -> Found | None:
        """What was found as `name`; None where nothing of use was."""
        found = self._read().get(self._key, {}).get(name)
        if isinstance(found, list):
            return found if all(type(number) is int for number in found) else None
        return found if isinstance(found, float) and isfinite(found) else None

    def keep(self, name: str, found: Found) -> None:
        """Write `found` down as `name`; nothing in a folder that may only be read."""
        kept = self._read()
        kept[self._key] = {**kept.get(self._key, {}), name: found}
        unfinished = self._file.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
            unfinished.replace(self._file)

    def _read(self) -> dict[str, dict[str, object]]:
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        entries = kept.items() if isinstance(kept, dict) else ()
        return {key: found for key, found in entries if isinstance(found, dict)}


def cores() -> int:
    """Cores this process may use; a container's limit counts where the system tells it."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
