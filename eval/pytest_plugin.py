"""A pytest plugin: with `--footnote-cases FILE`, one test for each case of the file.

A test fails with its verdict's reason when the answer is not right or not rightly refused, when
a citation is not the article's text, and when the question crashes or takes too long. A case that
failed in the baseline as well (`--footnote-baseline`) is an expected failure. Without the option
nothing is collected and nothing is loaded.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from eval.dataset import Case
    from eval.runner import Result
    from rag import Assistant

_TIMEOUT = 300.0  # seconds for one case, as in `footnote eval run`


class _OpenAssistant:
    """The one assistant of the session, opened by the first case that runs."""

    def __init__(self, corpus: str | None) -> None:
        self._corpus = corpus
        self._assistant: Assistant | None = None

    def get(self) -> "Assistant":
        if self._assistant is None:
            from rag import Assistant

            self._assistant = Assistant.open(self._corpus)
            self._assistant.warm()
        return self._assistant

    def close(self) -> None:
        if self._assistant is not None:
            self._assistant.close()


_ASSISTANT = pytest.StashKey[_OpenAssistant]()


class CaseFailure(Exception):  # noqa: N818  # what pytest shows is its text alone
    """A case whose answer will not do; the text says why."""


class KnownFailure(CaseFailure):
    """A case that fails no worse than it did in the baseline."""


class CaseFile(pytest.File):
    """A file of cases."""

    def collect(self) -> Iterator["CaseItem"]:
        """One test for each case. An unusable file is an error of the collection."""
        from eval.dataset import load
        from rag.errors import FootnoteError

        try:
            cases = load(self.path)
        except FootnoteError as error:
            raise self.CollectError(str(error)) from error
        known = self._known()
        for case in cases:
            was = known.get(case.id, "")
            item = CaseItem.from_parent(self, name=case.id, case=case, was=was)
            if was:
                item.add_marker(pytest.mark.xfail(raises=KnownFailure, reason=f"{was} before"))
            yield item

    def _known(self) -> dict[str, str]:
        """The outcomes of the cases that failed in the baseline. Raises CollectError."""
        from eval.metrics import GOOD
        from eval.outcomes import load_run
        from rag.errors import FootnoteError

        named = self.config.getoption("--footnote-baseline")
        file = Path(named) if named else self.path.with_suffix(".baseline.json")
        if not named and not file.exists():
            return {}
        try:
            cases = load_run(file).cases
        except FootnoteError as error:
            raise self.CollectError(str(error)) from error
        return {id_: case.outcome for id_, case in cases.items() if case.outcome not in GOOD}


class CaseItem(pytest.Item):
    """One case, as a test."""

    def __init__(self, *, case: "Case", was: str = "", **given: Any) -> None:
        super().__init__(**given)
        self.case = case
        self.was = was  # its outcome in the baseline, where it failed
        self.add_marker(pytest.mark.footnote)

    def runtest(self) -> None:
        """Ask and judge. Raises CaseFailure when the case does not go well."""
        from eval.compare import worth
        from eval.metrics import GOOD
        from eval.runner import Rules, run

        results = run(
            self.config.stash[_ASSISTANT].get(), [self.case], rules=Rules(timeout=_TIMEOUT)
        )
        if not results:  # Ctrl-C ends a run without an error of its own
            raise KeyboardInterrupt
        (result,) = results
        cited = all(result.citations_valid)
        if result.outcome not in GOOD or not cited:
            no_worse = self.was and cited and worth(result.outcome) >= worth(self.was)
            raise (KnownFailure if no_worse else CaseFailure)(explain(result))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The explanation alone; the traceback would show only this plugin."""
        if isinstance(excinfo.value, CaseFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The file of cases, and the case's id."""
        return self.path, None, self.case.id


def explain(result: "Result") -> str:
    """What was asked, expected and answered, and why that will not do."""
    from eval.metrics import plain

    case, answer = result.case, result.answer
    facts = "; ".join(" / ".join(wordings) for wordings in case.expected)
    lines = [result.reason]
    if not all(result.citations_valid):
        lines.append("A citation's quote does not stand in the article at its offsets.")
    lines += [f"question: {case.question}", f"expected: {facts or 'a refusal'}"]
    if answer:
        lines.append(f"answer:   {plain(answer)}")
        lines += [f"quote {c.number}:  {c.quote} ({c.article_id})" for c in answer.citations]
    return "\n".join(lines)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("footnote", "question answering by Footnote")
    group.addoption("--footnote-cases", metavar="FILE", help="test each case of this file")
    group.addoption(
        "--footnote-baseline",
        metavar="FILE",
        help="a baseline or report: what failed there may fail (default: beside the cases)",
    )
    group.addoption(
        "--footnote-corpus", metavar="DIR", help="folder of articles (default: the settings')"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Collect the file of cases beside whatever else is collected."""
    config.addinivalue_line("markers", "footnote: a case given with --footnote-cases")
    cases = config.getoption("--footnote-cases")
    if cases is None:
        return
    if not Path(cases).is_file():
        raise pytest.UsageError(f"--footnote-cases: there is no file {cases}")
    config.stash[_ASSISTANT] = _OpenAssistant(config.getoption("--footnote-corpus"))
    if str(cases) not in config.args:
        config.args.append(str(Path(cases).resolve()))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Free the model."""
    if _ASSISTANT in config.stash:
        config.stash[_ASSISTANT].close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CaseFile | None:
    """The file that `--footnote-cases` names, and no other."""
    cases = parent.config.getoption("--footnote-cases")
    if cases is None or file_path != Path(cases).resolve():
        return None
    return CaseFile.from_parent(parent, path=file_path)
