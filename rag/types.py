"""The nouns of the read path, one frozen dataclass each.

`Article`, `Passage` and `Sentence` belong to the index and are re-exported here.
"""

from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Literal

from index.types import Article, Passage, Progress
from index.types import Sentence as SourceSentence

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange of a conversation's history."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Collection:
    """A folder of articles under a name.

    The user gives one, one comes with Footnote, others are made on the page: these alone are
    Footnote's to rename and delete.
    """

    id: str
    name: str
    folder: Path
    kind: Literal["given", "bundled", "made"]

    @property
    def made(self) -> bool:
        """Whether it was made on the page."""
        return self.kind == "made"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is limited to; an empty field limits nothing.

    An article without a date is left out where a date is given.
    """

    source: str = ""  # the publisher, as the articles state it; upper and lower case are one
    published_after: str = ""  # ISO date (YYYY-MM-DD); that day itself is within
    published_before: str = ""  # the same


@dataclass(frozen=True, slots=True)
class Evidence:
    """Neighbouring sentences of one article, as the model is shown them."""

    article_id: str
    passage_id: str
    title: str
    path: str
    source: str
    published: str
    sentences: tuple[SourceSentence, ...]
    text: str  # article_text[start:end]
    start: int
    end: int
    score: float
    writer: str = ""  # of the reader's comment that it is part of, if it is of one
    signature: SourceSentence | None = None  # whose line names the writer, where it is certain


@dataclass(frozen=True, slots=True)
class Citation:
    """A footnote, checked: `article_text[start:end] == quote`, always.

    `Answer.text[answer_start:answer_end]` is the answer sentence, the markers behind it left
    out; `support` (0 to 1) says how well the quote supports that sentence. `page` is the one on
    which the quote begins, counted from 1; None where the article has no pages.
    """

    number: int
    answer_start: int
    answer_end: int
    article_id: str
    title: str
    path: str
    passage_id: str
    quote: str
    start: int
    end: int
    support: float
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """One side of a disagreement between sources, with the footnotes that hold it."""

    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A place that the judge weighed: `article_text[start:end] == text`.

    `margin` is logit(yes) - logit(no), `probability` (0 to 1) what it is read as: that the place
    states the answer. `read` says whether the answer, or a part of it, is from there.
    """

    article_id: str
    title: str
    text: str
    start: int
    end: int
    margin: float
    probability: float
    read: bool


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds by stage and tokens read and written; `first_token_s` counts from the question.

    All stages (those in `_s` but for `first_token_s`) add up to `total_s`, less some milliseconds.
    """

    retrieve_s: float = 0.0
    judge_s: float = 0.0
    first_token_s: float = 0.0
    generate_s: float = 0.0
    cite_s: float = 0.0
    total_s: float = 0.0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    rewrite_s: float = 0.0  # making a follow-up stand alone, or a query of another language
    read_s: float = 0.0  # from the judge's yes to the first token, its window read again or not


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer as the model writes it; not yet checked."""

    text: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A finished answer sentence with the footnotes that the program found for it."""

    text: str
    citations: tuple[Citation, ...]
    shown: bool  # false: the answer leaves it out, as nothing supports it or it does not answer


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked answer, or a refusal when `abstained`.

    `text` carries the markers [1] [2] of `citations`; where the model found no words that are
    borne out and answer the question, it is `prompts.QUOTING` and sentences of the article; these
    may also stand behind an answer that passes over what is nearer to the question. Behind
    `prompts.ALSO` stands what another place states as well, where the answer is none too sure. Of
    a reader's comment it says whose it is (`prompts.comment_by`).
    `reason` is empty for an answer; for a refusal it is one of `no_evidence` (nothing was found),
    `not_stated` (the judge, before anything was written), `declined` (the model itself),
    `unsupported` (no sentence is borne out), `off_type` (a number, a name or a date was asked
    for and none given), `off_premise` (it names a year or century of which no article found
    tells) and `off_point` (the check of what was written). `confidence` is the probability (0 to
    1) that the answer is right, by the judge's word on the window read and what is said of the
    answer; of a refusal, that of what was judged last; what other places state beside it does not
    count.
    `passages` are the nearest ones, best first, `weighed` the places that the judge looked at for
    the answer, in their order, and others that were heard.
    `judge_prompt` is what the judge was asked of the one that was read, or else of the most
    promising one, and `answer_prompt` what the answer was written to, both word for word as the
    model read them; "" where it read none.

    `unsupported` has the sentences that the model wrote and nothing bears out, which are no part
    of the answer, where `Settings.show_unsupported` asks for them.

    `query` is what was searched for: the standalone question, or its English where that is in
    another language and the articles are not.

    Of a question that asks several things (`rag/compound.py`), `standalone_question` and `query`
    have each as a sentence and `missing` those that are not answered where others are;
    `confidence` is the probability that all that is answered is right, and the prompts stand one
    below another.
    """

    question: str
    standalone_question: str
    text: str
    abstained: bool
    reason: str
    confidence: float
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]
    disagreement: tuple[Position, ...] = ()
    weighed: tuple[Weighed, ...] = ()
    judge_prompt: str = ""
    answer_prompt: str = ""
    timings: Timings = field(default_factory=Timings)
    model: str = ""
    index_version: str = ""
    missing: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    query: str = ""

    @property
    def searched_for(self) -> str:
        """`query`, or the standalone question of an answer from before there was one."""
        return self.query or self.standalone_question

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-ready lists, dicts, strings and numbers."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: Any) -> "Answer":
        """The answer that `to_dict` made `record` of. Raises ValueError for anything else."""
        return _adapter().validate_python(record)


def public_name(model: str) -> str:
    """The name of `model` for others; of a file named by its place, the file's name alone."""
    path = PurePath(model)
    return path.name if path.is_absolute() or model.startswith(("~", ".")) else model


@cache
def _adapter() -> "TypeAdapter[Answer]":
    from pydantic import TypeAdapter  # takes longer to load than all of this module

    return TypeAdapter(Answer)


__all__ = [
    "Answer",
    "Article",
    "Citation",
    "Evidence",
    "Filters",
    "Passage",
    "Position",
    "Progress",
    "Sentence",
    "SourceSentence",
    "Timings",
    "Token",
    "Turn",
    "Weighed",
    "public_name",
]
