"""The model's reply, piece by piece -> checked sentences -> an answer or a refusal.

Each sentence is checked as it ends: with a supporting quote it becomes part of the answer with
its footnotes; without one it is left out. An answer with no sentence left is a refusal.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import prompts
from index.comments import holds_name
from index.split import sentence_spans
from rag.answer_type import asks_for_somebody, gives_answer
from rag.cite import Citer, Quote
from rag.timing import Clock
from rag.types import Answer, Citation, Evidence, Position, Sentence, SourceSentence, Token

_INSIDE = r"\s*\^?\d+(?:\s*(?:[,;–-]|and)\s*\^?\d+)*\s*"
_MARKER = re.compile(rf"\s*\[{_INSIDE}\]")
_MAYBE_MARKER = re.compile(r"\s*\[[\s\d,;^–\-and]{0,24}$|\s+$")
_CUT_MARKER = re.compile(r"\s*\[[\s\d,;^–\-]*$")
_BROKEN_NUMBER = re.compile(
    r"(?<=\b\d), (?=\d{3}\b)|(?<=\b\d\d), (?=\d{3}\b)|(?<=\b\d{3}), (?=\d{3}\b)"
)
_INITIAL = re.compile(r"\b[A-Z]\.$")
_NEXT_INITIAL = re.compile(r"[A-Z](?:\.|$)")
_BROKEN_INITIALS = re.compile(r"(?<=\b[A-Z])\. (?=[A-Z]\.)")
_PREAMBLE = re.compile(
    r"^(?:according to|based on) the (?:given |provided )?"
    r"(?:passages?|articles?|texts?|information)(?: provided| given)?,\s*"
    r"|^the (?:passages?|articles?|texts?) (?:states?|says?|mentions?|reports?|indicates?) that\s+",
    re.IGNORECASE,
)


class _Claim(NamedTuple):
    """A sentence of the answer and what it rests on."""

    text: str
    quotes: Sequence[Quote]
    credit: bool = False  # it says who wrote what the others rest on


class Draft:
    """An answer in the making; `answer` is what it would be if the reply ended here."""

    def __init__(
        self,
        refusal: Answer,
        citer: Citer,
        min_support: float,
        clock: Clock | None = None,
        *,
        show_unsupported: bool = False,
    ) -> None:
        """Start from `refusal`; sentences supported less than `min_support` are left out.

        The answer says which, if it is to `show_unsupported` ones.
        """
        self._clock = clock or Clock()
        self._refusal = refusal
        self._citer = citer
        self._min_support = min_support
        self._held = ""  # may be the beginning of a marker
        self._pending = ""  # a sentence that has not ended
        self._text = ""
        self._citations: list[Citation] = []
        self._reason = "unsupported"
        self._seen: set[str] = set()
        self._claims: list[_Claim] = []
        self._positions: list[Position] = []
        self._left_out: list[str] | None = [] if show_unsupported else None
        self.confidence = refusal.confidence
        self.declined = False  # the model itself said that it has no answer
        self.quoted = False  # the article speaks itself
        self.looping = False  # the model has begun to repeat itself

    @property
    def answer(self) -> Answer:
        """The answer so far, a refusal while no sentence of it is supported."""
        refusal = replace(
            self._refusal, confidence=self.confidence, unsupported=tuple(self._left_out or ())
        )
        if not self._citations:
            return replace(refusal, reason=self._reason)
        if not gives_answer(self._refusal.searched_for, self._gives):
            return replace(refusal, reason="off_type")
        return replace(
            refusal,
            text=self._text,
            abstained=False,
            reason="",
            citations=tuple(self._citations),
            disagreement=tuple(self._positions) if len(self._positions) > 1 else (),
        )

    @property
    def cited(self) -> set[SourceSentence]:
        """The sentences that the answer so far rests on."""
        claims = (claim for claim in self._claims if not claim.credit)
        return {quote.sentence for claim in claims for quote in claim.quotes}

    @property
    def said(self) -> str:
        """The sentences of the answer so far, without their markers and whose comment it is."""
        return " ".join(claim.text for claim in self._claims if not claim.credit)

    @property
    def told(self) -> str:
        """What is `said`, and whose comment it is."""
        return " ".join(claim.text for claim in self._claims)

    @property
    def _gives(self) -> str:
        """What has to give the kind of thing that was asked for; a writer's name, where it may."""
        return self.told if asks_for_somebody(self._refusal.searched_for) else self.said

    def feed(self, piece: str) -> Iterator[Token | Sentence]:
        """Take the next piece; yields what can be shown now.

        Markers that the model writes itself are dropped: only the program numbers footnotes.
        """
        self._held += piece.replace("\n", " ")
        maybe = _MAYBE_MARKER.search(self._held)
        yield from self._release(maybe.start() if maybe else len(self._held))
        *finished, rest = self._split()
        if finished:
            self._pending = rest
        for sentence in finished:
            yield from self._check(sentence)

    def finish(self) -> Iterator[Token | Sentence]:
        """The reply has ended: check what is pending."""
        self._held = _CUT_MARKER.sub("", self._held)
        yield from self._release(len(self._held))
        for sentence in self._split():
            if sentence:
                yield from self._check(sentence)
        self._pending = ""
        yield from self._credit()

    def withdraw(self, reason: str) -> None:
        """Take back what the model wrote; `reason` is that of the refusal which is left."""
        self._text, self._citations, self._claims = "", [], []
        self._reason = reason

    def quote(self, run: Evidence, sentences: Sequence[SourceSentence]) -> None:
        """Let the article speak itself, in `sentences` of `run`, instead of the model."""
        self.withdraw(self._reason)
        self.quoted = True
        self._claims += self._show_quotes(run, sentences)
        self._credit()

    def show_beside(self, run: Evidence, sentences: Sequence[SourceSentence]) -> None:
        """Show `sentences` of `run`, if any, behind what the model wrote, which says without them.

        What is `said` does not hold them, nor is it theirs to contradict.
        """
        self._show_quotes(run, sentences)

    def _show_quotes(self, run: Evidence, sentences: Sequence[SourceSentence]) -> list["_Claim"]:
        if sentences:
            self._text = f"{self._text} {prompts.QUOTING}".strip()
        claims = [
            _Claim(f"“{' '.join(sentence.text.split())}”", [Quote(run, sentence, 1.0)])
            for sentence in sentences
        ]
        for claim in claims:
            self._show(claim)
        return claims

    def add(self, other: "Draft") -> bool:
        """Add what other evidence states as well; False where some of it is cited already."""
        cited = {sentence.text for sentence in self.cited}
        known = [
            cited.issuperset(quote.sentence.text for quote in claim.quotes)
            for claim in other._claims
            if not claim.credit
        ]
        if any(known):
            return False
        self._open_position()
        self._text += f" {prompts.ALSO}"
        for claim in other._claims:
            self._add(claim)
        return True

    def oppose(self, other: "Draft") -> None:
        """Add the answer that other evidence gives instead, and who gives it."""
        self._open_position()
        against = list(other._claims)
        run = against[0].quotes[0].evidence
        self._text += f" {prompts.opposing(run.source, run.title)}"
        for claim in against:
            self._add(claim)
        self._positions.append(self._position(self._claims[-len(against) :]))

    def _open_position(self) -> None:
        """Note what the answer says by itself as the first side of a disagreement to come."""
        if not self._positions:
            self._positions.append(self._position(self._claims))

    def _position(self, claims: Sequence["_Claim"]) -> Position:
        numbers = {self._number(quote): None for claim in claims for quote in claim.quotes}
        return Position(" ".join(claim.text for claim in claims), tuple(numbers))

    def _release(self, end: int) -> Iterator[Token]:
        """Let go of what is held up to `end`; the rest may be the beginning of a marker."""
        text, self._held = _MARKER.sub("", self._held[:end]), self._held[end:]
        if text:
            self._pending += text
            yield Token(text)

    def _split(self) -> list[str]:
        """The pending sentences; the last may not have ended."""
        text = self._pending
        spans: list[tuple[int, int]] = []
        for start, end in sentence_spans(text):
            before = text[: spans[-1][1]] if spans else ""
            if _INITIAL.search(before) and _NEXT_INITIAL.match(text[start:]):
                spans[-1] = (spans[-1][0], end)  # the model wrote "D. C.", which ends no sentence
            else:
                spans.append((start, end))
        return [text[start:end] for start, end in spans] or [""]

    def _check(self, sentence: str) -> Iterator[Sentence]:
        text = _plain(sentence)
        if text in self._seen:
            self.looping = True
            return
        self._seen.add(text)
        if prompts.is_refusal(text):
            self._reason = "declined"
            self.declined = True
            yield Sentence(text=text, citations=(), shown=False)
            return
        with self._clock.stage("cite_s"):
            quotes = self._citer.cite(text)
        shown = bool(quotes) and quotes[0].support >= self._min_support
        citations = self._add(_Claim(text, quotes)) if shown else ()
        if not shown and self._left_out is not None:
            self._left_out.append(text)
        yield Sentence(text=text, citations=citations, shown=shown)

    def _credit(self) -> list[Sentence]:
        """Say whose comment the answer rests on, if it is one's and that is not said."""
        run = self._claims[0].quotes[0].evidence if self._claims else None
        if run is None or run.signature is None:
            return []
        name = _MARKER.sub("", run.writer).strip()
        said, begun = self.said, name[:1].upper() + name[1:]  # as at the start of a sentence
        if not name or holds_name(said, name) or holds_name(said, begun):
            return []
        text = prompts.comment_by(name)
        claim = _Claim(text, [Quote(run, run.signature, 1.0)], credit=True)
        return [Sentence(text=text, citations=self._add(claim), shown=True)]

    def _add(self, claim: _Claim) -> tuple[Citation, ...]:
        """Append a supported sentence with its markers."""
        self._claims.append(claim)
        return self._show(claim)

    def _show(self, claim: "_Claim") -> tuple[Citation, ...]:
        start = len(self._text) + (1 if self._text else 0)
        self._text = f"{self._text} {claim.text}".strip()
        added: list[Citation] = []
        for quote in claim.quotes:
            number = self._number(quote)
            self._text += f" [{number}]"
            run, source = quote.evidence, quote.sentence
            citation = Citation(
                number=number,
                answer_start=start,
                answer_end=start + len(claim.text),
                article_id=run.article_id,
                title=run.title,
                path=run.path,
                passage_id=source.passage_id,
                quote=source.text,
                start=source.start,
                end=source.end,
                support=round(quote.support, 3),
                page=source.page,
            )
            added.append(citation)
            self._citations.append(citation)
        return tuple(added)

    def _number(self, quote: Quote) -> int:
        """One quote keeps one number, however many sentences rest on it."""
        place = (quote.sentence.article_id, quote.sentence.start)
        for citation in self._citations:
            if (citation.article_id, citation.start) == place:
                return citation.number
        return max((citation.number for citation in self._citations), default=0) + 1


def _plain(sentence: str) -> str:
    """`sentence` without "According to the passages,": the footnote says which, and better.

    Small models break what their tokenizer splits: "3, 400" and "U. S." are put together again.
    """
    rest = _BROKEN_INITIALS.sub(".", _BROKEN_NUMBER.sub(",", _PREAMBLE.sub("", sentence)))
    return rest[:1].upper() + rest[1:]
