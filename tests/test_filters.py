"""Searches and questions that are limited to a source or to days."""

from pathlib import Path

import pytest
from fakes import LED, HashEmbedder, Opener, ScriptedGenerator, open_assistant, write_corpus

from index.build import build
from index.types import Article
from rag.assistant import Assistant
from rag.errors import QuestionError
from rag.retrieve import Search
from rag.types import Filters

EMBEDDER = HashEmbedder()
WHO = "Who headed the Iraqi delegation to Qom?"


@pytest.fixture
def papers(tmp_path: Path) -> Assistant:
    head = "---\ntitle: The talks\npublisher: {}\npublished: {}\n---\n\n"
    dated = {"a": ("Reuters", "2008-04-07"), "b": ("Times", "2009-01-02"), "c": ("Times", "soon")}
    files = {
        f"{n}.md": f"{head.format(*of)}{LED} So says Paper {n.upper()}." for n, of in dated.items()
    }
    for number in range(150):  # more and nearer ones than a search looks at
        files[f"z{number}.md"] = f"---\npublisher: Post\n---\n\n{WHO} Number {number}."
    return open_assistant(write_corpus(tmp_path / "papers", files), ScriptedGenerator(LED))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"source": "reuters"}, {"a.md"}),
        ({"source": " TIMES "}, {"b.md", "c.md"}),
        ({"published_after": "2008-04-07"}, {"a.md", "b.md"}),
        ({"published_after": "2008-04-08"}, {"b.md"}),
        ({"published_before": "2009-01-02"}, {"a.md", "b.md"}),
        ({"published_before": "2009-01-01"}, {"a.md"}),
        ({"source": "Times", "published_before": "2008-12-31"}, set()),
    ],
)
def test_only_what_is_within_is_found(
    papers: Assistant, given: dict[str, str], found: set[str]
) -> None:
    assert {passage.article_id for passage in papers.retrieve(WHO, **given)} == found
    answer = papers.ask(WHO, within=Filters(**given))
    assert {passage.article_id for passage in answer.passages} == found
    assert {citation.article_id for citation in answer.citations} <= found
    assert answer.abstained == (not found)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"published_after": "April"}, "published_after cannot be 'April'. Write a date such as"),
        ({"published_before": "2008-02-30"}, "published_before cannot be '2008-02-30'"),
        ({"published_before": "2008-04-07T10:00"}, "published_before cannot be"),
        ({"source": "Nobody"}, "No article states the source 'Nobody'. They state: Reuters."),
        ({"published_after": "2009-01-01", "published_before": "2008-01-01"}, "Exchange the two"),
    ],
)
def test_filters_that_cannot_be_used_are_told(
    opener: Opener, given: dict[str, str], said: str
) -> None:
    assistant = opener()
    with pytest.raises(QuestionError) as told:
        assistant.retrieve(WHO, **given)
    assert said in str(told.value)
    with pytest.raises(QuestionError):
        assistant.stream(WHO, within=Filters(**given))


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("harbour strike", "old.md"),
        ("latest harbour strike", "new.md"),
        ("Most recently, which harbour strike?", "new.md"),
        ("harbour strike at the latest", "old.md"),
        ("latest flood", "flood.md"),
    ],
)
def test_what_is_new_comes_first_only_where_the_question_asks_for_it(
    query: str, first: str
) -> None:
    given = {
        "old.md": ("2001-01-01", "A harbour strike."),
        "new.md": ("2009-01-01", "A harbour strike."),
        "none.md": ("soon", "A harbour strike."),
        "flood.md": ("1999-01-01", "The river brought a flood."),
    }
    articles = [Article(n, "T", n, text, published=day) for n, (day, text) in given.items()]
    search = Search(build(articles, EMBEDDER, 800), query, EMBEDDER.encode([query])[0])
    assert search.passages(1)[0].article_id == first
    best, _ = search.sentences(1)[0]
    assert list(given)[best] == first
    assert all(0 < passage.score <= 1.0001 for passage in search.passages(10))
