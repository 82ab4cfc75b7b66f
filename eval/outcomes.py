"""What became of each case, briefly: what a baseline stores and two runs are compared by."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rag.errors import ConfigError

# Figure -> how it is called where two runs are compared.
PAIRED = {
    "right": "answerable, right",
    "not_wrong": "answerable, right or refused",
    "refused_rightly": "unanswerable, refused",
    "right_cited": "right both times, quotes hold every fact",
    "hit10": "first 10 sentences hold every fact",
}
_VERSION = 2


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """One case's outcome; `of` is a hash of what was asked and expected.

    `hit10` and `right_cited` are None where they were not measured, `seconds` where another run
    made the answer. `ranks` are `Result.fact_ranks`, `tokens` what the model wrote.
    """

    of: str
    answerable: bool
    outcome: str
    hit10: bool | None = None
    right_cited: bool | None = None
    ranks: tuple[int | None, ...] = ()
    seconds: float | None = None
    tokens: int = 0

    def passes(self, figure: str) -> bool | None:
        """Whether the case counts for a figure of `PAIRED`; None when it is not one of its cases.

        A crash counts as a miss of what was asked for.
        """
        if figure == "refused_rightly":
            return None if self.answerable else self.outcome == figure
        if figure == "right":
            return self.outcome == figure if self.answerable else None
        if figure == "not_wrong":
            return self.outcome in ("right", "refused_wrongly") if self.answerable else None
        if figure == "right_cited":
            return bool(self.right_cited) if self.outcome == "right" else None
        return self.hit10


@dataclass(frozen=True, slots=True)
class Run:
    """The outcomes of one run by case id, and how the run is called."""

    name: str
    model: str
    cases: Mapping[str, CaseOutcome]
    seconds: Mapping[str, float]  # of the answers made in this run, by case id
    setup: Mapping[str, Any] = field(default_factory=dict)  # of `eval.drift`; empty: not known


def of_records(records: Iterable[Mapping[str, Any]]) -> dict[str, CaseOutcome]:
    """The outcomes of the results in a report's JSON, by case id."""
    return {record["case"]["id"]: _of_record(record) for record in records}


def _of_record(record: Mapping[str, Any]) -> CaseOutcome:
    case = record["case"]
    # All but what it is filed under: a case with another kind or note asks the same.
    filed = ("id", "kind", "split", "tags", "note", "articles")
    # An empty field counts as none, so that a field new to the program changes no case.
    asked = {name: value for name, value in case.items() if value and name not in filed}
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    return CaseOutcome(
        of=digest[:12],
        answerable=case["answerable"],
        outcome=record["outcome"],
        hit10=record["hit"]["all"] if record["hit"] else None,
        right_cited=record.get("right_cited"),
        ranks=tuple(record["fact_ranks"]),
        seconds=_seconds(record),
        tokens=record["answer"]["timings"]["answer_tokens"] if record["answer"] else 0,
    )


def _seconds(record: Mapping[str, Any]) -> float | None:
    return round(record["seconds"], 3) if record["answer"] and not record["cached"] else None


def run_of(
    name: str,
    model: str,
    records: Sequence[Mapping[str, Any]],
    setup: Mapping[str, Any] | None = None,
) -> Run:
    """The run that a report's results are of."""
    return _run(name, model, of_records(records), setup or {})


def _run(name: str, model: str, cases: Mapping[str, CaseOutcome], setup: Mapping[str, Any]) -> Run:
    timed = {id_: case.seconds for id_, case in cases.items() if case.seconds is not None}
    return Run(name, model, cases, timed, setup)


def load_run(path: Path) -> Run:
    """A report.json, the folder of one, or a baseline. Raises ConfigError for anything else."""
    file = path / "report.json" if path.is_dir() else path
    data = read_json(file)
    try:
        if "results" in data:
            return run_of(
                str(path), data["configuration"]["model"], data["results"], data.get("setup")
            )
        if data["version"] != _VERSION:
            raise ConfigError(
                f"The baseline {file} is of version {data['version']}, and this program reads "
                f"{_VERSION}. Write it again with `footnote eval run --save-baseline`."
            )
        cases = {
            name: CaseOutcome(**fields | {"ranks": tuple(fields["ranks"])})
            for name, fields in data["cases"].items()
        }
        return _run(str(path), data["model"], cases, data["setup"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{file} is neither a report.json nor a baseline of `footnote eval` ({error!r})."
        ) from error


def read_json(file: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises ConfigError when there is none."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}. Name a report.") from error
    except ValueError as error:
        raise ConfigError(f"{file} is not JSON ({error}). Name a report.json.") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{file} does not hold a report.")
    return data


def save_baseline(
    file: Path, model: str, cases: Mapping[str, CaseOutcome], setup: Mapping[str, Any]
) -> None:
    """Write a baseline, one case a line so that a change of it reads well in a diff."""
    head = f' "version": {_VERSION},\n "model": {json.dumps(model)},\n'
    head += f' "setup": {json.dumps(setup, sort_keys=True)},\n "cases": {{\n'
    lines = [f"  {json.dumps(name)}: {json.dumps(asdict(case))}"
             for name, case in sorted(cases.items())]  # fmt: skip
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{\n" + head + ",\n".join(lines) + "\n }\n}\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"The baseline cannot be written to {file}: {error.strerror}. "
            "Choose another file with --baseline."
        ) from error
