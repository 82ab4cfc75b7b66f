"""Keeps a question while it is answered, so that a page that goes away takes nothing with it."""

from rag.errors import FootnoteError
from rag.page.conversations import Conversations
from rag.page.exchange import Exchange, stop


class Keeping:
    """The last exchange of a conversation on disk, from its question to its end.

    What is still open is kept as if it were stopped there: when the page is reloaded, or its
    connection lost, nothing more is heard of it. `id` is what the conversation is kept under
    now, `problem` why what came last could not be kept.
    """

    def __init__(
        self, conversations: Conversations, id_: str, earlier: tuple[Exchange, ...]
    ) -> None:
        """The conversation `id_`, or "" for a new one, goes on behind `earlier`."""
        self.id = id_
        self.problem = ""
        self._conversations = conversations
        self._begun_as = id_
        self._earlier = earlier
        self._now: Exchange | None = None
        self._written: Exchange | None = None  # what the disk has of it

    @property
    def parted(self) -> bool:
        """Whether the conversation had to become another one."""
        return bool(self._begun_as) and self.id != self._begun_as

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The conversation with what has come of the last exchange."""
        return self._earlier if self._now is None else (*self._earlier, self._now)

    def keep(self, exchange: Exchange) -> bool:
        """Keep the exchange as it is now; False when nothing of it is new but unchecked text."""
        now = stop(exchange) if exchange.open else exchange
        if now == self._now:
            return False
        self._now = now
        try:
            self.id = self._conversations.append(self.id, self._earlier, now, self._written)
            self._written, self.problem = now, ""
        except FootnoteError as error:
            self.problem = str(error)
        return True
