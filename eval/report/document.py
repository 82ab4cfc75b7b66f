"""The report as one JSON-ready document; whatever shows a report reads nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from eval.compare import Comparison
from eval.gate import Check
from eval.metrics import GOOD, citation_holds_fact
from eval.report.figures import summary
from eval.runner import Result
from rag.errors import ConfigError
from rag.types import Answer

Document = dict[str, Any]
FORMAT = 4
EVIDENCE = ("passages", "judge_prompt", "answer_prompt")


@dataclass(frozen=True, slots=True)
class Findings:
    """What is said of a run beside its figures: the gate, the goals, what changed, a note, and
    the setup that a later run is compared by (`eval.drift`)."""

    checks: Sequence[Check] = ()
    goals: Sequence[Check] = ()
    comparison: Comparison | None = None
    note: str = ""
    setup: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool | None:
        """Whether every threshold is met and nothing got worse; None when there was no gate."""
        if not self.checks:
            return None
        regressed = self.comparison is not None and bool(self.comparison.regressions)
        return all(check.passed for check in self.checks) and not regressed


def document(
    configuration: Mapping[str, Any],
    results: Sequence[Result],
    findings: Findings | None = None,
) -> Document:
    """The whole report. `configuration` is that of `eval.configuration`."""
    findings = findings or Findings()
    return {
        "format": FORMAT,
        "configuration": dict(configuration),
        "setup": dict(findings.setup),
        "note": findings.note,
        "passed": findings.passed,
        "summary": summary(results),
        "gate": [_check_record(check) for check in findings.checks],
        "goals": [_check_record(check) for check in findings.goals],
        "comparison": comparison_record(findings.comparison) if findings.comparison else None,
        "results": [result_record(result) for result in results],
    }


def check_format(data: Mapping[str, Any], name: str) -> None:
    """Raise ConfigError unless the document is one that this program can show."""
    if data.get("format") != FORMAT or not document({}, []).keys() <= data.keys():
        raise ConfigError(
            f"{name} is not a report of this version of `footnote eval`. Run the evaluation again."
        )


def checks_of(records: Sequence[Mapping[str, Any]]) -> list[Check]:
    """The checks that a document holds."""
    names = ("threshold", "bound", "figure", "low", "high", "reason")
    return [Check(**{name: record[name] for name in names}) for record in records]


def failing(data: Document) -> list[dict[str, Any]]:
    """The results that went wrong: by their outcome, crashes among them, or by what they cite."""
    return [record for record in data["results"] if not went_well(record)]


def went_well(record: Mapping[str, Any]) -> bool:
    """Whether a result is right or rightly refused, and its quotes are what they should be."""
    return not faults(record)


def faults(record: Mapping[str, Any]) -> list[str]:
    """What is wrong with a result beside what its reason says; its outcome among it."""
    found = [] if record["outcome"] in GOOD else [record["outcome"].replace("_", " ")]
    if not all(record["citations_valid"]):
        found.append("citation invalid")
    if record["right_cited"] is False:
        found.append("quotes lack a fact")
    return found


def expected_text(case: Mapping[str, Any]) -> str:
    """What a case of the document expects: its facts, each in all wordings, or a refusal."""
    return "; ".join(" / ".join(wordings) for wordings in case["expected"]) or "a refusal"


def result_record(result: Result) -> dict[str, Any]:
    """One case of the document: what was asked and expected, what came, and why it counts so."""
    answer, outcome = result.answer, result.outcome
    cited = citation_holds_fact(result.case, answer) if answer and outcome == "right" else None
    record = {
        "case": asdict(result.case),
        "outcome": outcome,
        "reason": result.reason,
        "seconds": result.seconds,
        "cached": result.cached,
        "resumed": result.resumed,
        "hit": asdict(result.hit) if result.hit else None,
        "fact_ranks": list(result.fact_ranks),
        "right_cited": cited,
        "citations_valid": list(result.citations_valid),
        "scores": dict(result.scores) or None,
    }
    whole = not went_well(record)
    return record | {"answer": _answer_record(answer, whole=whole) if answer else None}


def _answer_record(answer: Answer, *, whole: bool) -> dict[str, Any]:
    # The evidence is most of the bytes: only of what went wrong does one want to see it.
    record = answer.to_dict()
    return {name: record[name] for name in record if whole or name not in EVIDENCE}


def _check_record(check: Check) -> dict[str, Any]:
    return asdict(check) | {"met": check.met, "passed": check.passed}


def comparison_record(comparison: Comparison) -> dict[str, Any]:
    """A comparison as the document holds it."""
    record = asdict(comparison)
    record["differences"] = [
        asdict(difference) | {"regressed": difference.regressed}
        for difference in comparison.differences
    ]
    return record
