"""The read path in one place: question -> windows -> judge -> answer -> checked footnotes."""

from collections.abc import Generator as Steps
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import prompts
from index.embed import Embedder
from index.store import Index
from rag.answer_type import asks_two_things
from rag.cite import Citer
from rag.compose import compose
from rag.draft import Draft
from rag.errors import QuestionError
from rag.generate import Generator, Prompt
from rag.judge import calibration, weigh
from rag.retrieve import Search, windows
from rag.settings import Settings
from rag.timing import Clock
from rag.types import Answer, Evidence, Passage, Sentence, Token

_NEAREST = 5  # passages that an answer or a refusal comes with
_PLAINLY = 0.85  # probability at which no other window is looked at, and the article is quoted

Events = Steps[Token | Sentence | Answer, None, None]


@dataclass(frozen=True, slots=True)
class Answerer:
    """The two models and the settings that one question after another is answered with."""

    embedder: Embedder
    generator: Generator
    settings: Settings
    transient: bool = False  # nothing of what is read is kept

    def answer(self, question: str, standalone: str, index: Index, clock: Clock) -> Events:
        """Answer `standalone` from `index`, as it happens; the checked answer comes last.

        The judge weighs each window of sentences by itself; the one that states the answer best
        is all that the answer is written from, or the best two where two things are asked.
        Raises QuestionError for what the model cannot hold.
        """
        settings, generator = self.settings, self.generator
        with clock.stage("retrieve_s"):
            search = Search(index, standalone, self.embedder.encode([standalone])[0])
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
        clock.prompt_tokens = generator.length(reading.prompt)
        if reading.confidence < 0.5:
            yield replace(refused, timings=clock.timings())
            return
        with clock.stage("cite_s"):
            refused = replace(refused, passages=_mark_used(passages, reading.evidence))
            citer = Citer(standalone, reading.evidence, self.embedder)
            draft = Draft(refused, citer, settings.min_support, clock)
        for piece in generator.stream(reading.prompt, settings.answer_tokens):
            clock.tick()
            yield from draft.feed(piece)
            if draft.looping:
                break
        yield from draft.finish()
        if reading.plain:
            draft.quote()
        yield replace(draft.answer, timings=clock.timings())

    def _weigh(self, question: str, found: Sequence[Evidence]) -> "_Reading":
        """Choose what to read: the best window, or the best two where two things are asked."""
        settings, generator = self.settings, self.generator
        calibrated = calibration(generator.name, generator.adapter, own=settings.calibrations)
        verdict = calibrated.at(settings.judge_threshold)
        # what is plain does not become plainer by a threshold that a user lowers
        plain = max(calibrated.margin(_PLAINLY), verdict.threshold)
        windows = self._fitting(question, [[window] for window in found])
        if not windows:
            raise QuestionError(
                "The question and what it is asked about are longer than the model can read. "
                "Shorten the question or raise FOOTNOTE_CONTEXT_TOKENS."
            )
        two = asks_two_things(question)
        asked = [window.judging for window in windows]
        margins = weigh(asked, generator) if two else weigh(asked, generator, plain)
        order = sorted(range(len(margins)), key=lambda row: -margins[row])
        best, margin = windows[order[0]], margins[order[0]]
        if two and (second := _apart(best, [windows[row] for row in order])):
            for both in self._fitting(question, [[*best.evidence, *second.evidence]]):
                best, (margin,) = both, weigh([both.judging], generator)
        confidence = verdict.probability(margin)
        return _Reading(best.evidence, best.answering, confidence, margin >= plain)

    def _fitting(self, question: str, found: Sequence[Sequence[Evidence]]) -> "list[_Asked]":
        """Each piece of evidence with its two prompts, but for what the model cannot hold."""
        asked = []
        for evidence in found:
            judging, answering = compose(question, evidence, transient=self.transient)
            longest = max(
                self.generator.length(judging) + 1,
                self.generator.length(answering) + self.settings.answer_tokens,
            )
            if longest <= self.generator.context_tokens:
                asked.append(_Asked(evidence, judging, answering))
        return asked


class _Asked(NamedTuple):
    """A piece of evidence, and what the model is asked behind it."""

    evidence: Sequence[Evidence]
    judging: Prompt
    answering: Prompt


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the answer is written from."""

    evidence: Sequence[Evidence]
    prompt: Prompt
    confidence: float
    plain: bool  # the article may be quoted


def _apart(best: _Asked, others: Sequence[_Asked]) -> _Asked | None:
    """The first of `others` that shows no sentence of `best`."""
    shown = {sentence for window in best.evidence for sentence in window.sentences}
    for other in others:
        if not any(shown.intersection(window.sentences) for window in other.evidence):
            return other
    return None


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
