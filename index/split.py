"""Article -> passages -> sentences, with exact character offsets.

Passages come from langchain-text-splitters; each boundary is then moved to the start of the
sentence that it cuts, so that the passages of an article are a partition of its sentences.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise

import sentencex

from index.comments import announced, signed
from index.types import Article, Passage, Sentence

SPLITTER = "recursive-4"  # part of an index's identity: change it when what is indexed changes
_STRETCH_CHARS = 20_000  # read at once: unclosed quotation marks take time by their square
_SPACE = re.compile(r"\s")
MAX_SENTENCE_CHARS = 600  # an "endless" sentence is cut here, at a space where there is one
HEADING_CHARS = 90  # a longer line is none


def split(article: Article, passage_chars: int) -> tuple[list[Passage], list[Sentence]]:
    """Split `article` into passages of about `passage_chars` characters and their sentences.

    Both lists are in reading order; every text equals the article's text at its offsets.
    """
    spans = sentence_spans(article.text)
    if not spans:
        return [], []
    starts = [start for start, _ in spans]
    cuts = {0} | {bisect_right(starts, at) - 1 for at in _boundaries(article.text, passage_chars)}
    edges = [*sorted(cut for cut in cuts if cut >= 0), len(spans)]
    passages: list[Passage] = []
    sentences: list[Sentence] = []
    for first, last in pairwise(edges):
        start, end = spans[first][0], spans[last - 1][1]
        passage = article.passage(start, end)
        passages.append(passage)
        sentences.extend(article.sentence(passage.id, a, b) for a, b in spans[first:last])
    return passages, sentences


def _boundaries(text: str, passage_chars: int) -> list[int]:
    # takes a tenth of a second to import, which an index that is current need not wait for
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=passage_chars, chunk_overlap=0, add_start_index=True
    )
    return [int(chunk.metadata["start_index"]) for chunk in splitter.create_documents([text])]


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Offsets (start, end) of the sentences of `text`, stripped of white space, in order.

    A line break ends a sentence: headings, list items and captions have no full stop. Only the
    name of who wrote a reader's comment belongs to the sentence that it stands beside.
    """
    spans: list[tuple[int, int]] = []
    line_start = 0
    above: list[tuple[int, int]] = []  # names the writer of what comes next
    for line in text.split("\n"):
        if line.strip():
            found = [
                piece
                for start, end in _line_spans(line)
                for piece in _pieces(text, line_start + start, line_start + end)
            ]
            if above:
                found = above[:-1] + _joined(above[-1], found[0]) + found[1:]
                above = []
            if signed(line) and spans and not signed(text[slice(*spans[-1])]):
                spans[-1:] = _joined(spans[-1], (found[0][0], found[-1][1]))
            elif announced(line):
                above = found
            else:
                spans += found
        line_start += len(line) + 1
    return spans + above


def is_heading(text: str) -> bool:
    """Whether a sentence or paragraph looks like a heading: documents lose their markup."""
    line = text.strip()
    short = 0 < len(line) <= HEADING_CHARS and not {"\n", ":"} & set(line)
    return short and line[0].isupper() and line[-1].isalnum()


def _joined(first: tuple[int, int], second: tuple[int, int]) -> list[tuple[int, int]]:
    """Two spans as one, where that is not too long."""
    whole = first[0], second[1]
    return [whole] if whole[1] - whole[0] <= MAX_SENTENCE_CHARS else [first, second]


def _line_spans(line: str) -> Iterator[tuple[int, int]]:
    """The sentences of one line, which they partition; a long one is read stretch by stretch.

    The last sentence of a stretch may go on behind it, so the next one begins with it; where
    that would be no step forward, its end is looked for further on.
    """
    at = start = 0
    while at < len(line):
        # sentencex panics over a letter, a space of several bytes and a full stop
        stretch = _SPACE.sub(" ", line[at : at + _STRETCH_CHARS])
        found = sentencex.get_sentence_boundaries("en", stretch)
        ends = [at + int(sentence["end_index"]) for sentence in found]
        at += len(stretch)
        if at < len(line):
            ends = ends[:-1]
            at = ends[-1] if ends else at
        else:
            ends[-1:] = [len(line)]
        for end in ends:
            yield start, end
            start = end


def _pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The span without outer white space, cut where it is longer than a sentence may be."""
    pieces: list[tuple[int, int]] = []
    while start < end:
        stop = end
        if end - start > MAX_SENTENCE_CHARS:
            space = text.rfind(" ", start + MAX_SENTENCE_CHARS // 2, start + MAX_SENTENCE_CHARS)
            stop = space if space > start else start + MAX_SENTENCE_CHARS
        piece = text[start:stop]
        left = start + len(piece) - len(piece.lstrip())
        if stripped := piece.strip():
            pieces.append((left, left + len(stripped)))
        start = stop
    return pieces
