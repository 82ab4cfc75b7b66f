"""`footnote eval read`: sets whose passages are given, through `Assistant.read`."""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol

from eval.adapters import clapnq, reading, rgb, squad
from eval.adapters.types import ReadingCase
from eval.configuration import answer_context, configuration
from eval.memory import JOURNAL, Memory, forget
from eval.options import INTERRUPTED, PASSED
from eval.reading_metrics import Reading, judged, reading_figures
from eval.report import files
from eval.report.rows import align, reading_rows
from eval.runner import message
from eval.sample import draw
from eval.ticker import Ticker
from rag import Assistant, Settings
from rag.errors import ConfigError
from rag.settings import PROJECT
from rag.types import Answer, Passage

REPORT = "reading.json"
FORMAT = 1


class Reader(Protocol):
    """What is asked of `rag.Assistant`; the tests script one."""

    def read(self, question: str, passages: Sequence[Passage]) -> Answer:
        """The answer to a question from the passages alone."""


def read_set(args: argparse.Namespace) -> int:
    """Read the set, print the figures, write the report, and return the exit code.

    Raises FootnoteError for what cannot be used, KeyboardInterrupt when not one case was asked.
    """
    whole = _cases(args)
    cases = draw(whole, args.limit, args.seed, lambda c: c.answerable, lambda c: c.kind)
    settings = Settings.load(model=args.model)
    out = args.out or Path("reports") / f"read-{_name(args.file)}"
    files.make(out)
    ticker = Ticker(args.verbose)
    with Assistant.open(settings.corpus, settings=settings, progress=ticker.stage) as assistant:
        assistant.warm()
        made_with = configuration(assistant, settings, args.file, PROJECT / "prompts")
        made_with |= {"format": args.format, "limit": args.limit, "seed": args.seed}
        # many sets are a cases.jsonl in a folder of their name
        file = f"{args.file.resolve().parent.name}/{args.file.name}"
        made_with |= {"altered": args.altered, "file": file}
        if args.fresh:
            forget(out)
        # No answer depends on the articles that the assistant was opened with.
        context = answer_context(made_with | {"index_version": ""})
        memory = Memory(context, out / JOURNAL, settings.home / "answers", read=not args.fresh)
        readings = ask(assistant, cases, memory, ticker.case)
        ticker.clear()
    if not readings:
        forget(out)
        raise KeyboardInterrupt
    data = report(_name(args.file), made_with, readings, len(cases), len(whole))
    print(align(reading_rows(data["figures"])))
    print("\n".join(f"{r.case.id}: {r.reason}" for r in readings if not r.answer))
    _write(out / REPORT, data)
    if len(readings) < len(cases):
        how = "without --fresh " if args.fresh else ""
        print(f"Interrupted. Run the same command again {how}to go on from here.")
        return INTERRUPTED
    memory.finish()
    return PASSED


def ask(
    assistant: Reader,
    cases: Sequence[ReadingCase],
    memory: Memory,
    progress: Callable[[Reading, int, int], None],
) -> list[Reading]:
    """Read the cases in order; a crash is a record of its own, and Ctrl-C ends the run."""
    readings: list[Reading] = []
    try:
        for case in cases:
            readings.append(_ask(assistant, case, memory))
            progress(readings[-1], len(readings), len(cases))
    except KeyboardInterrupt:
        pass
    return readings


def report(
    name: str, made_with: dict[str, Any], readings: Sequence[Reading], drawn: int, of: int
) -> dict[str, Any]:
    """The report, JSON-ready: figures of all, and of each kind where there are several.

    `drawn` of the set's `of` cases were to be read; after Ctrl-C there are fewer `readings`.
    """
    kinds = dict.fromkeys(reading.case.kind for reading in readings)
    by_kind = {kind: [r for r in readings if r.case.kind == kind] for kind in kinds}
    return {
        "reading": FORMAT,
        "configuration": made_with,
        "name": name,
        "drawn": drawn,
        "of": of,
        "figures": reading_figures(readings),
        "kinds": {kind: reading_figures(some) for kind, some in by_kind.items()}
        if len(kinds) > 1
        else {},
        "results": [_record(reading) for reading in readings],
    }


def _name(file: Path) -> str:
    """What a set is called: many are a cases.jsonl in a folder of the set's name."""
    return f"{file.resolve().parent.name}-{file.stem}"


def _cases(args: argparse.Namespace) -> list[ReadingCase]:
    readers: dict[str, Callable[[Path], list[ReadingCase]]] = {
        "reading": reading.read,
        "squad": squad.read,
        "rgb": lambda file: rgb.read(file, altered=args.altered, seed=args.seed),
        "clapnq": clapnq.read,
    }
    cases = readers[args.format](args.file)
    if not cases:
        raise ConfigError(f"{args.file} holds no cases. Name another file.")
    return cases


def _ask(assistant: Reader, case: ReadingCase, memory: Memory) -> Reading:
    if kept := memory.recall(case):
        memory.keep(case, kept.answer, kept.seconds, cached=kept.cached)
        found = judged(case, kept.answer, kept.seconds)
        return replace(found, cached=kept.cached, resumed=not kept.cached)
    started = time.perf_counter()
    try:
        answer = assistant.read(case.question, case.passages)
    except Exception as error:  # whatever it is, the other cases are still worth asking
        return Reading(case, "error", message(error), seconds=time.perf_counter() - started)
    seconds = time.perf_counter() - started
    memory.keep(case, answer, seconds)
    return judged(case, answer, seconds)


def _record(reading: Reading) -> dict[str, Any]:
    answer = reading.answer.to_dict() if reading.answer else None
    if answer:
        del answer["passages"]  # those of the case, which the file of the set holds
    case = {name: value for name, value in asdict(reading.case).items() if name != "passages"}
    names = ("outcome", "reason", "seconds", "cached", "f1", "within_gold", "planted", "corrected")
    return {"case": case, **{name: getattr(reading, name) for name in names}, "answer": answer}


def _write(file: Path, data: dict[str, Any]) -> None:
    try:
        file.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"The report cannot be written to {file}: {error.strerror}. "
            "Choose another folder with --out."
        ) from error
    print(f"Written: {file}")
