"""Cases in YAML: what loads, on which line a mistake is named, and what is never built."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eval import records
from eval.dataset import Case, load, read
from rag.types import Turn


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cases.yaml"


def found(file: Path, text: str) -> list[str]:
    """Line, field and text of each problem."""
    file.write_text(text, encoding="utf-8")
    return [str(problem) for problem in read(file).problems]


GOOD = """\
# Comments are fine.
- id: one
  question: Who led it?
  kind: follow_up
  expected:
    - [Adeeb, "Adib"]
    - - Qom
      - Qum
  history:
    - question: Who came?
      answer: >
        Three
        lawmakers.

- {id: two, question: "When?", answerable: false}
"""


def test_a_list_of_cases_is_read_in_its_order(file: Path) -> None:
    file.write_text(GOOD, encoding="utf-8")
    assert load(file) == [
        Case(
            "one",
            "Who led it?",
            kind="follow_up",
            expected=(("Adeeb", "Adib"), ("Qom", "Qum")),
            history=(Turn("Who came?", "Three lawmakers.\n"),),
        ),
        Case("two", "When?", answerable=False),
    ]


def test_dates_stay_text_and_other_plain_values_are_not_text(file: Path) -> None:
    text = "- id: a\n  question: When?\n  expected:\n    - [2008-04-04,\n       3400,\n       no]\n"
    assert found(file, text) == [
        "line 5, field 'expected[0][1]': has to be text, not 3400; put it in quotes",
        "line 6, field 'expected[0][2]': has to be text, not False; put it in quotes",
    ]


def test_a_fields_own_line_is_named(file: Path) -> None:
    text = GOOD + "- id: one\n  question: Who?\n  when: now\n  expected: [[x]]\n  question: Whom?\n"
    assert found(file, text) == [
        "line 20, field 'question': given twice",
        "line 18, field 'when': unknown",
        "line 16, field 'id': 'one' is taken by line 2",
    ]


def test_a_broken_item_in_the_middle_hides_no_other(file: Path) -> None:
    text = GOOD + '- id: three\n  question: "Who?\n  expected: [[x]]\n- id: four\n  question: 4\n'
    problems = found(file, text)
    assert problems[0].startswith("line 17, no field: not valid YAML (")
    assert problems[1].startswith("line 20, field 'question': has to be text")
    assert [case.id for case in read(file).cases] == ["one", "two"]


@pytest.mark.parametrize(
    ("item", "what"),
    [
        ("- &a [x]\n- *a", "not an object with fields"),
        ("- id: a\n  question: *q", "an alias"),
        ("- id: !!python/name:os.system x", "a tag"),
        ("- !!python/object/apply:os.system [ls]", "a tag"),
        ("- ? [a]\n  : b", "the name of a field has to be text"),
        ("- just text", "not an object with fields"),
        ("id: a", "not a list of cases"),
        ("- " + "[" * 100_000, "nested more than"),
        ("- " * 100_000, "nested more than"),
        ("- id: \x01", "not valid YAML"),
        ("- id: a\n - b", "not valid YAML"),
        ("", "the file holds no cases"),
        ("# nothing\n", "the file holds no cases"),
    ],
)
def test_what_is_not_followed_is_named(file: Path, item: str, what: str) -> None:
    first = found(file, item)[0]
    assert first.startswith(("line 1, no field: ", "line 2, no field: "))
    assert what in first


PIECES = ["- ", "id: a", "question: b", "\n", "  ", "[", "]", "{", "}", "&x ", "*x", "!!set ", "? "]
PIECES += [
    '"',
    "'",
    "|",
    ">",
    "#",
    ":",
    "---",
    "<<: ",
    "\t",
    "0x1F",
    "1e400",
    ".nan",
    "12:30:45",
    "=",
    "%",
]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_file_holds_becomes_cases_or_problems(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    whole = read(file)
    assert whole.cases or whole.problems
    assert all(problem.line >= 1 for problem in whole.problems)


def test_ten_thousand_cases_load_quickly(file: Path) -> None:
    if records._Loader.__name__ != "CSafeLoader":
        pytest.skip("this PyYAML has no libyaml")
    one = "- id: a{0}\n  question: Who led number {0}?\n  expected:\n    - [Adeeb, Adib]\n"
    file.write_text("".join(one.format(number) for number in range(10_000)), encoding="utf-8")
    assert len(load(file)) == 10_000
