"""Ask every case and judge the answers; a crash is a record of its own, not a wrong answer."""

import re
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from eval.citation_metrics import Supports
from eval.dataset import Case
from eval.matching import held_by
from eval.memory import Memory
from eval.metrics import Hit, Verdict, citations_valid, hit, verdict
from eval.scores import scores
from rag.compound import parts
from rag.errors import FootnoteError
from rag.types import Answer, Article, SourceSentence, Turn

EVIDENCE_SENTENCES = 10
_BORNE_OUT = 0.5


class Answering(Protocol):
    """What an evaluation asks of `rag.Assistant`; the tests script one."""

    @property
    def model(self) -> str:
        """Name of the answer model."""

    @property
    def index_version(self) -> str:
        """What the index was built from."""

    def articles(self) -> list[Article]:
        """The articles of the corpus, whose texts the citations point into."""

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Generator[Any, None, None]:
        """Answer one question: whatever events come on the way, and the `Answer` last."""

    def support(self, claim: str, quotes: Sequence[str]) -> float:
        """How well quotes bear a claim out, as a probability (0 to 1)."""

    def evidence_sentences(self, query: str, k: int = 10) -> list[SourceSentence]:
        """The k best sentences for a question that stands alone, ranked, no model used."""


class CaseTimeoutError(Exception):
    """A case took longer than it was given."""


@dataclass(frozen=True, slots=True)
class Result:
    """One case asked. After a crash `error` says what happened, and the rest is empty.

    `seconds` is the wall time of the answer, `cached` whether another run has made it, `resumed`
    whether this one had before it was interrupted.
    `citations_valid` has one entry for each citation. `hit` is None for a case that the articles
    do not answer; `fact_ranks` gives for each expected fact the place, from 1, of the first
    evidence sentence that holds it, or None. `scores` are those of `eval.scores`, none of a crash.
    """

    case: Case
    answer: Answer | None = None
    verdict: Verdict | None = None
    error: str = ""
    seconds: float = 0.0
    citations_valid: tuple[bool, ...] = ()
    hit: Hit | None = None
    cached: bool = False
    resumed: bool = False
    timed_out: bool = False
    fact_ranks: tuple[int | None, ...] = ()
    scores: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """One of `eval.metrics.OUTCOMES`, or `error` or `timeout`."""
        if self.verdict:
            return self.verdict.outcome
        return "timeout" if self.timed_out else "error"

    @property
    def reason(self) -> str:
        """Why the outcome is what it is."""
        return self.verdict.reason if self.verdict else self.error


Watch = Callable[[Result, int, int], None]
"""Called after each case as `progress(result, done, total)`."""


def _at_once() -> AbstractContextManager[bool]:
    return nullcontext(True)


@dataclass(frozen=True, slots=True)
class Rules:
    """How the cases are asked: with answers kept before, and no longer than `timeout` seconds.

    Each is asked within a `turn`; the first one that gives False ends the run.
    """

    memory: Memory | None = None
    timeout: float | None = None
    seeds: Path | None = None  # the folder that the `articles` of the cases are files of
    turn: Callable[[], AbstractContextManager[bool]] = _at_once


def run(
    assistant: Answering,
    cases: Sequence[Case],
    progress: Watch | None = None,
    rules: Rules | None = None,
) -> list[Result]:
    """Ask the cases in order.

    Whatever a case raises becomes its result's `error` and the run goes on. Ctrl-C ends the run,
    as a turn may: the results are then those of the cases done before, fewer than the cases.
    """
    rules = rules or Rules()
    articles = assistant.articles()
    texts = {article.id: article.text for article in articles}
    names = article_names(texts, cases, rules.seeds)
    results: list[Result] = []
    try:
        for case in cases:
            with rules.turn() as ours:
                if not ours:
                    break
                asked = _ask(assistant, case, rules)
            results.append(_judge(assistant, asked, texts, names))
            if progress:
                progress(results[-1], len(results), len(cases))
    except KeyboardInterrupt:
        pass
    return results


def _ask(assistant: Answering, case: Case, rules: Rules) -> Result:
    memory = rules.memory
    if memory and (kept := memory.recall(case)):
        found = Result(
            case=case,
            answer=kept.answer,
            seconds=kept.seconds,
            cached=kept.cached,
            resumed=not kept.cached,
        )
    else:
        started = time.perf_counter()
        try:
            answer = _answer(assistant, case, rules.timeout)
        except Exception as error:  # whatever it is, the other cases are still worth asking
            seconds = time.perf_counter() - started
            late = isinstance(error, CaseTimeoutError)
            return Result(case=case, error=message(error), seconds=seconds, timed_out=late)
        found = Result(case=case, answer=answer, seconds=time.perf_counter() - started)
    if memory and found.answer:
        memory.keep(case, found.answer, found.seconds, cached=found.cached)
    return found


def _answer(assistant: Answering, case: Case, timeout: float | None) -> Answer:
    """The last event of the answer. Raises CaseTimeoutError at the first event past the time.

    Between two events, as while the model reads its prompt, nothing can be stopped.
    """
    started = time.perf_counter()
    answer = None
    with closing(assistant.stream(case.question, case.history)) as events:
        for event in events:
            if timeout is not None and time.perf_counter() - started > timeout:
                raise CaseTimeoutError(f"It took longer than {timeout:g} s.")
            if isinstance(event, Answer):
                answer = event
    if answer is None:
        raise RuntimeError("the answer broke off")
    return answer


def _judge(
    assistant: Answering, asked: Result, texts: Mapping[str, str], names: Mapping[str, str]
) -> Result:
    case, answer = asked.case, asked.answer
    if answer is None:
        return asked
    try:
        found: Hit | None = None
        ranks: tuple[int | None, ...] = ()
        if case.answerable:
            sentences = _evidence(assistant, answer.searched_for)
            wanted = {names[name] for name in case.articles if name in names}
            found = hit(case, sentences, wanted)
            ranks = fact_ranks(case, sentences)
        valid = citations_valid(answer, texts)
        return replace(
            asked,
            verdict=verdict(case, answer),
            citations_valid=valid,
            hit=found,
            fact_ranks=ranks,
            scores=scores(case, answer, valid, _supports(assistant)),
        )
    except Exception as error:  # the search may crash as well as the answer
        return Result(case=case, error=message(error), seconds=asked.seconds)


def _evidence(assistant: Answering, question: str) -> list[SourceSentence]:
    """The first sentences that the search finds, in turn where the question has several parts."""
    found = [assistant.evidence_sentences(part, k=EVIDENCE_SENTENCES) for part in parts(question)]
    in_turn = [one for rank in zip_longest(*found) for one in rank if one is not None]
    return (list(dict.fromkeys(in_turn)) if len(found) > 1 else in_turn)[:EVIDENCE_SENTENCES]


def _supports(assistant: Answering) -> Supports:
    """The judge of quotes: whether it is more probable than not that they bear a sentence out."""

    def supports(quotes: Sequence[str], claim: str) -> bool:
        return assistant.support(claim, quotes) >= _BORNE_OUT

    return supports


def message(error: Exception) -> str:
    """What a crash is told by: the text of an error of ours, else its kind too."""
    if isinstance(error, FootnoteError | CaseTimeoutError):
        # A crash without any text has to count as one all the same.
        return str(error) or type(error).__name__
    return f"{type(error).__name__}: {error}"


def fact_ranks(case: Case, sentences: Sequence[SourceSentence]) -> tuple[int | None, ...]:
    """For each expected fact the place, from 1, of the first sentence that holds it, or None."""
    held = [held_by([sentence.text], case.expected) for sentence in sentences]
    return tuple(
        next((rank for rank, facts in enumerate(held, start=1) if facts[fact]), None)
        for fact in range(len(case.expected))
    )


def article_names(
    corpus_articles: Iterable[str], cases: Iterable[Case], seeds: Path | None = None
) -> dict[str, str]:
    """The id in the corpus of each article that the cases name; those not in it are left out.

    A corpus may hold the originals that the files of `seeds` restate: a file that is not in the
    corpus is looked up by the original's name in its front matter.
    """
    exact = sorted(corpus_articles)
    ids = {PurePosixPath(id_).name: id_ for id_ in exact} | {id_: id_ for id_ in exact}
    restated = _restated(seeds) if seeds else {}
    wanted = {name for case in cases for name in case.articles}
    candidates = {name: (name, restated.get(name, "")) for name in sorted(wanted)}
    return {
        name: next(ids[choice] for choice in choices if choice in ids)
        for name, choices in candidates.items()
        if any(choice in ids for choice in choices)
    }


def _restated(seeds: Path) -> dict[str, str]:
    """File name of each restated article -> file name of its original."""
    found: dict[str, str] = {}
    for file in sorted(seeds.glob("*.md")):
        front = re.match(r"---\n(.*?)\n---\n", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        line = front and re.search(r"^restates:\s*[\"']?(.+?)[\"']?\s*$", front[1], re.MULTILINE)
        if line:
            found[file.name] = line[1]
    return found
