"""What a browser or a program is told of a failure: no path of this machine."""

from rag.errors import FootnoteError, ModelError, QuestionError
from rag.terminal import complain

NO_MODEL = "A model cannot be used; the terminal that Footnote runs in says why."
BROKEN = "Something went wrong inside Footnote; the terminal that it runs in shows the details."


def tell(error: FootnoteError) -> None:
    """To the terminal alone: the message may name a path of this machine."""
    complain(" ".join(str(error).split()))


def told(error: Exception) -> str:
    """The text for the one who asked; what may name a file goes to the terminal."""
    if isinstance(error, QuestionError):
        return str(error)
    if isinstance(error, FootnoteError):
        tell(error)
    return NO_MODEL if isinstance(error, ModelError) else BROKEN
