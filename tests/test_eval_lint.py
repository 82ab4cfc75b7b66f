"""Cases that load and are doubtful all the same, and the starter file."""

import json
import random
from pathlib import Path

import pytest

from eval import lint as linting
from eval import starter
from eval.dataset import KINDS, Case, load
from eval.lint import lint
from index.articles import read_articles
from index.selection import Selection
from rag.types import Article, Turn

ROOT = Path(__file__).resolve().parents[1]
Captured = pytest.CaptureFixture[str]
ARTICLES = [
    Article("a.md", "A", "a.md", "Ali Adeeb led the team of about 3,400 men on April 4."),
    Article("news/b.md", "B", "news/b.md", "They met in Qom."),
]


def case(id_: str, question: str, *facts: str, **given: object) -> Case:
    expected = tuple(tuple(fact.split("/")) for fact in facts)
    return Case(id_, question, answerable=bool(facts), expected=expected, **given)  # type: ignore[arg-type]


def found(*cases: Case, articles: list[Article] | None = None) -> list[tuple[str, str, str]]:
    problems = lint(cases, ARTICLES if articles is None else articles)
    return [(problem.case, problem.field, problem.text) for problem in problems]


def test_good_cases_have_nothing_to_be_said_of_them() -> None:
    assert (
        found(
            case("one", "Who led it?", "Adib/Adeeb", articles=("a.md",)),
            case("two", "How many were they?", "3.4 thousand", articles=("a.md",)),
            case("three", "When and where was it?", "4 April", "Qom", articles=("a.md", "b.md")),
            case("four", "Who paid for it?", split="tune"),
        )
        == []
    )


def test_a_question_asked_twice() -> None:
    first, again = case("one", "Who led it?", "Adeeb"), case("two", "who led IT", "Adeeb/Ali")
    assert found(first, again) == [("two", "question", "asks the same as case 'one'")]


def test_the_same_words_after_another_conversation_are_another_question() -> None:
    turns = [(Turn("Who led it?", "Adeeb."),), (Turn("Who paid?", "Nobody."),)]
    pair = [case(str(n), "And when?", "April", history=turn) for n, turn in enumerate(turns)]
    assert found(*pair) == []


@pytest.mark.parametrize("other", [case("two", "Who led it?"), case("two", "Who led it?", "Qom")])
def test_contradictory_expectations(other: Case) -> None:
    ((id_, field, text),) = found(case("one", "Who led it?", "Adeeb"), other)
    assert (id_, field) == ("two", "expected")
    assert text.startswith("contradicts case 'one'")


def test_a_fact_that_no_article_states() -> None:
    wanted = case("one", "Who led it?", "Adeeb", "Ameri/Amiri", "340")
    assert found(wanted) == [
        ("one", "expected[1]", "no article states Ameri or Amiri"),
        ("one", "expected[2]", "no article states 340"),
    ]
    assert found(wanted, articles=[]) == []


def test_a_fact_that_only_other_articles_state_and_an_article_that_is_missing() -> None:
    assert found(case("one", "Who led it?", "Adeeb", articles=("news/b.md", "c.md"))) == [
        ("one", "articles[1]", "the corpus has no article c.md"),
        ("one", "expected[0]", "none of the case's own articles states Adeeb"),
    ]


def test_a_fact_that_the_question_gives_away() -> None:
    ((_, field, text),) = found(case("one", "Did Adeeb lead it to Qom?", "April", "Qom"))
    assert field == "expected[1]"
    assert "the question itself" in text


def test_leaks_between_splits() -> None:
    tuned = case("one", "Who led the team that went to Qom in April?", "Adeeb", split="tune")
    same = case("two", "who led the team that went to Qom in April", "Adeeb")
    near = case("three", "Who led the team that went to Qom in early April?", "Adeeb")
    other = case("four", "Who paid the team that stayed in Qom?")
    problems = found(tuned, other, same, near, articles=[])
    assert [(id_, field) for id_, field, _ in problems] == [
        ("two", "question"),
        ("three", "question"),
    ]
    assert problems[0][2].startswith("the same as case 'one' of the split tune")
    assert problems[1][2].startswith("nearly the same as case 'one' of the split tune")


def test_ten_thousand_cases_are_checked() -> None:
    chance = random.Random(7)
    words = [f"word{number}" for number in range(2000)]
    cases = [
        case(
            str(number),
            " ".join(chance.sample(words, 9)),
            "Adeeb",
            split=chance.choice(["tune", "report"]),
        )
        for number in range(10_000)
    ]
    assert lint(cases, ARTICLES) == []


@pytest.mark.parametrize(
    "name", ["seeds.jsonl", "natural.jsonl", "styles.jsonl", "languages.jsonl"]
)
def test_the_bundled_cases_are_clean(name: str) -> None:
    articles, _ = read_articles(ROOT / "seeds", Selection())
    assert list(map(str, lint(load(ROOT / "eval" / "cases" / name), articles))) == []


# The command


def test_lint_names_file_line_and_field(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "a.md").write_text("Ali Adeeb led it.")
    lines = [
        {"id": "one", "question": "Who led it?", "expected": [["Adeeb"]]},
        {"id": "two", "question": "Where?", "expected": [["Qom"]]},
        {"id": "three", "question": "When?"},
    ]
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    assert linting.main([str(file), "--corpus", str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{file}, line 2, case 'two', field 'expected[0]': no article states Qom",
        f"{file}, line 3, field 'expected': missing; list the facts, or set answerable to false",
        "2 cases read, 2 problems.",
    ]
    file.write_text(json.dumps(lines[0]))
    assert linting.main([str(file), "--corpus", str(tmp_path)]) == 0
    assert linting.main([str(tmp_path / "none.jsonl")]) == 2
    assert linting.main([str(file), "--corpus", str(tmp_path / "none")]) == 2
    assert "footnote eval lint: There is no folder" in capsys.readouterr().err


# The starter


def test_the_starter_loads_and_lints_clean_apart_from_being_unfilled(
    tmp_path: Path, capsys: Captured
) -> None:
    file = tmp_path / "cases.yaml"
    assert starter.main([str(file)]) == 0
    assert f"footnote eval lint {file}" in capsys.readouterr().out
    cases = load(file)
    problems = lint(cases, ARTICLES)
    assert [problem.case for problem in problems] == [case.id for case in cases]
    assert all("fill it in" in problem.text for problem in problems)


def test_a_filled_starter_is_clean(tmp_path: Path) -> None:
    file = tmp_path / "cases.yaml"
    filled = starter.text().replace("TODO-article", "a").replace("TODO ", "")
    file.write_text(filled, encoding="utf-8")
    texts = "name one other 3,400 on 4 April"
    assert lint(load(file), [Article("a.md", "A", "a.md", texts)]) == []


def test_the_starter_names_every_kind_in_lines_that_fit() -> None:
    lines = starter.text().splitlines()
    assert all(kind in starter.text() for kind in KINDS)
    assert max(map(len, lines)) <= 100


def test_the_starter_overwrites_nothing(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "cases.yaml"
    file.write_text("mine")
    assert starter.main([str(file)]) == 2
    assert file.read_text() == "mine"
    assert "exists and is left as it is" in capsys.readouterr().err
    assert starter.main([str(tmp_path / "none" / "cases.yaml")]) == 2
    assert starter.main([str(tmp_path / "cases.jsonl")]) == 2
    assert "ends in .yaml" in capsys.readouterr().err


def test_the_starter_is_written_to_the_folder_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert starter.main([]) == 0
    assert "yaml-language-server: $schema=file://" in Path("cases.yaml").read_text()
