"""What a figure depends on, so that two reports can be told apart and answers be reused."""

import hashlib
import json
import platform
from collections.abc import Iterable
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rag.errors import FootnoteError

if TYPE_CHECKING:
    from rag.settings import Settings

LIBRARIES = (
    "bm25s",
    "faiss-cpu",
    "langchain-text-splitters",
    "llama-cpp-python",
    "numpy",
    "py3langid",
    "scipy",
    "sentence-transformers",
    "sentencex",
    "torch",
    "transformers",
)
_SECRET = "auth"  # of the settings: it is in no report
# Settings that no answer depends on; what the corpus holds is in the index version.
INDIFFERENT = (
    "conversations",
    "corpus",
    "embedder_backend",
    "home",
    "host",
    "offline",
    "port",
    "read_ahead",
    "show_unsupported",
    "states_mb",
)
_PROGRAM = ("index", "prompts", "rag")
_AROUND = (Path("rag/page"), Path("rag/server"))  # they show answers and make none


class Described(Protocol):
    """What is read off an assistant."""

    @property
    def model(self) -> str:
        """Name of the answer model."""

    @property
    def index_version(self) -> str:
        """What the index was built from."""


def configuration(
    assistant: Described, settings: "Settings", cases: Path, prompts: Path
) -> dict[str, Any]:
    """What a figure depends on: model, index, settings, program, libraries, cases, machine."""
    return {
        "model": assistant.model,
        "model_sha256": model_sha256(settings),
        "index_version": assistant.index_version,
        "settings": {
            name: str(value) if isinstance(value, Path) else value
            for name, value in asdict(settings).items()
            if name != _SECRET
        },
        "libraries": {name: _version(name) for name in LIBRARIES},
        "cases": cases.name,
        "cases_sha256": hashlib.sha256(cases.read_bytes()).hexdigest(),
        "prompts_sha256": _hash_files(prompts, prompts.glob("*.txt")),
        "calibrations_sha256": _hash_files(
            settings.home, (file for file in [settings.calibrations] if file.is_file())
        ),
        "program_sha256": program_sha256(prompts.parent),
        "platform": platform.platform(),
        "python": platform.python_version(),
    }


def answer_context(made_with: dict[str, Any]) -> str:
    """One hash over everything in a configuration that an answer depends on.

    Empty when the model's file is not known: its answers cannot be told from another's.
    """
    if not made_with["model_sha256"]:
        return ""
    names = ["model", "model_sha256", "index_version", "libraries", "prompts_sha256"]
    names += ["calibrations_sha256", "program_sha256"]
    parts = {name: made_with[name] for name in names}
    parts["settings"] = {
        name: value for name, value in made_with["settings"].items() if name not in INDIFFERENT
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def model_sha256(settings: "Settings") -> str:
    """SHA-256 of the answer model's file: the pinned one, else that of the file; or ""."""
    from rag import models
    from rag.catalogue import CATALOGUE
    from rag.fetch import digest

    if spec := CATALOGUE.get(settings.model):  # such a file is refused when it differs
        return " ".join(file.sha256 for file in spec.files)
    try:
        file = models.resolve(settings.model, settings.models_dir, offline=True)
        return digest(file, lambda _stage, _done, _total: None)
    except (FootnoteError, OSError):
        return ""


def program_sha256(root: Path) -> str:
    """One hash over the source that makes an answer: `index/`, `prompts/` and most of `rag/`."""
    kinds = (".py", ".json", ".safetensors")
    files = (f for name in _PROGRAM for f in (root / name).rglob("*") if f.suffix in kinds)
    return _hash_files(
        root, (f for f in files if not set(_AROUND) & {*f.relative_to(root).parents})
    )


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _hash_files(folder: Path, files: Iterable[Path]) -> str:
    """One hash over names and contents, so that a renamed prompt counts as a change too."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.relative_to(folder).as_posix()}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()
