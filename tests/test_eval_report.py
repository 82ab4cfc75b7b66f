"""The figures of a run and the report in its forms."""

import json
import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from eval_fakes import QUOTE, TEXT, Scripted, a_document, answer, case, mixed, refusal

from eval.configuration import INDIFFERENT, configuration, program_sha256
from eval.report.figures import figures as figures_of
from eval.report.figures import summary
from eval.report.files import write
from eval.report.html import html
from eval.report.markdown import markdown
from eval.report.rows import coverage_rows, stage_rows
from eval.report.text import text
from eval.runner import run
from rag.settings import Settings
from rag.types import Timings


def pair(figures: dict[str, Any], name: str) -> tuple[int, int]:
    return figures[name]["count"], figures[name]["of"]


def test_figures_count_what_they_say() -> None:
    figures = figures_of(mixed())
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


def test_answers_and_citations_have_means_with_intervals_in_every_form() -> None:
    results = mixed()
    found = figures_of(results)["scores"]
    # "Adeeb led it." against "Adeeb", twice; "Talabani did." against it; the crash is none.
    assert found["token_f1"]["of"] == 3
    assert found["token_f1"]["estimate"] == pytest.approx((0.5 + 0.5 + 0) / 3)
    assert found["exact_match"]["estimate"] == 0
    # Of four answers one is without a quote, one with a quote of something else, and one says
    # of Talabani what the quote says of Adeeb.
    assert found["citation_recall"]["of"] == 4
    assert found["citation_recall"]["estimate"] == 0.25
    assert found["faithfulness"]["estimate"] == 0.25
    assert found["faithfulness"]["low"] < 0.25 < found["faithfulness"]["high"]
    data = a_document(results)
    for form in (text(data), markdown(data), html(data)):
        assert "faithfulness" in form
        assert "citation precision" in form
    assert [record["scores"] is None for record in data["results"]].count(True) == 1
    assert all(record["reason"] for record in data["results"])


def test_latency_leaves_out_the_first_token_of_refusals() -> None:
    figures = figures_of(mixed())
    assert figures["first_token_s"]["median"] == 1.0  # of 1, 1, 3, 1: the refusal's 0 is none
    assert figures["total_s"]["median"] == 2.0  # of 2, 2, 6, 0.5, 2
    assert figures["total_s"]["p90"] == pytest.approx(4.4)
    only = figures_of(run(Scripted({"a?": refusal()}), [case("a")]))
    assert set(only["first_token_s"].values()) == {None}


def test_the_seconds_are_told_by_stage() -> None:
    timings = Timings(
        0.5, 1.0, generate_s=2.0, cite_s=0.25, total_s=4.0, rewrite_s=0.2, read_s=0.05
    )
    results = run(Scripted({}), [case("a"), case("b"), case("c")])
    assert results[0].answer is not None
    fresh = [replace(r, answer=replace(results[0].answer, timings=timings)) for r in results]
    counted = figures_of([fresh[0], fresh[1], replace(fresh[2], cached=True)])
    assert counted["stages"] == {
        "rewrite_s": 0.4,
        "retrieve_s": 1,
        "judge_s": 2,
        "read_s": 0.1,
        "generate_s": 4,
        "cite_s": 0.5,
    }
    assert counted["seconds"] == 8
    assert ["writing", "4.0", "50%"] in stage_rows(counted)


def test_the_summary_is_by_split_and_kind_and_lists_errors() -> None:
    whole = summary(mixed())
    assert list(whole["splits"]) == ["tune", "report"]
    assert pair(whole["splits"]["tune"], "right") == (1, 1)
    assert pair(whole["splits"]["report"], "right") == (1, 3)
    assert {kind: group["cases"] for kind, group in whole["kinds"].items()} == {
        "single_fact": 3, "list": 1, "near_miss": 2,
    }  # fmt: skip
    assert whole["errors"] == {"d": "ValueError: broken"}
    assert json.loads(json.dumps(whole, allow_nan=False)) == whole


def test_figures_of_nothing_are_unmeasured_and_do_not_divide_by_zero() -> None:
    figures = figures_of([])
    assert figures["right"]["rate"] is None
    assert figures["total_s"]["median"] is None


# How it is shown


def test_the_terminal_tables_are_aligned() -> None:
    shown = text(a_document(mixed()))
    first = shown.split("\n\n")[0].splitlines()
    assert first[0].startswith("tune")
    right = next(line for line in first if line.startswith("answerable, right"))
    assert right.split()[-4:] == ["100.0%", "20.7%", "to", "100.0%"]
    assert len({len(line) for line in first[:4]}) == 1
    assert "ValueError: broken" in shown
    assert text(a_document([])).startswith("all")


def test_markdown_lists_exactly_the_cases_that_went_wrong() -> None:
    shown = markdown(a_document(mixed()))
    headings = [line for line in shown.splitlines() if line.startswith("### ")]
    assert headings == [
        r"### b (single\_fact, quotes lack a fact)",
        "### c (list, wrong)",
        r"### d (single\_fact, error)",
        r"### f (near\_miss, answered unanswerable)",
    ]
    wrong = shown[shown.index("### c") : shown.index("### d")]
    for line in (
        "- Question: c?",
        "- Expected: Adeeb",
        "- Answer: Talabani did.",
        f"- Quote 1: {QUOTE} (team.md)",
        "- Reason: The answer does not state: Adeeb.",
    ):
        assert line in wrong
    assert "- Reason: ValueError: broken" in shown
    assert "- Expected: a refusal" in shown
    assert "None." in markdown(a_document(run(Scripted({}), [case("a")])))


def test_markdown_fits_the_summary_of_a_job() -> None:
    many = mixed()[2:3] * 203
    shown = markdown(a_document(many))
    assert shown.count("### c (list, wrong)") == 200
    assert "And 3 more, which are in report.html." in shown


def test_facts_are_ranked_and_the_confidence_is_held_to_what_was_right() -> None:
    whole = figures_of(mixed())
    assert whole["scores"]["mrr10"]["estimate"] == 1.0
    assert whole["scores"]["facts10"]["of"] == 3  # of the answerable ones, less the crash
    assert whole["confidence"] == {"answers": 4, "auroc": 0.5, "ece": pytest.approx(0.4)}
    late = [replace(r, fact_ranks=(4, None)) if r.hit else r for r in mixed()]
    ranked = figures_of(late)["scores"]
    assert ranked["mrr10"]["estimate"] == 0.25
    assert ranked["facts10"]["estimate"] == 0.5
    assert ranked["ndcg10"]["estimate"] == pytest.approx(
        (1 / math.log2(5)) / (1 + 1 / math.log2(3))
    )


def test_figures_are_by_tag_too() -> None:
    tagged = [replace(r, case=replace(r.case, tags=("odd",) if n % 2 else ("even", "all")))
              for n, r in enumerate(mixed())]  # fmt: skip
    groups = summary(tagged)["tags"]
    assert {tag: group["cases"] for tag, group in groups.items()} == {"all": 3, "even": 3, "odd": 3}
    shown = text(a_document(tagged))
    assert next(line for line in shown.splitlines() if line.startswith("odd")).split()[1:3] == [
        "3",
        "1",
    ]
    assert "## By tag" in markdown(a_document(tagged))
    assert "## By tag" not in markdown(a_document(mixed()))


def test_markdown_of_a_model_or_an_article_stays_text() -> None:
    evil = answer("<img src=x> | **bold**\n# head [link](http://x) `code`", citations=())
    shown = markdown(a_document(run(Scripted({"a?": evil}), [case("a")])))
    line = next(line for line in shown.splitlines() if line.startswith("- Answer"))
    assert line == (r"- Answer: \<img src=x\> \| \*\*bold\*\* \# head \[link\](http://x) \`code\`")


def test_json_has_what_each_verdict_rests_on(tmp_path: Path) -> None:
    files = write(a_document(mixed(), note="n"), tmp_path)
    assert [file.name for file in files] == [
        "report.html", "report.md", "junit.xml", "report.json",
    ]  # fmt: skip
    data = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    by_id = {record["case"]["id"]: record for record in data["results"]}
    assert by_id["c"]["outcome"] == "wrong"
    assert by_id["c"]["answer"]["citations"][0]["quote"] == QUOTE
    assert by_id["c"]["citations_valid"] == [True]
    assert by_id["c"]["hit"] == {"any": True, "all": True, "article": True}
    # The evidence is kept of what went wrong alone.
    assert by_id["c"]["answer"]["passages"][0]["text"] == TEXT
    assert not {"passages", "judge_prompt", "answer_prompt"} & set(by_id["a"]["answer"])
    assert {"judge_prompt", "answer_prompt"} <= set(by_id["c"]["answer"])
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


def test_what_shows_answers_is_no_part_of_the_program_that_makes_them(tmp_path: Path) -> None:
    for name in ("rag/judge.py", "rag/page/render.py", "rag/server/api.py", "index/store.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    before = program_sha256(tmp_path)
    (tmp_path / "rag" / "page" / "render.py").write_text("2")
    (tmp_path / "rag" / "server" / "new.py").write_text("2")
    assert program_sha256(tmp_path) == before
    for name in ("rag/judge.py", "index/store.py", "rag/adapter.safetensors"):
        (tmp_path / name).write_text("2")
        assert program_sha256(tmp_path) != before
        before = program_sha256(tmp_path)


def test_what_would_be_answered_from_more_confidence_on() -> None:
    script = {
        "a?": answer(confidence=0.95),
        "b?": answer("Talabani did.", confidence=0.8),
        "c?": answer(confidence=0.75),
        "d?": replace(refusal(), confidence=0.95),
        "e?": ValueError("broken"),
    }
    cases = [case("a"), case("b"), *(case(name, answerable=False) for name in "cde")]
    rows = coverage_rows(a_document(run(Scripted(script), cases))["results"])
    assert [[cell.split(",")[0] for cell in row] for row in rows[1:]] == [
        ["any", "3/5 (60%", "1/3 (33%", "1/3 (33%"],
        ["0.6", "3/5 (60%", "1/3 (33%", "1/3 (33%"],
        ["0.7", "3/5 (60%", "1/3 (33%", "1/3 (33%"],
        ["0.8", "2/5 (40%", "1/2 (50%", "2/3 (67%"],
        ["0.9", "1/5 (20%", "1/1 (100%", "2/3 (67%"],
    ]
    assert rows[1][2] == "1/3 (33%, 6% to 79%)"
    assert coverage_rows([])[1] == ["any", "-", "-", "-"]


def test_every_setting_is_known_to_matter_for_answers_or_not_to() -> None:
    matter = {
        "adapter", "answer_tokens", "auth", "context_tokens", "disagreement", "embedder",
        "evidence_sentences", "evidence_windows", "min_support", "model", "passage_chars",
        "prompt_lookup", "question_chars", "reranker", "strictness", "threads",
    }  # fmt: skip
    assert {field.name for field in fields(Settings)} == matter | set(INDIFFERENT)
