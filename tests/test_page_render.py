"""The page's HTML: what it shows, and that nothing from outside becomes markup."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.page import render, source
from rag.page.exchange import Exchange, Stage, absorb, fail, history, stop
from rag.page.markup import byline, clip, day, escape
from rag.types import (
    Answer,
    Article,
    Citation,
    Passage,
    Position,
    Sentence,
    Timings,
    Token,
    Turn,
)

TEXT = (
    "Three delegates went to Qom.\n\n"
    "Ali Adeeb led the delegation. He is close to al-Maliki.\n\n"
    "American doubts\n\n"
    "Crocker was unsure."
)
ARTICLE = Article(
    "qom.md", "The talks in Qom", "qom.md", TEXT, source="Reuters", published="2008-04-07"
)
ARTICLES = {ARTICLE.id: ARTICLE}
QUOTE = "Ali Adeeb led the delegation."
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


class Page(HTMLParser):
    """The elements and the text of a piece of HTML; fails on tags left open or closed twice."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._open: list[tuple[str, int]] = []
        self._texts: list[str] = []
        self.feed(markup)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append((tag, len(self.elements)))
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._texts.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, index in self._open:
            self._texts[index] += data

    def texts(self, tag: str, cls: str = "") -> list[str]:
        return [
            text
            for (name, attrs), text in zip(self.elements, self._texts, strict=True)
            if name == tag and (not cls or cls in attrs.get("class", "").split())
        ]

    def attrs(self, tag: str, cls: str = "") -> list[dict[str, str]]:
        return [
            attrs
            for name, attrs in self.elements
            if name == tag and (not cls or cls in attrs.get("class", "").split())
        ]


def citation(number: int, span: tuple[int, int], quote: str = QUOTE, **kwargs: float) -> Citation:
    start = TEXT.index(quote)
    return Citation(
        number=number,
        answer_start=span[0],
        answer_end=span[1],
        article_id=ARTICLE.id,
        title=ARTICLE.title,
        path=ARTICLE.path,
        passage_id="qom.md#0",
        quote=quote,
        start=start,
        end=start + len(quote),
        support=kwargs.get("support", 0.9),
    )


def answer(text: str, *citations: Citation, **kwargs: object) -> Answer:
    fields: dict[str, object] = {
        "question": "Who led it?",
        "standalone_question": "Who led it?",
        "text": text,
        "abstained": False,
        "reason": "",
        "confidence": 0.9,
        "citations": citations,
        "passages": (),
        "timings": Timings(total_s=4.87),
    }
    return Answer(**(fields | kwargs))  # type: ignore[arg-type]


def refusal(*passages: Passage, reason: str = "not_stated") -> Answer:
    return answer("The articles do not say.", abstained=True, reason=reason, passages=passages)


def passage(text: str, start: int = 0, title: str = "The talks in Qom") -> Passage:
    return Passage("p", ARTICLE.id, title, ARTICLE.path, text, start, start + len(text))


def shown(*exchanges: Exchange) -> Page:
    return Page(render.conversation(exchanges, ARTICLES, ()))


def done(given: Answer, *sentences: Sentence) -> Exchange:
    return Exchange(given.question, Stage.DONE, sentences, answer=given)


# An answer


def test_markers_stand_where_the_answer_has_them() -> None:
    text = "Ali Adeeb led it. [1] Crocker was unsure. [2] [3]"
    page = shown(
        done(
            answer(
                text,
                citation(1, (0, 17)),
                citation(2, (22, 41), "Crocker was unsure."),
                citation(3, (22, 41), "Three delegates went to Qom."),
            )
        )
    )
    assert page.texts("p", "words") == ["Ali Adeeb led it.[1] Crocker was unsure.[2][3]"]
    assert page.texts("a", "marker") == ["[1]", "[2]", "[3]"]
    assert page.texts("span", "said") == ["Ali Adeeb led it.", "Crocker was unsure."]


def test_a_marker_carries_the_place_of_its_quote_and_says_what_it_is() -> None:
    page = shown(done(answer("He led it. [1]", citation(1, (0, 10)))))
    marker = page.attrs("a", "marker")[0]
    start, end = int(marker["data-start"]), int(marker["data-end"])
    assert TEXT[start:end] == QUOTE
    assert marker["data-article"] == "qom.md"
    assert marker["aria-label"] == f"Footnote 1: {QUOTE}"
    assert marker["href"] == "#note-1-1"
    assert page.attrs("li")[0]["id"] == "note-1-1"


def test_brackets_that_are_not_markers_stay_text() -> None:
    page = shown(done(answer("Rule [7] holds. [1] As [1] says.", citation(1, (0, 15)))))
    assert page.texts("a", "marker") == ["[1]"]
    assert page.texts("p", "words") == ["Rule [7] holds.[1] As [1] says."]


def test_footnotes_show_quote_title_publisher_date_and_support() -> None:
    page = shown(
        done(
            answer(
                "He led it. [1] All went. [2]",
                citation(1, (0, 10), support=0.9),
                citation(2, (15, 24), "Three delegates went to Qom.", support=0.6),
            )
        )
    )
    first, second = page.texts("a", "note")
    assert first.startswith(f"“{QUOTE}”")
    for part in ("The talks in Qom", "Reuters", "7 April 2008", "support: strong"):
        assert part in first
    assert "support: fair" in second


def test_a_quote_used_twice_is_one_footnote() -> None:
    text = "He led it. [1] He was the head. [1]"
    page = shown(done(answer(text, citation(1, (0, 10)), citation(1, (15, 31)))))
    assert page.texts("a", "marker") == ["[1]", "[1]"]
    assert len(page.texts("a", "note")) == 1


def test_a_footnote_to_an_article_no_longer_in_use_keeps_its_title() -> None:
    exchange = done(answer("He led it. [1]", citation(1, (0, 10))))
    note = Page(render.conversation((exchange,), {}, ())).texts("a", "note")[0]
    assert "The talks in Qom" in note
    assert "Reuters" not in note


def test_the_line_below_tells_seconds_rewording_and_what_was_left_out() -> None:
    given = answer(
        "He led it. [1]", citation(1, (0, 10)), standalone_question="Who led the delegation?"
    )
    left_out = Sentence("It rained.", (), shown=False)
    page = shown(done(given, left_out))
    aside = page.texts("p", "aside")[0]
    assert "asked as: Who led the delegation?" in aside
    assert "1 unsupported sentence left out" in aside
    assert "4.9 s" in aside
    assert "It rained." not in page.texts("article")[0]


def test_an_unchanged_question_is_not_told_twice() -> None:
    page = shown(done(answer("He led it. [1]", citation(1, (0, 10)))))
    assert page.texts("p", "aside") == ["4.9 s"]


def test_a_disagreement_names_both_sides_with_their_footnotes() -> None:
    sides = (Position("He led it", (1,)), Position("Nobody did", (2, 9)))
    given = answer(
        "He led it. [1] Unsure. [2]",
        citation(1, (0, 10)),
        citation(2, (15, 22), "Crocker was unsure."),
        disagreement=sides,
    )
    box = shown(done(given)).texts("div", "disagreement")[0]
    assert box == "The articles disagreeHe led it[1]Nobody did[2]"


# While it arrives


def test_unchecked_text_is_set_apart_from_checked_sentences() -> None:
    exchange = Exchange("Who?")
    for event in (
        Token("Ali Adeeb led it."),
        Token(" Then"),
        Sentence("Ali Adeeb led it.", (citation(1, (0, 17)),), shown=True),
        Token(" he"),
    ):
        exchange = absorb(exchange, event)
    page = shown(exchange)
    assert page.texts("span", "said") == ["Ali Adeeb led it."]
    assert page.texts("a", "marker") == ["[1]"]
    assert page.texts("span", "draft") == ["Then he"]
    assert page.attrs("div", "reply")[0]["aria-busy"] == "true"


def test_an_unsupported_sentence_never_gets_in() -> None:
    exchange = absorb(Exchange("Who?"), Token("It rained. He"))
    exchange = absorb(exchange, Sentence("It rained.", (), shown=False))
    page = shown(exchange)
    assert "It rained." not in page.texts("article")[0]
    assert page.texts("span", "draft") == ["He"]


def test_a_sentence_that_differs_from_its_tokens_clears_the_draft() -> None:
    exchange = absorb(Exchange("Who?"), Token("He  led\nit."))
    assert absorb(exchange, Sentence("He led it.", (), shown=True)).draft == ""


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (Stage.WAITING, "Another question is being answered first"),
        (Stage.SEARCHING, "Reading the articles"),
        (Stage.WRITING, "Checking each sentence"),
    ],
)
def test_the_status_says_what_is_going_on(stage: Stage, words: str) -> None:
    assert words in shown(Exchange("Who?", stage)).texts("p", "status")[0]


def test_stopping_keeps_what_is_checked_and_drops_the_rest() -> None:
    exchange = absorb(Exchange("Who?"), Token("He led it. And th"))
    exchange = absorb(exchange, Sentence("He led it.", (citation(1, (0, 10)),), shown=True))
    page = shown(stop(exchange))
    assert page.texts("p", "words") == ["He led it.[1]"]
    assert page.texts("p", "aside") == ["Stopped."]


def test_an_error_is_told_in_the_conversation() -> None:
    page = shown(fail(absorb(Exchange("Who?"), Token("He l")), "The model file is <missing>."))
    box = page.texts("div", "failure")[0]
    assert "The model file is <missing>." in box
    assert "He l" not in page.texts("article")[0]


def test_history_holds_what_came_back_and_nothing_else() -> None:
    answered = done(answer("He led it. [1]", citation(1, (0, 10))))
    stopped = stop(
        absorb(Exchange("And then?"), Sentence("He left.", (citation(1, (0, 8)),), shown=True))
    )
    failed = fail(Exchange("What?"), "broken")
    refused = done(refusal())
    assert history((answered, stopped, failed, refused)) == (
        Turn("Who led it?", "He led it. [1]"),
        Turn("And then?", "He left."),
        Turn("Who led it?", "The articles do not say."),
    )


# A refusal and an empty conversation


def test_a_refusal_looks_unlike_an_answer_and_leads_to_the_nearest_passages() -> None:
    page = shown(done(refusal(passage(TEXT[30:90], 30), passage("x" * 1000))))
    box = page.texts("div", "refusal")[0]
    assert box.startswith("Not found in the articles")
    assert "none of them states an answer" in box
    assert page.texts("p", "words") == []
    first, second = page.attrs("button")
    assert (first["data-start"], first["data-end"]) == ("30", "90")
    assert first["data-kind"] == second["data-kind"] == "passage"
    assert len(page.texts("span", "clip")[1]) <= render.CLIP


@pytest.mark.parametrize("reason", ["no_evidence", "not_stated", "declined", "unsupported"])
def test_every_reason_is_explained(reason: str) -> None:
    assert render.REASONS[reason] in shown(done(refusal(reason=reason))).texts("div", "refusal")[0]


def test_a_refusal_with_an_unknown_reason_and_no_passages_still_reads_well() -> None:
    box = shown(done(refusal(reason="other"))).texts("div", "refusal")[0]
    assert box == "Not found in the articlesThe articles do not say."


def test_an_empty_conversation_offers_the_examples() -> None:
    page = Page(render.conversation((), {}, ('Who "led" it?', "Why?")))
    assert page.texts("button") == ['Who "led" it?', "Why?"]
    assert [a["data-question"] for a in page.attrs("button")] == ['Who "led" it?', "Why?"]


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


def test_articles_are_listed_with_publisher_and_date() -> None:
    bare = Article("b.txt", "Another", "b.txt", "text")
    page = Page(source.article_list([ARTICLE, bare]))
    assert page.texts("button") == [
        "The talks in QomReuters, 7 April 2008",
        "Anotherpublisher and date not stated",
    ]
    assert page.texts("h2") == ["Articles in use 2"]


def test_a_long_list_is_cut_and_counted() -> None:
    many = [Article(f"{n}", f"Article {n}", "", "text") for n in range(source.LISTED + 1200)]
    page = Page(source.article_list(many))
    assert len(page.texts("button")) == source.LISTED
    assert page.texts("p", "more") == ["and 1,200 more"]


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
                source.article_list([article]),
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
