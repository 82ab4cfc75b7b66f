"""Near-equal texts: what counts as one, and that one story in two papers is shown once."""

import numpy as np
import pytest
from fakes import HashEmbedder, Opening

from index import duplicates, store
from index.build import build
from index.duplicates import originals
from index.store import Index
from index.types import Article
from rag.retrieve import Search, windows

EMBEDDER = HashEmbedder()
STORY = (
    "Ali Adeeb headed the Iraqi delegation that travelled to Qom on Friday afternoon. "
    "The delegates asked the Iranian general to bring the fighting in Basra to an end. "
    "A spokesman for the ministry confirmed the visit and praised its outcome in public. "
    "Ryan Crocker was unsure what the 3,400 rockets that were found there meant."
)
OTHER = "Many in Basra doubted that a delegation had gone to Qom, a cleric said in the evening."


def index_of(*texts: str) -> Index:
    articles = [Article(f"{i}.md", f"Title {i}", f"{i}.md", text) for i, text in enumerate(texts)]
    return build(articles, EMBEDDER, 800)


def search(index: Index, query: str) -> Search:
    return Search(index, query, EMBEDDER.encode([query])[0])


@pytest.mark.parametrize(
    ("old", "new", "copy"),
    [
        ("", "", True),
        ("praised its outcome", "lauded its outcome", True),
        ("  ", " ", True),
        ("3,400", "5,200", False),
        ("Adeeb", "Adib", False),
        ("was unsure", "was not unsure", False),
        ("Iraqi delegation that travelled to Qom", "Qom team that travelled to Iraqi", False),
        ("that travelled to Qom on Friday afternoon", "in a long convoy of armoured cars", False),
    ],
)
def test_a_copy_says_the_same_in_nearly_the_same_words(old: str, new: str, copy: bool) -> None:
    changed = STORY.replace(old, new) if old else STORY
    assert originals([STORY, changed]).tolist() == [0, 0 if copy else 1]


def test_short_texts_are_left_alone_and_order_is_kept() -> None:
    assert originals(["He denied it.", "He denied it.", ""]).tolist() == [0, 1, 2]
    assert originals([OTHER, STORY, OTHER, STORY]).tolist() == [0, 1, 0, 1]
    assert originals([]).tolist() == []


def test_likeness_does_not_drift_from_copy_to_copy() -> None:
    words = [f"word{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(60)]
    chain = [" ".join(words[3 * i : 3 * i + 40]) for i in range(4)]
    found = originals(chain)
    assert found[1] == 0, "three words in forty differ at each end"
    assert found[2] == 2, "alike to the first one's copy, not to the first"
    assert all(found[row] == row for row in found)


def test_many_equal_lines_take_no_time_by_their_square() -> None:
    assert set(originals([OTHER] * 30_000)) == {0}


def test_one_story_in_two_papers_takes_one_place() -> None:
    index = index_of(STORY, STORY + " ", OTHER)
    query = "Who headed the delegation to Qom?"
    found = search(index, query)
    first, second = (p.article_id for p in found.passages(2))
    assert (first in ("0.md", "1.md"), second) == (True, "2.md")
    assert [p.rank for p in found.passages(10)] == [1, 2]
    rows = [row for row, _ in found.sentences(20)]
    assert sorted(index.sentence_originals[rows].tolist()) == [0, 1, 2, 3, 8]
    assert "2.md" in [run.article_id for run in windows(index, found.sentences(20), 3)]


def test_a_copy_of_a_sentence_in_a_better_window_gets_no_window() -> None:
    index = index_of(STORY, STORY)
    shown = windows(index, [(0, 3.0), (5, 2.0), (3, 1.0)], 10)  # 5 is the copy of 1, beside 0
    assert [(run.article_id, run.score) for run in shown] == [("0.md", 3.0), ("0.md", 1.0)]


def test_of_two_copies_the_better_found_one_stays() -> None:
    edited = STORY.replace("praised its outcome", "lauded its outcome")
    index = index_of(STORY, edited)
    assert index.passage_originals.tolist() == [0, 0]
    assert [p.article_id for p in search(index, "lauded").passages(5)] == ["1.md"]


def test_papers_that_give_another_figure_are_both_found() -> None:
    index = index_of(STORY, STORY.replace("3,400", "5,200"))
    assert len(search(index, "how many rockets").passages(5)) == 2


def test_the_copies_are_stored_and_an_older_index_is_built_again(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("paper one.md", "paper two.md"):
        (opening.corpus / name).write_text(f"# {name}\n\n{STORY}")
    built, loaded = opening(), opening()
    assert opening.said[-1] == "reading articles"
    assert np.array_equal(built.sentence_originals, loaded.sentence_originals)
    assert np.array_equal(built.passage_originals, loaded.passage_originals)
    assert (built.sentence_originals != np.arange(len(built.sentences))).any()
    monkeypatch.setattr("index.build.METHOD", f"{duplicates.METHOD} changed")
    opening()
    assert f"its near_duplicates is {duplicates.METHOD}, the settings ask for" in opening.again
    monkeypatch.setattr(store, "FORMAT", store.FORMAT + 1)
    opening()
    assert "it was written by another version of Footnote" in opening.again
