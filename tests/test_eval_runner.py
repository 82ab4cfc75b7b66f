"""The run, its report and its gate, end to end with a scripted assistant."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import rag
from eval import __main__ as command
from eval import report
from eval.dataset import Case
from eval.metrics import Hit, gate
from eval.runner import Result, article_names, configuration, run
from rag.errors import ConfigError, CorpusError, ModelError, QuestionError
from rag.settings import Settings
from rag.types import Answer, Article, Citation, Passage, SourceSentence, Timings, Turn

ROOT = Path(__file__).resolve().parents[1]
TEXT = "Ali Adeeb led the team. It went to Qom in March."
QUOTE = "Ali Adeeb led the team."
REFUSAL = "The articles do not say."
Script = dict[str, Answer | BaseException]


def case(name: str, *, answerable: bool = True, **given: Any) -> Case:
    values: dict[str, Any] = {
        "kind": "single_fact" if answerable else "near_miss",
        "split": "report",
        "expected": (("Adeeb",),) if answerable else (),
        "articles": ("team.md",) if answerable else (),
    }
    return Case(id=name, question=f"{name}?", answerable=answerable, **(values | given))


def answer(text: str = "Adeeb led it. [1]", **given: Any) -> Answer:
    citation = Citation(1, 0, 13, "team.md", "T", "team.md", "team.md#0", QUOTE, 0, len(QUOTE), 0.9)
    values: dict[str, Any] = {
        "question": "q",
        "standalone_question": "Who led it?",
        "abstained": False,
        "reason": "",
        "confidence": 0.9,
        "citations": (citation,),
        "passages": (Passage("team.md#0", "team.md", "T", "team.md", TEXT, 0, len(TEXT)),),
        "timings": Timings(first_token_s=1.0, total_s=2.0, prompt_tokens=500, answer_tokens=9),
    }
    return Answer(text=text, **(values | given))


def refusal(reason: str = "not_stated") -> Answer:
    timings = Timings(total_s=0.5, prompt_tokens=400)
    return answer(REFUSAL, abstained=True, reason=reason, citations=(), timings=timings)


@dataclass
class Scripted:
    """Answers by question; an exception in the script is raised."""

    script: Script
    sentences: Sequence[str] | Exception = (QUOTE,)
    model: str = "scripted"
    index_version: str = "v1"
    asked: list[tuple[str, tuple[Turn, ...]]] = field(default_factory=list)
    searched: list[tuple[str, int]] = field(default_factory=list)
    warmed: bool = False

    def articles(self) -> list[Article]:
        return [Article("team.md", "T", "team.md", TEXT), Article("x.md", "X", "x.md", "Else.")]

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        self.asked.append((question, tuple(history)))
        reply = self.script.get(question, answer())
        if isinstance(reply, BaseException):
            raise reply
        return reply

    def evidence_sentences(self, query: str, k: int = 10) -> list[SourceSentence]:
        self.searched.append((query, k))
        if isinstance(self.sentences, Exception):
            raise self.sentences
        return [SourceSentence("team.md", "team.md#0", s, 0, len(s)) for s in self.sentences]

    def warm(self) -> None:
        self.warmed = True

    def __enter__(self) -> "Scripted":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def outcomes(results: Sequence[Result]) -> list[str]:
    return [result.verdict.outcome if result.verdict else "error" for result in results]


# The run


def test_every_case_is_asked_in_order_with_its_history() -> None:
    turns = (Turn("Who came?", "Three men."),)
    assistant = Scripted({"b?": refusal(), "c?": refusal()})
    cases = [
        case("a", history=turns),
        case("b"),
        case("c", answerable=False),
        case("d", answerable=False),
    ]
    results = run(assistant, cases)
    assert assistant.asked == [("a?", turns), ("b?", ()), ("c?", ()), ("d?", ())]
    assert outcomes(results) == [
        "right",
        "refused_wrongly",
        "refused_rightly",
        "answered_unanswerable",
    ]
    assert [result.case for result in results] == cases
    assert all(result.seconds >= 0 and not result.error for result in results)


def test_evidence_is_sought_for_the_standalone_question_of_answerable_cases() -> None:
    assistant = Scripted({"b?": refusal()})
    results = run(assistant, [case("a"), case("b", answerable=False)])
    assert assistant.searched == [("Who led it?", 10)]
    assert results[0].hit is not None
    assert results[1].hit is None


def test_only_the_first_ten_sentences_count() -> None:
    results = run(Scripted({}, sentences=["Nothing here."] * 10 + [QUOTE]), [case("a")])
    assert results[0].hit is not None
    assert not results[0].hit.any


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            QuestionError("The question is too long. Shorten it."),
            "The question is too long. Shorten it.",
        ),
        (ValueError("odd\nthing"), "ValueError: odd\nthing"),
        (ZeroDivisionError(), "ZeroDivisionError: "),
        (MemoryError("gone"), "MemoryError: gone"),
        (ModelError(), "FootnoteError"),
    ],
)
def test_a_crash_is_counted_apart_and_the_run_goes_on(error: Exception, message: str) -> None:
    seen: list[tuple[str, int, int]] = []
    results = run(
        Scripted({"b?": error}),
        [case("a"), case("b"), case("c")],
        lambda result, done, total: seen.append((result.case.id, done, total)),
    )
    assert outcomes(results) == ["right", "error", "right"]
    assert (results[1].answer, results[1].verdict, results[1].hit) == (None, None, None)
    assert results[1].error == message
    assert seen == [("a", 1, 3), ("b", 2, 3), ("c", 3, 3)]


def test_a_crash_of_the_search_is_a_crash_of_the_case() -> None:
    (result,) = run(Scripted({}, sentences=RuntimeError("no index")), [case("a")])
    assert result.error == "RuntimeError: no index"
    assert result.verdict is None


def test_ctrl_c_keeps_what_is_done() -> None:
    results = run(Scripted({"b?": KeyboardInterrupt()}), [case("a"), case("b"), case("c")])
    assert [result.case.id for result in results] == ["a"]


def test_citations_are_checked_against_the_articles() -> None:
    altered = answer(citations=(answer().citations[0], Citation(
        2, 0, 5, "gone.md", "G", "gone.md", "gone.md#0", "x", 0, 1, 0.9)))  # fmt: skip
    (result,) = run(Scripted({"a?": altered}), [case("a")])
    assert result.citations_valid == (True, False)


# Article names


def write_seeds(folder: Path, restates: str = "000_team.txt") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "team.md").write_text(f"---\ntitle: T\nrestates: {restates}\n---\n\nText.\n")
    (folder / "plain.md").write_text("No front matter.\nrestates: 000_no.txt\n")
    return folder


def test_articles_of_the_corpus_keep_their_names(tmp_path: Path) -> None:
    seeds = write_seeds(tmp_path)
    assert article_names(["team.md", "000_team.txt"], [case("a")], seeds) == {"team.md": "team.md"}
    assert article_names(["team.md"], [case("a")]) == {"team.md": "team.md"}


@pytest.mark.parametrize("line", ["000_team.txt", '"000_team.txt"', "'000_team.txt'  "])
def test_originals_are_found_by_the_front_matter(tmp_path: Path, line: str) -> None:
    seeds = write_seeds(tmp_path, line)
    cases = [case("a"), case("b", articles=("plain.md", "team.md", "none.md"))]
    assert article_names(["000_team.txt", "000_no.txt"], cases, seeds) == {
        "team.md": "000_team.txt"
    }
    assert article_names(["in/000_team.txt"], cases, seeds) == {"team.md": "in/000_team.txt"}
    assert article_names(["000_team.txt"], cases) == {}
    assert article_names(["000_team.txt"], cases, tmp_path / "none") == {}


def test_the_bundled_articles_all_name_their_originals() -> None:
    files = [file.name for file in (ROOT / "seeds").glob("*.md") if file.name != "README.md"]
    text = {
        f: (ROOT / "seeds" / f).read_text(encoding="utf-8").split("restates: ")[1] for f in files
    }
    originals = {file: rest.split("\n")[0] for file, rest in text.items()}
    cases = [case("a", articles=tuple(files))]
    assert article_names(originals.values(), cases, ROOT / "seeds") == originals


def test_article_hit_is_measured_through_the_original(tmp_path: Path) -> None:
    write_seeds(tmp_path, "x.md")
    script = Scripted({})
    results = run(script, [case("a", articles=("other.md",))], seeds=tmp_path)
    assert results[0].hit is not None
    assert results[0].hit.article is None
    assert run(script, [case("a")], seeds=tmp_path)[0].hit == Hit(True, True, True)


# Figures


def mixed() -> list[Result]:
    """Two right (one whose quote lacks the fact), one wrong, one crashed; one refused."""
    uncited = answer(
        citations=(Citation(1, 0, 5, "x.md", "X", "x.md", "x.md#0", "Else.", 0, 5, 0.6),)
    )
    script: Script = {
        "b?": uncited,
        "c?": answer("Talabani did. [1]", timings=Timings(first_token_s=3.0, total_s=6.0)),
        "d?": ValueError("broken"),
        "e?": refusal(),
        "f?": answer("In May.", citations=()),
    }
    cases = [
        case("a"),
        case("b", split="tune"),
        case("c", kind="list"),
        case("d"),
        case("e", answerable=False),
        case("f", answerable=False, split="tune"),
    ]
    return run(Scripted(script), cases)


def pair(figures: dict[str, Any], name: str) -> tuple[int, int]:
    return figures[name]["count"], figures[name]["of"]


def test_figures_count_what_they_say() -> None:
    figures = report.figures(mixed())
    assert (figures["cases"], figures["answerable"], figures["unanswerable"]) == (6, 4, 2)
    assert figures["errors"] == 1
    # The crashed question stays among the answerable ones, so that crashing raises no share.
    assert pair(figures, "right") == (2, 4)
    assert pair(figures, "wrong") == (1, 4)
    assert pair(figures, "refused_wrongly") == (0, 4)
    assert pair(figures, "refused_rightly") == (1, 2)
    assert pair(figures, "answered_unanswerable") == (1, 2)
    assert pair(figures, "citation_valid") == (3, 3)
    assert pair(figures, "right_cited") == (1, 2)
    assert pair(figures, "hit10") == (3, 3)
    assert pair(figures, "article_hit") == (3, 3)
    assert figures["right"]["rate"] == 0.5
    assert figures["right"]["low"] < 0.5 < figures["right"]["high"]


def test_latency_leaves_out_the_first_token_of_refusals() -> None:
    figures = report.figures(mixed())
    assert figures["first_token_s"]["median"] == 1.0  # of 1, 1, 3, 1: the refusal's 0 is none
    assert figures["total_s"]["median"] == 2.0  # of 2, 2, 6, 0.5, 2
    assert figures["total_s"]["p90"] == pytest.approx(4.4)
    only = report.figures(run(Scripted({"a?": refusal()}), [case("a")]))
    assert only["first_token_s"] == {"median": None, "p90": None}


def test_the_summary_is_by_split_and_kind_and_lists_errors() -> None:
    whole = report.summary(mixed())
    assert list(whole["splits"]) == ["tune", "report"]
    assert pair(whole["splits"]["tune"], "right") == (1, 1)
    assert pair(whole["splits"]["report"], "right") == (1, 3)
    assert {kind: group["cases"] for kind, group in whole["kinds"].items()} == {
        "single_fact": 3, "list": 1, "near_miss": 2,
    }  # fmt: skip
    assert whole["errors"] == {"d": "ValueError: broken"}
    assert json.loads(json.dumps(whole, allow_nan=False)) == whole


def test_figures_of_nothing_are_unmeasured_and_do_not_divide_by_zero() -> None:
    figures = report.figures([])
    assert figures["right"]["rate"] is None
    assert figures["total_s"]["median"] is None


# How it is shown


def a_report(results: Sequence[Result], **given: Any) -> report.Report:
    return report.Report({"model": "scripted"}, results, report.summary(results), **given)


def test_the_terminal_tables_are_aligned() -> None:
    text = report.text(a_report(mixed()))
    first = text.split("\n\n")[0].splitlines()
    assert first[0].startswith("tune")
    right = next(line for line in first if line.startswith("answerable, right"))
    assert right.split()[-4:] == ["100.0%", "20.7%", "to", "100.0%"]
    assert len({len(line) for line in first[:4]}) == 1
    assert "ValueError: broken" in text
    assert report.text(a_report([])).startswith("all")


def test_markdown_lists_exactly_the_cases_that_went_wrong() -> None:
    text = report.markdown(a_report(mixed()))
    headings = [line for line in text.splitlines() if line.startswith("### ")]
    assert headings == [
        "### c (list, wrong)",
        "### d (single_fact, error)",
        "### f (near_miss, answered_unanswerable)",
    ]
    wrong = text[text.index("### c") : text.index("### d")]
    for line in (
        "- Question: c?",
        "- Expected: Adeeb",
        "- Answer: Talabani did.",
        f"- Quote 1: {QUOTE} (team.md)",
        "- Reason: The answer does not state: Adeeb.",
    ):
        assert line in wrong
    assert "- Reason: ValueError: broken" in text
    assert "- Expected: a refusal" in text
    assert "None." in report.markdown(a_report(run(Scripted({}), [case("a")])))


def test_markdown_of_a_model_or_an_article_stays_text() -> None:
    evil = answer("<img src=x> | **bold**\n# head [link](http://x) `code`", citations=())
    text = report.markdown(a_report(run(Scripted({"a?": evil}), [case("a")])))
    line = next(line for line in text.splitlines() if line.startswith("- Answer"))
    assert line == (r"- Answer: \<img src=x\> \| \*\*bold\*\* \# head \[link\](http://x) \`code\`")


def test_json_has_what_each_verdict_rests_on(tmp_path: Path) -> None:
    files = report.write(a_report(mixed(), note="n"), tmp_path)
    assert [file.name for file in files] == ["report.md", "report.json"]
    data = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    by_id = {record["case"]["id"]: record for record in data["results"]}
    assert by_id["c"]["outcome"] == "wrong"
    assert by_id["c"]["answer"]["citations"][0]["quote"] == QUOTE
    assert by_id["c"]["citations_valid"] == [True]
    assert by_id["c"]["hit"] == {"any": True, "all": True, "article": True}
    assert "passages" not in by_id["c"]["answer"]
    assert (by_id["d"]["outcome"], by_id["d"]["answer"]) == ("error", None)
    assert by_id["d"]["reason"] == "ValueError: broken"
    assert data["note"] == "n"


def test_the_configuration_changes_with_prompts_and_cases(tmp_path: Path) -> None:
    cases, prompts = tmp_path / "cases.jsonl", tmp_path / "prompts"
    prompts.mkdir()
    cases.write_text("one")
    (prompts / "answer.txt").write_text("Answer.")
    (prompts / "notes.md").write_text("not a prompt")

    def now() -> dict[str, Any]:
        return configuration(Scripted({}), Settings(), cases, prompts)

    before = now()
    assert (before["model"], before["index_version"]) == ("scripted", "v1")
    assert before["libraries"]["numpy"][0].isdigit()
    assert json.loads(json.dumps(before)) == before
    (prompts / "notes.md").write_text("changed")
    assert now() == before
    (prompts / "answer.txt").rename(prompts / "reply.txt")
    assert now()["prompts_sha256"] != before["prompts_sha256"]
    cases.write_text("two")
    assert now()["cases_sha256"] != before["cases_sha256"]


# The gate


def test_the_bundled_goals_are_those_agreed_on() -> None:
    assert command.load_thresholds(command.THRESHOLDS, "goal") == {
        "right_min": 0.90,
        "wrong_max": 0.05,
        "refused_rightly_min": 0.90,
        "citation_valid_min": 1.0,
        "right_cited_min": 0.90,
        "hit10_min": 0.95,
        "errors_max": 0,
    }


def test_the_gate_is_no_stricter_than_the_goals_and_bends_no_certainty() -> None:
    goals = command.load_thresholds(command.THRESHOLDS, "goal")
    floors = command.load_thresholds(command.THRESHOLDS)
    for name, goal in goals.items():
        assert floors[name] >= goal if name.endswith("_max") else floors[name] <= goal
    assert (floors["citation_valid_min"], floors["errors_max"]) == (1.0, 0)


def test_the_goals_that_are_missed_are_named_with_their_figures() -> None:
    goals = command.load_thresholds(command.THRESHOLDS, "goal")
    text = report.goals_text(gate(report.figures(mixed()), goals))
    assert text.startswith("Goals not reached: right_min 0.9 (now ")
    assert "citation_valid_min" not in text
    assert report.goals_text([]) == "Every goal is reached."


def test_the_gate_names_what_failed() -> None:
    goals = command.load_thresholds(command.THRESHOLDS, "goal")
    checks = gate(report.figures(mixed()), goals)
    text = report.gate_text(checks)
    assert [check.threshold for check in checks if not check.passed] == [
        "right_min", "wrong_max", "refused_rightly_min", "right_cited_min", "errors_max",
    ]  # fmt: skip
    assert text.splitlines()[-1] == (
        "Below the bar: right_min, wrong_max, refused_rightly_min, right_cited_min, errors_max."
    )
    assert text.count("FAIL") == 5
    assert text.count("PASS") == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[report\n", "cannot be read"),
        ("", "lacks or does not know: citation_valid_min"),
        ("[report]\nright_min = 0.9\ncolour = 1\n", "colour"),
    ],
)
def test_unusable_thresholds_are_refused(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "t.toml"
    file.write_text(content)
    with pytest.raises(ConfigError, match=message):
        command.load_thresholds(file)


def test_a_threshold_has_to_be_a_number(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text(command.THRESHOLDS.read_text().replace("right_min = 0.90", 'right_min = "0.9"'))
    with pytest.raises(ConfigError, match=r"right_min in .* has to be a number, not '0.9'"):
        command.load_thresholds(file, "goal")
    with pytest.raises(ConfigError, match="cannot be read"):
        command.load_thresholds(tmp_path / "none.toml")


# The command


def test_two_corpora_of_one_name_keep_two_reports(tmp_path: Path) -> None:
    bundled = command.report_folder(command.PROJECT / "seeds")
    assert bundled == Path("reports/eval-seeds")
    assert command.report_folder(tmp_path / "seeds") != bundled
    assert command.report_folder(tmp_path / "a" / "seeds") != command.report_folder(
        tmp_path / "seeds"
    )


Launch = Callable[..., int]


@pytest.fixture
def launch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Launch:
    """Run the command on the cases a (report), b (report, no answer), c (tune) in `tmp_path`."""
    records = [
        {"id": "a", "answerable": True, "split": "report"},
        {"id": "b", "answerable": False, "split": "report"},
        {"id": "c", "answerable": True, "split": "tune"},
    ]
    lines = [
        json.dumps(
            record
            | {"question": f"{record['id']}?", "kind": "single_fact", "articles": []}
            | {"expected": [["Adeeb"]] if record["answerable"] else []}
        )
        for record in records
    ]
    (tmp_path / "cases.jsonl").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOOTNOTE_HOME", str(tmp_path / "home"))

    def go(*argv: str, script: Script | None = None, error: BaseException | None = None) -> int:
        assistant = Scripted({"b?": refusal()} | (script or {}))

        def opened(corpus: Path, *, settings: Settings, progress: Any) -> Scripted:
            progress("embed", 1, 2)
            if error:
                raise error
            assert settings.corpus == corpus
            assistant.model = settings.model
            return assistant

        monkeypatch.setattr(command.Assistant, "open", opened)
        code = command.main(["--cases", "cases.jsonl", "--corpus", "articles", *argv])
        assert assistant.warmed or not assistant.asked
        return code

    return go


Captured = pytest.CaptureFixture[str]


def test_a_run_above_the_bar_passes(launch: Launch, tmp_path: Path, capsys: Captured) -> None:
    assert launch() == 0
    out, err = capsys.readouterr()
    assert "Every threshold is met." in out
    assert "2/2 questions, 0 s left" in err
    folder = tmp_path / command.report_folder(tmp_path / "articles")
    assert sorted(file.name for file in folder.iterdir()) == ["report.json", "report.md"]
    data = json.loads((folder / "report.json").read_text())
    assert data["configuration"]["split"] == "report"
    assert data["configuration"]["settings"]["corpus"] == "articles"
    assert {check["threshold"]: check["passed"] for check in data["gate"]} == dict.fromkeys(
        command.NAMES, True
    )


def test_a_run_below_the_bar_fails_and_says_why(launch: Launch, capsys: Captured) -> None:
    assert launch(script={"b?": answer()}) == 1
    assert "Below the bar: refused_rightly_min." in capsys.readouterr().out


def test_one_crash_fails_the_gate(launch: Launch, capsys: Captured) -> None:
    assert launch("--split", "tune", script={"c?": OSError("disk")}) == 1
    out = capsys.readouterr().out
    assert "c: OSError: disk" in out
    assert "errors_max" in out.splitlines()[-3]


def test_no_gate_reports_and_passes(launch: Launch, capsys: Captured) -> None:
    assert launch("--no-gate", script={"b?": answer()}) == 0
    out = capsys.readouterr().out
    assert "The gate is skipped (--no-gate)." in out
    assert "FAIL" not in out


def test_limit_asks_the_first_cases_and_says_that_the_gate_is_skipped(
    launch: Launch, capsys: Captured
) -> None:
    assert launch("--limit", "1", "--split", "all", script={"a?": answer("No idea.")}) == 0
    out, err = capsys.readouterr()
    assert "Asked only 1 of the cases (--limit): the gate is skipped." in out
    assert "1/1 questions" in err


@pytest.mark.parametrize(("split", "asked"), [("report", "2/2"), ("tune", "1/1"), ("all", "3/3")])
def test_the_split_chooses_the_cases(
    launch: Launch, capsys: Captured, split: str, asked: str
) -> None:
    assert launch("--split", split) == 0
    assert f"{asked} questions" in capsys.readouterr().err


def test_model_out_and_verbose(launch: Launch, tmp_path: Path, capsys: Captured) -> None:
    assert launch("--model", "other", "--out", "here/now", "--verbose") == 0
    data = json.loads((tmp_path / "here" / "now" / "report.json").read_text())
    assert data["configuration"]["model"] == "other"
    out = capsys.readouterr().out
    assert "right                  a: The answer states: Adeeb." in out
    assert "refused_rightly        b: " in out


def test_ctrl_c_reports_what_there_is(launch: Launch, tmp_path: Path, capsys: Captured) -> None:
    assert launch(script={"b?": KeyboardInterrupt()}) == 130
    assert "Interrupted after 1 of 2 cases: the gate is skipped." in capsys.readouterr().out
    assert (tmp_path / command.report_folder(tmp_path / "articles") / "report.json").is_file()


def test_ctrl_c_before_any_answer_writes_no_report(
    launch: Launch, tmp_path: Path, capsys: Captured
) -> None:
    assert launch(script={"a?": KeyboardInterrupt()}) == 130
    assert launch(error=KeyboardInterrupt()) == 130
    assert "before the first question" in capsys.readouterr().err
    assert list((tmp_path / command.report_folder(tmp_path / "articles")).iterdir()) == []


def test_what_cannot_be_used_exits_with_2_and_a_message(
    launch: Launch, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "taken").write_text("a file")
    no_tune = (tmp_path / "cases.jsonl").read_text().splitlines()[0]
    (tmp_path / "one.jsonl").write_text(no_tune)
    for argv, error, message in [
        (["--cases", "none.jsonl"], None, "There is no case file none.jsonl."),
        (["--cases", "one.jsonl", "--split", "tune"], None, "has no cases of the split tune"),
        (["--out", "taken"], None, "cannot be written to taken"),
        (
            ["--corpus", "typo"],
            CorpusError("There is no folder articles."),
            "There is no folder articles.",
        ),
    ]:
        assert launch(*argv, error=error) == 2
        out, err = capsys.readouterr()
        assert message in err
        assert "Traceback" not in err
        assert out == ""
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    "argv", [["--limit", "0"], ["--limit", "x"], ["--split", "dev"], ["--nope"]]
)
def test_unknown_options_are_usage_errors(argv: list[str], capsys: Captured) -> None:
    with pytest.raises(SystemExit) as caught:
        command.main(argv)
    assert caught.value.code == 2
    assert "usage: footnote eval" in capsys.readouterr().err


def test_a_terminal_gets_one_line_that_is_rewritten(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    ticker = command.Ticker(verbose=False)
    ticker.stage("embed", 3, 4)
    ticker.case(Result(case("a"), seconds=60.0), 1, 3)
    ticker.clear()
    err = capsys.readouterr().err
    assert "\n" not in err
    assert "\r\x1b[Kembed 3/4" in err
    assert "1/3 questions, 2 min 00 s left" in err
    assert err.endswith("\r\x1b[K")


def test_a_log_gets_ten_lines_at_most(capsys: Captured) -> None:
    ticker = command.Ticker(verbose=False)
    for done in range(1, 85):
        ticker.case(Result(case("a")), done, 84)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[-1].startswith("84/84 questions")


def test_the_assistant_offers_what_an_evaluation_asks_for() -> None:
    for name in ("open", "warm", "ask", "articles", "evidence_sentences"):
        assert callable(getattr(rag.Assistant, name))
