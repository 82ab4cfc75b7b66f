"""Do the quotes bear out the sentences? Citation recall and precision, and faithfulness.

All three are None for an answer without sentences, such as a refusal.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import prompts
from eval.metrics import citations_valid
from index.split import sentence_spans
from rag.types import Answer, Citation

Supports = Callable[[Sequence[str], str], bool]
"""A judge: `supports(quotes, claim)`, whether the quotes together bear the claim out."""

_MARKER = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A sentence of an answer, markers left out, with the citations that stand behind it."""

    text: str
    citations: tuple[Citation, ...]


def cited_sentences(answer: Answer) -> tuple[CitedSentence, ...]:
    """The sentences of an answer in order, those without a citation too; none of a refusal."""
    if answer.abstained:
        return ()
    spans: dict[tuple[int, int], list[Citation]] = {}
    for citation in answer.citations:
        spans.setdefault((citation.answer_start, citation.answer_end), []).append(citation)
    found: list[CitedSentence] = []
    at = 0
    for (start, end), citations in sorted(spans.items()):
        found += _uncited(answer.text[at:start], answer.missing)
        found.append(CitedSentence(answer.text[start:end], tuple(citations)))
        at = max(at, end)
    return (*found, *_uncited(answer.text[at:], answer.missing))


def _uncited(text: str, missing: Sequence[str]) -> list[CitedSentence]:
    for part in missing:  # that the articles do not say something is no statement of theirs
        text = text.replace(prompts.missing(part), "")
    # A model may write half of a surrogate pair, which the splitter cannot read.
    text = prompts.without_leads(_MARKER.sub("", text)).encode("utf-8", "replace").decode("utf-8")
    sentences = [text[start:end] for start, end in sentence_spans(text)]
    return [CitedSentence(s, ()) for s in sentences if any(map(str.isalnum, s))]


def citation_recall(sentences: Sequence[CitedSentence], supports: Supports) -> float | None:
    """The share of sentences that all their quotes together bear out.

    Gao et al. 2023 (ALCE), section 3: a sentence without a citation counts as not borne out.
    """
    if not sentences:
        return None
    return sum(_borne_out(sentence, supports) for sentence in sentences) / len(sentences)


def citation_precision(sentences: Sequence[CitedSentence], supports: Supports) -> float | None:
    """The share of citations that are needed; 0 for sentences without any.

    Gao et al. 2023 (ALCE), section 3: a citation is irrelevant when its quote alone does not bear
    the sentence out while the others do without it; and none counts in a sentence that all of
    its quotes together do not bear out.
    """
    if not sentences:
        return None
    total = sum(len(sentence.citations) for sentence in sentences)
    needed = sum(_needed(s, supports) for s in sentences if _borne_out(s, supports))
    return needed / total if total else 0.0


def faithfulness(
    answer: Answer, texts: Mapping[str, str], supports: Supports | None = None
) -> float | None:
    """The share of the answer's sentences with a verified quote; `texts` are by article id.

    A quote is verified when it stands in its article at its offsets and, where a judge is given,
    bears the sentence out. After the faithfulness of Ragas (Es et al. 2024), whose statements
    and judgements come from a model, with sentences and quotes in their place.
    """
    return verified_share(answer, citations_valid(answer, texts), supports)


def verified_share(
    answer: Answer, citations_ok: Sequence[bool], supports: Supports | None = None
) -> float | None:
    """`faithfulness`, where it is known of each citation whether its quote stands in its place."""
    sentences = cited_sentences(answer)
    if not sentences:
        return None
    valid = {c for c, ok in zip(answer.citations, citations_ok, strict=True) if ok}

    def verified(sentence: CitedSentence) -> bool:
        return any(
            citation in valid and (supports is None or supports([citation.quote], sentence.text))
            for citation in sentence.citations
        )

    return sum(map(verified, sentences)) / len(sentences)


def _borne_out(sentence: CitedSentence, supports: Supports) -> bool:
    return bool(sentence.citations) and supports(_quotes(sentence.citations), sentence.text)


def _needed(sentence: CitedSentence, supports: Supports) -> int:
    """How many citations of a sentence that is borne out are not irrelevant."""
    if len(sentence.citations) == 1:
        return 1
    needed = 0
    for row, citation in enumerate(sentence.citations):
        others = sentence.citations[:row] + sentence.citations[row + 1 :]
        alone = supports([citation.quote], sentence.text)
        needed += alone or not supports(_quotes(others), sentence.text)
    return needed


def _quotes(citations: Sequence[Citation]) -> list[str]:
    return [citation.quote for citation in citations]
