"""What programs send and get, checked by pydantic and described in the OpenAPI page."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rag.types import Filters


def _whole(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half of a character (a lone surrogate)") from None
    return text


Text = Annotated[str, AfterValidator(_whole)]
"""Text that can be encoded: JSON can escape what cannot."""


class Exchange(BaseModel):
    """One earlier question of the conversation, and the answer to it."""

    model_config = ConfigDict(extra="forbid")
    question: Text
    answer: Text


class Within(BaseModel):
    """What is looked at: articles of one publisher, and of days (YYYY-MM-DD), those included."""

    model_config = ConfigDict(extra="forbid")
    source: Text = ""
    published_after: Text = ""
    published_before: Text = ""

    @property
    def filters(self) -> Filters:
        """The same for an assistant."""
        return Filters(self.source, self.published_after, self.published_before)


class Question(Within):
    """A question, with the conversation that it may refer to, oldest exchange first."""

    question: Text
    history: list[Exchange] = Field(default=[], max_length=100)


class Query(Within):
    """A question, or words, to search for; `k` is how many passages to give."""

    query: Text
    k: int = Field(default=10, ge=1, le=100)


class Listed(BaseModel):
    """One article, without its text. `path` is relative to the folder of articles."""

    id: str
    title: str
    path: str
    source: str
    published: str
    passages: int


class Health(BaseModel):
    """How the server is; `model_loaded` is false until both models are in memory."""

    status: str
    model: str
    model_loaded: bool
    articles: int
    passages: int
    index_version: str


class Problem(BaseModel):
    """What is wrong."""

    error: str
