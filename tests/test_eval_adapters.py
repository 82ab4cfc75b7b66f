"""Public sets in their own files, and what in them cannot be used."""

import json
from pathlib import Path
from typing import Any

import pytest

from eval.adapters import beir, clapnq, reading, rgb, squad
from eval.adapters.types import ReadingCase
from rag.errors import ConfigError
from rag.types import Article, Passage

BENCH = Path(__file__).resolve().parents[2] / "shared" / "bench"


def write(path: Path, *rows: Any) -> Path:
    path.parent.mkdir(exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def texts(case: ReadingCase) -> list[str]:
    return [passage.text for passage in case.passages]


# Retrieval sets


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(
        tmp_path / "corpus.jsonl",
        {"_id": "d1", "title": "One", "text": "First.", "metadata": {}},
        {"_id": "d2", "text": "Second."},
    )
    write(tmp_path / "queries.jsonl", {"_id": "q1", "text": "and?", "rewritten": "And which?"})
    write(tmp_path / "qrels.tsv", "query-id\tcorpus-id\tscore", "q1\td1\t2", "q1\td2\t0")
    return tmp_path


def test_a_retrieval_set(folder: Path) -> None:
    found = beir.read(folder)
    assert found.documents == (
        Article("d1", "One", "d1", "First."),
        Article("d2", "", "d2", "Second."),
    )
    assert found.queries == {"q1": "and?"}
    assert found.relevant == {"q1": {"d1": 2, "d2": 0}}
    assert beir.read(folder, query="rewritten").queries == {"q1": "And which?"}


def test_judgements_of_a_split_come_first_and_need_no_head(folder: Path) -> None:
    write(folder / "qrels" / "dev.tsv", "q1\td2\t1")
    assert beir.read(folder, split="dev").relevant == {"q1": {"d2": 1}}
    assert beir.read(folder, split="test").relevant == {"q1": {"d1": 2, "d2": 0}}


@pytest.mark.parametrize(
    ("name", "lines", "what"),
    [
        ("corpus.jsonl", ['{"_id": "d1"}'], r"corpus\.jsonl, line 1, field 'text': missing"),
        ("corpus.jsonl", ['{"_id": "a", "text": ""}'] * 2, r"line 2, field '_id': 'a' is taken"),
        ("corpus.jsonl", ["{broken"], r"corpus\.jsonl, line 1, no field: not valid JSON"),
        ("queries.jsonl", ['{"_id": "q1"}'], r"queries\.jsonl, line 1, field 'text': missing"),
        ("qrels.tsv", ["q1\td1\t1", "q1 d1 1"], r"qrels\.tsv, line 2, no field: not a query id"),
        ("qrels.tsv", ["q9\td1\t1"], r"line 1, field 'query-id': 'q9' is not in queries"),
    ],
)
def test_what_cannot_be_used_of_a_retrieval_set(
    folder: Path, name: str, lines: list[str], what: str
) -> None:
    write(folder / name, *lines)
    with pytest.raises(ConfigError, match=what):
        beir.read(folder)


def test_a_retrieval_set_without_judgements(folder: Path) -> None:
    (folder / "qrels.tsv").unlink()
    with pytest.raises(ConfigError, match=r"neither qrels/dev\.tsv nor qrels\.tsv"):
        beir.read(folder, split="dev")


# SQuAD


def test_squad(tmp_path: Path) -> None:
    asked = [
        {"id": "1", "question": "Who?", "answers": [{"text": "Gates", "answer_start": 0}] * 2},
        {
            "id": "2",
            "question": "When?",
            "is_impossible": True,
            "answers": [],
            "plausible_answers": [{"text": "2001", "answer_start": 4}],
        },
    ]
    article = {"title": "Robert_Gates", "paragraphs": [{"context": "Gates was.", "qas": asked}]}
    file = write(tmp_path / "dev.json", {"version": "v2.0", "data": [article]})
    first, second = squad.read(file)
    assert first == ReadingCase(
        id="1",
        question="Who?",
        passages=(Passage("1/p1", "1/p1", "Robert Gates", "1/p1", "Gates was.", 0, 10),),
        answers=("Gates",),
        answerable=True,
        facts=(("Gates",),),
    )
    assert (second.answerable, second.answers, second.facts) == (False, (), ())
    assert texts(second) == ["Gates was."]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("{", "no field: not valid JSON"),
        (
            '{"data": [{"paragraphs": [{"qas": []}]}]}',
            r"data\[0\].paragraphs\[0\].context': missing",
        ),
    ],
)
def test_what_cannot_be_used_of_squad(tmp_path: Path, content: str, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        squad.read(write(tmp_path / "dev.json", content))


# RGB

FACT = {
    "id": 7,
    "query": "Who?",
    "answer": "Norway",
    "fakeanswer": "Sweden",
    "positive": ["p0 Norway", "p1 Norway", "p2 Norway"],
    "positive_wrong": ["p0 Sweden", "p1 Sweden", "p2 Sweden"],
    "negative": ["n0", "n1", "n2"],
}


def test_rgb_noise(tmp_path: Path) -> None:
    file = write(tmp_path / "en_fact.json", FACT)
    (case,) = rgb.read(file, right=2, irrelevant=1)
    assert sorted(texts(case)) == ["n0", "p0 Norway", "p1 Norway"]
    assert (case.id, case.kind, case.answerable) == ("rgb-7", "noise", True)
    assert (case.answers, case.facts, case.wrong_answers) == (("Norway",), (("Norway",),), ())
    assert rgb.read(file, right=2, irrelevant=1) == [case]
    orders = {tuple(texts(rgb.read(file, seed=seed)[0])) for seed in range(20)}
    assert len(orders) > 5


def test_rgb_rejection_and_conflict(tmp_path: Path) -> None:
    file = write(tmp_path / "en_fact.json", FACT)
    (rejection,) = rgb.read(file, right=0, irrelevant=2)
    assert (rejection.kind, rejection.answerable, rejection.answers) == ("rejection", False, ())
    assert sorted(texts(rejection)) == ["n0", "n1"]
    (conflict,) = rgb.read(file, right=2, irrelevant=0, altered=1)
    assert (conflict.kind, conflict.wrong_answers) == ("conflict", ("Sweden",))
    assert sorted(texts(conflict)) == ["p0 Norway", "p1 Norway", "p2 Sweden"]


def test_rgb_fills_up_with_irrelevant_snippets(tmp_path: Path) -> None:
    (case,) = rgb.read(write(tmp_path / "en.json", FACT), right=5, irrelevant=0)
    assert sorted(texts(case)) == ["n0", "n1", "p0 Norway", "p1 Norway", "p2 Norway"]


def test_rgb_integration_takes_a_snippet_of_each_fact_first(tmp_path: Path) -> None:
    row = {
        "id": "a",
        "query": "Where and when?",
        "answer": [["Qom", "Qum"], "April"],
        "positive": [["Qom 1", "Qom 2"], ["April 1"]],
        "negative": [],
    }
    (case,) = rgb.read(write(tmp_path / "en_int.json", row), right=2)
    assert sorted(texts(case)) == ["April 1", "Qom 1"]
    assert (case.kind, case.facts) == ("integration", (("Qom", "Qum"), ("April",)))
    assert case.answers == ("Qom, April",)


# CLAPNQ


def test_clapnq(tmp_path: Path) -> None:
    passages = [{"title": "Mercado", "text": "It is Spanish .", "sentences": ["It is Spanish ."]}]
    outputs = [
        {"answer": "Spanish.", "selected_sentences": ["It is Spanish .&"], "meta": {}},
        {"answer": "From Spain.", "selected_sentences": ["It is Spanish ."], "meta": {}},
    ]
    none = [{"answer": None, "meta": None}]
    file = write(
        tmp_path / "dev.jsonl",
        {"id": "1", "input": "whence", "passages": passages, "output": outputs},
        {"id": 2, "input": "who", "passages": passages, "output": none},
    )
    first, second = clapnq.read(file)
    assert first.answers == ("Spanish.", "From Spain.")
    assert first.facts == (("Spanish.", "From Spain."),)
    assert first.gold_sentences == ("It is Spanish .",)
    assert first.passages[0].title == "Mercado"
    assert (second.id, second.answerable, second.answers) == ("clapnq-2", False, ())


# The plain format

PLAIN = {
    "id": "x",
    "question": "Who?",
    "passages": [{"id": "p7", "title": "T", "text": "Adeeb."}, {"text": "Ameri."}],
    "answers": ["Adeeb"],
    "answerable": True,
    "other": 1,
}


def test_the_plain_format(tmp_path: Path) -> None:
    conflict = PLAIN | {"id": "y", "kind": "conflict", "wrong_answer": "Ameri"}
    planted = PLAIN | {"id": "z", "wrong_answers": ["a", "b"], "answerable": False}
    file = write(tmp_path / "cases.jsonl", PLAIN, conflict, planted)
    first, second, third = reading.read(file)
    assert [passage.id for passage in first.passages] == ["x/p7", "x/p2"]
    assert (first.answers, first.facts, first.wrong_answers) == (("Adeeb",), (("Adeeb",),), ())
    assert (second.kind, second.wrong_answers) == ("conflict", ("Ameri",))
    assert (third.answers, third.wrong_answers) == ((), ("a", "b"))


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (PLAIN, "line 2, field 'id': 'x' is taken"),
        (PLAIN | {"id": "y", "answers": []}, "line 2, field 'answers': empty, but"),
        (PLAIN | {"passages": "Adeeb."}, "line 2, field 'passages': has to be a list"),
        (PLAIN | {"passages": [{}]}, r"line 2, field 'passages\[0\].text': missing"),
        ("[]", "line 2, no field: not a JSON object"),
    ],
)
def test_what_cannot_be_used_of_the_plain_format(tmp_path: Path, row: Any, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        reading.read(write(tmp_path / "cases.jsonl", PLAIN, row))


@pytest.mark.skipif(not BENCH.is_dir(), reason="the public sets are not here")
def test_the_public_sets_are_read_whole() -> None:
    for file in BENCH.glob("*/cases.jsonl"):
        lines = file.read_text(encoding="utf-8").strip().split("\n")
        cases = reading.read(file)
        assert len(cases) == len(lines)
        assert all(case.answers or not case.answerable for case in cases)
    for folder in (file.parent for file in BENCH.glob("*/corpus.jsonl")):
        found = beir.read(folder)
        lines = (folder / "corpus.jsonl").read_text(encoding="utf-8").strip().split("\n")
        assert len(found.documents) == len(lines)
        assert set(found.relevant) <= set(found.queries)
