"""The speed benchmark's own sums, and the child process that LlamaIndex runs in, scripted."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import fromstring

import llama_cpp
import pytest

from benchmarks import speed, speed_figures
from benchmarks.pipelines import (
    COLD,
    FLOOR,
    LLAMAINDEX,
    PLAIN,
    WARM,
    LlamaIndex,
    _copy_llama,
    as_answer,
)
from benchmarks.speed_figures import Measured, Row
from benchmarks.speed_plot import plot
from eval.dataset import Case
from rag import Answer
from rag.errors import ConfigError
from rag.types import Citation, Timings, Turn

SVG = "{http://www.w3.org/2000/svg}"
CASE = Case("led", "Who led it?", "single_fact", "report", True, (("Adeeb",),), ("a.txt",))


def took(seconds: float, outcome: str | None = "right", tokens: int = 10) -> Measured:
    return Measured(seconds, seconds / 2, 100, tokens, outcome)  # type: ignore[arg-type]


def row(case: str, **seconds: float) -> Row:
    return Row(case, {name: took(value) for name, value in seconds.items()})


ROWS = [
    row("a", **{WARM: 1.0, COLD: 2.0, PLAIN: 4.0, FLOOR: 0.5}),
    row("b", **{WARM: 2.0, COLD: 2.0, PLAIN: 6.0, FLOOR: 0.0}),
    row("c", **{WARM: 1.0, COLD: 3.0, PLAIN: 9.0, FLOOR: 0.25}),
]


def test_a_ratio_is_the_median_of_the_questions_ratios_within_its_interval() -> None:
    found = speed_figures.ratio(ROWS, PLAIN, WARM, "total_s")
    assert (found["median"], found["rows"]) == (4.0, 3)
    assert 3.0 <= found["low"] <= 4.0 <= found["high"] <= 9.0


def test_what_took_no_time_is_left_out_of_a_ratio() -> None:
    assert speed_figures.ratio(ROWS, WARM, FLOOR, "total_s")["rows"] == 2
    assert speed_figures.ratio(ROWS[1:2], WARM, FLOOR, "total_s") == {"rows": 0}


def test_what_was_refused_is_in_no_ratio_of_what_both_answered() -> None:
    refused = Row("d", {**ROWS[0].measured, PLAIN: took(40.0, "refused_wrongly")})
    ratios = speed_figures.summary([*ROWS, refused])["ratios"]
    assert ratios[f"{PLAIN} / {WARM}"]["total_s"]["rows"] == 4
    assert ratios[f"{PLAIN} / {WARM}, both answered"]["total_s"]["rows"] == 3
    assert not any(LLAMAINDEX in label for label in ratios), "it took no part"


def test_the_table_has_a_column_for_each_that_took_part() -> None:
    table = speed_figures.text(speed_figures.summary(ROWS))
    head, _, total, *_ = table.splitlines()
    assert head.count("|") == total.count("|") == 6
    assert "| 1.00 (1.00 to 1.80) |" in total
    assert "| refused rightly | 0 | 0 | 0 |  |" in table
    assert f"| {PLAIN} / {WARM} | 4.00 (3.00 to 9.00; 3) |" in table


def test_the_drawing_has_a_bar_for_each_that_took_part() -> None:
    drawing = fromstring(plot(speed_figures.summary(ROWS)))
    bars = {
        kind: [float(each.get("width", "")) for each in drawing.iter(f"{SVG}rect")
               if each.get("class") == kind]
        for kind in ("whole", "first")
    }  # fmt: skip
    assert len(bars["whole"]) == 4
    warm, cold, plain, floor = bars["whole"]
    assert [x / warm for x in (cold, plain, floor)] == pytest.approx([2.0, 6.0, 0.25], rel=0.01)
    assert bars["first"] == pytest.approx([warm / 2, cold / 2, plain / 2], abs=0.1)
    told = [each.text for each in drawing.iter(f"{SVG}text")]
    assert {"plain pipeline", "1.00", "6.00", "the answer's tokens alone"} <= set(told)
    ends = [float(each.get("x2", "")) for each in drawing.iter(f"{SVG}line")]
    assert max(ends) <= 720


def test_a_ratio_a_quarter_worse_than_the_baseline_is_a_regression() -> None:
    now = speed_figures.guarded(ROWS)
    assert now == {f"{WARM} / {FLOOR}": 3.0, f"{WARM} / {PLAIN}": 0.25, f"{COLD} / {PLAIN}": 0.333}
    assert speed_figures.slower(now, now) == []
    assert speed_figures.slower(now, {f"{WARM} / {FLOOR}": 2.5, f"{WARM} / {PLAIN}": 0.19}) == [
        f"{WARM} / {PLAIN}: 0.25, was 0.19"
    ]


def test_an_answer_is_measured_to_its_end_and_with_what_it_rests_on() -> None:
    def answering() -> Iterator[str | Answer]:
        yield " "
        yield "Adeeb led it [1]."
        citation = Citation(1, 0, 5, "a.txt", "", "", "", "Adeeb led.", 0, 10, 1.0)
        timings = Timings(prompt_tokens=7, answer_tokens=3)
        yield Answer("", "", "Adeeb [1].", False, "", 1.0, (citation,), (), timings=timings)

    found = speed.measure(CASE, answering())
    assert (found.outcome, found.cites, found.cites_facts) == ("right", True, True)
    assert (found.prompt_tokens, found.answer_tokens, found.text) == (7, 3, "Adeeb [1].")
    assert 0 < found.first_token_s <= found.total_s


def test_a_footnote_is_valid_where_an_article_has_its_words() -> None:
    texts = [speed.spaced("It rained. Adeeb\nled it. It stopped.")]

    def counted(text: str, *sources: str) -> tuple[int, int]:
        found = speed.measure(CASE, iter([as_answer(CASE, text, sources, Timings())]), texts)
        return found.named, found.valid

    assert counted("Adeeb [1] [2].", "Adeeb led it.", "It stopped.") == (2, 2)
    assert counted("Adeeb [1, 7].", "Adeeb led it.") == (2, 1)  # there is no seventh source
    assert counted("Adeeb [1].", "Adeeb did lead it.") == (1, 0)
    assert counted("Adeeb.", "Adeeb led it.") == (0, 0)


def test_another_s_markers_cite_the_sources_that_there_are() -> None:
    answer = as_answer(CASE, "Adeeb [2] [7].", ["One.", "Adeeb led."], Timings())
    assert [citation.quote for citation in answer.citations] == ["Adeeb led."]
    assert not answer.abstained
    assert len(as_answer(CASE, "Adeeb [1, 2].", ["One.", "Adeeb led."], Timings()).citations) == 2


@pytest.mark.parametrize(
    "text", ["The passages do not say.", "None of the provided sources mention that."]
)
def test_another_s_refusal_is_taken_for_one(text: str) -> None:
    assert as_answer(CASE, text, ["One."], Timings()).abstained


# Stands in for the Python of LlamaIndex's environment; it runs this, whatever it is given.
CHILD = """#!{python}
import json, sys
given = json.loads(sys.argv[2])
print("a line of some library")
print(json.dumps({{"ready": True}}), flush=True)
for line in sys.stdin:
    question = json.loads(line)["question"]
    for piece in (question, " ", str(given["threads"] > 0), " [1]"):
        print(json.dumps({{"piece": piece}}), flush=True)
    print(json.dumps({{"end": True, "sources": ["Adeeb led."]}}), flush=True)
"""


def child(folder: Path, script: str) -> Path:
    file = folder / "python"
    file.write_text(script.format(python=sys.executable), encoding="utf-8")
    file.chmod(0o755)
    return file


OPTIONS = {"model": Path("m.gguf"), "embedder": Path("e"), "threads": 0}


@pytest.mark.skipif(os.name == "nt", reason="a script that names its interpreter")
def test_llamaindex_is_asked_in_a_process_of_its_own(tmp_path: Path) -> None:
    history = (Turn("Who went?", "Adeeb went."),)
    case = Case("f", "Why?", "follow_up", "report", True, (("Adeeb",),), ("a.txt",), history)
    other = LlamaIndex(child(tmp_path, CHILD), [], OPTIONS)
    *pieces, answer = other.answer(case)
    other.close()
    assert pieces == ["Who went?\nAdeeb went.\nWhy?", " ", "True", " [1]"]
    assert isinstance(answer, Answer)
    assert [citation.quote for citation in answer.citations] == ["Adeeb led."]


def test_llamaindex_runs_with_the_same_llama_cpp(tmp_path: Path) -> None:
    _copy_llama(tmp_path)
    here = Path(llama_cpp.__file__).parent
    libraries = [file.name for file in (here / "lib").iterdir() if file.is_file()]
    assert any("llama" in name for name in libraries)
    for name in ("__init__.py", *(f"lib/{name}" for name in libraries)):
        copied = tmp_path / "llama_cpp" / name
        assert copied.read_bytes() == (here / name).read_bytes()
    assert [*tmp_path.glob("llama_cpp_python-*.dist-info/METADATA")]  # so that pip leaves it alone


def test_a_llamaindex_that_does_not_come_up_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="LlamaIndex has ended"):
        LlamaIndex(child(tmp_path, "#!{python}\nraise SystemExit(1)\n"), [], OPTIONS)


def test_a_split_without_cases_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "cases.jsonl"
    case = {"id": "a", "question": "Who?", "kind": "single_fact", "split": "tune",
            "answerable": True, "expected": [["Adeeb"]], "articles": ["a.txt"]}  # fmt: skip
    file.write_text(json.dumps(case) + "\n", encoding="utf-8")
    assert speed.main(["--cases", str(file), "--split", "report"]) == 2
    assert "has no cases of the split report" in capsys.readouterr().err


@pytest.mark.parametrize("stored", [None, "{", "[]", '{"ratios": {"a": 1.0}}'])
def test_a_baseline_that_cannot_be_used_is_told_before_anything_is_asked(
    stored: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    file = tmp_path / "baseline.json"
    if stored is not None:
        file.write_text(stored, encoding="utf-8")
    monkeypatch.setattr(speed, "BASELINE", file)
    monkeypatch.setenv("FOOTNOTE_HOME", str(tmp_path))
    assert speed.main(["--check"]) == 2
    assert "baseline" in capsys.readouterr().err


class CountingFloor:
    """Writes as many dots."""

    def write(self, tokens: int) -> Iterator[str]:
        yield from "." * tokens


def test_to_write_nothing_takes_no_time() -> None:
    floor = CountingFloor()
    assert speed.at_least(floor, 0) == Measured(0.0, 0.0, 0, 0)  # type: ignore[arg-type]
    assert speed.at_least(floor, 3).total_s > 0  # type: ignore[arg-type]
