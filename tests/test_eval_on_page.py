"""The evaluation for the page: what it asks, where its report goes, which one it shows."""

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest
from eval_fakes import Scripted, a_document, answer, mixed, refusal

from eval import on_page
from eval.memory import JOURNAL
from eval.on_page import OnPage
from eval.report.document import Document
from eval.report.files import make, write
from eval.report.public import public
from rag.errors import ConfigError
from rag.page.evaluator import Subset
from rag.settings import Settings

LINES = (
    {"id": "a", "question": "a?", "kind": "number", "expected": [["Adeeb"]], "tags": ["people"]},
    {"id": "b", "question": "b?", "kind": "off_topic", "answerable": False},
    {"id": "c", "question": "c?", "kind": "number", "expected": [["Talabani"]], "split": "tune"},
    {"id": "d", "question": "d?", "kind": "list", "expected": [["Adeeb"]]},
)


class Examined(Scripted):
    """A scripted assistant with settings."""

    settings: Settings


@pytest.fixture
def assistant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Examined:
    cases = tmp_path / "cases.jsonl"
    cases.write_text("\n".join(map(json.dumps, LINES)), encoding="utf-8")
    monkeypatch.setattr(on_page, "CASES", cases)
    monkeypatch.chdir(tmp_path)
    assistant = Examined({"b?": refusal()})
    assistant.settings = Settings(home=tmp_path / "home")
    return assistant


def evaluator(assistant: Examined) -> OnPage:
    return OnPage(assistant)  # type: ignore[arg-type]


def at_once() -> AbstractContextManager[bool]:
    return nullcontext(True)


def ask(given: OnPage, subset: Subset = Subset(split="all"), turns: int = 99) -> list[str]:  # noqa: B008
    """Run it for so many turns; what was told of the progress."""
    told: list[str] = []
    left = iter(range(turns))

    def turn() -> AbstractContextManager[bool]:
        return nullcontext(next(left, None) is not None)

    given.run(subset, turn, lambda done, total, _left: told.append(f"{done}/{total}"))
    return told


def asked(assistant: Examined) -> list[str]:
    return [question for question, _ in assistant.asked]


def command_line(assistant: Examined, **given: object) -> Path:
    """A report of the command line about these articles."""
    folder = on_page.report_folder(assistant.settings.corpus)
    data = a_document(mixed())
    data["configuration"] |= {
        "cases": "mine.jsonl",
        "split": "all",
        "settings": {"corpus": str(assistant.settings.corpus), "home": str(Path.home())},
    } | given
    make(folder)
    write(data, folder)
    return folder / "report.json"


def test_what_can_be_asked_is_counted(assistant: Examined) -> None:
    choices = evaluator(assistant).choices()
    assert choices is not None
    assert choices.splits == {"tune": 1, "report": 3, "all": 4}
    assert choices.kinds == ("list", "number", "off_topic")
    assert choices.tags == ("people",)


def test_other_articles_than_the_bundled_have_no_cases(assistant: Examined, tmp_path: Path) -> None:
    assistant.settings = Settings(home=tmp_path, corpus=tmp_path)
    given = evaluator(assistant)
    assert given.choices() is None
    assert given.latest() is None
    assert given.whole() is None


@pytest.mark.parametrize(
    ("subset", "questions"),
    [
        (Subset(split="report"), ["a?", "b?", "d?"]),
        (Subset(split="report", most=2), ["a?", "b?"]),  # one with an answer, one without
        (Subset(split="all", kind="number"), ["a?", "c?"]),
        (Subset(split="all", tag="people"), ["a?"]),
        (Subset(split="tune", kind="list"), []),
        (Subset(split="elsewhere"), []),
        (Subset(most=0), []),
    ],
)
def test_a_subset_is_asked(assistant: Examined, subset: Subset, questions: list[str]) -> None:
    told = ask(evaluator(assistant), subset)
    assert asked(assistant) == questions
    assert told == [f"{done}/{len(questions)}" for done in range(len(questions) + 1)]


def test_the_report_of_a_run_is_shown(assistant: Examined) -> None:
    given = evaluator(assistant)
    assert given.latest() is None
    ask(given)
    report = given.latest()
    assert report is not None
    assert (report.on_page, report.model, report.corpus) == (True, "scripted", "seeds")
    assert report.asked == "4 questions of cases.jsonl, split all"
    shares = {figure.label: (figure.count, figure.of) for figure in report.figures}
    assert shares == {
        "answerable, right": (2, 3),
        "answerable, wrong": (1, 3),
        "unanswerable, refused": (1, 1),
        "citations valid": (3, 3),
    }
    assert all("<svg" in figure.drawing for figure in report.figures)
    assert "Accuracy over coverage" in [plot.title for plot in report.plots]
    (miss,) = report.missed
    assert (miss.outcome, miss.question, miss.expected) == ("wrong", "c?", "Talabani")
    assert miss.answer == "Adeeb led it. [1]"
    assert miss.reason == "The answer does not state: Talabani."
    assert "c?" in (given.whole() or "")


def test_the_newest_report_is_shown_and_neither_overwrites_the_other(assistant: Examined) -> None:
    given = evaluator(assistant)
    file = command_line(assistant)
    before = file.read_bytes()
    report = given.latest()
    assert report is not None
    assert not report.on_page
    ask(given)
    assert file.read_bytes() == before
    os.utime(file, (1, 1))
    report = given.latest()
    assert report is not None
    assert report.on_page
    os.utime(file)
    os.utime(file, (2e9, 2e9))
    report = given.latest()
    assert report is not None
    assert not report.on_page


def test_a_stopped_run_goes_on_where_it_was(assistant: Examined, tmp_path: Path) -> None:
    assistant.settings = Settings(home=tmp_path / "home", model="qwen2.5-coder-1.5b-instruct")
    given = evaluator(assistant)
    assert ask(given, turns=2) == ["0/4", "1/4", "2/4"]
    report = given.latest()
    assert report is not None
    assert "2 of 4 chosen questions" in report.note
    (journal,) = (tmp_path / "home" / "evaluations").rglob(JOURNAL)
    assert asked(assistant) == ["a?", "b?"]
    assert ask(given)[-1] == "4/4"
    assert asked(assistant) == ["a?", "b?", "c?", "d?"]
    assert not journal.exists()
    assert ask(given)[-1] == "4/4"  # and a third time, from the answers of earlier runs
    assert len(asked(assistant)) == 4


def test_a_run_ends_when_the_articles_change(assistant: Examined) -> None:
    told: list[int] = []

    @contextmanager
    def turn() -> Iterator[bool]:
        assistant.index_version = f"v{1 + len(asked(assistant)) // 2}"
        yield True

    evaluator(assistant).run(Subset(split="all"), turn, lambda done, *_: told.append(done))
    assert told == [0, 1, 2]


def test_a_run_that_is_stopped_before_its_first_question_leaves_the_last_report(
    assistant: Examined,
) -> None:
    given = evaluator(assistant)
    ask(given, Subset(split="tune"))
    assert ask(given, turns=0) == ["0/4"]
    report = given.latest()
    assert report is not None
    assert report.asked == "1 question of cases.jsonl, split tune"


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 3}', "damaged"])
def test_a_damaged_report_is_an_error_of_ours(assistant: Examined, text: str) -> None:
    file = command_line(assistant)
    if text == "damaged":
        data = json.loads(file.read_text(encoding="utf-8"))
        data["summary"] = {"overall": {}}
        text = json.dumps(data)
    file.write_text(text, encoding="utf-8")
    for show in (evaluator(assistant).latest, evaluator(assistant).whole):
        with pytest.raises(ConfigError, match=r"report\.json"):
            show()


def test_a_report_for_a_browser_names_no_folder_of_this_machine() -> None:
    data: Document = a_document(mixed())
    data["configuration"] |= {
        "model": "/srv/my models/a.gguf",
        "settings": {"corpus": "/srv/my articles", "home": "~/note", "embedder": "owner/repo"},
    }
    data["note"] = "not compared with /srv/my articles/b.json: it is of /opt/c/d.gguf, or/and 1/2"
    data["comparison"] = {"before": str(Path.home() / "reports" / "old")}
    data["results"][0] |= {"outcome": "error", "reason": "cannot open /srv/secret"}
    found = public(data)
    assert found["configuration"]["model"] == "a.gguf"
    assert found["configuration"]["settings"] == {
        "corpus": "my articles",
        "home": "note",
        "embedder": "owner/repo",
    }
    assert found["note"] == "not compared with b.json: it is of d.gguf, or/and 1/2"
    assert found["comparison"]["before"] == "old"
    assert "/srv" not in json.dumps(found)
    assert data["results"][0]["reason"] == "cannot open /srv/secret"


def test_the_whole_report_is_made_of_what_is_public(assistant: Examined) -> None:
    command_line(assistant, model="/srv/models/a.gguf")
    whole = evaluator(assistant).whole() or ""
    assert "Evaluation of a.gguf" in whole
    assert "/srv" not in whole
    assert str(Path.home()) not in whole
    assert str(assistant.settings.corpus) not in whole
    data = a_document([result for result in mixed() if not result.error])
    assert public(data) == data


def test_an_answer_is_shown_as_it_is(assistant: Examined) -> None:
    assistant.script["a?"] = answer("It lies in /var/log/<b>x</b>.", citations=())
    given = evaluator(assistant)
    ask(given, Subset(split="report", tag="people"))
    report = given.latest()
    assert report is not None
    assert report.missed[0].answer == "It lies in /var/log/<b>x</b>."
