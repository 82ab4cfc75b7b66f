"""Asking the cases and judging the answers, with a scripted assistant."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from eval_fakes import QUOTE, Scripted, answer, case, outcomes, refusal
from fakes import Opener

import rag
from eval.metrics import Hit
from eval.runner import Rules, article_names, run
from rag.errors import ModelError, QuestionError
from rag.types import Citation, Turn

ROOT = Path(__file__).resolve().parents[1]


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


def test_of_a_question_in_parts_each_part_is_looked_for() -> None:
    both = "Who led the team, and when did it leave?"
    assistant = Scripted({"a?": answer(standalone_question=both)}, sentences=[QUOTE, "In May."])
    (result,) = run(assistant, [case("a", expected=(("Adeeb",), ("May",)))])
    assert [query for query, _ in assistant.searched] == [
        "Who led the team?", "When did it leave?",
    ]  # fmt: skip
    assert result.fact_ranks == (1, 2)


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
        (ModelError(), "ModelError"),
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


def test_every_case_is_asked_within_a_turn_and_the_first_refused_one_ends_the_run() -> None:
    assistant = Scripted({})
    held: list[int] = []

    @contextmanager
    def turn() -> Iterator[bool]:
        before = len(assistant.asked)
        yield before < 2
        held.append(len(assistant.asked) - before)

    results = run(assistant, [case("a"), case("b"), case("c")], rules=Rules(turn=turn))
    assert [result.case.id for result in results] == ["a", "b"]
    assert held == [1, 1, 0]


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
    results = run(script, [case("a", articles=("other.md",))], rules=Rules(seeds=tmp_path))
    assert results[0].hit is not None
    assert results[0].hit.article is None
    assert run(script, [case("a")], rules=Rules(seeds=tmp_path))[0].hit == Hit(True, True, True)


def test_the_assistant_offers_what_an_evaluation_asks_for() -> None:
    for name in ("open", "warm", "stream", "articles", "evidence_sentences"):
        assert callable(getattr(rag.Assistant, name))


def test_a_time_out_leaves_the_real_assistant_ready_for_the_next_case(opener: Opener) -> None:
    cases = [
        case("Who headed the Iraqi delegation to Qom", expected=(("Adeeb",),), articles=("qom.md",))
    ]
    with opener() as assistant:
        late = run(assistant, cases, rules=Rules(timeout=1e-9))
        found = run(assistant, cases)
    assert (late[0].timed_out, late[0].answer) == (True, None)
    assert outcomes(found) == ["right"]
    assert found[0].citations_valid == (True,)
    assert found[0].fact_ranks == (1,)
