"""Which sentences of a window are shown as the article has them, by late interaction.

A small model sometimes copies the sentence beside the one that answers. Two kinds of sentences are
worth showing then: the one that is nearest to the question, where what was cited is clearly further
off; and one that goes on about what was cited ("Those weapons could have ..."). And of two
sentences that stand in for what the model wrote, one is enough where the other is clearly further
off. docs/experiments.md has the figures.
"""

import re
from collections.abc import Collection

from index.comments import unsigned
from index.embed import Embedder
from index.split import is_heading
from rag.answer_type import WEEKDAY, gives_answer
from rag.interaction import likenesses
from rag.types import Evidence, SourceSentence

_AHEAD = 0.1  # likeness with the question that the nearest has before the best of those cited
_WHOLE_WORDS = 4  # of a sentence that says something: "This will ..." is cut off
_APART = 0.15  # and before the other of two, so that it is shown alone
_WHEN = (  # "This Monday" and "those days" tell when, not of what
    rf"(?:(?:{WEEKDAY}|day)s?|mornings?|afternoons?|evenings?|nights?"
    r"|weeks?|weekends?|months?|years?|decades?|century|centuries|seasons?|springs?|summers?"
    r"|autumns?|falls?|winters?|times?|christmas|easter|ramadan|january|february|march|april|may"
    r"|june|july|august|september|october|november|december)\b"
)
_OTHERWISE = (  # these words say something else, or say it of the text itself
    r"(?:who|said|is to say|he|she|it|they|we|you|i|as)\b"
    r"|(?:article|story|post|report|entry|page|column|piece)\b"
)
_GOES_ON = re.compile(
    r"[“\"‘']?(?:This|These|Those|That|Such)\b"
    rf"(?!,? (?i:(?:(?:very|same|past|last|coming|first|two|three) )*{_WHEN}|{_OTHERWISE}))"
)

Sentences = tuple[SourceSentence, ...]


def passed_over(
    question: str, window: Evidence, cited: Collection[SourceSentence], embedder: Embedder
) -> Sentences:
    """Sentences of `window` to show beside those `cited`, in reading order; mostly none."""
    found = set(_going_on(window, cited))
    others = [each for each in window.sentences if each not in cited and _tells(question, each)]
    alike = _alike(question, window, embedder) if others else {}
    of_cited = [likeness for sentence, likeness in alike.items() if sentence in cited]
    if of_cited:
        nearest = max(others, key=alike.__getitem__)
        if alike[nearest] - max(of_cited) >= _AHEAD:
            found.add(nearest)
    return tuple(sentence for sentence in window.sentences if sentence in found)


def needed(question: str, window: Evidence, pair: Sentences, embedder: Embedder) -> Sentences:
    """Of two sentences of `window`, or one, those that are to speak for it: both or one."""
    alike = _alike(question, window, embedder) if len(pair) > 1 else {}
    if not alike:
        return pair
    further, nearest = sorted(pair, key=alike.__getitem__)
    apart = alike[nearest] - alike[further] >= _APART
    return (nearest,) if apart and _tells(question, nearest) else pair


def _tells(question: str, sentence: SourceSentence) -> bool:
    """Whether a sentence may answer: it is no heading, asks nothing and has what was asked for."""
    text = unsigned(sentence.text)
    asks = text.rstrip("”\"’' ").endswith("?")
    return not asks and not is_heading(text) and gives_answer(question, text)


def _alike(question: str, window: Evidence, embedder: Embedder) -> dict[SourceSentence, float]:
    """How much of `question` each sentence speaks of; none for an encoder that cannot tell."""
    texts = [unsigned(sentence.text) for sentence in window.sentences]
    alike = likenesses(question, texts, embedder)
    return {} if alike is None else dict(zip(window.sentences, alike, strict=True))


def _going_on(window: Evidence, cited: Collection[SourceSentence]) -> Sentences:
    """Sentences that say more of the one before them, which is cited, in the same paragraph."""
    found = []
    for one, other in zip(window.sentences, window.sentences[1:], strict=False):
        between = window.text[one.end - window.start : other.start - window.start]
        together = one in cited and other not in cited and "\n" not in between
        whole = len(other.text.split()) >= _WHOLE_WORDS
        if together and whole and _GOES_ON.match(other.text):
            found.append(other)
    return tuple(found)
