"""The collections as open pages use them, each with what the page keeps about it."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.collections import FIRST, Collections
from rag.page import render
from rag.page.conversations import Conversations
from rag.page.feedback import Feedback
from rag.types import Article, Collection, Progress

if TYPE_CHECKING:
    from rag.assistant import Assistant


@dataclass(frozen=True, slots=True)
class Room:
    """An open collection, with its conversations and what is thought of its answers."""

    collection: Collection  # as it was when it was opened: it may have another name by now
    assistant: "Assistant"
    conversations: Conversations
    feedback: Feedback
    examples: Sequence[str]

    @property
    def id(self) -> str:
        """That of the collection."""
        return self.collection.id

    @property
    def articles(self) -> dict[str, Article]:
        """The articles in use, by id."""
        return {article.id: article for article in self.assistant.articles()}

    @property
    def intake(self) -> Path:
        """Folder that takes copies of the files that are added."""
        made = self.collection.made
        return self.collection.folder if made else self.assistant.added_dir

    @property
    def blank(self) -> str:
        """The empty conversation."""
        if not self.assistant.articles():
            return render.nothing_to_ask()
        return render.conversation((), {}, self.examples)


class Rooms:
    """One room for each collection that is open, whichever pages look at it."""

    def __init__(self, collections: Collections, examples: Sequence[str]) -> None:
        """`examples` are questions about the bundled articles."""
        self.collections = collections
        self._examples = examples
        self._rooms: dict[str, Room] = {}
        self._entering = threading.Lock()
        self.first = self.enter(FIRST)

    def of(self, id_: str) -> Room | None:
        """The room of a collection that is open, None for one that is not, or was deleted."""
        return self._rooms.get(id_)

    def enter(self, id_: str, progress: Progress | None = None) -> Room:
        """The room of a collection, opened when it is not yet; raises as `Collections.open`."""
        assistant = self.collections.open(id_, progress)
        with self._entering:
            if id_ not in self._rooms:
                collection, settings = self.collections.get(id_), assistant.settings
                folder = assistant.conversations_dir
                self._rooms[id_] = Room(
                    collection,
                    assistant,
                    Conversations(folder, settings.conversations),
                    Feedback(settings.feedback, folder.name),
                    self._examples if collection.kind == "bundled" else (),
                )
            return self._rooms[id_]

    def delete(self, id_: str) -> None:
        """Delete a collection; raises as `Collections.delete`, and then it can be entered again."""
        self.collections.made(id_)
        self._leave(id_)  # first, so that no answer is kept in what is being deleted
        self.collections.delete(id_)
        self._leave(id_)  # somebody may have entered it meanwhile

    def _leave(self, id_: str) -> None:
        with self._entering:
            if room := self._rooms.pop(id_, None):
                room.conversations.close()
