"""The read path in one place: question -> windows -> judge -> answer -> checked footnotes."""

from collections.abc import Generator as Steps
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import prompts
from index.embed import Embedder
from index.store import Index
from rag.cite import Citer
from rag.compose import compose
from rag.dispute import contradict, may_contradict
from rag.draft import Draft
from rag.errors import QuestionError
from rag.generate import Generator, Prompt
from rag.judge import calibration, weigh
from rag.rerank import Reranker
from rag.retrieve import Search, windows
from rag.settings import Settings
from rag.timing import Clock
from rag.types import Answer, Evidence, Filters, Passage, Sentence, Token

_NEAREST = 5  # passages that an answer or a refusal comes with
_ENOUGH = 0.7  # probability at which no other window is looked at
_SURELY = 0.999  # as much as can be asked of a margin
_PLAINLY = 0.85  # at which the article may be quoted

_RIVALS = 2  # further windows that are looked at for another answer

Events = Steps[Token | Sentence | Answer, None, None]
Writing = Steps[Token | Sentence, None, Draft]


@dataclass(frozen=True, slots=True)
class Answerer:
    """The two models and the settings that one question after another is answered with."""

    embedder: Embedder
    generator: Generator
    settings: Settings
    transient: bool = False  # nothing of what is read is kept
    filters: Filters | None = None
    reranker: Reranker | None = None
    homes: Mapping[str, str] = field(
        default_factory=dict
    )  # whose part an article is, if of another

    def answer(self, question: str, standalone: str, index: Index, clock: Clock) -> Events:
        """Answer `standalone` from `index`, as it happens; the checked answer comes last.

        The judge weighs each window of sentences by itself; the one that states the answer best
        is all that the answer is written from. Raises QuestionError for what the model cannot hold.
        """
        settings, generator = self.settings, self.generator
        with clock.stage("retrieve_s"):
            vector = self.embedder.encode([standalone])[0]
            search = Search(index, standalone, vector, self.filters, self.reranker)
            passages = search.passages(_NEAREST)
            ranked = search.sentences(settings.evidence_sentences)
            found = windows(index, ranked, settings.evidence_windows)
        refused = replace(
            refusal(question, generator.name),
            standalone_question=standalone,
            passages=_mark_used(passages, found),
            index_version=index.version,
        )
        if not found:
            yield replace(refused, timings=clock.timings())
            return
        with clock.stage("judge_s"):
            reading = self._weigh(standalone, found)
        refused = replace(refused, confidence=reading.confidence, reason="not_stated")
        window, clock.prompt_tokens = reading.chosen.window, reading.chosen.length
        if reading.confidence < settings.strictness:
            yield replace(refused, timings=clock.timings())
            return
        refused = replace(refused, passages=_mark_used(passages, [window]))
        draft = yield from self._write(refused, reading.chosen, clock)
        if reading.plain:
            draft.quote()
        if settings.disagreement and not draft.answer.abstained:
            with clock.stage("contest_s"):
                read = [window, *self._contest(draft, reading, refused)]
            refused = replace(refused, passages=_mark_used(passages, read))
        yield replace(draft.answer, passages=refused.passages, timings=clock.timings())

    def _write(self, refused: Answer, asked: "_Asked", clock: Clock) -> Writing:
        """Let the model answer from one window; yields what can be shown, returns the draft."""
        with clock.stage("cite_s"):
            citer = Citer(refused.standalone_question, [asked.window], self.embedder)
            draft = Draft(refused, citer, self.settings.min_support, clock)
        for piece in self.generator.stream(asked.answering, self.settings.answer_tokens):
            clock.tick()
            yield from draft.feed(piece)
            if draft.looping:
                break
        yield from draft.finish()
        return draft

    def _contest(self, draft: Draft, reading: "_Reading", refused: Answer) -> list[Evidence]:
        """Add to `draft` what other windows state against it; returns those windows."""
        question, said = refused.standalone_question, draft.said
        rivals = [
            rival
            for rival in reading.others
            if self._home(rival.window) != self._home(reading.chosen.window)
            and may_contradict(question, said, rival.window.text)
        ]
        heard: list[Evidence] = []
        positions = [said]
        for rival in rivals[:_RIVALS]:
            if self._home(rival.window) in map(self._home, heard):
                continue
            if self.generator.margin(rival.judging) < reading.enough:
                continue
            other = _drain(self._write(refused, rival, Clock()))
            if not other.answer.abstained and all(
                contradict(question, position, other.said) for position in positions
            ):
                draft.oppose(other)
                positions.append(other.said)
                heard.append(rival.window)
        return heard

    def _home(self, window: Evidence) -> str:
        return self.homes.get(window.article_id, window.article_id)

    def _weigh(self, question: str, found: Sequence[Evidence]) -> "_Reading":
        """Choose the window to read.

        They are weighed one after another, up to the first that states the answer well enough: of
        several that do, the one that the search found first is the better choice.
        """
        settings, generator = self.settings, self.generator
        calibrated = calibration(generator.name, generator.adapter, own=settings.calibrations)
        # what is plain does not become plainer by asking for less
        enough, plain = (
            calibrated.margin(max(probability, min(settings.strictness, _SURELY)))
            for probability in (_ENOUGH, _PLAINLY)
        )
        windows = self._fitting(question, found)
        if not windows:
            raise QuestionError(
                "The question and what it is asked about are longer than the model can read. "
                "Shorten the question or raise FOOTNOTE_CONTEXT_TOKENS."
            )
        asked = [window.judging for window in windows]
        margins = weigh(asked, generator, enough)
        row = max(range(len(margins)), key=margins.__getitem__)
        best = margins[row]
        # what was weighed and found wanting states no other answer either
        others = [
            window
            for at, window in enumerate(windows)
            if at != row and (at >= len(margins) or margins[at] >= enough)
        ]
        return _Reading(windows[row], calibrated.probability(best), best >= plain, enough, others)

    def _fitting(self, question: str, found: Sequence[Evidence]) -> "list[_Asked]":
        """Each window with its two prompts, but for those that the model cannot hold."""
        asked = []
        for window in found:
            judging, answering = compose(question, [window], transient=self.transient)
            length = self.generator.length(answering)
            longest = max(self.generator.length(judging) + 1, length + self.settings.answer_tokens)
            if longest <= self.generator.context_tokens:
                asked.append(_Asked(window, judging, answering, length))
        return asked


class _Asked(NamedTuple):
    """A window, and what the model is asked behind it."""

    window: Evidence
    judging: Prompt
    answering: Prompt
    length: int  # of `answering`, in tokens


class _Reading(NamedTuple):
    """The window that the answer is written from."""

    chosen: _Asked
    confidence: float
    plain: bool  # the article may be quoted
    enough: float  # margin at which a window states an answer well enough
    others: list[_Asked]  # windows that may state another one


def _drain(writing: Writing) -> Draft:
    """The draft of what nobody is shown while it is written."""
    while True:
        try:
            next(writing)
        except StopIteration as ended:
            draft: Draft = ended.value
            return draft


def refusal(question: str, model: str) -> Answer:
    """The refusal of a question for which nothing was found."""
    return Answer(
        question=question,
        standalone_question=question,
        text=prompts.REFUSAL,
        abstained=True,
        reason="no_evidence",
        confidence=0.0,
        citations=(),
        passages=(),
        model=model,
    )


def _mark_used(passages: Sequence[Passage], evidence: Sequence[Evidence]) -> tuple[Passage, ...]:
    def shown(passage: Passage) -> bool:
        return any(
            run.article_id == passage.article_id
            and run.start < passage.end
            and passage.start < run.end
            for run in evidence
        )

    return tuple(replace(passage, used=shown(passage)) for passage in passages)
