"""Reading given passages: only they are read, and footnotes point into their articles."""

from fakes import CORPUS, LED, Opener, ScriptedGenerator

from rag.types import Passage

QUESTION = "Who headed the Iraqi delegation to Qom?"


def test_reading_given_passages_points_back_into_their_articles(opener: Opener) -> None:
    generator = ScriptedGenerator(LED)
    assistant = opener(generator)
    text = f"Not this part. {LED} \r\nNor\tthis one."
    home = "x" * 50 + text
    given = Passage("p1", "far.md", "Far", "far.md", text, 50, 50 + len(text))
    other = Passage("p2", "near.md", "Near", "near.md", "The river flooded.", 7, 25)
    answer = assistant.read(QUESTION, [other, given])
    (citation,) = answer.citations
    assert (citation.article_id, citation.passage_id, citation.path) == ("far.md", "p1", "far.md")
    assert home[citation.start : citation.end] == citation.quote == LED
    assert {p.article_id for p in answer.passages} == {"far.md", "near.md"}
    for passage in answer.passages:
        if passage.article_id == "far.md":
            assert home[passage.start : passage.end] == passage.text
    assert "Harbour" not in generator.asked[0].user
    assert all(prompt.transient for prompt in [*generator.judged, *generator.asked])
    assert [a.id for a in assistant.articles()] == sorted(CORPUS)


def test_reading_no_passages_is_a_refusal(opener: Opener) -> None:
    answer = opener().read(QUESTION, [])
    assert (answer.abstained, answer.reason) == (True, "no_evidence")


def test_given_passages_with_the_same_id_are_all_read(opener: Opener) -> None:
    generator = ScriptedGenerator(LED)
    first = Passage("p", "a.md", "A", "a.md", LED, 0, len(LED))
    second = Passage("p", "b.md", "B", "b.md", "The river flooded.", 0, 18)
    opener(generator).read(QUESTION, [first, second])
    assert LED in generator.asked[0].user
