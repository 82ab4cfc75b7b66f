"""Which sentences of a window are shown as the article has them, by late interaction.

A small model sometimes copies the sentence beside the one that answers. Two kinds of sentences are
worth showing then: the one that is nearest to the question, where what was cited is clearly further
off; and one that goes on about what was cited ("Those weapons could have ..."). And of two
sentences that stand in for what the model wrote, one is enough where the other is clearly further
off. docs/experiments.md has the figures.
"""

import re
from collections.abc import Collection, Sequence

from index.comments import unsigned
from index.embed import Embedder
from index.split import is_heading
from rag.answer_type import gives_answer
from rag.interaction import likenesses
from rag.types import Evidence, SourceSentence

_AHEAD = 0.1  # likeness with the question that the nearest has before the best of those cited
_APART = 0.15  # and before the other of two, so that it is shown alone
_GOES_ON = re.compile(
    r"(?:This|These|Those|That|Such)\b(?! (?:same |past |last |coming )?"
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)?day|morning|afternoon|evening|night|week|weekend"
    r"|month|year|decade|century|spring|summer|autumn|fall|winter|time)\b)"
)

Sentences = Sequence[SourceSentence]


def passed_over(
    question: str, window: Evidence, cited: Collection[SourceSentence], embedder: Embedder
) -> Sentences:
    """Sentences of `window` to show beside those `cited`, in reading order; mostly none."""
    found = set(_going_on(window, cited))
    alike = _alike(question, window, embedder)
    of_cited = [likeness for sentence, likeness in alike.items() if sentence in cited]
    if of_cited:
        nearest = max(alike, key=alike.__getitem__)
        text = unsigned(nearest.text)
        ahead = alike[nearest] - max(of_cited) >= _AHEAD
        if ahead and not is_heading(text) and gives_answer(question, text):
            found.add(nearest)
    return [sentence for sentence in window.sentences if sentence in found]


def needed(question: str, window: Evidence, pair: Sentences, embedder: Embedder) -> Sentences:
    """Of two sentences of `window`, or one, those that are to speak for it: both or one."""
    alike = _alike(question, window, embedder)
    if len(pair) < 2 or not alike:
        return pair
    further, nearest = sorted(pair, key=alike.__getitem__)
    apart = alike[nearest] - alike[further] >= _APART
    return [nearest] if apart and gives_answer(question, unsigned(nearest.text)) else pair


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
        if together and _GOES_ON.match(other.text):
            found.append(other)
    return found
