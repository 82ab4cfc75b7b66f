"""A scripted assistant over three small articles, one of them hostile, for the browser's tests."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from app import BUNDLED
from rag.settings import Settings
from rag.types import (
    Answer,
    Article,
    Citation,
    Passage,
    Progress,
    Sentence,
    SourceSentence,
    Timings,
    Token,
    Turn,
)

GATE_S = 20.0  # a test that has not come this far by then is stuck

FILLER = "\n\n".join(
    f"This is paragraph {n} of an article that is long enough to be scrolled in its panel, "
    "and it says nothing at all that any question could be about."
    for n in range(1, 31)
)
LED = "Ali Adeeb, a lawmaker, led the three delegates whom Iraq's government sent to Qom."
UNSURE = "Ryan Crocker was unsure whether Iran had persuaded al-Sadr."
TALKS = Article(
    "talks.md",
    "The talks in Qom",
    "talks.md",
    f"{FILLER}\n\nBefore it. {LED} After it.\n\n{FILLER}\n\n{UNSURE}",
    source="Reuters",
    published="2008-04-07",
)
PLAIN = Article("plain.txt", "A plain article", "plain.txt", "It says little. It has no date.")
HOSTILE = "\n".join(
    (
        "<script>window.pwned = 1</script>",
        '<img src="http://evil.example/a.png" onerror="window.pwned = 1">',
        "<svg onload='window.pwned = 1'></svg>",
        "![x](http://evil.example/b.png) [y](javascript:window.pwned=1)",
        "${1+1} {{constructor}} {{x}} {{#each value}}{{/each}} `${window.pwned = 1}`",
        '__i18n__{"key": "x"} &lt;b&gt; </section></div> \\u003cb\\u003e',
        "\u202etxet desrever\u202c \u2066isolated",
    )
)
BAD = Article(
    'x"><b onmouseover=alert(1)>.md',
    f"Title {HOSTILE}",
    "bad.md",
    f"First.\n\n{HOSTILE} It ends here.\n\nLast.",
    source=HOSTILE,
    published=HOSTILE,
)
ARTICLES = (TALKS, PLAIN, BAD)


def cite(number: int, span: tuple[int, int], article: Article, quote: str) -> Citation:
    start = article.text.index(quote)
    return Citation(
        number=number,
        answer_start=span[0],
        answer_end=span[1],
        article_id=article.id,
        title=article.title,
        path=article.path,
        passage_id=f"{article.id}#0",
        quote=quote,
        start=start,
        end=start + len(quote),
        support=0.9 if number == 1 else 0.6,
    )


def passage(article: Article, start: int, end: int) -> Passage:
    text = article.text[start:end]
    return Passage(f"{article.id}#1", article.id, article.title, article.path, text, start, end)


def answered(
    question: str, *sentences: tuple[str, Article, str], standalone: str = ""
) -> tuple[list[Sentence], Answer]:
    """The sentences (text, article, quote) as events, and the answer that they make."""
    text, events, citations = "", [], []
    for number, (words, article, quote) in enumerate(sentences, start=1):
        start = len(text) + bool(text)
        text = f"{text} {words}".strip()
        citations.append(cite(number, (start, start + len(words)), article, quote))
        text += f" [{number}]"
        events.append(Sentence(words, (citations[-1],), shown=True))
    answer = Answer(
        question, standalone or question, text, False, "", 0.9, tuple(citations), (),
        timings=Timings(total_s=4.87),
    )  # fmt: skip
    return events, answer


def refused(question: str, *passages: Passage) -> Answer:
    return Answer(
        question, question, "The articles do not say.", True, "not_stated", 0.1, (), passages,
        timings=Timings(total_s=1.2),
    )  # fmt: skip


WHO = "Who led the delegation?"
ANSWER = answered(
    WHO,
    ("Ali Adeeb led the delegation.", TALKS, LED),
    ("Crocker was unsure.", TALKS, UNSURE),
)


class Scripted:
    """Plays what is written for a question: yields events, raises errors, waits for gates.

    A step that can be called is given `stopped`.
    """

    model = "scripted"
    loaded = True
    index_version = "v1"

    def __init__(
        self, folder: Path, corpus: Path = BUNDLED, listed: Sequence[Article] = ARTICLES
    ) -> None:
        self.listed = listed
        self.conversations_dir = folder
        self.added_dir = folder / "added"
        self.removed: list[str] = []
        self.skipped: list[tuple[str, str]] = []
        self.change: list[Any] = []  # steps of whatever changes the articles: progress, or as above
        self.passages_by_article = Counter({TALKS.id: 12, PLAIN.id: 1, BAD.id: 3})
        self.settings = Settings(
            home=folder / "home",
            corpus=corpus,
            conversations=20,
        )
        self.asked: list[tuple[str, Sequence[Turn]]] = []
        self._gates: list[threading.Event] = []
        self.reset()

    def gate(self) -> threading.Event:
        """A step at which the stream waits until the test sets it, or `reset` does."""
        self._gates.append(threading.Event())
        return self._gates[-1]

    def reset(self) -> None:
        """Let whatever is under way run out; know the answer to WHO and nothing else."""
        events, answer = ANSWER
        self.scripts: dict[str, list[Any]] = {WHO: [*events, answer]}
        for gate in self._gates:
            gate.set()
        self._gates.clear()
        self.asked.clear()

    def articles(self) -> list[Article]:
        return [article for article in self.listed if article.id not in self.removed]

    def add(self, paths: Sequence[Path], *, progress: Progress) -> None:
        self._play_change(progress)

    def remove(self, article_ids: Sequence[str], *, progress: Progress) -> None:
        self._play_change(progress)
        self.removed.extend(article_ids)

    def _play_change(self, progress: Progress) -> None:
        for step in self.change:
            if isinstance(step, tuple):
                progress(*step)
            else:
                _pass(step)

    def warm(self) -> None:
        pass

    def support(self, claim: str, quotes: Sequence[str]) -> float:
        return float(claim in quotes)

    def evidence_sentences(self, query: str, k: int = 10) -> list[SourceSentence]:
        return []

    def beside(self, corpus: Path, **_given: Any) -> "Scripted":
        """The assistant of a folder without articles."""
        return Scripted(corpus, corpus, ())

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        stopped: Callable[[], bool] = bool,
    ) -> Iterator[Token | Sentence | Answer]:
        self.asked.append((question, history))
        for step in self.scripts[question]:
            if isinstance(step, Token | Sentence | Answer):
                yield step
            elif callable(step):
                step(stopped)
            else:
                _pass(step)


def _pass(step: threading.Event | Exception) -> None:
    if isinstance(step, Exception):
        raise step
    assert step.wait(GATE_S), "nobody opened the gate"
