"""What has been read is kept within its limit, the least recently used goes first."""

from rag.states import States


def test_a_state_comes_back_as_it_was() -> None:
    states = States(100)
    states.put("a", b"12345")
    assert states.get("a") == b"12345"
    assert states.get("b") is None


def test_the_least_recently_used_goes_first() -> None:
    states = States(10)
    states.put("a", b"1234")
    states.put("b", b"1234")
    assert states.get("a")
    states.put("c", b"1234")
    assert (states.get("a"), states.get("b"), states.get("c")) == (b"1234", None, b"1234")


def test_the_limit_holds_whatever_is_put_in() -> None:
    states = States(10)
    for size in (3, 11, 4, 4, 4, 10, 1):
        states.put(str(size), b"x" * size)
        kept = [states.get(str(n)) for n in range(12)]
        assert sum(len(state) for state in kept if state) <= 10
    assert states.get("1") == b"x"


def test_a_state_put_again_counts_once() -> None:
    states = States(10)
    states.put("b", b"12345")
    for _ in range(5):
        states.put("a", b"12345")
    assert states.get("b") == b"12345"


def test_nothing_is_kept_without_room() -> None:
    states = States(0)
    states.put("a", b"1")
    assert states.get("a") is None
