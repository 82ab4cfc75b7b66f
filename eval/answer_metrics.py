"""An answer against reference answers: exact match and token F1, as SQuAD scores them."""

import re
import string
from collections import Counter
from collections.abc import Sequence

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def exact_match(answer: str, references: Sequence[str]) -> bool:
    """Whether the answer is one of the references, case, articles and punctuation aside.

    Rajpurkar et al. 2016 (SQuAD 1.1). An unanswerable question has no reference, and only the
    empty answer matches (Rajpurkar et al. 2018, SQuAD 2.0): give a refusal as "".
    """
    wanted = {" ".join(_tokens(reference)) for reference in references or [""]}
    return " ".join(_tokens(answer)) in wanted


def token_f1(answer: str, references: Sequence[str]) -> float:
    """Harmonic mean of the precision and recall of the answer's words, 0 to 1, best reference.

    Rajpurkar et al. 2016 (SQuAD 1.1); words count as often as they stand there. Where answer or
    reference is empty it is 1 if both are, else 0 (SQuAD 2.0): give a refusal as "".
    """
    return max(_f1(_tokens(answer), _tokens(reference)) for reference in references or [""])


def _f1(answer: list[str], reference: list[str]) -> float:
    if not answer or not reference:
        return float(answer == reference)
    common = (Counter(answer) & Counter(reference)).total()
    return 2 * common / (len(answer) + len(reference))


def _tokens(text: str) -> list[str]:
    # ASCII punctuation alone, and before the articles: so the published figures were made.
    return _ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split()
