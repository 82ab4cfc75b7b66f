"""The read path in one place: question -> windows -> judge -> answer -> checked footnotes."""

from collections.abc import Generator as Steps
from collections.abc import Sequence
from dataclasses import dataclass, replace

import prompts
from index.embed import Embedder
from index.store import Index
from rag.cite import Citer
from rag.compose import compose
from rag.draft import Draft
from rag.errors import QuestionError
from rag.generate import Generator
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

    def answer(self, question: str, standalone: str, index: Index, clock: Clock) -> Events:
        """Answer `standalone` from `index`, as it happens; the checked answer comes last.

        The judge weighs each window of sentences by itself; the one that states the answer best
        is all that the answer is written from. Raises QuestionError for what the model cannot
        hold.
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
            pairs = [compose(standalone, [window]) for window in found]
            lengths = [generator.length(answering) for _, answering in pairs]
            self._check_length(max(lengths))
            verdict = calibration(generator.name, generator.adapter, settings.judge_threshold)
            asked = [judging for judging, _ in pairs]
            margins = weigh(asked, generator, verdict.margin(_PLAINLY))
            best = max(range(len(margins)), key=margins.__getitem__)
            confidence = verdict.probability(margins[best])
        refused = replace(refused, confidence=confidence, reason="not_stated")
        window, prompt = found[best], pairs[best][1]
        clock.prompt_tokens = lengths[best]
        if confidence < 0.5:
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
        if confidence >= _PLAINLY:
            draft.quote()
        yield replace(draft.answer, timings=clock.timings())

    def _check_length(self, longest: int) -> None:
        if longest + self.settings.answer_tokens > self.generator.context_tokens:
            raise QuestionError(
                "The question and what it is asked about are longer than the model can read. "
                "Shorten the question or raise FOOTNOTE_CONTEXT_TOKENS."
            )


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
