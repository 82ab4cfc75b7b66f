"""A scripted assistant for the evaluation, cases to ask it, and a run of every outcome."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from eval.dataset import Case
from eval.report.document import Document, Findings, document
from eval.runner import Result, run
from index.lexical import words
from rag.types import Answer, Article, Citation, Passage, SourceSentence, Timings, Token, Turn

TEXT = "Ali Adeeb led the team. It went to Qom in March."
QUOTE = "Ali Adeeb led the team."
REFUSAL = "The articles do not say."
Script = dict[str, Answer | BaseException]
Launch = Callable[..., int]
"""Runs `footnote eval` with options, on the cases of the fixture `launch`."""


def case(name: str, *, answerable: bool = True, **given: Any) -> Case:
    values: dict[str, Any] = {
        "kind": "single_fact" if answerable else "near_miss",
        "split": "report",
        "expected": (("Adeeb",),) if answerable else (),
        "articles": ("team.md",) if answerable else (),
    }
    return Case(id=name, question=f"{name}?", answerable=answerable, **(values | given))


def answer(text: str = "Adeeb led it. [1]", **given: Any) -> Answer:
    citation = Citation(1, 0, 13, "team.md", "T", "team.md", "team.md#0", QUOTE, 0, len(QUOTE), 0.9)
    values: dict[str, Any] = {
        "question": "q",
        "standalone_question": "Who led it?",
        "abstained": False,
        "reason": "",
        "confidence": 0.9,
        "citations": (citation,),
        "passages": (Passage("team.md#0", "team.md", "T", "team.md", TEXT, 0, len(TEXT)),),
        "timings": Timings(first_token_s=1.0, total_s=2.0, prompt_tokens=500, answer_tokens=9),
    }
    return Answer(text=text, **(values | given))


def refusal(reason: str = "not_stated") -> Answer:
    timings = Timings(total_s=0.5, prompt_tokens=400)
    return answer(REFUSAL, abstained=True, reason=reason, citations=(), timings=timings)


@dataclass
class Scripted:
    """Answers by question; an exception in the script is raised."""

    script: Script
    sentences: Sequence[str] | Exception = (QUOTE,)
    model: str = "scripted"
    index_version: str = "v1"
    asked: list[tuple[str, tuple[Turn, ...]]] = field(default_factory=list)
    given: list[tuple[str, tuple[Passage, ...]]] = field(default_factory=list)
    searched: list[tuple[str, int]] = field(default_factory=list)
    warmed: bool = False

    def articles(self) -> list[Article]:
        return [Article("team.md", "T", "team.md", TEXT), Article("x.md", "X", "x.md", "Else.")]

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[Token | Answer]:
        self.asked.append((question, tuple(history)))
        reply = self.script.get(question, answer())
        if isinstance(reply, BaseException):
            raise reply
        yield Token("A")
        yield reply

    def read(self, question: str, passages: Sequence[Passage]) -> Answer:
        self.given.append((question, tuple(passages)))
        reply = self.script.get(question, answer())
        if isinstance(reply, BaseException):
            raise reply
        return reply

    def support(self, claim: str, quotes: Sequence[str]) -> float:
        wanted = set(words(claim))
        return len(wanted & set(words(" ".join(quotes)))) / len(wanted) if wanted else 0.0

    def evidence_sentences(self, query: str, k: int = 10) -> list[SourceSentence]:
        self.searched.append((query, k))
        if isinstance(self.sentences, Exception):
            raise self.sentences
        return [SourceSentence("team.md", "team.md#0", s, 0, len(s)) for s in self.sentences]

    def warm(self) -> None:
        self.warmed = True

    def __enter__(self) -> "Scripted":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def outcomes(results: Sequence[Result]) -> list[str]:
    return [result.outcome for result in results]


def mixed() -> list[Result]:
    """Two right (one whose quote lacks the fact), one wrong, one crashed; one refused."""
    uncited = answer(
        citations=(Citation(1, 0, 5, "x.md", "X", "x.md", "x.md#0", "Else.", 0, 5, 0.6),)
    )
    script: Script = {
        "b?": uncited,
        "c?": answer("Talabani did. [1]", timings=Timings(first_token_s=3.0, total_s=6.0)),
        "d?": ValueError("broken"),
        "e?": refusal(),
        "f?": answer("In May.", citations=()),
    }
    cases = [
        case("a"),
        case("b", split="tune"),
        case("c", kind="list"),
        case("d"),
        case("e", answerable=False),
        case("f", answerable=False, split="tune"),
    ]
    return run(Scripted(script), cases)


def a_document(results: Sequence[Result], **given: Any) -> Document:
    return document({"model": "scripted"}, results, Findings(**given))
