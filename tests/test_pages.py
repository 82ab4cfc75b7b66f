"""A footnote names the page that its words are on, from the file to what is shown."""

from pathlib import Path

from fakes import LED, Opener, ScriptedGenerator
from made_files import pdf

from index.load import load
from rag.page.exchange import Exchange
from rag.page.render import conversation
from rag.terminal import below, render

QUESTION = "Who headed the Iraqi delegation to Qom?"


def talks(corpus: Path) -> None:
    (corpus / "qom.md").unlink()
    (corpus / "talks.pdf").write_bytes(
        pdf(["It rained.", "", "They met."], [LED, "", "They left."])
    )


def test_an_answer_from_a_pdf_names_the_page(corpus: Path, opener: Opener) -> None:
    talks(corpus)
    for assistant in (opener(), opener()):  # built, and read back
        answer = assistant.ask(QUESTION)
        (citation,) = answer.citations
        assert (citation.path, citation.page, citation.quote) == ("talks.pdf", 2, LED)
        article = load(corpus / "talks.pdf", "talks.pdf")
        assert article.text[citation.start : citation.end] == LED
        articles = {article.id: article for article in assistant.articles()}
        assert articles["talks.pdf"] == article
        assert "The talks, 2008-04-07, page 2" in render(answer, articles)
        assert answer.to_dict()["citations"][0]["page"] == 2
        shown = Exchange(question=QUESTION, answer=answer)
        assert " · page 2 · " in conversation([shown], articles, [])


def test_a_refusal_names_the_pages_of_the_nearest_passages(corpus: Path, opener: Opener) -> None:
    talks(corpus)
    assistant = opener(ScriptedGenerator(margin=-9.0))
    answer = assistant.ask(QUESTION)
    articles = {article.id: article for article in assistant.articles()}
    assert "The talks, 2008-04-07, page 1" in below(answer, articles)
    assert ", page 1</span>" in conversation([Exchange(QUESTION, answer=answer)], articles, [])


def test_an_article_without_pages_names_none(opener: Opener) -> None:
    assistant = opener()
    answer = assistant.ask(QUESTION)
    assert [citation.page for citation in answer.citations] == [None]
    articles = {article.id: article for article in assistant.articles()}
    assert "page" not in render(answer, articles)
