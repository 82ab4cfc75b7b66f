"""A question in another language -> an English query for the search, where articles are English.

The model understands the question as it is: the judge's margin on the place that answers is hardly
lower. The search does not, and there a poor translation does: the place is among the first two for
48 of 54 questions in nine languages, for 21 as they are (docs/experiments.md, "Questions in other
languages"). So the translation is for what works on English words: the search, the choice of
sentences to quote, and what kind of thing was asked for. What the model judges and answers is what
was asked.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import prompts
from rag import followup
from rag.generate import Generator, Prompt, first_line
from rag.types import Passage, Turn

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

ENGLISH = "en"
_KNOWN = (  # those that are told apart: rare ones take short questions for theirs
    "ar bg bn cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv nl no pl pt ro ru sk sl"
    " sr sv ta th tr uk ur vi zh"
)
_CERTAIN = 0.5  # probability of a language from which it is taken for it
_LATIN = "\u024f"  # the last of the Latin letters
_SAMPLE, _SAMPLE_CHARS = 200, 300  # passages that are looked at, at least, and characters of each
_NEARLY = 0.9
_MAX_TOKENS = 80
# Words that hardly another language has: who uses one asks in English. A capital inside a question
# is a name's ("Que dit The Monitor ?").
_WORDS = (
    r"the|what|who|whom|whose|which|how|why|when|where|did|does|were|that|this|there|with|from"
    r"|about|would|should|could|they|their"
)
_OWN = re.compile(rf"\b(?:{_WORDS})\b|^\W*(?i:{_WORDS})\b")


class Standalone(NamedTuple):
    """A question that stands alone, and the query that is searched for it, mostly the same."""

    question: str
    query: str


def standalone(
    question: str,
    history: Sequence[Turn],
    generator: Generator,
    passages: Callable[[], Sequence[Passage]],
) -> Standalone:
    """`question` as it is asked without `history`, and what is searched for in the `passages`.

    A follow-up in another language is asked in English, since it is put together from what was
    said before.
    """
    foreign = is_foreign(question) and are_english(passages(), question)
    query = translate(question, generator) if foreign else question
    alone = followup.standalone(query, history, generator)
    return Standalone(question if alone == query else alone, alone)


def language(text: str) -> str:
    """The language that `text` is in, as in ISO 639 ("de"); "" where that is not certain.

    Names and single words are not certain. By py3langid (Lui and Baldwin 2012).
    """
    found, probability = _identifier().classify(text)
    return str(found) if probability >= _CERTAIN else ""


def is_foreign(question: str) -> bool:
    """Whether `question` is certainly in another language than English."""
    if _OWN.search(question.lower() if question.isupper() else question):
        return False
    letters = [character for character in question if character.isalpha()]
    others = sum(letter > _LATIN for letter in letters)
    return 2 * others > len(letters) or language(question) not in (ENGLISH, "")


def are_english(passages: Sequence[Passage], question: str) -> bool:
    """Whether nearly all of the `passages` are English, and none is in the `question`'s language.

    Some of them are looked at. Where one is in the question's language, it may be meant.
    """
    some = passages[:: max(1, len(passages) // _SAMPLE)]
    certain = [*filter(None, (language(passage.text[:_SAMPLE_CHARS]) for passage in some))]
    meant = _identifier().classify(question)[0] in certain
    return bool(certain) and not meant and certain.count(ENGLISH) >= _NEARLY * len(certain)


def translate(question: str, generator: Generator) -> str:
    """`question`, which is in another language, in English, as well as the model can.

    As it is where the model's try is no English, is cut off, or only leads in to one.
    """
    translated = first_line(generator, compose_translation(question), _MAX_TOKENS).strip()
    usable = any(character.isalpha() for character in translated) and translated[-1] != ":"
    return translated if usable and not is_foreign(translated) else question


def compose_translation(question: str) -> Prompt:
    """The prompt for `translate`: the task is the material, the question the request."""
    return Prompt(
        prompts.render("system_translate"),
        prompts.render("translate"),
        prompts.neutralise(question).strip(),  # the model's template trims it too
    )


@cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # hardly a question needs it

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_KNOWN.split())
    return identifier
