"""Model files: what a name resolves to, what is refused, and what a user is told."""

import os
import threading
from pathlib import Path

import pytest
from fake_sources import COMMIT, DATA, FakeHub, Heard, gguf, keep_root, names, serve, sha256, spec  # noqa: F401 (fixtures)
from filelock import FileLock

from rag import models
from rag.catalogue import HubSource, ModelFile, ModelSpec
from rag.errors import ModelError
from rag.settings import DEFAULT_EMBEDDER, DEFAULT_MODEL, Settings


def test_catalogue_is_whole() -> None:
    assert {DEFAULT_MODEL, DEFAULT_EMBEDDER, "smollm2-135m-instruct"} == set(models.CATALOGUE)
    for entry in models.CATALOGUE.values():
        for file in entry.files:
            assert len(bytes.fromhex(file.sha256)) == 32
            assert sum(p.bytes for p in entry.parcels if p.path == file.path) == file.bytes
    assert not any(suggestion.pinned for suggestion in models.SUGGESTIONS)


def test_the_folder_comes_before_the_hub(root: Path, served: FakeHub) -> None:
    root.mkdir()
    (root / "toy.gguf").write_bytes(DATA)
    assert models.resolve(spec(), root) == root / "toy.gguf"
    assert served.requests == []


def test_a_folder_model_lands_file_by_file(root: Path, served: FakeHub) -> None:
    files = {"config.json": b"{}", "1_Pooling/config.json": DATA}
    for path, data in files.items():
        served.put(data, f"/owner/toy/resolve/{COMMIT}/{path}")
    pinned = tuple(ModelFile(path, len(data), sha256(data)) for path, data in files.items())
    toy = ModelSpec("toy", "", "", pinned, "toy", HubSource("owner/toy", COMMIT))
    assert models.state(toy, root) == "absent"
    assert models.resolve(toy, root) == root / "toy"
    assert (root / "toy" / "1_Pooling" / "config.json").read_bytes() == DATA
    assert models.state(toy, root) == "present"


def test_a_truncated_file_is_set_aside_and_pulled_anew(root: Path, served: FakeHub) -> None:
    root.mkdir()
    served.put(DATA)
    (root / "toy.gguf").write_bytes(DATA[:-1])
    assert models.state(spec(), root) == "altered"
    with pytest.raises(ModelError, match=r"differs .* toy.gguf.rejected.*models pull toy"):
        models.resolve(spec(), root)
    (root / "toy.gguf").write_bytes(DATA[:-2])
    assert models.pull(spec(), root).read_bytes() == DATA
    assert {"toy.gguf.rejected", "toy.gguf.rejected-2"} <= names(root)


def test_a_stamp_holds_until_the_file_changes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root.mkdir()
    file = root / "toy.gguf"
    file.write_bytes(DATA)
    models.resolve(spec(), root)
    with monkeypatch.context() as patch:
        patch.setattr(models, "digest", lambda *_: pytest.fail("hashed in spite of its stamp"))
        models.resolve(spec(), root)
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    models.resolve(spec(), root)
    file.write_bytes(b"y" + DATA[1:])
    os.utime(file, ns=(0, 1))
    with pytest.raises(ModelError, match="differs"):
        models.resolve(spec(), root)


def test_verify_hashes_again_whatever_the_stamp_says(root: Path) -> None:
    root.mkdir()
    file = root / "toy.gguf"
    assert [check.state for check in models.verify(spec(), root)] == ["absent"]
    file.write_bytes(DATA)
    models.resolve(spec(), root)
    times = file.stat().st_mtime_ns
    file.write_bytes(b"y" + DATA[1:])
    os.utime(file, ns=(times, times))
    [check] = models.verify(spec(), root)
    assert (check.state, check.expected, check.bytes) == ("altered", sha256(DATA), len(DATA))
    with pytest.raises(ModelError, match="differs"):  # and from then on the stamp is gone
        models.resolve(spec(), root)


def test_a_given_path_is_used_as_it_is(tmp_path: Path, root: Path) -> None:
    file = tmp_path / "own.gguf"
    file.write_bytes(gguf())
    assert models.resolve(str(file), root, offline=True) == file
    (tmp_path / "embedder").mkdir()
    (tmp_path / "embedder" / "modules.json").write_text("[]")
    assert models.resolve(str(tmp_path / "embedder"), root) == tmp_path / "embedder"
    assert [check.state for check in models.verify(str(file), root)] == ["present"]
    assert names(tmp_path) == {"own.gguf", "embedder"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\x03\x04 a zip", "not a GGUF file"),
        (gguf()[:20], "cut short"),
        (gguf()[:60], "cut short"),
        (gguf(b""), "cut short"),
        (gguf()[:4] + b"\x09" + gguf()[5:], "GGUF version 9"),
        (gguf().replace(b"weight\x02", b"weight\xff"), "damaged"),
        (b"", "not a GGUF file"),
    ],
)
def test_what_is_no_whole_gguf_is_refused(data: bytes, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "own.gguf"
    file.write_bytes(data)
    with pytest.raises(ModelError, match=reason):
        models.resolve(str(file), tmp_path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no-such-model", "catalogue"),
        ("../owner/toy.gguf", "catalogue"),
        ("owner/../toy.gguf", "catalogue"),
        ("owner/toy/toy-00001-of-00002.gguf", "single file"),
        (".", "modules.json"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_a_name_that_means_nothing_is_explained(
    name: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=reason):
        models.resolve(name, tmp_path / "models")


def test_offline_says_what_is_missing_and_asks_nobody(root: Path, served: FakeHub) -> None:
    served.put(DATA)
    with pytest.raises(ModelError) as caught:
        models.resolve(spec(), root, offline=True)
    for part in (str(root), "toy.gguf", "footnote models pull toy", "FOOTNOTE_OFFLINE"):
        assert part in str(caught.value)
    assert served.requests == []
    with pytest.raises(ModelError, match=r"1_Pooling/config\.json"):
        models.resolve("all-minilm-l6-v2", root, offline=True)


REFERENCE = "owner/toy/toy.gguf"
MAIN = "/owner/toy/resolve/main/toy.gguf"


def test_a_hub_reference_notes_its_hash_and_holds_to_it(root: Path, served: FakeHub) -> None:
    served.put(gguf(), MAIN)
    path = models.resolve(REFERENCE, root)
    assert path == root / "owner" / "toy" / "toy.gguf"
    record = path.with_name("toy.gguf.sha256")
    assert record.read_text() == f"{sha256(gguf())}  toy.gguf\n"
    served.put(gguf(b"\x02" * 64), MAIN)
    path.unlink()
    with pytest.raises(ModelError, match=r"instead of .* remove .*toy\.gguf\.sha256"):
        models.resolve(REFERENCE, root)
    path.write_bytes(gguf(b"\x02" * 64))
    with pytest.raises(ModelError, match=r"differs .* remove .*toy\.gguf\.sha256"):
        models.resolve(REFERENCE, root)
    record.unlink()
    assert models.resolve(REFERENCE, root).read_bytes() == gguf(b"\x02" * 64)
    assert [check.state for check in models.verify(REFERENCE, root)] == ["present"]


def test_a_second_process_waits_for_the_first(root: Path, served: FakeHub) -> None:
    root.mkdir()
    lock, heard, found = FileLock(root / "toy.gguf.lock"), Heard(), []
    waiting = threading.Event()

    def report(stage: str, done: int, total: int) -> None:
        heard(stage, done, total)
        waiting.set()

    with lock:
        second = threading.Thread(
            target=lambda: found.append(models.resolve(spec(), root, progress=report))
        )
        second.start()
        assert waiting.wait(10)
        (root / "toy.gguf").write_bytes(DATA)
    second.join(10)
    assert found == [root / "toy.gguf"]
    assert "waiting for another process" in heard.text
    assert served.requests == []


def test_a_read_only_folder_of_models_works(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root.mkdir()
    (root / "toy.gguf").write_bytes(DATA)

    def refuse(*args: object, **options: object) -> int:
        raise PermissionError("read-only")

    monkeypatch.setattr(Path, "write_text", refuse)
    assert models.resolve(spec(), root) == root / "toy.gguf"


@pytest.mark.real
@pytest.mark.parametrize("name", models.CATALOGUE)
def test_the_real_models_are_the_pinned_ones(name: str) -> None:
    folder = Settings.load().models_dir
    models.resolve(name, folder)
    assert {check.state for check in models.verify(name, folder)} == {"present"}
