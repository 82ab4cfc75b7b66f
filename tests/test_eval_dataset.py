"""The case files: what loads, and that every mistake is named with its file, line and field."""

import json
from pathlib import Path
from typing import Any

import pytest

from eval.dataset import KINDS, SCHEMA, SPLITS, Case, load, read, schema
from eval.matching import held_by, holds
from rag.errors import ConfigError
from rag.types import Turn

ROOT = Path(__file__).resolve().parents[1]
SEEDS = ROOT / "seeds"
BUNDLED = ROOT / "eval" / "cases" / "seeds.jsonl"

GOOD: dict[str, Any] = {
    "id": "one",
    "question": "Who led it?",
    "kind": "single_fact",
    "split": "report",
    "answerable": True,
    "expected": [["Adeeb", "Adib"]],
    "articles": ["a.md"],
}


def write(path: Path, *records: dict[str, Any] | str) -> Path:
    lines = [r if isinstance(r, str) else json.dumps(r, ensure_ascii=False) for r in records]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def problems(path: Path) -> list[str]:
    """The lines of the error that name a problem."""
    with pytest.raises(ConfigError) as caught:
        load(path)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cases.jsonl"


def test_a_case_is_read_whole(file: Path) -> None:
    turn = {"question": "Who came?", "answer": "Three lawmakers."}
    write(file, GOOD | {"history": [turn], "note": "by name", "kind": "follow_up"})
    assert load(file) == [
        Case(
            id="one",
            question="Who led it?",
            kind="follow_up",
            split="report",
            answerable=True,
            expected=(("Adeeb", "Adib"),),
            articles=("a.md",),
            history=(Turn("Who came?", "Three lawmakers."),),
            note="by name",
        )
    ]


def test_order_is_kept_and_blank_lines_bom_and_line_separators_do_no_harm(file: Path) -> None:
    odd = GOOD | {"id": "two", "question": "Who\u2028led?"}
    write(file, "\ufeff" + json.dumps(GOOD), "", "   ", odd)
    assert [case.id for case in load(str(file))] == ["one", "two"]


def test_an_unanswerable_case_needs_no_facts(file: Path) -> None:
    write(file, GOOD | {"answerable": False, "expected": [], "articles": [], "kind": "near_miss"})
    assert load(file)[0].expected == ()


@pytest.mark.parametrize("name", ["id", "question", "expected"])
def test_a_missing_field_is_named(file: Path, name: str) -> None:
    write(file, {key: value for key, value in GOOD.items() if key != name})
    (problem,) = problems(file)
    assert problem.startswith(f"{file}, line 1, field '{name}': missing")


def test_three_fields_make_a_case(file: Path) -> None:
    write(file, {"id": "one", "question": "Who led it?", "expected": [["Adeeb"]]})
    assert load(file) == [Case("one", "Who led it?", expected=(("Adeeb",),))]
    write(file, {"id": "one", "question": "Who led it?", "answerable": False})
    assert load(file)[0].answerable is False


def test_optional_fields_are_read(file: Path) -> None:
    write(file, GOOD | {"exact": True, "disagreement": True, "tags": ["names", "Qom"]})
    (case,) = load(file)
    assert (case.exact, case.disagreement, case.tags) == (True, True, ("names", "Qom"))


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("id", 7, "has to be text, not 7"),
        ("id", "", "is blank"),
        ("question", None, "has to be text, not None"),
        ("question", "  ", "is blank"),
        ("kind", "riddle", "has to be one of single_fact"),
        ("kind", ["list"], "has to be one of single_fact"),
        ("split", "test", "has to be one of tune, report, not 'test'"),
        ("answerable", "true", "has to be true or false, not 'true'"),
        ("answerable", 1, "has to be true or false, not 1"),
        ("expected", "Adeeb", "has to be a list, not 'Adeeb'"),
        ("expected[0]", ["Adeeb"], "has to be a list, not 'Adeeb'"),
        ("expected[0]", [[]], "is empty"),
        ("expected[0][1]", [["Adeeb", ""]], "is blank"),
        ("expected[1][0]", [["Adeeb"], [3400]], "has to be text, not 3400; put it in quotes"),
        ("expected[0][0]", [["..."]], "has no letter or digit: '...'"),
        ("articles", "a.md", "has to be a list"),
        ("articles[0]", [1], "has to be text, not 1"),
        ("history", "earlier", "has to be a list"),
        ("history[0]", [["q", "a"]], "has to be an object with fields"),
        ("history[0].answer", [{"question": "Who?"}], "missing"),
        ("history[0].by", [{"question": "Who?", "answer": "He.", "by": "me"}], "unknown"),
        ("history[0].answer", [{"question": "Who?", "answer": 3}], "has to be text, not 3"),
        ("history[0]", [{"question": "Who?", "answer": " "}], "has a blank question or answer"),
        ("note", ["x"], "has to be text"),
        ("exact", "yes", "has to be true or false"),
        ("disagreement", 1, "has to be true or false"),
        ("tags", "names", "has to be a list"),
        ("tags[1]", ["names", " "], "is blank"),
        ("remark", "x", "unknown"),
    ],
)
def test_a_bad_field_is_named_with_what_is_wrong(
    file: Path, name: str, value: object, what: str
) -> None:
    write(file, GOOD | {"id": "other"}, GOOD | {name.partition("[")[0]: value})
    (problem,) = problems(file)
    assert problem.startswith(f"{file}, line 2, field '{name}': ")
    assert what in problem


def test_answerable_and_expected_have_to_agree(file: Path) -> None:
    write(file, GOOD | {"expected": []}, GOOD | {"id": "two", "answerable": False})
    first, second = problems(file)
    assert first.startswith(f"{file}, line 1, field 'expected': empty, but the case is answerable")
    assert second.startswith(f"{file}, line 2, field 'expected': lists facts, but")


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("exact", {"exact": True, "expected": [["Adeeb"], ["Qom"]]}),
        ("exact", {"exact": True, "expected": [], "answerable": False}),
        ("disagreement", {"disagreement": True, "expected": [], "answerable": False}),
    ],
)
def test_what_cannot_be_asked_for_together_is_named(
    file: Path, name: str, fields: dict[str, Any]
) -> None:
    write(file, GOOD | fields)
    (problem,) = problems(file)
    assert problem.startswith(f"{file}, line 1, field '{name}': ")


def test_a_repeated_id_names_the_line_that_has_it(file: Path) -> None:
    write(file, GOOD, "", GOOD)
    assert problems(file) == [f"{file}, line 3, field 'id': 'one' is taken by line 1"]


def test_an_id_counts_as_taken_even_by_a_broken_case(file: Path) -> None:
    write(file, GOOD | {"split": "x"}, GOOD)
    assert [p.split(": ")[0] for p in problems(file)] == [
        f"{file}, line 1, field 'split'",
        f"{file}, line 2, field 'id'",
    ]


@pytest.mark.parametrize("line", ['{"id": "one",', "not json", "{'id': 'one'}", "[" * 100_000])
def test_broken_json_is_named(file: Path, line: str) -> None:
    write(file, GOOD | {"id": "fine"}, line)
    (problem,) = problems(file)
    assert problem.startswith(f"{file}, line 2, no field: not valid JSON (")


@pytest.mark.parametrize("line", ["[]", '"one"', "null", "3"])
def test_a_line_that_is_no_object_is_named(file: Path, line: str) -> None:
    write(file, line)
    assert problems(file) == [f"{file}, line 1, no field: not a JSON object in braces"]


def test_a_field_given_twice_is_named(file: Path) -> None:
    write(file, json.dumps(GOOD)[:-1] + ', "answerable": false}')
    assert f"{file}, line 1, field 'answerable': given twice" in problems(file)


def test_every_problem_is_listed_at_once(file: Path) -> None:
    write(
        file,
        GOOD,
        "{broken",
        GOOD | {"kind": "riddle", "colour": "red", "split": 3},
        {"id": "four"},
    )
    found = problems(file)
    lines = [problem.split(", ")[1] for problem in found]
    assert lines == ["line 2"] + ["line 3"] * 4 + ["line 4"] * 2
    with pytest.raises(ConfigError, match=r"\(7 problems\)"):
        load(file)


@pytest.mark.parametrize("content", ["", "\n\n  \n"])
def test_an_empty_file_is_refused(file: Path, content: str) -> None:
    file.write_text(content, encoding="utf-8")
    assert problems(file) == [f"{file}, line 1, no field: the file holds no cases"]


def test_files_that_cannot_be_read_are_refused_by_name(tmp_path: Path) -> None:
    missing = tmp_path / "none.jsonl"
    with pytest.raises(ConfigError, match=r"There is no case file .*none\.jsonl"):
        load(missing)
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)
    latin = tmp_path / "latin.jsonl"
    latin.write_bytes(b'{"id": "caf\xe9"}\n')
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load(latin)


def test_valid_cases_are_kept_beside_the_problems_of_the_others(file: Path) -> None:
    write(file, GOOD, "{broken", GOOD | {"id": "two", "colour": "red"}, GOOD | {"id": "three"})
    found = read(file)
    assert [case.id for case in found.cases] == ["one", "three"]
    assert [(problem.line, problem.field) for problem in found.problems] == [(2, ""), (3, "colour")]
    assert found.lines == {"one": 1, "two": 3, "three": 4}


def test_a_message_shows_some_of_very_many_problems(file: Path) -> None:
    write(file, *["{broken"] * 1000)
    found = problems(file)
    assert len(found) == 201
    assert found[-1] == "and 800 more"


def test_ten_thousand_cases_load(file: Path) -> None:
    write(file, *[GOOD | {"id": str(number)} for number in range(10_000)])
    assert len(load(file)) == 10_000


def test_the_schema_for_editors_is_that_of_the_code() -> None:
    stored = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert stored == schema(), "write it again: python -m eval.dataset"


def test_the_bundled_cases_load_and_fill_every_kind_and_split() -> None:
    cases = load(BUNDLED)
    assert {case.kind for case in cases} == set(KINDS)
    assert {case.split for case in cases} == set(SPLITS)


def test_the_bundled_cases_state_facts_that_their_articles_hold() -> None:
    lacking = {}
    for case in load(BUNDLED):
        texts = [(SEEDS / name).read_text(encoding="utf-8") for name in case.articles]
        if not all(held_by(texts, case.expected)):
            lacking[case.id] = case.expected
    assert lacking == {}


def test_no_bundled_question_gives_a_fact_of_its_answer_away() -> None:
    cases = load(BUNDLED)
    assert [case.id for case in cases if any(holds(case.question, case.expected))] == []
