"""Twelve ways to break Footnote on purpose, each from outside, for benchmarks/gate.py.

Each is a context in which one part of the pipeline is replaced or wrapped. It is given the run's
own copy of the articles, which it may change, and the cases that will be asked.
"""

import os
import random
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import prompts
import rag.loading
from eval.dataset import Case
from eval.runner import article_names
from index.split import sentence_spans
from rag import Answer, Assistant, Citation, Settings
from rag.generate import Generator
from rag.retrieve import Search
from rag.settings import PROJECT

Mutation = Callable[[Path, Sequence[Case]], AbstractContextManager[None]]
SMALL = "smollm2-135m-instruct"
SURE = 20.0  # logits
FEW = 4  # tokens


@contextmanager
def random_passages(_corpus: Path, _cases: Sequence[Case]) -> Iterator[None]:
    """The search finds any sentences and passages, the same for the same question."""

    def sentences(found: list[Any], search: Any, k: int) -> list[Any]:
        rows = range(len(search._index.sentences))
        chosen = random.Random(repr(found)).sample(rows, min(k, len(rows)))
        return [(row, 0.5) for row in chosen]

    def passages(found: list[Any], search: Any, k: int) -> list[Any]:
        everything = search._index.passages
        return random.Random(repr(found)).sample(list(everything), min(k, len(everything)))

    with _searching(sentences, passages):
        yield


@contextmanager
def top_result_dropped(_corpus: Path, _cases: Sequence[Case]) -> Iterator[None]:
    """The search loses what it found first."""

    def rest(found: list[Any], _search: Any, _k: int) -> list[Any]:
        return found[1:]

    with _searching(rest, rest):
        yield


@contextmanager
def prompt_without_rule(_corpus: Path, _cases: Sequence[Case]) -> Iterator[None]:
    """The system's words no longer say "using only the passages", and what follows from that."""
    whole = prompts._template
    rule = re.compile(r", using only .* inside a passage(?=\.)", re.DOTALL)

    def shortened(name: str) -> str:
        return rule.sub("", whole(name)) if name == "system" else whole(name)

    with mock.patch.object(prompts, "_template", shortened):
        yield


@contextmanager
def judge_always_yes(_corpus: Path, _cases: Sequence[Case]) -> Iterator[None]:
    """The judge holds every window to state the answer."""
    with _generating(lambda generator, _: setattr(generator, "margin", lambda _prompt: SURE)):
        yield


@contextmanager
def judge_always_no(_corpus: Path, _cases: Sequence[Case]) -> Iterator[None]:
    """The judge holds no window to state the answer."""
    with _generating(lambda generator, _: setattr(generator, "margin", lambda _prompt: -SURE)):
        yield


@contextmanager
def citation_shifted(_corpus: Path, _cases: Sequence[Case]) -> Iterator[None]:
    """The offsets of each quote are one too high."""

    def shifted(_assistant: Assistant, citation: Citation) -> Citation:
        return replace(citation, start=citation.start + 1, end=citation.end + 1)

    with _citing(shifted):
        yield


@contextmanager
def quote_of_neighbour(_corpus: Path, _cases: Sequence[Case]) -> Iterator[None]:
    """Each quote is the sentence behind the one that was found, or before the last."""

    def moved(assistant: Assistant, citation: Citation) -> Citation:
        text = next(a.text for a in assistant.articles() if a.id == citation.article_id)
        spans = sentence_spans(text)
        row = next(row for row, (_, end) in enumerate(spans) if end > citation.start)
        start, end = spans[row + 1 if row + 1 < len(spans) else max(0, row - 1)]
        return replace(citation, start=start, end=end, quote=text[start:end])

    with _citing(moved):
        yield


@contextmanager
def small_model(_corpus: Path, _cases: Sequence[Case]) -> Iterator[None]:
    """A model that invents stands in the place of the default one, under its name."""
    load = rag.loading.load_generator

    def swapped(settings: Settings, progress: Any = None) -> Generator:
        generator = load(replace(settings, model=SMALL), progress)
        generator.name = settings.model
        return generator

    with mock.patch.object(rag.loading, "load_generator", swapped):
        yield


@contextmanager
def large_passages(_corpus: Path, _cases: Sequence[Case]) -> Iterator[None]:
    """Passages are four times as long."""
    chars = str(4 * Settings.load().passage_chars)
    with mock.patch.dict(os.environ, FOOTNOTE_PASSAGE_CHARS=chars):
        yield


@contextmanager
def article_missing(corpus: Path, cases: Sequence[Case]) -> Iterator[None]:
    """The article that most of the cases are about is not in the folder."""
    _most_asked(corpus, cases).unlink()
    yield


@contextmanager
def answers_truncated(_corpus: Path, _cases: Sequence[Case]) -> Iterator[None]:
    """The model writes a few tokens of each answer."""

    def cut(generator: Any, settings: Settings) -> None:
        whole = generator.stream

        def stream(prompt: Any, max_tokens: int) -> Iterator[str]:
            # a follow-up's rewriting has a limit of its own
            return whole(prompt, FEW if max_tokens == settings.answer_tokens else max_tokens)

        generator.stream = stream

    with _generating(cut):
        yield


@contextmanager
def stale_index(corpus: Path, cases: Sequence[Case]) -> Iterator[None]:
    """An article changes as soon as it is indexed."""
    opened = Assistant.open

    def then_changed(*args: Any, **given: Any) -> Assistant:
        assistant = opened(*args, **given)
        file = _most_asked(corpus, cases)
        file.write_bytes(b"Corrected on Monday.\n\n" + file.read_bytes())
        return assistant

    with mock.patch.object(Assistant, "open", then_changed):
        yield


MUTATIONS: dict[str, Mutation] = {
    mutation.__name__.replace("_", "-"): mutation
    for mutation in (
        random_passages,
        top_result_dropped,
        prompt_without_rule,
        judge_always_yes,
        judge_always_no,
        citation_shifted,
        quote_of_neighbour,
        small_model,
        large_passages,
        article_missing,
        answers_truncated,
        stale_index,
    )
}


@contextmanager
def _searching(sentences: Callable[..., Any], passages: Callable[..., Any]) -> Iterator[None]:
    """The search with another choice; each is given one more result than asked for."""
    of_sentences, of_passages = Search.sentences, Search.passages
    with (
        mock.patch.object(
            Search, "sentences", lambda s, k: sentences(of_sentences(s, k + 1), s, k)
        ),
        mock.patch.object(Search, "passages", lambda s, k: passages(of_passages(s, k + 1), s, k)),
    ):
        yield


@contextmanager
def _generating(change: Callable[[Any, Settings], None]) -> Iterator[None]:
    """Each answer model changed when it is loaded."""
    load = rag.loading.load_generator

    def changed(settings: Settings, progress: Any = None) -> Generator:
        generator = load(settings, progress)
        change(generator, settings)
        return generator

    with mock.patch.object(rag.loading, "load_generator", changed):
        yield


@contextmanager
def _citing(change: Callable[[Assistant, Citation], Citation]) -> Iterator[None]:
    """Each finished answer with its citations changed."""
    original = Assistant.stream

    def stream(self: Assistant, question: str, history: Any = ()) -> Iterator[Any]:
        for event in original(self, question, history):
            if isinstance(event, Answer):
                citations = tuple(change(self, citation) for citation in event.citations)
                yield replace(event, citations=citations)
            else:
                yield event

    with mock.patch.object(Assistant, "stream", stream):
        yield


def _most_asked(corpus: Path, cases: Sequence[Case]) -> Path:
    """The file that most of the cases name, of those in the corpus."""
    files = sorted(file for file in corpus.rglob("*") if file.is_file())
    ids = {file.relative_to(corpus).as_posix(): file for file in files}
    names = article_names(ids, cases, PROJECT / "seeds")
    named = [names[name] for case in cases for name in case.articles if name in names]
    if not named:
        raise SystemExit(f"None of the articles that the cases name is in {corpus}.")
    return ids[max(sorted(set(named)), key=named.count)]
