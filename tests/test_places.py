"""Short windows are read together: notes, snippets, comments."""

from pathlib import Path

import pytest
from fakes import LED, ScriptedGenerator, open_assistant, write_corpus

from rag.types import Evidence
from rag.weighing import places

QUESTION = "Who headed the Iraqi delegation to Qom?"
TALABANI = "Jalal Talabani headed the Iraqi delegation to Qom."
NOTES = {
    "a.md": "---\ntitle: First\n---\n\nThe Iraqi delegation to Qom had a head.",
    "b.md": f"---\ntitle: Second\n---\n\n{LED}",
    "c.md": "---\ntitle: Third\n---\n\nThe delegation to Qom was headed for the hills.",
}
AGAINST = NOTES | {"c.md": f"---\ntitle: Third\npublisher: Fars\n---\n\n{TALABANI}"}


def window(name: str, size: int) -> Evidence:
    return Evidence(name, "p", "", name, "", "", (), "x" * size, 0, size, 1.0)


def names(sizes: dict[str, int], limit: int = 9, together: int = 500) -> list[str]:
    found = [window(name, size) for name, size in sizes.items()]
    return ["".join(each.article_id for each in place) for place in places(found, limit, together)]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"a": 201, "b": 300, "c": 400}, ["a", "b", "c"]),
        ({"a": 200, "b": 200, "c": 100, "d": 1}, ["abc", "d"]),
        ({"a": 150, "b": 300, "c": 150}, ["ac", "b"]),
        ({"a": 300, "b": 150, "c": 400, "d": 150}, ["a", "bd", "c"]),
        ({"a": 200, "b": 200, "c": 150, "d": 90}, ["abd", "c"]),
        ({}, []),
    ],
)
def test_short_windows_stand_where_the_best_of_them_does(
    sizes: dict[str, int], expected: list[str]
) -> None:
    assert names(sizes) == expected


def test_places_are_counted_and_not_windows() -> None:
    short = dict.fromkeys("abcdefg", 200)
    assert names(short, limit=2) == ["ab", "cd"]
    assert names(short, limit=2, together=0) == ["a", "b"]


def test_notes_are_judged_and_read_at_once_and_the_right_one_is_cited(tmp_path: Path) -> None:
    generator = ScriptedGenerator(LED)
    corpus = write_corpus(tmp_path, NOTES)
    with open_assistant(corpus, generator, evidence_chars=500, disagreement=False) as assistant:
        answer = assistant.ask(QUESTION)
    first = generator.judged[0]
    assert all(text.rpartition("\n")[2] in first.user for text in NOTES.values())
    assert first.transient, "they stand together for this question alone"
    assert answer.text == f"{LED} [1]"
    assert [citation.title for citation in answer.citations] == ["Second"]
    assert {place.title for place in answer.weighed} == {"First", "Second", "Third"}
    assert len({place.margin for place in answer.weighed}) == 1
    assert all(passage.used for passage in answer.passages)


def test_what_one_note_states_against_another_is_said(tmp_path: Path) -> None:
    """The one that was cited is not heard again, though it was read together with the other."""
    generator = ScriptedGenerator(LED, TALABANI)
    corpus = write_corpus(tmp_path, AGAINST)
    with open_assistant(corpus, generator, evidence_chars=500) as assistant:
        answer = assistant.ask(QUESTION)
    assert answer.text == f"{LED} [1] But Fars says otherwise: {TALABANI} [2]"
    assert [citation.title for citation in answer.citations] == ["Second", "Third"]
    apart = [prompt.material for prompt in generator.judged[1:]]
    assert any(TALABANI in material and LED not in material for material in apart)
    assert all(LED not in material for material in apart[1:])


def test_of_notes_two_sentences_of_one_of_them_are_quoted(tmp_path: Path) -> None:
    """Sentences of two notes do not stand beside each other."""
    files = {
        "a.md": f"---\ntitle: First\n---\n\n{LED} It was a long way.",
        "b.md": "---\ntitle: Second\n---\n\nThe Iraqi delegation to Qom had a head.",
    }
    generator = ScriptedGenerator("Bananas grow on trees.")
    corpus = write_corpus(tmp_path, files)
    with open_assistant(corpus, generator, evidence_chars=500, disagreement=False) as assistant:
        answer = assistant.ask(QUESTION)
    assert {citation.title for citation in answer.citations} == {"First"}
    assert LED in answer.text


def test_a_model_without_a_check_judges_the_answer_under_the_head_of_the_note_cited(
    tmp_path: Path,
) -> None:
    generator = ScriptedGenerator(LED)
    corpus = write_corpus(tmp_path, NOTES)
    with open_assistant(corpus, generator, evidence_chars=500, disagreement=False) as assistant:
        assistant.ask(QUESTION)
    assert "[Second]" in generator.judged[1].material
    assert "[First]" not in generator.judged[1].material


def test_an_answer_is_checked_behind_the_notes_that_it_cites(tmp_path: Path) -> None:
    generator = ScriptedGenerator(LED)
    generator.checks = True
    corpus = write_corpus(tmp_path, NOTES)
    with open_assistant(corpus, generator, evidence_chars=500, disagreement=False) as assistant:
        assert assistant.ask(QUESTION).text == f"{LED} [1]"
    check = generator.judged[1]
    assert check.check
    assert check.begun.endswith(LED)
    assert "[Second]" in check.material
    assert "[First]" not in check.material
