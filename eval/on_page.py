"""The evaluation for the page: the last report as the page shows it, and runs started there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from eval.configuration import answer_context, configuration
from eval.dataset import SPLITS, Case, load, of_split
from eval.drift import setup_of
from eval.evaluate import is_bundled, report_folder
from eval.memory import JOURNAL, Memory
from eval.options import CASES, TIMEOUT
from eval.outcomes import read_json
from eval.report import files
from eval.report.curves import Share
from eval.report.document import (
    Document,
    Findings,
    check_format,
    document,
    expected_text,
    failing,
    faults,
)
from eval.report.figures import SHARES
from eval.report.html import drawings, html
from eval.report.plots import bar_plot
from eval.report.public import public
from eval.runner import Result, Rules, run
from eval.sample import draw
from eval.ticker import Pace, seconds_of
from index.build import index_folder
from rag.errors import ConfigError
from rag.page.evaluator import Choices, Figure, Miss, Plot, Progress, Report, Subset, Turn
from rag.settings import PROJECT

if TYPE_CHECKING:
    from rag.assistant import Assistant

T = TypeVar("T")
FOLDER = "evaluations"  # in the Footnote folder, of runs that were started on the page
SHOWN = ("right", "wrong", "refused_rightly", "citation_valid")


class OnPage:
    """Evaluates the page's own assistant; the page asks for it as `rag.page.evaluator.Evaluator`.

    The bundled cases are asked, when its articles are the bundled ones.
    """

    def __init__(self, assistant: "Assistant") -> None:
        settings = assistant.settings
        self._assistant = assistant
        self._cases = load(CASES) if is_bundled(settings.corpus) else []
        self._out = index_folder(settings.corpus, settings.home / FOLDER)

    def choices(self) -> Choices | None:
        """What can be asked; None when there are no cases about these articles."""
        if not self._cases:
            return None
        return Choices(
            splits={name: len(of_split(self._cases, name)) for name in (*SPLITS, "all")},
            kinds=tuple(sorted({case.kind for case in self._cases})),
            tags=tuple(sorted({tag for case in self._cases for tag in case.tags})),
        )

    def latest(self) -> Report | None:
        """The newest report about these articles. Raises ConfigError when it cannot be read."""
        return self._show(lambda data, file: _report(data, file, on_page=file.parent == self._out))

    def whole(self) -> str | None:
        """The same as a page by itself, without a path of this machine."""
        return self._show(lambda data, _file: html(data))

    def run(self, subset: Subset, turn: Turn, progress: Progress) -> None:
        """Ask the cases, each within a `turn`, and write the report.

        What is answered is kept, so that the same subset goes on where it was stopped. When the
        articles are changed meanwhile it ends, as what follows would be answered from others.
        Raises FootnoteError.
        """
        assistant, settings = self._assistant, self._assistant.settings
        cases = _choose(self._cases, subset)
        progress(0, len(cases), "")
        if not cases:
            return
        files.make(self._out)
        assistant.warm()  # the model's name, which answers are kept under, is then known
        version, articles = assistant.index_version, assistant.articles()
        made_with = configuration(assistant, settings, CASES, PROJECT / "prompts")
        kept = Memory(answer_context(made_with), self._out / JOURNAL, settings.home / "answers")
        pace = Pace()

        @contextmanager
        def unchanged() -> Iterator[bool]:
            with turn() as ours:
                yield ours and assistant.index_version == version

        def told(result: Result, done: int, total: int) -> None:
            progress(done, total, pace.left(total - done, seconds_of(result)))

        rules = Rules(kept, TIMEOUT, PROJECT / "seeds", unchanged)
        results = run(assistant, cases, told, rules)
        if not results:
            return
        note = f"{len(results)} of {len(cases)} chosen questions were asked on the page."
        findings = Findings(note=note, setup=setup_of(made_with, articles))
        chosen = {"split": subset.split, "kind": subset.kind, "tag": subset.tag}
        options = {"strict": False, "timeout_s": TIMEOUT, "limit": subset.most}
        files.write(document(made_with | chosen | options, results, findings), self._out)
        if len(results) == len(cases):
            kept.finish()

    def _show(self, draw: Callable[[Document, Path], T]) -> T | None:
        """What `draw` makes of the newest report, public; None when there is none."""
        folders = (self._out, report_folder(self._assistant.settings.corpus))
        found = [file for folder in folders if (file := folder / "report.json").is_file()]
        if not found:
            return None
        file = max(found, key=lambda file: file.stat().st_mtime)
        data = read_json(file)
        check_format(data, str(file))
        try:
            return draw(public(data), file)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ConfigError(
                f"{file} is damaged ({error!r}). Run the evaluation again."
            ) from error


def _choose(cases: Sequence[Case], subset: Subset) -> list[Case]:
    """At most so many cases of the subset, with every kind among them that there is room for."""
    fitting = [
        case
        for case in of_split(cases, subset.split)
        if subset.kind in ("", case.kind) and (not subset.tag or subset.tag in case.tags)
    ]
    return draw(fitting, subset.most, 0, lambda case: case.answerable, lambda case: case.kind)


def _report(data: Document, file: Path, *, on_page: bool) -> Report:
    made_with, overall = data["configuration"], data["summary"]["overall"]
    return Report(
        made=datetime.fromtimestamp(file.stat().st_mtime, UTC).astimezone(),
        on_page=on_page,
        model=made_with["model"],
        corpus=made_with["settings"]["corpus"],
        asked=_asked(made_with, overall["cases"]),
        note=data["note"],
        figures=tuple(_figure(name, overall[name]) for name in SHOWN if overall[name]["of"]),
        plots=tuple(Plot(*parts) for parts in drawings(data["results"])),
        missed=tuple(_miss(record) for record in failing(data)),
    )


def _asked(made_with: Mapping[str, Any], cases: int) -> str:
    noun = "question" if cases == 1 else "questions"
    parts = [f"{cases} {noun} of {made_with['cases']}", f"split {made_with['split']}"]
    parts += [
        f"{name} {made_with[name].replace('_', ' ')}"
        for name in ("kind", "tag")
        if made_with.get(name)
    ]
    return ", ".join(parts)


def _figure(name: str, share: Mapping[str, Any]) -> Figure:
    drawn = bar_plot(
        Share(SHARES[name], share["count"], share["of"]), "alarm" if name == "wrong" else "mark"
    )
    bounds = (share["low"], share["high"])
    return Figure(SHARES[name], share["count"], share["of"], *bounds, drawn)


def _miss(record: Mapping[str, Any]) -> Miss:
    case, answer = record["case"], record["answer"]
    return Miss(
        outcome=", ".join(faults(record)),
        question=case["question"],
        expected=expected_text(case),
        answer=answer["text"] if answer else "",
        reason=record["reason"],
    )
