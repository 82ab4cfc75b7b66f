"""Ask the Hugging Face Hub for a file and download it, giving up soon when it cannot be reached.

`huggingface_hub` follows HF_ENDPOINT, the proxies of the environment and a stored login.
"""

import errno
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.catalogue import HubSource
from rag.errors import ModelError

TIMEOUT_S = 3.0  # for each address that the Hub's name has
DEADLINE_S = 6.0  # for all of them and the look-up of the name


@dataclass(frozen=True, slots=True)
class HubFile:
    """What the Hub says about a file; `etag` is the SHA-256 of a large one."""

    bytes: int
    etag: str


def ask(source: HubSource, path: str, login: bool) -> HubFile:
    """Size and ETag of a file; `login` allows sending the stored login.

    Raises ModelError within DEADLINE_S, where hf_hub_download alone would try for minutes. The
    thread is there because nothing else bounds the look-up of a name; being a daemon, it never
    holds up the end of the program.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    answer: list[HubFile | Exception] = []

    def look() -> None:
        try:
            url = hf_hub_url(source.repo, path, revision=source.revision)
            meta = get_hf_file_metadata(url, token=None if login else False, timeout=TIMEOUT_S)
            answer.append(HubFile(meta.size or 0, meta.etag or ""))
        except Exception as error:
            answer.append(error)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(DEADLINE_S)
    found = answer[0] if answer else TimeoutError(f"no answer in {DEADLINE_S:.0f} s")
    if isinstance(found, Exception):
        raise ModelError(_reason(source, path, found)) from found
    return found


def download(
    source: HubSource, path: str, staging: Path, login: bool, report: Callable[[int], None]
) -> Path:
    """Download into the folder `staging` and return the file there; `report` gets the bytes done.

    Raises ModelError, or OSError when the disk is full.
    """
    from huggingface_hub import hf_hub_download

    try:
        got = hf_hub_download(
            source.repo,
            path,
            revision=source.revision,
            local_dir=staging,
            token=None if login else False,
            tqdm_class=_bar_class(report),
        )
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        raise ModelError(_reason(source, path, error)) from error
    return Path(got)


def _reason(source: HubSource, path: str, error: Exception) -> str:
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return (
            f"the Hugging Face Hub gives {source.repo} only to those who accepted its licence: "
            "accept it on the model's page there, then run `hf auth login`"
        )
    missing = (
        errors.RepositoryNotFoundError,
        errors.RevisionNotFoundError,
        errors.RemoteEntryNotFoundError,
    )
    if isinstance(error, missing):
        return f"the Hugging Face Hub has no {path} in {source.repo} at {source.revision}"
    first = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
    return f"the Hugging Face Hub could not be reached ({first})"


def _bar_class(report: Callable[[int], None]) -> Any:
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        """Hands huggingface_hub's progress on and prints nothing itself."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **(options | {"disable": True}))

        def update(self, n: float | None = 1) -> None:
            self.n += n or 0
            report(int(self.n))

        def update_transfer(self, n: float | None = 1) -> None:
            """Bytes on the wire: left out, since they are not those of the file."""

        def set_transfer_postfix_str(self, *args: Any, **options: Any) -> None:
            """A speed: left out."""

    return Bar
