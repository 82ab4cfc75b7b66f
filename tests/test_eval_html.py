"""The HTML report, its plots and the numbers behind them, and JUnit XML."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from eval_fakes import QUOTE, TEXT, Scripted, a_document, answer, case, mixed, refusal

from eval.__main__ import main
from eval.compare import compare
from eval.gate import Check
from eval.outcomes import run_of
from eval.report import curves, plots
from eval.report.document import result_record
from eval.report.files import write
from eval.report.html import highlight, html
from eval.report.junit import junit
from eval.runner import run
from rag.types import Passage

Captured = pytest.CaptureFixture[str]
EVIL = "<script>alert(1)</script> <img src=http://x.example/a.png> \"'&"


class Page(HTMLParser):
    """Every tag with its attributes; whether they nest."""

    VOID = ("meta", "circle", "line", "rect", "polyline")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def full_document() -> dict[str, Any]:
    before = a_document(run(Scripted({"e?": refusal()}), [result.case for result in mixed()]))
    was = run_of("before", "m", before["results"])
    now = run_of("after", "m", a_document(mixed())["results"])
    checks = [Check("right_min", 0.9, 0.5, 0.1, 0.8)]
    return a_document(mixed(), checks=checks, goals=checks, comparison=compare(was, now))


def test_the_page_is_whole_and_asks_for_nothing() -> None:
    text = html(full_document())
    page = Page(text)
    assert "http:" not in text
    assert "https:" not in text
    assert "url(" not in text
    assert "@import" not in text
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    fetching = {"src", "href", "srcset", "data", "action", "xlink:href"}
    assert not [attrs for _, attrs in page.tags if fetching & attrs.keys()]
    assert any("default-src 'none'" in (attrs.get("content") or "") for _, attrs in page.tags)
    assert "prefers-color-scheme: dark" in text


def test_every_plot_is_there_and_named() -> None:
    page = Page(html(full_document()))
    labels = [attrs["aria-label"] for tag, attrs in page.tags if tag == "svg"]
    assert labels == [
        "Change of each figure against the baseline",
        "Accuracy over coverage",
        "Reliability of the confidence",
        "Latency",
        "Recall of the search",
        "Share of cases that went well, by kind",
    ]


def test_failing_cases_can_be_opened_and_hold_the_evidence() -> None:
    text = html(full_document())
    opened = text[text.index("Cases that went wrong") :]
    for told in ("c?", "Talabani did.", "Adeeb", "The answer does not state: Adeeb.", "broken"):
        assert told in opened
    assert f"<mark>{QUOTE}<sup>1</sup></mark> It went to Qom in March." in opened
    assert opened.count("<details>") == 4 + 2  # the cases that went well, the configuration
    assert '<span class="tag">quotes lack a fact</span> b?' in opened


def test_what_an_article_a_model_or_a_case_says_stays_text() -> None:
    passage = Passage(EVIL, "team.md", EVIL, EVIL, EVIL, 0, len(EVIL))
    evil = answer(EVIL, passages=(passage,), reason=EVIL)
    hostile = case("a", expected=((EVIL,),), note=EVIL)
    results = run(Scripted({"a?": evil, f"{EVIL}?": ValueError(EVIL)}),
                  [hostile, case(EVIL)])  # fmt: skip
    data = a_document(results, note=EVIL)
    data["configuration"]["model"] = EVIL
    page = Page(html(data))
    assert not {tag for tag, _ in page.tags} & {"script", "img"}
    assert "&lt;script&gt;" in html(data)


@pytest.mark.parametrize("results", [[], run(Scripted({"a?": ValueError()}), [case("a")])])
def test_a_run_without_answers_is_shown_too(results: list[Any]) -> None:
    data = a_document(results)
    Page(html(data))
    ElementTree.fromstring(junit(data))


def test_quotes_are_marked_where_they_stand_in_the_passage() -> None:
    quotes = [{"start": 12, "end": 15, "number": 1}, {"start": 14, "end": 40, "number": 2}]
    assert highlight("abcdefgh", 10, quotes) == [
        ("ab", ()), ("cd", (1,)), ("e", (1, 2)), ("fgh", (2,)),
    ]  # fmt: skip
    assert highlight(TEXT, 0, []) == [(TEXT, ())]
    assert highlight("abc", 50, quotes) == [("abc", ())]


# The numbers behind the plots


def records(*confidences: tuple[float, bool], refused: int = 0) -> list[dict[str, Any]]:
    script = {f"c{n}?": answer("Adeeb." if good else "No.", confidence=confidence)
              for n, (confidence, good) in enumerate(confidences)}  # fmt: skip
    script |= {f"r{n}?": refusal() for n in range(refused)}
    cases = [case(name.rstrip("?")) for name in script]
    found: list[dict[str, Any]] = a_document(run(Scripted({**script}), cases))["results"]
    return found


def test_coverage_refuses_the_least_sure_first_and_ties_together() -> None:
    found = curves.coverage(records((0.9, True), (0.6, False), (0.6, True), (0.8, False),
                                    refused=4))  # fmt: skip
    assert found == [(1 / 8, 1.0), (2 / 8, 0.5), (4 / 8, 0.5)]
    assert curves.coverage(records(refused=2)) == []


def test_reliability_bins_by_confidence() -> None:
    found = curves.reliability(records((0.55, True), (0.57, False), (0.9, True), (1.0, True)))
    assert [(b.right.label, b.right.k, b.right.n) for b in found] == [
        ("0.5 to 0.6", 1, 2), ("0.8 to 0.9", 1, 1), ("0.9 to 1.0", 1, 1),
    ]  # fmt: skip
    assert found[0].confidence == pytest.approx(0.56)


def test_latencies_leave_out_the_cache() -> None:
    results = run(Scripted({}), [case("a"), case("b")])
    cached = [results[0], replace(results[1], cached=True)]
    assert curves.latencies(a_document(cached)["results"]) == [2.0]


def test_recall_counts_facts_by_the_place_where_they_are_found() -> None:
    assistant = Scripted({}, sentences=["Nothing.", "Adeeb came.", "On Friday."])
    facts = (("Adeeb",), ("Friday",), ("Basra",))
    found = curves.recall(a_document(run(assistant, [case("a", expected=facts)]))["results"])
    assert [share for _, share in found[:4]] == pytest.approx([0, 1 / 3, 2 / 3, 2 / 3])
    assert [k for k, _ in found] == list(range(1, 11))
    assert curves.recall(records(refused=0)) == []


def test_a_case_counts_under_each_of_its_tags() -> None:
    found = records((0.9, True), (0.9, False))
    found[0]["case"]["tags"], found[1]["case"]["tags"] = (
        ["dates"],
        ["dates", "a very long name of a tag"],
    )
    shares = curves.tags(found)
    assert [(share.label, share.k, share.n) for share in shares] == [
        ("dates", 1, 2), ("a very long name of a tag", 0, 1),
    ]  # fmt: skip
    assert ">a very long name…</text>" in plots.share_plot("tag", shares)


def test_a_bar_by_itself_is_as_long_as_its_share() -> None:
    page = Page(plots.bar_plot(curves.Share("right <b>", 1, 4), "alarm"))
    track, bar = [attrs for tag, attrs in page.tags if tag == "rect"]
    assert (track["class"], bar["class"]) == ("track", "alarm")
    assert float(bar["width"] or 0) == float(track["width"] or 0) / 4
    (interval,) = [attrs for tag, attrs in page.tags if tag == "line"]
    assert float(interval["x1"] or 0) < float(bar["width"] or 0) < float(interval["x2"] or 0)
    assert "b" not in {tag for tag, _ in page.tags}


@pytest.mark.parametrize(
    ("rough", "step"), [(0, 1), (0.03, 0.05), (1, 1), (1.01, 2), (4, 5), (7, 10), (120, 200)]
)
def test_steps_of_an_axis_are_round(rough: float, step: float) -> None:
    assert plots.nice_step(rough) == pytest.approx(step)


@pytest.mark.parametrize("seconds", [[0.0], [0.4], [1.0, 2.0], [5.0] * 3 + [61.2], [0.001, 3600]])
def test_a_histogram_holds_every_value_inside_its_frame(seconds: list[float]) -> None:
    drawn = str(plots.latency_plot(seconds))
    counts = [int(told) for told in re.findall(r": (\d+)</title>", drawn)]
    assert sum(counts) == len(seconds)
    for x, y, width, height in re.findall(
        r'<rect class="mark" x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)">', drawn
    ):
        assert float(width) > 0
        assert float(x) >= 0
        assert float(x) + float(width) <= 400
        assert 0 <= float(y) <= float(y) + float(height) <= 250


def test_a_frame_puts_values_where_they_belong() -> None:
    frame = plots.Frame((0, 1), (0, 1), "x", "y")
    assert (frame.x(0), frame.y(0)) == (frame.left, 250 - frame.bottom)
    assert (frame.x(1), frame.y(1)) == (400 - frame.right, frame.top)
    assert frame.x(0) < frame.x(0.5) < frame.x(1)


# JUnit


def test_junit_tells_failures_from_crashes() -> None:
    root = ElementTree.fromstring(junit(full_document()))
    cases, gate = root.findall("testsuite")
    assert (cases.get("tests"), cases.get("failures"), cases.get("errors")) == ("6", "2", "1")
    (crash,) = cases.findall("testcase/error")
    assert (crash.get("type"), crash.get("message")) == ("error", "ValueError: broken")
    failure = cases.find("testcase[@name='c']/failure")
    assert failure is not None
    assert failure.get("message") == "The answer does not state: Adeeb."
    assert "Answer: Talabani did." in (failure.text or "")
    assert [test.get("name") for test in gate] == ["right_min", "no regression"]
    assert gate.get("failures") == "1"


def test_junit_skips_what_failed_in_the_baseline_too() -> None:
    was = mixed()
    before = run_of("then", "m", [result_record(result) for result in was])
    now = [replace(was[0], verdict=was[2].verdict), *was[1:]]  # a is wrong now, c is as it was
    after = run_of("now", "m", [result_record(result) for result in now])
    root = ElementTree.fromstring(junit(a_document(now, comparison=compare(before, after))))
    cases = root.findall("testsuite")[0]
    skipped = [test.get("name") for test in cases if test.find("skipped") is not None]
    assert skipped == ["b", "c", "d", "f"]
    assert [test.get("name") for test in cases if test.find("failure") is not None] == ["a"]
    assert (cases.get("skipped"), cases.get("failures"), cases.get("errors")) == ("4", "1", "0")
    note = cases.find("testcase[@name='c']/skipped")
    assert note is not None
    assert note.get("message") == "as in the baseline: wrong"


def test_an_invalid_citation_is_never_known() -> None:
    off = replace(mixed()[2], citations_valid=(False,))
    run = run_of("then", "m", [result_record(off)])
    data = a_document([off], comparison=compare(run, run))
    failure = ElementTree.fromstring(junit(data)).find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.get("type") == "wrong, citation invalid"


def test_junit_holds_text_that_xml_cannot() -> None:
    odd = answer("\x00\x1b[31m <b> & ]]> \ud800 é", citations=())
    text = junit(a_document(run(Scripted({"a?": odd}), [case("a", expected=(("no",),))])))
    root = ElementTree.fromstring(text.encode("utf-8"))
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert "\ufffd\ufffd[31m <b> & ]]> \ufffd é" in (failure.text or "")


# A stored report


def test_a_stored_report_is_shown_again_as_it_was(tmp_path: Path, capsys: Captured) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    files = write(full_document(), old)
    assert main(["report", str(old), "--out", str(new)]) == 0
    assert "answerable, right" in capsys.readouterr().out
    for file in files:
        assert (new / file.name).read_bytes() == file.read_bytes()
    (old / "report.html").unlink()
    assert main(["report", str(old / "report.json")]) == 0
    assert (old / "report.html").exists()


@pytest.mark.parametrize("change", [{"format": 1}, {"summary": {}}, {"results": [{}]}])
def test_another_report_is_refused(
    tmp_path: Path, capsys: Captured, change: dict[str, Any]
) -> None:
    file = tmp_path / "report.json"
    file.write_text(json.dumps(full_document() | change))
    assert main(["report", str(file)]) == 2
    assert "Run the evaluation again" in capsys.readouterr().err
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]
