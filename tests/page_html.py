"""What the tests of the page share: a small corpus, builders, and a reader of HTML."""

from html.parser import HTMLParser

from rag.page import render
from rag.page.exchange import Exchange, Stage
from rag.types import Answer, Article, Citation, Passage, Sentence, Timings

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
