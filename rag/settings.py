"""The settings, and the only place that reads the environment and the configuration file.

Later wins: the defaults below, `config.toml` in the Footnote folder, the environment
(`FOOTNOTE_` and the field's name in capitals), arguments given in code or on a command line.
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

import platformdirs

from rag.errors import ConfigError

PROJECT = Path(__file__).resolve().parents[1]
DEFAULT_MODEL = "qwen2.5-coder-1.5b-instruct"
DEFAULT_EMBEDDER = "all-minilm-l6-v2"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a user can set; units are in the names or beside them."""

    home: Path = Path(platformdirs.user_data_dir("footnote", appauthor=False))
    corpus: Path = PROJECT / "seeds"
    model: str = DEFAULT_MODEL  # catalogue name, path of a GGUF, or hub "owner/repo/file.gguf"
    adapter: bool = True  # use the bundled adapter where the model has one
    embedder: str = DEFAULT_EMBEDDER  # catalogue name or path of a sentence-transformers folder
    embedder_backend: str = "torch"  # or "openvino": what runs it for many texts at once
    reranker: str = ""  # path of a cross-encoder's folder, or hub "owner/repo"; "" uses none
    offline: bool = False
    passage_chars: int = 800
    evidence_sentences: int = 14  # found ones that are looked at
    evidence_windows: int = 2  # of them with their neighbours, that the judge weighs at most
    context_tokens: int = 4096
    states_mb: int = 1024  # on disk, for what the model has read of the articles
    read_ahead: bool = True  # let the page's model read them while nobody asks
    answer_tokens: int = 160
    threads: int = 0  # 0: as many as suit the machine, by trial (rag/threads.py)
    prompt_lookup: bool = True  # guess tokens of a reply, where that is faster (rag/lookup.py)
    strictness: float = 0.5  # 0..1; probability that the articles answer, below which it refuses
    min_support: float = 0.4  # 0..1; below it an answer sentence is left out
    show_unsupported: bool = False  # show such sentences, struck through, beside the answer
    disagreement: bool = True  # look whether other articles contradict an answer
    question_chars: int = 4000
    conversations: int = 100  # kept of each corpus; 0: none
    host: str = "127.0.0.1"
    port: int = 7860
    auth: str = field(default="", repr=False)  # token that the server asks for; "" asks for none

    @classmethod
    def load(cls, env: Mapping[str, str] | None = None, **given: Any) -> Self:
        """Read the configuration file and the environment; `given` (not None) wins.

        Raises ConfigError for an unknown name or a value of the wrong kind.
        """
        env = os.environ if env is None else env
        values: dict[str, Any] = {}
        home: Path = _convert("home", given.get("home") or env.get("FOOTNOTE_HOME") or cls().home)
        file = home / "config.toml"
        if file.is_file():
            values |= _read_file(file)
        names = {field.name for field in fields(cls)}
        for name in names:
            if env.get(f"FOOTNOTE_{name.upper()}", "") != "":
                values[name] = env[f"FOOTNOTE_{name.upper()}"]
        if env.get("HF_HUB_OFFLINE", "") not in ("", "0") and "offline" not in values:
            values["offline"] = True
        values |= {name: value for name, value in given.items() if value is not None}
        if unknown := sorted(set(values) - names):
            raise ConfigError(
                f"There is no setting named {', '.join(unknown)}. "
                f"The settings are: {', '.join(sorted(names))}."
            )
        values["home"] = home
        return replace(cls(), **{name: _convert(name, value) for name, value in values.items()})

    @property
    def models_dir(self) -> Path:
        """Folder of the model files."""
        return self.home / "models"

    @property
    def index_root(self) -> Path:
        """Folder that holds one index for each corpus folder."""
        return self.home / "indexes"

    @property
    def calibrations(self) -> Path:
        """File of the calibrations that a user has made."""
        return self.home / "calibration.json"

    @property
    def machine(self) -> Path:
        """File of what was tried of this machine."""
        return self.home / "machine.json"

    @property
    def feedback(self) -> Path:
        """File of what people thought of answers."""
        return self.home / "feedback.jsonl"

    @property
    def states_dir(self) -> Path:
        """Folder of what the model has read."""
        return self.home / "states"


def _read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid TOML ({error}). Mend or remove it.") from error


_POSITIVE = {
    "passage_chars",
    "evidence_sentences",
    "evidence_windows",
    "context_tokens",
    "answer_tokens",
    "question_chars",
    "port",
}
_WHOLE = _POSITIVE | {"threads", "states_mb", "conversations"}
_PATHS = {"home", "corpus"}
_FLAGS = {"adapter", "disagreement", "offline", "prompt_lookup", "read_ahead", "show_unsupported"}
_FRACTIONS = {"strictness", "min_support"}
_CHOICES = {"embedder_backend": ("torch", "openvino")}


def _convert(name: str, value: Any) -> Any:
    try:
        if name in _PATHS:
            return Path(value).expanduser()
        if name in _WHOLE:
            return _whole(name, value)
        if name in _FRACTIONS:
            return _fraction(value)
        if name in _FLAGS:
            return _flag(value)
        if name in _CHOICES:
            return _choice(value, _CHOICES[name])
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise ConfigError(f"The setting {name} cannot be {value!r}: {error}.") from error
    return str(value).strip() if name == "auth" else str(value)


def _whole(name: str, value: Any) -> int:
    number = int(value)
    if number != float(value) or number < (1 if name in _POSITIVE else 0):
        raise ValueError("it has to be a positive whole number")
    return number


def _fraction(value: Any) -> float:
    number = float(value)
    if not 0.0 <= number <= 1.0:
        raise ValueError("it has to lie between 0 and 1")
    return number


def _choice(value: Any, choices: Sequence[str]) -> str:
    if (text := str(value).strip().lower()) not in choices:
        raise ValueError(f"it has to be {' or '.join(choices)}")
    return text


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    raise ValueError("it has to be 1 or 0")
