"""What the page keeps of each collection, and where what is added to one goes."""

from pathlib import Path

import pytest
from fakes import Opener, write_corpus

from rag.collections import BUNDLED, FIRST, Collections
from rag.errors import ConfigError
from rag.page.exchange import Exchange
from rag.page.rooms import Rooms

BRIDGE = {"bridge.txt": "The bridge of Kut\n\nThe bridge of Kut was mended in June."}


@pytest.fixture
def rooms(opener: Opener, tmp_path: Path) -> Rooms:
    bundled = write_corpus(tmp_path / "seeds", BRIDGE)
    return Rooms(Collections(opener(), bundled), ["Which bridge?"])


def test_each_has_what_belongs_to_it(rooms: Rooms) -> None:
    assert rooms.of(FIRST) is rooms.first
    assert (rooms.of(""), rooms.of(BUNDLED)) == (None, None)  # not opened yet
    bundled = rooms.enter(BUNDLED)
    assert rooms.of(BUNDLED) is bundled is rooms.enter(BUNDLED)
    assert list(bundled.articles) == ["bridge.txt"]
    assert bundled.conversations.folder != rooms.first.conversations.folder
    assert bundled.feedback.corpus != rooms.first.feedback.corpus
    assert "Which bridge?" in bundled.blank
    assert "Which bridge?" not in rooms.first.blank


def test_what_is_added_goes_beside_a_folder_of_the_users_and_into_one_made_here(
    rooms: Rooms, corpus: Path
) -> None:
    made = rooms.enter(rooms.collections.make("Bridges").id)
    assert made.intake == made.collection.folder
    assert not rooms.first.intake.is_relative_to(corpus)
    assert "No articles yet" in made.blank
    made.assistant.add([write_corpus(made.intake, BRIDGE)])
    assert "No articles yet" not in made.blank


def test_a_deleted_one_is_no_longer_open(rooms: Rooms) -> None:
    made = rooms.enter(rooms.collections.make("Bridges").id)
    rooms.delete(made.id)
    assert rooms.of(made.id) is None
    # an answer that was being given when it was deleted
    assert made.conversations.append("", (), Exchange("Who?")) == ""
    assert not made.conversations.folder.exists()
    with pytest.raises(ConfigError, match="no longer there"):
        rooms.enter(made.id)
    with pytest.raises(ConfigError, match="yours"):
        rooms.delete(FIRST)
    assert rooms.of(FIRST) is rooms.first
