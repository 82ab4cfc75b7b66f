"""Two runs on the same cases: which figures differ beyond chance, and which cases changed."""

from dataclasses import dataclass, replace

from eval.outcomes import PAIRED, Run
from eval.stats import Interval, difference_of_means, difference_of_medians, mcnemar, tarone

ALPHA = 0.05
# How good an outcome is; whatever is not here, such as a wrong answer, is 1.
_WORTH = {"right": 3, "refused_rightly": 3, "refused_wrongly": 2, "error": 0, "timeout": 0}


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure over the cases that both runs measured.

    `before` and `after` count the cases that pass; `difference` is of the shares,
    None of a single case. `p` is the two-sided exact McNemar test; `p_worse` is one-sided and
    allows for the other figures tested beside it (Tarone). `better` and `worse` are the ids of
    the cases that changed.
    """

    figure: str
    cases: int
    before: int
    after: int
    difference: Interval | None
    p: float
    p_worse: float
    better: tuple[str, ...]
    worse: tuple[str, ...]

    @property
    def regressed(self) -> bool:
        """Whether more cases got worse than chance accounts for."""
        return self.p_worse < ALPHA


@dataclass(frozen=True, slots=True)
class Change:
    """A case with another outcome than before; `better` is None when neither is the better one.

    A wrong answer is worse than a wrong refusal.
    """

    id: str
    before: str
    after: str
    better: bool | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one run to another.

    `left_out` are the ids in one run only, or whose case was changed between the two. `seconds`
    is the difference of the median answer times, None unless both runs timed the cases.
    """

    before: str
    after: str
    cases: int
    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]
    left_out: tuple[str, ...]
    seconds: Interval | None = None

    @property
    def regressions(self) -> tuple[Difference, ...]:
        """The figures that got worse beyond chance."""
        return tuple(difference for difference in self.differences if difference.regressed)


def worth(outcome: str) -> int:
    """How good an outcome is: right or rightly refused, wrongly refused, wrong, crashed."""
    return _WORTH.get(outcome, 1)


def compare(before: Run, after: Run) -> Comparison:
    """Pair the two runs case by case."""
    shared = [
        name
        for name, case in after.cases.items()
        if name in before.cases and before.cases[name].of == case.of
    ]
    differences = [found for figure in PAIRED if (found := _differ(before, after, shared, figure))]
    adjusted = tarone(
        [difference.p_worse for difference in differences],
        [len(difference.better) + len(difference.worse) for difference in differences],
        ALPHA,
    )
    timed = [name for name in shared if name in before.seconds and name in after.seconds]
    return Comparison(
        before=before.name,
        after=after.name,
        cases=len(shared),
        differences=tuple(
            replace(difference, p_worse=p)
            for difference, p in zip(differences, adjusted, strict=True)
        ),
        changes=tuple(
            _change(name, before.cases[name].outcome, after.cases[name].outcome)
            for name in shared
            if before.cases[name].outcome != after.cases[name].outcome
        ),
        left_out=tuple(sorted((before.cases.keys() | after.cases.keys()) - set(shared))),
        seconds=difference_of_medians(
            [before.seconds[name] for name in timed], [after.seconds[name] for name in timed]
        ),
    )


def _differ(before: Run, after: Run, shared: list[str], figure: str) -> Difference | None:
    measured = [
        (name, then, now)
        for name in shared
        if (then := before.cases[name].passes(figure)) is not None
        and (now := after.cases[name].passes(figure)) is not None
    ]
    if not measured:
        return None
    names, old, new = zip(*measured, strict=True)
    test = mcnemar(old, new)
    return Difference(
        figure=figure,
        cases=len(names),
        before=sum(old),
        after=sum(new),
        difference=difference_of_means(old, new),
        p=test.p,
        p_worse=test.p_worse,
        better=tuple(name for name, then, now in measured if now and not then),
        worse=tuple(name for name, then, now in measured if then and not now),
    )


def _change(name: str, before: str, after: str) -> Change:
    was, is_ = worth(before), worth(after)
    return Change(name, before, after, None if was == is_ else is_ > was)
