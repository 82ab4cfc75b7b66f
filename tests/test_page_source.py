"""The source panel, the small pieces of markup, and hostile text anywhere on the page."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_html import ARTICLE, QUOTE, TEXT, Page, answer, done

from rag.page import library, render, source
from rag.page.exchange import Exchange, absorb, fail
from rag.page.markup import byline, clip, day, escape
from rag.types import Article, Citation, Passage, Position, Sentence, Token

HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "<svg/onload=alert(1)>",
    "![x](http://evil.example/x.png)",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "</article></div><h1>owned</h1>",
    "{{constructor}} ${1+1} `x` <%= 1 %>",
    '__i18n__{"key": "x"}',
    "<!-- --><![CDATA[",
    "&lt;b&gt; &amp;",
    "\u202ereversed\u202c \u2066x",
    "line\r\nfeed\rreturn",
]


# The source panel


def test_the_source_marks_exactly_the_quoted_words_in_their_paragraph() -> None:
    start = TEXT.index(QUOTE)
    page = Page(source.source(ARTICLE, start, start + len(QUOTE)))
    assert page.texts("mark", "quote") == [QUOTE]
    assert page.texts("p")[2:] == [
        "Three delegates went to Qom.",
        "Ali Adeeb led the delegation. He is close to al-Maliki.",
        "American doubts",
        "Crocker was unsure.",
    ]
    assert page.texts("p", "heading") == ["American doubts"]
    assert page.texts("h2") == ["The talks in Qom"]
    assert page.texts("p", "byline") == ["Reuters, 7 April 2008"]


@pytest.mark.parametrize(
    ("start", "end"), [(0, 0), (5, 5), (9, 3), (-1, 4), (0, len(TEXT) + 1), (10**9, 10**9 + 1)]
)
def test_a_place_outside_the_article_marks_nothing(start: int, end: int) -> None:
    page = Page(source.source(ARTICLE, start, end))
    assert page.texts("mark") == []
    assert "Crocker was unsure." in page.texts("p")


@given(st.text(alphabet=st.sampled_from("ab <&\"'>\n\r\t{}$é\u202e"), max_size=60), st.data())
def test_any_range_is_marked_character_for_character(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    page = Page(source.source(Article("a", "T", "a", text), start, end))
    if start < end and text[start:end].strip():
        assert page.texts("mark") == [text[start:end]]
    body = page.texts("div", "text")[0]
    assert "".join(body.split()) == "".join(text.split())


# Small pieces


@given(st.text(), st.integers(2, 40))
def test_a_clip_is_short_and_one_line(text: str, length: int) -> None:
    clipped = clip(text, length)
    assert len(clipped) <= length
    assert "\n" not in clipped


def test_a_clip_ends_with_a_whole_word() -> None:
    assert clip("The delegation went to Qom", 20) == "The delegation went…"


@pytest.mark.parametrize(
    ("published", "words"),
    [("2008-04-07", "7 April 2008"), ("last Thursday", "last Thursday"), ("2008", "2008")],
)
def test_dates_read_like_dates(published: str, words: str) -> None:
    assert day(published) == words


def test_a_byline_says_what_is_missing() -> None:
    article = Article("a", "T", "a", "text", source="Reuters")
    assert Page(byline(article)).texts("p") == ["Reuters, date not stated"]


# Hostile input


@given(st.text())
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    page = Page(f'<i title="{escape(text)}">{escape(text)}</i>')
    assert page.texts("i") == [text]
    assert page.attrs("i") == [{"title": text}]


@pytest.mark.parametrize("bad", HOSTILE)
def test_no_text_from_outside_becomes_markup(bad: str) -> None:
    def everything(text: str) -> str:
        article = Article(text, text, text, f"{text} {text}", source=text, published=text)
        cited = Citation(1, 0, len(text), text, text, text, text, text, 0, len(text), 0.9)
        near = Passage(text, text, text, text, text, 0, len(text))
        answered = answer(
            f"{text} [1]",
            cited,
            question=text,
            standalone_question=text + "?",
            disagreement=(Position(text, (1,)),),
        )
        refused = answer(text, abstained=True, reason=text, passages=(near,), question=text)
        streaming = absorb(
            absorb(Exchange(text), Sentence(text, (cited,), shown=True)), Token(text)
        )
        exchanges = (done(answered), done(refused), streaming, fail(streaming, text))
        return "".join(
            (
                render.conversation(exchanges, {text: article}, ()),
                render.conversation((), {}, (text,)),
                render.hint(text),
                source.source(article, 0, len(text)),
                library.article_list([article], {}, [article.id]),
            )
        )

    def shape(markup: str) -> list[tuple[str, list[str]]]:
        return [(tag, sorted(attrs)) for tag, attrs in Page(markup).elements]

    # The same elements with the same attributes as for a harmless text of the same kind.
    hostile = [e for e in shape(everything(bad)) if e[0] != "p"]
    harmless = [e for e in shape(everything("harmless.")) if e[0] != "p"]
    assert hostile == harmless
    assert bad in Page(everything(bad)).texts("h2", "question")


def test_nothing_on_the_page_is_fetched_from_elsewhere() -> None:
    folder = Path(render.__file__).parent
    for name in ("style.css", "page.js"):
        text = (folder / name).read_text(encoding="utf-8")
        assert not re.search(r"https?:|@import|url\(|//[a-z0-9-]+\.[a-z]", text), name
