"""Short articles are read together: notes, snippets."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import LED, HashEmbedder, ScriptedGenerator, open_assistant, write_corpus

import prompts
from rag.cite import Citer
from rag.compose import compose
from rag.types import Evidence, Passage, SourceSentence
from rag.weighing import SHORT, fitting, places

AGAIN = "At the talks in Qom Adeeb headed the Iraqi delegation."
DOUBTFUL = 1.6  # between what the safe default asks for and what is sure
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
    return [
        "".join(each.article_id for each in place)
        for place in places(found, limit, together, lambda one: len(one.text) <= SHORT)
    ]


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
def test_short_articles_stand_where_the_best_of_them_does(
    sizes: dict[str, int], expected: list[str]
) -> None:
    assert names(sizes) == expected


def test_places_are_counted_and_not_windows() -> None:
    short = dict.fromkeys("abcdefg", 200)
    assert names(short, limit=2) == ["ab", "cd"]
    assert names(short, limit=2, together=0) == ["a", "b"]


def opened(folder: Path, generator: ScriptedGenerator, files: dict[str, str], **given: Any) -> Any:
    corpus = write_corpus(folder, files)
    return open_assistant(corpus, generator, **({"evidence_chars": 500} | given))


def test_windows_that_share_a_sentence_are_read_apart() -> None:
    text = "a" * 50
    found = [
        Evidence("a", "p", "", "a", "", "", (), text, start, start + 50, 1.0)
        for start in (0, 30, 50)
    ]
    assert [[one.start for one in place] for place in places(found, 9, 500, lambda _: True)] == [
        [0, 50],
        [30],
    ]


def test_a_place_that_the_model_cannot_hold_loses_its_last_windows() -> None:
    generator = ScriptedGenerator()
    notes = tuple(
        Evidence(name, "p", name, name, "", "", (), LED, 0, len(LED), 1.0) for name in "abc"
    )
    _, two = compose(QUESTION, notes[:2])
    generator.context_tokens = generator.length(two) + 10
    (asked,) = fitting(QUESTION, [notes], generator, 10, transient=False)
    assert asked.windows == notes[:2]
    generator.context_tokens -= 1
    (asked,) = fitting(QUESTION, [notes], generator, 10, transient=False)
    assert asked.windows == notes[:1]


def test_notes_are_judged_and_read_at_once_and_the_right_one_is_cited(tmp_path: Path) -> None:
    generator = ScriptedGenerator(LED)
    with opened(tmp_path, generator, NOTES, disagreement=False) as assistant:
        answer = assistant.ask(QUESTION)
    for prompt in (generator.judged[0], generator.asked[0]):
        assert all(text.rpartition("\n")[2] in prompt.user for text in NOTES.values())
        assert prompt.transient, "they stand together for this question alone"
    assert len(generator.judged) == 2, "the place and the answer"
    assert answer.text == f"{LED} [1]"
    assert [citation.title for citation in answer.citations] == ["Second"]
    assert {place.title: place.read for place in answer.weighed} == {
        "First": False, "Second": True, "Third": False,
    }  # fmt: skip
    assert all(passage.used for passage in answer.passages)


def test_what_one_note_states_against_another_is_said(tmp_path: Path) -> None:
    """It is heard by itself, and what that brought is told of it."""

    def margin(user: str) -> float:
        return 5.0 if TALABANI in user and LED not in user else 9.0

    generator = ScriptedGenerator(LED, TALABANI, margin=margin)
    with opened(tmp_path, generator, AGAINST) as assistant:
        answer = assistant.ask(QUESTION)
    assert answer.text == f"{LED} [1] But Fars says otherwise: {TALABANI} [2]"
    assert [citation.title for citation in answer.citations] == ["Second", "Third"]
    assert sorted((place.title, place.margin, place.read) for place in answer.weighed) == [
        ("First", 9.0, False), ("Second", 9.0, True), ("Third", 5.0, True),
    ]  # fmt: skip
    assert LED not in generator.asked[1].material


def test_the_notes_beside_the_one_cited_are_not_asked_for_more(tmp_path: Path) -> None:
    """A doubtful answer hears the next place, and they were all in this one."""
    generator = ScriptedGenerator(LED, margin=DOUBTFUL)
    with opened(tmp_path, generator, NOTES, disagreement=False) as assistant:
        assert assistant.ask(QUESTION).text == f"{LED} [1]"
    assert len(generator.asked) == 1


def test_of_the_next_place_a_note_speaks_as_well(tmp_path: Path) -> None:
    generator = ScriptedGenerator(LED, AGAIN, margin=DOUBTFUL)
    files = {"a.md": NOTES["b.md"], "b.md": f"---\ntitle: Later\n---\n\n{AGAIN}"}
    with opened(tmp_path, generator, files, evidence_chars=60) as assistant:
        answer = assistant.ask(QUESTION)
    assert answer.text == f"{LED} [1] {prompts.ALSO} {AGAIN} [2]"


def test_notes_found_wanting_together_are_not_asked_one_by_one(tmp_path: Path) -> None:
    """The first place is doubted, the second found wanting: nothing of it is judged again."""

    def margin(user: str) -> float:
        return DOUBTFUL if LED in user else -9.0

    long = f"{LED} It was a long way there, {'over many high hills, ' * 10}and back."
    files = NOTES | {"b.md": f"---\ntitle: Second\n---\n\n{long}"}
    generator = ScriptedGenerator(LED, margin=margin)
    with opened(tmp_path, generator, files) as assistant:
        assert assistant.ask(QUESTION).text == f"{LED} [1]"
    without = [prompt for prompt in generator.judged if LED not in prompt.user]
    assert len(without) == 1


def test_short_windows_of_a_longer_article_are_read_by_themselves(tmp_path: Path) -> None:
    files = NOTES | {"b.md": f"{NOTES['b.md']}\n\n{'They rested. ' * 20}"}
    generator = ScriptedGenerator(LED, margin=lambda user: 9.0 if LED in user else 0.0)
    with opened(tmp_path, generator, files, disagreement=False) as assistant:
        assistant.ask(QUESTION)
    heads = [prompt.material.count("[") for prompt in generator.judged if LED in prompt.material]
    assert heads
    assert set(heads) == {1}


def test_of_notes_two_sentences_of_one_of_them_are_quoted(tmp_path: Path) -> None:
    """Sentences of two notes do not stand beside each other."""
    files = {
        "a.md": f"---\ntitle: First\n---\n\n{LED} It was a long way.",
        "b.md": "---\ntitle: Second\n---\n\nThe Iraqi delegation to Qom had a head.",
    }
    generator = ScriptedGenerator("Bananas grow on trees.")
    with opened(tmp_path, generator, files, disagreement=False) as assistant:
        answer = assistant.ask(QUESTION)
    assert {citation.title for citation in answer.citations} == {"First"}
    assert LED in answer.text


def test_a_claim_is_not_put_together_from_two_notes() -> None:
    toured, failed = (
        Evidence(name, "p", "", name, "", "", (SourceSentence(name, "p", text, 0, len(text)),),
                 text, 0, len(text), 1.0)
        for name, text in {
            "a": "David Petraeus toured Basra on Monday morning.",
            "b": "The general said that the surge had failed.",
        }.items()
    )  # fmt: skip
    claim = "David Petraeus toured Basra and said that the surge failed."
    citer = Citer("What happened on Monday?", [toured, failed], HashEmbedder())
    assert len({quote.evidence.article_id for quote in citer.cite(claim)}) <= 1
    one = replace(toured, sentences=(*toured.sentences, *failed.sentences))
    citer = Citer("What happened on Monday?", [one], HashEmbedder())
    assert len(citer.cite(claim)) == 2, "of one article it may be"


def test_of_an_unweighed_place_a_few_notes_are_asked_for_more(tmp_path: Path) -> None:
    def margin(user: str) -> float:
        return 9.0 if LED in user else 0.0

    long = f"{LED} It was a long way there, {'over many high hills, ' * 10}and back."
    notes = {
        f"{name}.md": f"---\ntitle: {name}\n---\n\nOn the way to Qom it {text}."
        for name, text in zip("vwxyz", ("had a head", "ate", "slept", "sang", "left"), strict=True)
    }
    generator = ScriptedGenerator("Bananas grow on trees.", margin=margin)
    files = notes | {"a.md": f"---\ntitle: Long\n---\n\n{long}"}
    with opened(tmp_path, generator, files, disagreement=False) as assistant:
        assert LED in assistant.ask(QUESTION).text
    apart = [prompt for prompt in generator.judged if LED not in prompt.user]
    assert len(apart) == 2


def test_a_model_without_a_check_judges_the_answer_under_the_head_of_the_note_cited(
    tmp_path: Path,
) -> None:
    generator = ScriptedGenerator(LED)
    with opened(tmp_path, generator, NOTES, disagreement=False) as assistant:
        assistant.ask(QUESTION)
    assert "[Second]" in generator.judged[1].material
    assert "[First]" not in generator.judged[1].material


def test_an_answer_is_checked_behind_the_notes_that_it_cites(tmp_path: Path) -> None:
    generator = ScriptedGenerator(LED)
    generator.checks = True
    with opened(tmp_path, generator, NOTES, disagreement=False) as assistant:
        assert assistant.ask(QUESTION).text == f"{LED} [1]"
    check = generator.judged[1]
    assert check.check
    assert check.begun.endswith(LED)
    assert "[Second]" in check.material
    assert "[First]" not in check.material


def test_one_that_cites_all_of_them_is_checked_where_it_was_written(tmp_path: Path) -> None:
    generator = ScriptedGenerator(f"{LED} {AGAIN}")
    generator.checks = True
    files = {"a.md": NOTES["b.md"], "b.md": f"---\ntitle: Later\n---\n\n{AGAIN}"}
    with opened(tmp_path, generator, files, disagreement=False) as assistant:
        assert assistant.ask(QUESTION).text == f"{LED} [1] {AGAIN} [2]"
    assert generator.judged[1].material == generator.asked[0].material


def test_passages_that_are_given_are_read_together_and_cited_where_they_are_from() -> None:
    generator = ScriptedGenerator(LED)
    given = [
        Passage(f"{name}#3", name, name, f"{name}.md", text, 100, 100 + len(text))
        for name, text in {"a": "The talks in Qom had a head.", "b": LED}.items()
    ]
    folder = Path(__file__).parents[1] / "seeds"
    with open_assistant(folder, generator, evidence_chars=500) as assistant:
        answer = assistant.read(QUESTION, given)
    assert [(one.article_id, one.start) for one in answer.citations] == [("b", 100)]
    assert {place.article_id for place in answer.weighed} == {"a", "b"}
