"""What has been read is kept within its limit, the least recently used goes first."""

import os
import threading
import time
from pathlib import Path

import pytest

from rag.states import States

HEAD = 33  # bytes before a state in its file
ROOM = 2 * (HEAD + 4)  # for two states of four bytes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "states"


def age(folder: Path, key: str, seconds: int) -> None:
    os.utime(folder / f"{key}.state3", (seconds, seconds))


def test_a_state_comes_back_as_it_was_and_in_the_next_process_too(folder: Path) -> None:
    States(folder, 1000).put("a", b"12345")
    for _ in range(2):
        states = States(folder, 1000)
        assert states.get("a") == b"12345"
        assert states.get("b") is None


def test_the_least_recently_used_goes_first(folder: Path) -> None:
    states = States(folder, ROOM)
    states.put("a", b"1234")
    states.put("b", b"1234")
    age(folder, "a", 1000)
    age(folder, "b", 2000)
    assert states.get("a")
    assert states.has("b"), "asking whether it is there is no use"
    states.put("c", b"1234")
    assert (states.get("a"), states.get("b"), states.get("c")) == (b"1234", None, b"1234")


def test_what_may_not_displace_others_is_kept_only_where_there_is_room(folder: Path) -> None:
    states = States(folder, ROOM)
    assert all(states.put(key, b"1234", displace=False) for key in "ab")
    assert not states.put("c", b"1234", displace=False)
    assert [states.has(key) for key in "abc"] == [True, True, False]
    assert not states.put("d", b"x" * 2 * ROOM)


def test_what_nobody_used_for_a_week_makes_room_for_it_all_the_same(folder: Path) -> None:
    states, now, day = States(folder, ROOM), int(time.time()), 24 * 3600
    for key in "ab":
        states.put(key, b"1234")
    age(folder, "a", now - 6 * day)
    age(folder, "b", now - 8 * day)
    assert states.put("c", b"1234", displace=False)
    assert [states.has(key) for key in "abc"] == [True, False, True]
    assert not states.put("d", b"1234", displace=False)
    assert [states.has(key) for key in "abcd"] == [True, False, True, False]


def test_the_limit_holds_whatever_is_put_in(folder: Path) -> None:
    states = States(folder, 100)
    for size in (3, 80, 4, 4, 4, 67, 1, 1):
        states.put(str(size), b"x" * size)
        assert sum(file.stat().st_size for file in folder.iterdir()) <= 100
    assert states.get("1") == b"x"


def test_a_lower_limit_makes_room_at_the_start(folder: Path) -> None:
    states = States(folder, ROOM)
    states.put("a", b"1234")
    states.put("b", b"1234")
    age(folder, "a", 1000)
    assert [States(folder, ROOM - 1).get(key) for key in "ab"] == [None, b"1234"]
    States(folder, 0)
    assert list(folder.iterdir()) == []


def test_nothing_is_kept_without_room(folder: Path) -> None:
    states = States(folder, 0)
    states.put("a", b"1")
    assert states.get("a") is None
    assert not folder.exists()


@pytest.mark.parametrize(
    "damaged",
    [b"", b"footnote", b"footnote state 3\n" + bytes(20), b"footnote state 1\n", bytes(100)],
)
def test_a_damaged_file_is_as_good_as_none(folder: Path, damaged: bytes) -> None:
    states = States(folder, 1000)
    states.put("a", b"12345")
    file = folder / "a.state3"
    whole = file.read_bytes()
    for content in (damaged, whole[:-1], whole[:-1] + b"6", whole + b"6"):
        file.write_bytes(content)
        assert states.get("a") is None
        assert not file.exists()
    states.put("a", b"123")
    assert states.get("a") == b"123"


def test_a_folder_that_cannot_be_made_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    states = States(tmp_path / "file" / "states", 1000)
    states.put("a", b"1")
    assert states.get("a") is None


def test_what_a_killed_process_left_is_cleared_away(folder: Path) -> None:
    States(folder, 1000).put("a", b"1234")
    old, young = folder / "new-old", folder / "new-young"
    old.write_bytes(b"1")
    young.write_bytes(b"1")
    os.utime(old, (1000, 1000))
    assert States(folder, 1000).get("a") == b"1234"
    assert (old.exists(), young.exists()) == (False, True)


def test_states_that_no_version_finds_any_more_are_cleared_away(folder: Path) -> None:
    folder.mkdir()
    former = folder / "a.state"
    former.write_bytes(b"footnote state 1\n")
    States(folder, 1000)
    assert not former.exists()


def test_what_others_remove_is_no_error(folder: Path) -> None:
    states, other = States(folder, ROOM), States(folder, ROOM)
    states.put("a", b"1234")
    other.put("b", b"1234")
    (folder / "a.state3").unlink()
    states.put("c", b"1234")
    states.put("d", b"1234")
    assert states.get("d") == b"1234"
    assert sum(file.stat().st_size for file in folder.iterdir()) <= ROOM


def test_two_at_once_read_whole_states_or_none(folder: Path) -> None:
    wanted = {letter: letter.encode() * 5000 for letter in "abcdef"}
    wrong: list[bytes] = []
    hits: list[str] = []

    def work() -> None:
        states = States(folder, 20_000)
        for _ in range(30):
            for key, state in wanted.items():
                states.put(key, state)
                found = states.get(key)
                if found not in (None, state):
                    wrong.append(found or b"")
                elif found:
                    hits.append(key)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert set(hits) == set(wanted)


def test_a_folder_that_may_only_be_read_still_gives_its_states(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    States(folder, 1000).put("a", b"1234")
    monkeypatch.setattr(os, "utime", refuse)  # whoever runs the tests may be allowed anything
    assert States(folder, 1000).get("a") == b"1234"
