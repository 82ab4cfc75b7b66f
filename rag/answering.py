"""The read path in one place: question -> windows -> judge -> answer -> checked footnotes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Generator as Steps
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain, groupby, pairwise
from math import inf
from typing import NamedTuple

import numpy as np

import prompts
from index.comments import unsigned
from index.embed import Embedder
from index.split import is_heading
from index.store import Index
from rag.answer_type import gives_answer
from rag.cite import Citer
from rag.compose import checking, compose
from rag.dispute import contradict, may_contradict
from rag.draft import Draft
from rag.generate import Generator
from rag.interaction import by_interaction
from rag.judge import Calibration, Opinion, calibration
from rag.language import Standalone
from rag.nearest import needed, passed_over
from rag.premise import undated
from rag.rerank import Ranked
from rag.retrieve import Search, windows
from rag.settings import Settings
from rag.timing import Clock
from rag.types import Answer, Article, Evidence, Filters, Passage, Sentence, SourceSentence, Token
from rag.weighing import Asked, Other, Reading, also_read, choose, fitting

_NEAREST = 5  # passages that an answer or a refusal comes with
_FURTHER = 4  # windows beyond those weighed for the answer, each of another article
_NEAR = 0.65  # share that such a window has of the best one's score
_RIVALS = 4  # windows that are weighed or read for another answer
_SURE = 0.75  # probability of an answer below which the next window is heard as well
_STATED = 0.6  # probability that a window states an answer, from which it is heard

Events = Steps[Token | Sentence | Answer, None, None]
Writing = Steps[Token | Sentence, None, Draft]


@dataclass(frozen=True, slots=True)
class Answerer:
    """The two models and the settings that one question after another is answered with."""

    embedder: Embedder
    generator: Generator
    settings: Settings
    search: Callable[[str], Search]
    within: Filters | None = None  # what is searched, of all articles
    stopped: Callable[[], bool] = bool  # no further window is heard; bool() is False
    transient: bool = False  # nothing of what is read is kept on disk
    homes: Mapping[str, str] = field(
        default_factory=dict
    )  # whose part an article is, if of another

    def answer(self, question: str, standalone: Standalone, index: Index, clock: Clock) -> Events:
        """Answer `standalone` from `index`, as it happens; the checked answer comes last.

        The judge weighs each window of sentences by itself, and the answer is written from the one
        that states it best. What is written is checked, and one or two sentences of the window
        stand in for it where it fails, or behind it where it passes them over. Then others may be
        heard. Raises QuestionError for what the model cannot hold.
        """
        settings, generator = self.settings, self.generator
        with clock.stage("retrieve_s"):
            search = self.search(standalone.query)
            passages = search.passages(_NEAREST)
            ranked = search.sentences(self.settings.evidence_sentences)
            found = self._found(search, ranked, standalone.query, index)
        refused = replace(
            refusal(question, generator.name),
            standalone_question=standalone.question,
            query=standalone.query,
            passages=_mark_used(passages, found[: settings.evidence_windows]),
            index_version=index.version,
        )
        if not found:
            yield replace(refused, timings=clock.timings())
            return
        if undated(standalone.query, _articles(index, passages, ranked)):
            yield replace(refused, reason="off_premise", timings=clock.timings())
            return
        with clock.stage("judge_s"):
            reading = choose(
                self._asked(standalone.question, found),
                settings.evidence_windows,
                generator,
                calibration(generator.name, generator.adapter, own=settings.calibrations),
                settings.strictness,
            )
        refused = replace(
            refused,
            confidence=reading.confidence,
            reason="not_stated",
            weighed=reading.weighed,
            judge_prompt=generator.render(reading.chosen.judging),
        )
        window = reading.chosen.window
        clock.prompt_tokens += reading.chosen.length
        if not reading.worth:
            yield replace(refused, timings=clock.timings())
            return
        refused = replace(refused, answer_prompt=generator.render(reading.chosen.answering))
        read = _Read(reading.chosen, reading.calibrated, reading.margin)
        draft = yield from self._write(refused, read, clock)
        if draft.answer.abstained and not draft.declined:
            with clock.stage("judge_s"):
                self._quote(draft, standalone, read)
        heard: list[_Read] = []
        if not draft.answer.abstained:
            if not draft.quoted:
                with clock.stage("cite_s"):
                    more = passed_over(standalone.query, window, draft.cited, self.embedder)
                    draft.show_beside(window, more)
            with clock.stage("judge_s"):
                heard = self._hear(draft, reading, refused)
        yield replace(
            draft.answer,
            passages=_mark_used(passages, [window, *(read.asked.window for read in heard)]),
            weighed=also_read(reading, [(read.asked.window, read.margin) for read in heard]),
            timings=clock.timings(),
        )

    def margin(self, standalone: Standalone, index: Index) -> float | None:
        """The judge's margin on the window that states the answer best; None where none is found.

        Raises QuestionError for what the model cannot hold.
        """
        search = self.search(standalone.query)
        ranked = search.sentences(self.settings.evidence_sentences)
        found = self._found(search, ranked, standalone.query, index)
        weighed = self._asked(standalone.question, found)[: self.settings.evidence_windows]
        return max((self.generator.margin(asked.judging) for asked in weighed), default=None)

    def _found(self, search: Search, ranked: Ranked, query: str, index: Index) -> list[Evidence]:
        """The windows that are weighed, and those beyond that may state another answer."""
        settings, found = self.settings, windows(index, ranked, len(ranked))
        if not search.reranked:
            found = by_interaction(query, found, self.embedder)
        weighed, rest = found[: settings.evidence_windows], found[settings.evidence_windows :]
        # a cross-encoder's scores have no zero of which something could be a share
        near = _NEAR * weighed[0].score if weighed and not search.reranked else -inf
        homes = {self._home(window) for window in weighed}
        further: list[Evidence] = []
        for window in rest:
            if window.score >= near and self._home(window) not in homes:
                homes.add(self._home(window))
                further.append(window)
        return [*weighed, *further[:_FURTHER]]

    def _write(self, refused: Answer, read: "_Read", clock: Clock) -> Writing:
        """Let the model answer from one window; returns the draft, checked.

        Yields what can be shown: a sentence only when the whole has been judged.
        """
        question, query = refused.standalone_question, refused.query
        with clock.stage("cite_s"):
            own = question if query == question else f"{question} {query}"
            citer = Citer(own, [read.asked.window], self.embedder)
            draft = Draft(
                refused,
                citer,
                self.settings.min_support,
                clock,
                show_unsupported=self.settings.show_unsupported,
            )
        checked: list[Sentence] = []
        pieces = self.generator.stream(read.asked.answering, self.settings.answer_tokens)
        with clock.stage("read_s"):
            first = next(pieces, None)
        for piece in chain(() if first is None else (first,), pieces):
            clock.tick()
            yield from _tokens(draft.feed(piece), checked)
            if draft.looping:
                break
        yield from _tokens(draft.finish(), checked)
        if not draft.answer.abstained:
            with clock.stage("judge_s"):
                opinion = self._opinion(question, read, draft.told)
            draft.confidence = opinion.probability
            if opinion.least < self.settings.strictness:
                draft.confidence = opinion.least
                draft.withdraw("off_point")
        shown = not draft.answer.abstained
        for sentence in checked:
            yield sentence if shown else replace(sentence, citations=(), shown=False)
        return draft

    def _quote(self, draft: Draft, standalone: Standalone, read: "_Read") -> None:
        """Let the two sentences of a window that are nearest to the question speak, if they answer.

        One of them, if it is clearly the nearer and answers alone. Sentences without what was asked
        for, such as a number, are no answer.
        """
        window, (question, query) = read.asked.window, standalone
        pairs = [
            replace(window, text=" ".join(sentence.text for sentence in pair), sentences=pair)
            for pair in _neighbours(window.sentences)
            if gives_answer(query, " ".join(unsigned(sentence.text) for sentence in pair))
        ]
        if len(pairs) > 1:  # for an encoder that knows nothing of tokens
            vectors = self.embedder.encode([query, *(pair.text for pair in pairs)])
            pairs = [pairs[row] for row in np.argsort(-(vectors[1:] @ vectors[0]), kind="stable")]
        for pair in by_interaction(query, pairs, self.embedder)[:1]:
            alone = needed(query, window, pair.sentences, self.embedder)
            for sentences in dict.fromkeys((alone, pair.sentences)):
                text = " ".join(sentence.text for sentence in sentences)
                margin = self._margin(question, window, text)
                draft.confidence = read.calibrated.quoted(read.margin, margin)
                if draft.confidence >= self.settings.strictness:
                    draft.quote(window, sentences)
                    return

    def _opinion(self, question: str, read: "_Read", said: str) -> Opinion:
        """How probable it is that what the model wrote is right.

        A model that has learned to check that is asked behind it; of another's the judge says
        whether it states the answer, as if it were all there is to read.
        """
        if self.generator.checks:
            check = self.generator.margin(checking(read.asked.answering, said))
            return read.calibrated.checked(read.margin, check)
        alone = self._margin(question, read.asked.window, said)
        return read.calibrated.written(read.margin, alone)

    def _margin(self, question: str, window: Evidence, text: str) -> float:
        """The judge's margin on `text` of `window` alone."""
        alone = replace(window, text=text, sentences=(), writer="")
        judging, _ = compose(question, [alone], transient=True)  # nobody asks of it again
        return self.generator.margin(judging)

    def _hear(self, draft: Draft, reading: Reading, refused: Answer) -> list["_Read"]:
        """Add to `draft` what other windows state; returns those windows.

        That is what another article states against it and, where it is none too sure, what the next
        window states, as well or against it. Nothing can be shown of it meanwhile, so that it looks
        itself whether it has been stopped.
        """
        standalone = Standalone(refused.standalone_question, refused.query)
        doubtful = draft.quoted or draft.confidence < _SURE
        stated = max(_STATED, self.settings.strictness)
        heard: list[_Read] = []
        homes, positions, rivals = [self._home(reading.chosen.window)], [draft.said], 0
        for other in reading.others:
            window = other.asked.window
            may_oppose = (
                self.settings.disagreement
                and self._home(window) not in homes
                and may_contradict(standalone.query, positions[0], window.text)
            )
            rival = may_oppose and rivals < _RIVALS
            witness = doubtful and other.near
            if not (rival or witness):
                continue
            if self.stopped():
                break
            margin = self._weighed(other)
            states = reading.calibrated.probability(margin) >= stated
            rivals += rival and (states or other.margin is None)
            if not states:
                continue
            read = _Read(other.asked, reading.calibrated, margin)
            more = _drain(self._write(refused, read, Clock()), self.stopped)
            if more is None or self.stopped():
                break
            if witness and not draft.quoted and more.answer.abstained and not more.declined:
                self._quote(more, standalone, read)
            if more.answer.abstained:
                continue
            against = all(
                contradict(standalone.query, position, more.said) for position in positions
            )
            if may_oppose and against and not more.quoted:
                draft.oppose(more)
                homes.append(self._home(window))
                positions.append(more.said)
                heard.append(read)
            elif witness and draft.add(more):
                doubtful = False  # one is enough
                heard.append(read)
        return heard

    def _weighed(self, other: Other) -> float:
        """The judge's margin on a window, which it may have been asked for before."""
        return self.generator.margin(other.asked.judging) if other.margin is None else other.margin

    def _home(self, window: Evidence) -> str:
        return self.homes.get(window.article_id, window.article_id)

    def _asked(self, question: str, found: Sequence[Evidence]) -> list[Asked]:
        """The windows that the model can hold; raises QuestionError where there is none."""
        tokens = self.settings.answer_tokens
        return fitting(question, found, self.generator, tokens, transient=self.transient)


class _Read(NamedTuple):
    """A window that is answered from, and the judge's margin on it."""

    asked: Asked
    calibrated: Calibration
    margin: float


def _articles(index: Index, passages: Sequence[Passage], ranked: Ranked) -> list[Article]:
    """Those in which anything was found."""
    names = [passage.article_id for passage in passages]
    names += [index.sentences[row].article_id for row, _ in ranked]
    return [index.articles[name] for name in dict.fromkeys(names)]


def _neighbours(sentences: Sequence[SourceSentence]) -> Iterator[tuple[SourceSentence, ...]]:
    """Every two sentences beside each other, or one that stands alone; headings part them.

    Where all look like headings (a list, say), they are sentences.
    """
    parts = [[*part] for heading, part in groupby(sentences, _is_heading) if not heading]
    for part in parts or [[*sentences]]:
        yield from pairwise(part) if len(part) > 1 else [tuple(part)]


def _is_heading(sentence: SourceSentence) -> bool:
    return is_heading(sentence.text)


def _tokens(events: Iterable[Token | Sentence], checked: list[Sentence]) -> Iterator[Token]:
    """The tokens of `events`; the sentences go into `checked`."""
    for event in events:
        if isinstance(event, Token):
            yield event
        else:
            checked.append(event)


def _drain(writing: Writing, stopped: Callable[[], bool]) -> Draft | None:
    """The draft of what nobody is shown while it is written; None when that was `stopped`."""
    with closing(writing):
        while not stopped():
            try:
                next(writing)
            except StopIteration as ended:
                draft: Draft = ended.value
                return draft
    return None


def refusal(question: str, model: str) -> Answer:
    """The refusal of a question for which nothing was found."""
    return Answer(
        question=question,
        standalone_question=question,
        query=question,
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
