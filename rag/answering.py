"""The read path in one place: question -> windows -> judge -> answer -> checked footnotes."""

from collections.abc import Generator as Steps
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import prompts
from index.embed import Embedder
from index.store import Index
from rag.cite import Citer
from rag.compose import compose
from rag.draft import Draft
from rag.errors import QuestionError
from rag.generate import Generator, Prompt
from rag.judge import calibration, weigh
from rag.retrieve import Search, windows
from rag.settings import Settings
from rag.timing import Clock
from rag.types import Answer, Evidence, Filters, Passage, Sentence, Token

_NEAREST = 5  # passages that an answer or a refusal comes with
_ENOUGH = 0.7  # probability at which no other window is looked at
_PLAINLY = 0.85  # at which the article may be quoted

Events = Steps[Token | Sentence | Answer, None, None]


@dataclass(frozen=True, slots=True)
class Answerer:
    """The two models and the settings that one question after another is answered with."""

    embedder: Embedder
    generator: Generator
    settings: Settings
    transient: bool = False  # nothing of what is read is kept
    filters: Filters | None = None

    def answer(self, question: str, standalone: str, index: Index, clock: Clock) -> Events:
        """Answer `standalone` from `index`, as it happens; the checked answer comes last.

        The judge weighs each window of sentences by itself; the one that states the answer best
        is all that the answer is written from. Raises QuestionError for what the model cannot hold.
        """
        settings, generator = self.settings, self.generator
        with clock.stage("retrieve_s"):
            search = Search(index, standalone, self.embedder.encode([standalone])[0], self.filters)
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
        window, _, prompt, clock.prompt_tokens = reading.chosen
        if reading.confidence < 0.5:
            yield replace(refused, timings=clock.timings())
            return
        with clock.stage("cite_s"):
            refused = replace(refused, passages=_mark_used(passages, [window]))
            citer = Citer(standalone, [window], self.embedder)
            draft = Draft(refused, citer, settings.min_support, clock)
        for piece in generator.stream(prompt, settings.answer_tokens):
            clock.tick()
            yield from draft.feed(piece)
            if draft.looping:
                break
        yield from draft.finish()
        if reading.plain:
            draft.quote()
        yield replace(draft.answer, timings=clock.timings())

    def _weigh(self, question: str, found: Sequence[Evidence]) -> "_Reading":
        """Choose the window to read.

        They are weighed one after another, up to the first that states the answer well enough: of
        several that do, the one that the search found first is the better choice.
        """
        settings, generator = self.settings, self.generator
        calibrated = calibration(generator.name, generator.adapter, own=settings.calibrations)
        verdict = calibrated.at(settings.judge_threshold)
        # what is plain does not become plainer by a threshold that a user lowers
        enough, plain = (
            max(calibrated.margin(probability), verdict.threshold)
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
        return _Reading(windows[row], verdict.probability(margins[row]), margins[row] >= plain)

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
