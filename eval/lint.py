"""`footnote eval lint`: cases that load, but cannot tell a right answer from a wrong one."""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from eval.dataset import Case, read
from eval.matching import held_by, holds, normalise
from eval.problems import Problem
from eval.starter import PLACEHOLDER
from index.alike import Alike
from index.articles import read_articles
from index.selection import Selection
from rag.errors import FootnoteError
from rag.types import Article

NEAR = 0.8  # share of the words that two questions have in common
CLEAN, FOUND, UNUSABLE = 0, 1, 2


def lint(cases: Sequence[Case], articles: Sequence[Article]) -> list[Problem]:
    """What is doubtful about the cases, in their order; `articles` are those of the corpus.

    - a question asked twice in one split, and one that its two cases answer differently
    - a fact that no article states in any of its wordings, or none of the case's own articles
    - an article that the corpus does not have
    - a fact that the question gives away
    - a question that stands, the same or nearly, in both splits: what is tuned to is no figure

    A case with a placeholder of the starter file is named as unfilled and not looked at further.
    Without articles only the questions are looked at.
    """
    unfilled = {case.id for case in cases if _unfilled(case)}
    filled = [case for case in cases if case.id not in unfilled]
    order = {case.id: row for row, case in enumerate(cases)}
    found = [
        Problem(f"still holds the starter's {PLACEHOLDER}; fill it in", case=case.id)
        for case in cases
        if case.id in unfilled
    ]
    found += [*_repeated(filled), *_leaked(filled)]
    for case in filled:
        found += _given_away(case)
    if articles:
        found += _unmatched(filled, articles)
    return sorted(found, key=lambda problem: order[problem.case])


def _unfilled(case: Case) -> bool:
    turns = [text for turn in case.history for text in (turn.question, turn.answer)]
    wordings = [wording for fact in case.expected for wording in fact]
    return any(PLACEHOLDER in text for text in (case.question, *turns, *wordings, *case.articles))


def _asked(case: Case) -> str:
    """The question and the conversation before it: the same follow-up may mean two things."""
    earlier = [text for turn in case.history for text in (turn.question, turn.answer)]
    return normalise(" ".join([*earlier, case.question]))


def _repeated(cases: Sequence[Case]) -> Iterator[Problem]:
    first: dict[tuple[str, str], Case] = {}
    for case in cases:
        other = first.setdefault((case.split, _asked(case)), case)
        if other is case:
            continue
        if fault := _contradiction(case, other):
            yield Problem(fault, "expected", case=case.id)
        else:
            yield Problem(f"asks the same as case {other.id!r}", "question", case=case.id)


def _contradiction(case: Case, other: Case) -> str:
    """How two cases of one question contradict each other; empty when they do not."""
    if case.answerable != other.answerable:
        return f"contradicts case {other.id!r}: only one of them says that it is answerable"
    if case.answerable and not any(holds(" | ".join(_wordings(case)), other.expected)):
        return f"contradicts case {other.id!r}: the same question, and no wording in common"
    return ""


def _wordings(case: Case) -> list[str]:
    return [wording for fact in case.expected for wording in fact]


def _leaked(cases: Sequence[Case]) -> Iterator[Problem]:
    if len({case.split for case in cases}) < 2:
        return
    words = [frozenset(_asked(case).split()) for case in cases]
    alike = Alike(words, NEAR)
    for row, case in enumerate(cases):
        other = next((at for at in alike.to(row) if cases[at].split != case.split), None)
        alike.enter(row)
        if other is not None:
            what = "the same" if words[row] == words[other] else "nearly the same"
            text = f"{what} as case {cases[other].id!r} of the split {cases[other].split}"
            yield Problem(f"{text}; keep one", "question", case=case.id)


def _given_away(case: Case) -> Iterator[Problem]:
    for number, given in enumerate(holds(case.question, case.expected)):
        if given:
            text = "the question itself holds a wording of it, so any echo of it is right"
            yield Problem(text, f"expected[{number}]", case=case.id)


def _unmatched(cases: Sequence[Case], articles: Sequence[Article]) -> Iterator[Problem]:
    texts = {article.id: article.text for article in articles}
    by_name = _by_name(texts)
    everywhere = _stated(cases, texts.values())
    for case, stated in zip(cases, everywhere, strict=True):
        for number, name in enumerate(case.articles):
            if name not in by_name:
                text = f"the corpus has no article {name}"
                yield Problem(text, f"articles[{number}]", case=case.id)
        own = [texts[by_name[name]] for name in case.articles if name in by_name]
        stated_by_own = held_by(own, case.expected)
        for number, fact in enumerate(case.expected):
            shown = " or ".join(fact)
            if not stated[number]:
                yield Problem(f"no article states {shown}", f"expected[{number}]", case=case.id)
            elif own and not stated_by_own[number]:
                text = f"none of the case's own articles states {shown}"
                yield Problem(text, f"expected[{number}]", case=case.id)


def _stated(cases: Sequence[Case], texts: Iterable[str]) -> list[list[bool]]:
    """For each case which of its facts any of the texts states; each text is read once."""
    found = [[False] * len(case.expected) for case in cases]
    for text in texts:
        for case, stated in zip(cases, found, strict=True):
            if not all(stated):
                here = holds(text, case.expected)
                stated[:] = [one or now for one, now in zip(stated, here, strict=True)]
    return found


def _by_name(ids: Iterable[str]) -> dict[str, str]:
    """The id of each article by its id, and by its file name where that is the only one."""
    named = defaultdict(list)
    for id_ in ids:
        named[PurePosixPath(id_).name].append(id_)
    return {name: one[0] for name, one in named.items() if len(one) == 1} | {i: i for i in ids}


def main(argv: Sequence[str] | None = None) -> int:
    """Check a file of cases and return the exit code: 0 clean, 1 problems, 2 unusable input."""
    parser = argparse.ArgumentParser(
        prog="footnote eval lint",
        description="Look for cases that cannot tell a right answer from a wrong one.",
        epilog="Exit code: 0 clean, 1 problems found, 2 unusable input.",
    )
    parser.add_argument("cases", type=Path, help="file of cases, JSON Lines or YAML")
    parser.add_argument(
        "--corpus", type=Path, help="folder of articles; without it only the questions are checked"
    )
    args = parser.parse_args(argv)
    try:
        file = read(args.cases)
        articles = read_articles(args.corpus, Selection())[0] if args.corpus else []
    except FootnoteError as error:
        print(f"footnote eval lint: {error}", file=sys.stderr)
        return UNUSABLE
    doubtful = [
        replace(problem, line=file.lines[problem.case]) for problem in lint(file.cases, articles)
    ]
    problems = [*file.problems, *doubtful]
    for problem in sorted(problems, key=lambda problem: problem.line):
        print(replace(problem, path=str(args.cases)))
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    print(f"{len(file.cases)} cases read, {count}.")
    return FOUND if problems else CLEAN
