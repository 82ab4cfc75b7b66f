"""What was tried of a machine is kept by model and number of cores, and never in the way."""

import json
from pathlib import Path

import pytest

from rag.trials import Found, Trials


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new" / "machine.json"


@pytest.mark.parametrize("found", [[8, 6], 2.5])
def test_what_was_found_is_there_the_next_time(found: Found, file: Path) -> None:
    assert Trials(file, "a-model").get("a trial") is None
    Trials(file, "a-model").keep("a trial", found)
    Trials(file, "a-model").keep("another", 1.0)
    assert Trials(file, "a-model").get("a trial") == found
    assert [path.name for path in file.parent.iterdir()] == ["machine.json"]


def test_each_model_and_number_of_cores_has_its_own(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Trials(file, "a-model").keep("a trial", 1.0)
    assert Trials(file, "other").get("a trial") is None
    monkeypatch.setattr("rag.trials.cores", lambda: 99)
    assert Trials(file, "a-model").get("a trial") is None
    Trials(file, "a-model").keep("a trial", 2.0)
    monkeypatch.undo()
    assert Trials(file, "a-model").get("a trial") == 1.0
    assert len(json.loads(file.read_text())) == 2


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b"[]",
        b"\xff",
        b'{"KEY": 1}',
        b'{"KEY": {"a trial": "x"}}',
        b'{"KEY": {"a trial": ["x", 2]}}',
        b'{"KEY": {"a trial": null}}',
        b'{"KEY": {"a trial": true}}',
        b'{"KEY": {"a trial": NaN}}',
        b'{"KEY": ' * 100_000,
    ],
)
def test_a_damaged_file_is_as_good_as_none(text: bytes, file: Path) -> None:
    Trials(file, "a-model").keep("a trial", 1.0)
    (key,) = json.loads(file.read_text())
    file.write_bytes(text.replace(b"KEY", key.encode()))
    assert Trials(file, "a-model").get("a trial") is None
    Trials(file, "a-model").keep("a trial", 2.0)
    assert Trials(file, "a-model").get("a trial") == 2.0


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    trials = Trials(tmp_path / "file" / "machine.json", "a-model")
    trials.keep("a trial", 1.0)
    assert trials.get("a trial") is None
