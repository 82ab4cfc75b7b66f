"""A Hub on this machine and a registry in a folder, for the tests of model files."""

import hashlib
import os
import socket
import struct
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rag import fetch
from rag.catalogue import HubSource, ModelFile, ModelSpec, Parcel

COMMIT = "a" * 40
DATA = bytes(range(256)) * 40
PART = 4096


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def gguf(payload: bytes = b"\x01" * 64) -> bytes:
    """The smallest file that has each kind of header entry."""

    def text(value: bytes) -> bytes:
        return struct.pack("<Q", len(value)) + value

    pairs = text(b"general.architecture") + struct.pack("<I", 8) + text(b"llama")
    pairs += text(b"tokens") + struct.pack("<IIQ", 9, 8, 2) + text(b"a") + text(b"b")
    pairs += text(b"scores") + struct.pack("<IIQ2f", 9, 6, 2, 0.5, 0.5)
    tensor = text(b"output.weight") + struct.pack("<I2QIQ", 2, 4, 4, 0, 0)
    return b"GGUF" + struct.pack("<IQQ", 3, 1, 3) + pairs + tensor + payload


def spec(data: bytes = DATA, **given: Any) -> ModelSpec:
    """A one-file model that the Hub has and three carriers hold in parts."""
    sizes = (PART, PART, len(data) - 2 * PART)
    parts = tuple(
        Parcel(f"toy-part{n}==1.0", f"toy_part{n}/part.bin", "toy.gguf", size)
        for n, size in enumerate(sizes, 1)
    )
    values = {"hub": HubSource("owner/toy", COMMIT), "parcels": parts} | given
    file = ModelFile("toy.gguf", len(data), sha256(data))
    return ModelSpec("toy", "answers", "Apache-2.0", (file,), **values)


class FakeHub(ThreadingHTTPServer):
    """Serves `files` (path to bytes) as the Hub does and notes what it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.error = "EntryNotFound"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def put(self, data: bytes, path: str = f"/owner/toy/resolve/{COMMIT}/toy.gguf") -> None:
        self.files[path] = data


class Answering(BaseHTTPRequestHandler):
    server: FakeHub

    def do_HEAD(self) -> None:
        self.answer(b"")

    def do_GET(self) -> None:
        self.answer(self.server.files.get(self.path, b""))

    def answer(self, body: bytes) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        found = self.server.files.get(self.path)
        if found is None:
            self.send_response(403 if self.server.error == "GatedRepo" else 404)
            self.send_header("X-Error-Code", self.server.error)
        else:
            self.send_response(200)
            self.send_header("ETag", f'"{sha256(found)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(found or b"")))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


class Heard(list[tuple[str, int, int]]):
    """A progress callback that remembers, and can interrupt as Ctrl-C does."""

    def __init__(self, interrupt_at: int = -1) -> None:
        super().__init__()
        self.interrupt_at = interrupt_at

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.append((stage, done, total))
        if done == self.interrupt_at:
            raise KeyboardInterrupt

    @property
    def text(self) -> str:
        return " | ".join(stage for stage, _, _ in self)


def point_at(url: str, patch: pytest.MonkeyPatch) -> None:
    """What HF_ENDPOINT does, which the library reads only once."""
    from huggingface_hub import constants

    patch.setattr(constants, "ENDPOINT", url)
    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    patch.setattr(constants, "HF_HUB_OFFLINE", False)
    patch.setattr(constants, "HF_HUB_DISABLE_IMPLICIT_TOKEN", True)


@pytest.fixture(name="served")
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    from huggingface_hub.utils import build_hf_headers, close_session

    server = FakeHub()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    point_at(server.url, monkeypatch)
    build_hf_headers()  # the library asks the hub something of its own, once in a process
    server.requests.clear()
    yield server
    close_session()
    server.shutdown()
    server.server_close()


@pytest.fixture(name="no_hub")
def cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        point_at(f"http://127.0.0.1:{free.getsockname()[1]}", monkeypatch)


@pytest.fixture(name="registry")
def keep_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is all that pip may look at."""
    folder = tmp_path / "registry"
    folder.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


@pytest.fixture(name="root")
def keep_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(fetch, "STAMP_FROM", 0)
    return tmp_path / "models"


def put_wheels(registry: Path, data: bytes = DATA, first: int = 1) -> None:
    for number in range(first, 4):
        name, start = f"toy_part{number}", (number - 1) * PART
        end = None if number == 3 else start + PART
        info = f"{name}-1.0.dist-info"
        with zipfile.ZipFile(registry / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}/part.bin", data[start:end])
            wheel.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
            )
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")


def names(root: Path) -> set[str]:
    return {path.name for path in root.iterdir()}
