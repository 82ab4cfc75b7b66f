"""A question in another language -> the same question in English, where the articles are English.

Search, the judge and the checks are made for English: of eight questions in German that the
bundled articles answer, two were answered as they are (docs/experiments.md, "Questions in other
languages"). The answer stays in the language of the articles, whose words it has to be held to.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import prompts
from rag.generate import Generator, Prompt

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

ENGLISH = "en"
_CERTAIN = 0.5  # probability of a language from which it is taken for it
_LATIN = "\u024f"  # the last of the Latin letters
_SAMPLE, _SAMPLE_CHARS = 40, 300  # passages that are looked at, at least, and characters of each
_NEARLY = 0.9
_MAX_TOKENS = 80
_NUMBER = re.compile(r"\d+")
# words that hardly another language has: who uses one asks in English
_OWN = re.compile(
    r"\b(?:the|what|who|whom|whose|which|how|why|when|where|did|does|and|are|were|that|there"
    r"|with|from)\b",
    re.IGNORECASE,
)


def language(text: str) -> str:
    """The language that `text` is in, as in ISO 639 ("de"); "" where that is not certain.

    Names and single words are not certain. By py3langid (Lui and Baldwin 2012).
    """
    found, probability = _identifier().classify(text)
    return str(found) if probability >= _CERTAIN else ""


def is_foreign(question: str) -> bool:
    """Whether `question` is certainly in another language than English."""
    if _OWN.search(question):
        return False
    letters = [character for character in question if character.isalpha()]
    others = sum(letter > _LATIN for letter in letters)
    return 2 * others > len(letters) or language(question) not in (ENGLISH, "")


def are_english(texts: Sequence[str]) -> bool:
    """Whether nearly all of the `texts`, of which a few are looked at, are in English.

    Where others are among them, a question may be meant for those.
    """
    step = max(1, len(texts) // _SAMPLE)
    certain = [*filter(None, (language(text[:_SAMPLE_CHARS]) for text in texts[::step]))]
    return bool(certain) and certain.count(ENGLISH) >= _NEARLY * len(certain)


def in_english(question: str, generator: Generator) -> str:
    """`question`, which is in another language, as it is asked in English.

    As it is where the model's try is unusable: no question, without a number of it, or foreign.
    """
    prompt = compose_translation(question)
    if generator.length(prompt) + _MAX_TOKENS > generator.context_tokens:
        return question
    written = ""
    for piece in generator.stream(prompt, _MAX_TOKENS):
        written += piece
        if "\n" in written.strip():
            break
    lines = written.strip().splitlines()
    translated = lines[0].removeprefix("English:").strip() if lines else ""
    numbers = set(_NUMBER.findall(question)) <= set(_NUMBER.findall(translated))
    usable = any(character.isalpha() for character in translated) and numbers
    return translated if usable and not is_foreign(translated) else question


def compose_translation(question: str) -> Prompt:
    """The prompt for `in_english`: the task is the material, the question the request."""
    request = prompts.render("translate_request", question=prompts.neutralise(question))
    return Prompt(prompts.render("system_translate"), prompts.render("translate"), request)


@cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # hardly a question needs it

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
