"""What was measured, as one page: python -m benchmarks.quality [FILE ...] --out docs/quality.md

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

from eval.outcomes import read_json
from eval.report.document import check_format
from eval.report.markdown import escaped, table
from eval.report.rows import kind_rows, reading_rows, score_rows, share_rows, spread_rows
from rag import FootnoteError
from rag.errors import ConfigError

FILES = ("reports/*/report.json", "reports/*/reading.json")


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page; 0 done, 2 nothing to put in or something that cannot be used."""
    parser = argparse.ArgumentParser(prog="quality", description=__doc__.splitlines()[0])
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
        text = page([(file, read_json(file)) for file in files])
        args.out.write_text(text, encoding="utf-8")
    except OSError as error:
        print(f"quality: {args.out} cannot be written: {error.strerror}.", file=sys.stderr)
        return 2
    except FootnoteError as error:
        print(f"quality: {error}", file=sys.stderr)
        return 2
    print(f"Written: {args.out}")
    return 0


def page(reports: Sequence[tuple[Path, Mapping[str, Any]]]) -> str:
    """The page of the reports, in their order. Raises ConfigError for what is no whole report."""
    parts = [
        "# Quality",
        "Written by `make quality` from reports of this program. Shares have 95 % Wilson "
        "intervals, medians and means bootstrap ones; see [evaluation.md](evaluation.md).",
    ]
    for file, data in reports:
        try:
            parts += _reading(data) if "reading" in data else _run(file, data)
        except (KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"{file} is damaged ({error!r}). Run it again.") from error
    return "\n\n".join(parts) + "\n"


def _run(file: Path, data: Mapping[str, Any]) -> list[str]:
    check_format(data, str(file))
    made_with, whole = data["configuration"], data["summary"]
    corpus = Path(made_with["settings"]["corpus"]).name
    command = ["footnote", "eval", "run", "--split", made_with["split"], "--fresh"]
    command += ["--cases", made_with["cases"], "--corpus", corpus, "--model", made_with["model"]]
    return [
        f"## {escaped(made_with['cases'])} on {escaped(corpus)}",
        *_made_with(made_with, command, whole["overall"]["cases"]),
        *([f"**{escaped(data['note'])}**"] if data["note"] else []),
        table(share_rows("figure", whole["overall"])),
        table(score_rows(whole["overall"])),
        table(spread_rows(whole["overall"])),
        table(kind_rows(whole["kinds"])),
    ]


def _reading(data: Mapping[str, Any]) -> list[str]:
    made_with = data["configuration"]
    command = ["footnote", "eval", "read", made_with["cases"], "--format", made_with["format"]]
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
