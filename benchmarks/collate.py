"""What was measured, as one page: python -m benchmarks.collate [FILE ...] --out docs/quality.md

Reads the report.json of `footnote eval run` and the reading.json of `footnote eval read`, and
writes their figures with intervals, what they were made with, and the command for it.
Nothing is measured here, and nothing is written that no report holds.
"""

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.options import CASES
from eval.outcomes import read_json
from eval.report.document import check_format
from eval.report.markdown import escaped, table
from eval.report.rows import (
    confidence_rows,
    coverage_rows,
    group_rows,
    reading_rows,
    score_rows,
    share_rows,
    spread_rows,
    stage_rows,
)
from rag import FootnoteError
from rag.errors import ConfigError

_HEAD = (
    "# Quality\n\nWritten by `make quality` from reports of this program; what there is no report "
    "of stays as it was. The hash of the program tells which sections are of one. Shares have "
    "95 % Wilson intervals, medians and means bootstrap ones; see [evaluation.md](evaluation.md). "
    "Cases of the split `tune` took part in choosing and tuning; those of `report` did not."
)
FILES = ("reports/*/report.json", "reports/*/reading.json")


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page; 0 done, 2 nothing to put in or something that cannot be used."""
    parser = argparse.ArgumentParser(prog="collate", description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="*", help="default: those in reports/")
    parser.add_argument("--out", type=Path, default=Path("docs/quality.md"))
    args = parser.parse_args(argv)
    try:
        files = args.files or sorted(file for glob in FILES for file in Path().glob(glob))
        if not files:
            raise ConfigError(
                "There are no reports in reports/. Run `footnote eval run` or `footnote eval read` "
                "first, or name the files."
            )
        before = args.out.read_text(encoding="utf-8") if args.out.exists() else ""
        text = page([(file, read_json(file)) for file in files], before)
        args.out.write_text(text, encoding="utf-8")
    except OSError as error:
        print(f"collate: {args.out} cannot be used: {error.strerror}.", file=sys.stderr)
        return 2
    except FootnoteError as error:
        print(f"collate: {error}", file=sys.stderr)
        return 2
    print(f"Written: {args.out}")
    return 0


def page(reports: Sequence[tuple[Path, Mapping[str, Any]]], before: str = "") -> str:
    """The page of the reports, in their order; raises ConfigError for what is no whole report.

    What the page had `before` and no report is of stays as it was, behind them.
    """
    sections = _sections(before)
    new: dict[str, str] = {}
    for file, data in reports:
        try:
            title, *parts = _reading(data) if "reading" in data else _run(file, data)
        except (KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"{file} is damaged ({error!r}). Run it again.") from error
        if title in new:
            raise ConfigError(
                f"{file} is a second report of {title.removeprefix('## ')}. Name one of them."
            )
        new[title] = "\n\n".join([title, *parts])
    kept = [text for title, text in sections.items() if title not in new]
    return "\n\n".join([_HEAD, *new.values(), *kept]) + "\n"


def _sections(text: str) -> dict[str, str]:
    """The sections of a page by their titles, which are part of them."""
    found = [f"## {part.strip()}" for part in f"\n{text}".split("\n## ")[1:]]
    return {section.split("\n")[0]: section for section in found}


def _run(file: Path, data: Mapping[str, Any]) -> list[str]:
    check_format(data, str(file))
    made_with, whole = data["configuration"], data["summary"]
    folder = Path(made_with["settings"]["corpus"])
    # The report of the bundled articles has no hash in its folder's name (eval.evaluate).
    bundled = file.parent.name == "eval-seeds"
    corpus = folder.name if bundled else f"{folder.parent.name}/{folder.name}"
    command = ["footnote", "eval", "run", "--split", made_with["split"], "--fresh"]
    if not bundled or made_with["cases"] != CASES.name:  # those are the default
        command += ["--cases", made_with["cases"], "--corpus", corpus]
    command += ["--model", made_with["model"]]
    split = "" if made_with["split"] == "all" else f", split {made_with['split']}"
    groups = whole["splits"] if len(whole["splits"]) > 1 else {}
    tables = [share_rows("all" if groups else "figure", whole["overall"])]
    tables += [share_rows(f"split {name}", group) for name, group in groups.items()]
    tables += [of(whole["overall"]) for of in (score_rows, confidence_rows)]
    tables += [coverage_rows(data["results"]), spread_rows(whole["overall"])]
    tables += [stage_rows(whole["overall"]), group_rows("kind", whole["kinds"])]
    if whole["tags"]:
        tables.append(group_rows("tag", whole["tags"]))
    return [
        f"## {escaped(made_with['cases'])} on {escaped(corpus)}{split}",
        *_made_with(made_with, command, whole["overall"]["cases"]),
        *([f"**{escaped(data['note'])}**"] if data["note"] else []),
        *map(table, tables),
    ]


def _reading(data: Mapping[str, Any]) -> list[str]:
    made_with = data["configuration"]
    file = made_with.get("file", made_with["cases"])
    command = ["footnote", "eval", "read", file, "--format", made_with["format"]]
    if made_with["limit"]:
        command += ["--limit", str(made_with["limit"]), "--seed", str(made_with["seed"])]
    if made_with["altered"]:
        command += ["--altered", str(made_with["altered"])]
    command += ["--model", made_with["model"]]
    done, drawn = data["figures"]["cases"], data["drawn"]
    parts = [
        f"## {escaped(data['name'])} (passages given)",
        *_made_with(made_with, command, f"{done} of {data['of']}"),
    ]
    if done < drawn:
        parts.append(f"**Interrupted after {done} of {drawn} cases.**")
    parts.append(table(reading_rows(data["figures"])))
    finished = [record for record in data["results"] if record["answer"]]
    if "answered" not in {record["outcome"] for record in finished}:  # none too long to compare
        parts.append(table(coverage_rows(finished)))
    for kind, figures in data["kinds"].items():
        parts += [f"### {escaped(kind or 'no kind')}", table(reading_rows(figures))]
    return parts


def _made_with(made_with: Mapping[str, Any], command: list[str], cases: object) -> list[str]:
    hashes = {
        "model": made_with["model_sha256"],
        "cases": made_with["cases_sha256"],
        "prompts": made_with["prompts_sha256"],
        "program": made_with["program_sha256"],
    }
    told = ", ".join(f"{name} `{value[:12]}`" for name, value in hashes.items() if value)
    model, machine = escaped(made_with["model"]), made_with["platform"].split("-")[0]
    return [
        f"{cases} cases, {model}, on {machine}. SHA-256: {told}.",
        f"```sh\n{shlex.join(command)}\n```",
    ]


if __name__ == "__main__":
    sys.exit(main())
