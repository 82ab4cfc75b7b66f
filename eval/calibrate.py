"""`footnote eval calibrate`: how is a model's yes and no to be read? Fitted on cases.

Platt scaling (Platt 1999): the probability that the articles state the answer is a logistic
function of the judge's margin. Its two numbers are those of the largest likelihood, with Platt's
smoothed targets, and with questions that have an answer and those that have none weighing the
same however many there are of either: otherwise the threshold would move with the mix of cases.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eval.calibration import auroc
from eval.dataset import Case, load, of_split
from eval.options import INTERRUPTED, PASSED
from eval.runner import article_names, message
from eval.sample import draw
from eval.ticker import Ticker
from rag import Assistant, Settings
from rag.errors import ConfigError
from rag.judge import Calibration, keep
from rag.settings import PROJECT
from rag.types import Turn

LEAST = 10  # cases of either kind


class Judging(Protocol):
    """What is asked of `rag.Assistant`; the tests script one."""

    def margin(self, question: str, history: Sequence[Turn] = ()) -> float | None:
        """The judge's margin on the window that states the answer best."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibration, and what it does on the cases that it was fitted on."""

    calibration: Calibration
    auroc: float | None
    passed: int  # questions with an answer that are let through
    stated: int
    refused: int  # questions without one that are not
    silent: int


def calibrate(args: argparse.Namespace) -> int:
    """Have the judge weigh the cases, fit, say what that does, and keep it.

    Every folder has to answer all the cases. Raises FootnoteError for what cannot be used.
    """
    cases = choose(load(args.cases), args.split, args.limit)
    settings = Settings.load(model=args.model)
    ticker = Ticker(args.verbose)
    judged: list[tuple[float, bool]] = []
    for corpus in args.corpus or [settings.corpus]:
        with Assistant.open(corpus, settings=settings, progress=ticker.stage) as assistant:
            check_corpus(cases, [article.id for article in assistant.articles()], str(corpus))
            before, model, adapter = assistant.calibration, assistant.model, assistant.adapter
            try:
                judged += judge(assistant, cases, ticker)
            except KeyboardInterrupt:
                ticker.clear()
                print("Interrupted; nothing was changed.")
                return INTERRUPTED
    fitted = fit(*zip(*judged, strict=True)) if judged else fit([], [])
    print(_told(fitted, before))
    if args.dry_run:
        print("Nothing was written (--dry-run).")
    else:
        file = args.out or settings.calibrations
        keep(fitted.calibration, model, adapter, file)
        print(f"Written: {file}")
    return PASSED


def _told(fitted: Fit, before: Calibration) -> str:
    found = fitted.calibration
    old = f"{before.threshold:.2f}, {before.slope:.2f}" if before.known else "the safe default"
    separated = "" if fitted.auroc is None else f", AUROC {fitted.auroc:.3f}"
    return (
        f"Threshold {found.threshold:.2f}, slope {found.slope:.2f} (before: {old}){separated}.\n"
        f"By that alone {fitted.passed} of {fitted.stated} questions with an answer have one half "
        f"or more, {fitted.refused} of {fitted.silent} without one have less."
    )


def choose(cases: Sequence[Case], split: str, limit: int | None) -> list[Case]:
    """The cases to fit on, `limit` of them drawn, half of either kind.

    Raises ConfigError when there are too few of either kind.
    """
    chosen = draw(of_split(cases, split), limit, 0, lambda case: case.answerable)
    answerable = sum(case.answerable for case in chosen)
    for count, kind in ((answerable, "with"), (len(chosen) - answerable, "without")):
        if count < LEAST:
            raise ConfigError(
                f"There are {count} cases {kind} an answer in the split {split}; calibrating "
                f"takes at least {LEAST} of either kind. Write more of them, or ask more."
            )
    return chosen


def check_corpus(cases: Sequence[Case], articles: Sequence[str], corpus: str) -> None:
    """Raise ConfigError when the articles that the cases name are not in the corpus.

    What they ask for is then not stated there, whatever the cases say.
    """
    named = {name for case in cases for name in case.articles}
    found = article_names(articles, cases, PROJECT / "seeds")
    if missing := sorted(named - found.keys()):
        raise ConfigError(
            f"{corpus} does not hold {missing[0]}, which the cases are about. Name the folder of "
            "their articles with --corpus, or other cases with --cases."
        )


def judge(assistant: Judging, cases: Sequence[Case], ticker: Ticker) -> list[tuple[float, bool]]:
    """The judge's margin on each case, and whether the case has an answer.

    Those that crash, which is told, and those for which nothing is found are left out.
    """
    judged = []
    for done, case in enumerate(cases, 1):
        started = time.perf_counter()
        try:
            margin = assistant.margin(case.question, case.history)
        except Exception as error:  # whatever it is, the other cases are still worth asking
            ticker.clear()
            print(f"{case.id}: {message(error)}", file=sys.stderr)
        else:
            ticker.note(f"{case.id}: {'nothing found' if margin is None else f'{margin:.2f}'}")
            if margin is not None:
                judged.append((margin, case.answerable))
        ticker.count(done, len(cases), time.perf_counter() - started)
    ticker.clear()
    return judged


def fit(margins: Sequence[float], stated: Sequence[bool]) -> Fit:
    """The calibration of the largest likelihood, both kinds of question weighing the same.

    Raises ConfigError when there is nothing to tell them apart by.
    """
    from scipy.optimize import minimize

    x, yes = np.array(margins, dtype=float), np.array(stated, dtype=bool)
    if yes.all() or not yes.any():
        raise ConfigError("Questions with an answer and without are needed, and not all crashed.")
    target = np.where(yes, (yes.sum() + 1) / (yes.sum() + 2), 1 / ((~yes).sum() + 2))
    weight = np.where(yes, 0.5 / yes.sum(), 0.5 / (~yes).sum())

    def loss(numbers: NDArray[np.float64]) -> Any:
        slope, intercept = numbers
        z = slope * x + intercept
        return float(np.sum(weight * (np.logaddexp(0.0, z) - target * z)))

    slope, intercept = minimize(loss, np.array([1.0, 0.0]), method="BFGS").x
    if not (np.isfinite([slope, intercept]).all() and slope > 1e-3):
        raise ConfigError(
            "The model's yes and no do not tell questions with an answer from those without: "
            "no calibration makes them. Name another model."
        )
    found = Calibration(float(-intercept / slope), float(slope))
    passed = x >= found.threshold
    return Fit(
        found,
        auroc([found.probability(margin) for margin in margins], list(stated)),
        passed=int((passed & yes).sum()),
        stated=int(yes.sum()),
        refused=int((~passed & ~yes).sum()),
        silent=int((~yes).sum()),
    )
