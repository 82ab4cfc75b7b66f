"""One question and what has come back for it so far, as the page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rag.types import Answer, Article, Citation, Sentence, Token, Turn


class Stage(StrEnum):
    """How far an exchange has come."""

    WAITING = "waiting"  # behind another question
    LOADING = "loading"  # the model is being loaded
    SEARCHING = "searching"  # nothing written yet
    WRITING = "writing"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with its answer, or as much of it as has arrived.

    `sentences` are checked, `draft` is what the model has written behind them and is not. `ahead`
    says how many other questions come before this one, the one being answered among them. A
    question that is asked again is a new wording of that of number `again` in its conversation.
    """

    question: str
    stage: Stage = Stage.SEARCHING
    sentences: tuple[Sentence, ...] = ()
    draft: str = ""
    answer: Answer | None = None
    error: str = ""
    ahead: int = 0
    again: int = 0  # from 1; 0 for a question that is new

    @property
    def open(self) -> bool:
        """Whether more is to come."""
        return self.stage in (Stage.WAITING, Stage.LOADING, Stage.SEARCHING, Stage.WRITING)

    @property
    def shown(self) -> tuple[Sentence, ...]:
        """The checked sentences that something supports."""
        return tuple(sentence for sentence in self.sentences if sentence.shown)


def absorb(exchange: Exchange, event: Token | Sentence | Answer) -> Exchange:
    """The exchange after one more event of `Assistant.stream`."""
    if isinstance(event, Token):
        return replace(exchange, stage=Stage.WRITING, draft=exchange.draft + event.text)
    if isinstance(event, Sentence):
        return replace(
            exchange,
            stage=Stage.WRITING,
            sentences=(*exchange.sentences, event),
            draft=_behind(exchange.draft, event.text),
        )
    return replace(exchange, stage=Stage.DONE, answer=event, draft="")


def stop(exchange: Exchange) -> Exchange:
    """The exchange cut short: the checked sentences stay, the unchecked draft goes."""
    return replace(exchange, stage=Stage.STOPPED, draft="", ahead=0)


def fail(exchange: Exchange, error: str) -> Exchange:
    """The exchange ended by an error, told in `error`; nothing unchecked stays."""
    return replace(exchange, stage=Stage.FAILED, draft="", error=error)


def known(earlier: tuple[Exchange, ...], again: int) -> tuple[Exchange, ...]:
    """Those of the `earlier` exchanges that a question may refer to.

    Asked again, it stands where number `again` of them stands, and knows nothing of later ones;
    where that one was asked again itself, it stands where that did.
    """
    return known(earlier[: again - 1], earlier[again - 1].again) if again else earlier


def history(exchanges: tuple[Exchange, ...]) -> tuple[Turn, ...]:
    """What a follow-up question may refer to: every exchange that brought words back."""
    turns = []
    for exchange in exchanges:
        if exchange.answer is not None:
            turns.append(Turn(exchange.question, exchange.answer.text))
        elif exchange.shown:
            text = " ".join(sentence.text for sentence in exchange.shown)
            turns.append(Turn(exchange.question, text))
    return tuple(turns)


def moved(exchanges: tuple[Exchange, ...], article: Article, start: int, end: int) -> bool:
    """Whether a footnote quotes `article` from `start` to `end`, and other words stand there now.

    A kept conversation may be older than the article's text.
    """
    quotes = {
        citation.quote
        for exchange in exchanges
        for citation in _citations(exchange)
        if (citation.article_id, citation.start, citation.end) == (article.id, start, end)
    }
    return bool(quotes) and article.text[start:end] not in quotes


def _citations(exchange: Exchange) -> Sequence[Citation]:
    if exchange.answer is not None:
        return exchange.answer.citations
    return [citation for sentence in exchange.shown for citation in sentence.citations]


def _behind(draft: str, sentence: str) -> str:
    """What the draft holds behind `sentence`; the splitter may already have seen more."""
    found = draft.find(sentence.strip())
    return draft[found + len(sentence.strip()) :] if found >= 0 else ""
