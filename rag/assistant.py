"""The read path in one place: question -> evidence -> judge -> answer -> checked footnotes."""

import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import prompts
from index.build import build, open_index
from index.clean import clean_line
from index.embed import Embedder, SentenceTransformerEmbedder
from index.store import Index
from rag import cite, followup, models, retrieve
from rag.errors import QuestionError
from rag.generate import Generator, LlamaGenerator, Prompt
from rag.judge import calibration
from rag.settings import Settings
from rag.types import (
    Answer,
    Article,
    Citation,
    Evidence,
    Passage,
    Progress,
    Sentence,
    SourceSentence,
    Timings,
    Token,
    Turn,
)

_NEAREST = 5  # passages that an answer or a refusal comes with


class Assistant:
    """Answers questions about one folder of articles. Safe to share between threads.

    Open it with `Assistant.open`; it is a context manager.
    """

    def __init__(
        self,
        settings: Settings,
        index: Index,
        embedder: Embedder,
        generator: Generator | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Put the parts together; `generator` None means: load the settings' model when asked."""
        self.settings = settings
        self._index = index
        self._embedder = embedder
        self._generator = generator
        self._progress = progress
        # one llama.cpp context serves all; a plain lock, because a streaming generator may be
        # resumed, and so released, by another thread than the one that started it
        self._busy = threading.Lock()

    @classmethod
    def open(
        cls,
        corpus: Path | str | None = None,
        *,
        settings: Settings | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """The assistant of the folder `corpus`, its index built or refreshed when needed.

        Raises CorpusError, ModelError, IndexStoreError or ConfigError with what to do about it.
        """
        settings = settings or Settings.load()
        if corpus is not None:
            settings = replace(settings, corpus=Path(corpus).expanduser())
        folder = models.resolve(
            settings.embedder, settings.models_dir, offline=settings.offline, progress=progress
        )
        embedder = SentenceTransformerEmbedder(folder, settings.embedder)
        index = open_index(
            settings.corpus, settings.index_root, embedder, settings.passage_chars, progress
        )
        return cls(settings, index, embedder, progress=progress)

    @property
    def model(self) -> str:
        """Name of the answer model."""
        return self._generator.name if self._generator else self.settings.model

    @property
    def index_version(self) -> str:
        """Short hash of what is indexed and how."""
        return self._index.version

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """Files that could not be read, each with its reason."""
        return [(entry.path, entry.reason) for entry in self._index.skipped]

    def warm(self) -> None:
        """Load the answer model now instead of at the first question."""
        with self._busy:
            self._load_generator()

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The checked answer to `question`, or a refusal.

        Raises QuestionError for an empty or over-long question, ModelError when the model cannot
        be loaded.
        """
        return _last(self.stream(question, history))

    def stream(
        self, question: str, history: Sequence[Turn] = ()
    ) -> Iterator[Token | Sentence | Answer]:
        """Like `ask`, as it happens: tokens, each finished sentence, and the answer last."""
        question = self._checked(question)
        with self._busy:
            clock = _Clock()
            standalone = question
            if followup.needs_rewriting(question, history):
                standalone = followup.rewrite(question, history, self._load_generator())
            yield from self._answer(question, standalone, self._index, clock)

    def read(self, question: str, passages: Sequence[Passage]) -> Answer:
        """The answer to `question` from `passages` alone; their index lives for this call only.

        Citations' offsets point into the article text that each passage's own offsets point into.
        """
        question = self._checked(question)
        articles = [
            Article(id=passage.id, title=passage.title, path=passage.path, text=passage.text)
            for passage in passages
        ]
        with self._busy:
            index = build(articles, self._embedder, self.settings.passage_chars)
            answer = _last(self._answer(question, question, index, _Clock()))
        given = {passage.id: passage for passage in passages}
        return replace(
            answer,
            citations=tuple(_shift_citation(c, given[c.article_id]) for c in answer.citations),
            passages=tuple(_shift_passage(p, given[p.article_id]) for p in answer.passages),
        )

    def retrieve(self, query: str, k: int = 10) -> list[Passage]:
        """The `k` best passages for `query`, ranked; the answer model takes no part."""
        vector = self._embedder.encode([query])[0]
        return retrieve.rank_passages(self._index, query, vector, k)

    def evidence_sentences(self, query: str, k: int = 10) -> list[SourceSentence]:
        """The `k` best sentences for `query`, ranked; the answer model takes no part."""
        vector = self._embedder.encode([query])[0]
        ranked = retrieve.rank_sentences(self._index, query, vector, k)
        return [sentence for sentence, _ in ranked]

    def articles(self) -> list[Article]:
        """The indexed articles, whole."""
        return list(self._index.articles.values())

    def close(self) -> None:
        """Free the answer model."""
        with self._busy:
            if self._generator is not None:
                self._generator.close()
                self._generator = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _checked(self, question: str) -> str:
        cleaned = clean_line(question)
        if not any(character.isalnum() for character in cleaned):
            raise QuestionError("The question is empty. Type a question about the articles.")
        if len(cleaned) > self.settings.question_chars:
            raise QuestionError(
                f"The question has {len(cleaned):,} characters; at most "
                f"{self.settings.question_chars:,} are read. Shorten it."
            )
        return cleaned

    def _load_generator(self) -> Generator:
        if self._generator is None:
            settings = self.settings
            file = models.resolve(
                settings.model,
                settings.models_dir,
                offline=settings.offline,
                progress=self._progress,
            )
            if self._progress is not None:
                self._progress("loading the model", 0, 0)
            self._generator = LlamaGenerator(
                file, settings.model, settings.context_tokens, settings.threads, settings.seed
            )
        return self._generator

    def _answer(
        self, question: str, standalone: str, index: Index, clock: "_Clock"
    ) -> Iterator[Token | Sentence | Answer]:
        settings = self.settings
        with clock.measure("retrieve_s"):
            generator = self._load_generator()
            vector = self._embedder.encode([standalone])[0]
            passages = retrieve.rank_passages(index, standalone, vector, _NEAREST)
            ranked = retrieve.rank_sentences(index, standalone, vector, settings.evidence_sentences)
            evidence = retrieve.gather(index, ranked, settings.evidence_tokens, generator.count)
        draft = _Draft(
            Answer(
                question=question,
                standalone_question=standalone,
                text=prompts.REFUSAL,
                abstained=True,
                reason="no_evidence",
                confidence=0.0,
                citations=(),
                passages=_mark_used(passages, evidence),
                model=generator.name,
                index_version=index.version,
            )
        )
        if not evidence:
            yield clock.stamp(draft.answer)
            return
        prompt, asked = _prompts(standalone, evidence)
        clock.prompt_tokens = generator.length(prompt)
        if clock.prompt_tokens + settings.answer_tokens > generator.context_tokens:
            raise QuestionError(
                "The question and its evidence are longer than the model can read. Shorten the "
                "question, lower FOOTNOTE_EVIDENCE_TOKENS or raise FOOTNOTE_CONTEXT_TOKENS."
            )
        with clock.measure("judge_s"):
            verdict = calibration(generator.name, settings.judge_threshold)
            confidence = verdict.probability(generator.margin(asked))
        draft.answer = replace(draft.answer, confidence=confidence, reason="not_stated")
        if confidence >= 0.5:
            citer = cite.Citer(standalone, evidence, self._embedder)
            yield from self._write(generator, prompt, citer, draft, clock)
        yield clock.stamp(draft.answer)

    def _write(
        self,
        generator: Generator,
        prompt: Prompt,
        citer: cite.Citer,
        draft: "_Draft",
        clock: "_Clock",
    ) -> Iterator[Token | Sentence]:
        """Stream the model's reply; check each sentence as it ends, and keep it or leave it out."""
        pending = ""
        for piece in _tidy(generator.stream(prompt, self.settings.answer_tokens), clock):
            if piece:
                yield Token(piece)
            pending += piece
            *finished, rest = _sentences(pending)
            for sentence in finished:
                yield from self._check(sentence, citer, draft, clock)
            if finished:
                pending = rest
        for sentence in _sentences(pending):
            yield from self._check(sentence, citer, draft, clock)

    def _check(
        self, text: str, citer: cite.Citer, draft: "_Draft", clock: "_Clock"
    ) -> Iterator[Sentence]:
        if not text:
            return
        if prompts.is_refusal(text):
            draft.declined = True
            draft.settle()
            return
        with clock.measure("cite_s"):
            quotes = citer.cite(text)
        shown = bool(quotes) and quotes[0].support >= self.settings.min_support
        citations = draft.add(text, quotes) if shown else ()
        draft.settle()
        yield Sentence(text=text, citations=citations, shown=shown)


def ask(question: str) -> Answer:
    """The answer to `question` from the default articles and models; see `Assistant.ask`.

    Opens and closes an assistant for this one question; keep an `Assistant` for more.
    """
    with Assistant.open() as assistant:
        return assistant.ask(question)


@dataclass(slots=True)
class _Draft:
    """An answer in the making; `answer` is what it would be if it ended here."""

    answer: Answer
    text: str = ""
    citations: list[Citation] = field(default_factory=list)
    declined: bool = False

    def add(self, sentence: str, quotes: Sequence[cite.Quote]) -> tuple[Citation, ...]:
        """Append a supported sentence with its markers; one quote keeps one number."""
        start = len(self.text) + (1 if self.text else 0)
        self.text = f"{self.text} {sentence}".strip()
        added = []
        for quote in quotes:
            number = self._number(quote)
            self.text += f" [{number}]"
            added.append(_citation(number, (start, start + len(sentence)), quote))
            self.citations.append(added[-1])
        return tuple(added)

    def settle(self) -> None:
        """An answer without any supported sentence is a refusal."""
        if self.citations:
            self.answer = replace(
                self.answer,
                text=self.text,
                abstained=False,
                reason="",
                citations=tuple(self.citations),
            )
        else:
            reason = "declined" if self.declined else "unsupported"
            self.answer = replace(self.answer, reason=reason)

    def _number(self, quote: cite.Quote) -> int:
        place = (quote.sentence.article_id, quote.sentence.start)
        for citation in self.citations:
            if (citation.article_id, citation.start) == place:
                return citation.number
        return max((citation.number for citation in self.citations), default=0) + 1


class _Clock:
    """Seconds by stage, and the token counts that go with them."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._spent: dict[str, float] = {}
        self.prompt_tokens = 0
        self.answer_tokens = 0
        self.first_token_s = 0.0

    def measure(self, stage: str) -> "_Stage":
        return _Stage(self._spent, stage)

    def tick(self) -> None:
        """Count a token."""
        self.answer_tokens += 1
        self.first_token_s = self.first_token_s or time.perf_counter() - self._start

    def stamp(self, answer: Answer) -> Answer:
        total = time.perf_counter() - self._start
        written = total - self.first_token_s if self.answer_tokens else 0.0
        timings = Timings(
            **self._spent,
            first_token_s=self.first_token_s or total,
            generate_s=max(0.0, written - self._spent.get("cite_s", 0.0)),
            total_s=total,
            prompt_tokens=self.prompt_tokens,
            answer_tokens=self.answer_tokens,
        )
        return replace(answer, timings=timings)


class _Stage:
    """Adds the time of a `with` block to one stage."""

    def __init__(self, spent: dict[str, float], stage: str) -> None:
        self._spent, self._stage = spent, stage

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        elapsed = time.perf_counter() - self._start
        self._spent[self._stage] = self._spent.get(self._stage, 0.0) + elapsed


def _prompts(question: str, evidence: Sequence[Evidence]) -> tuple[Prompt, Prompt]:
    """The prompts of the answer and of the judge: the same up to their last lines."""
    shown = "\n\n".join(_show(run) for run in evidence)
    shared = prompts.render(
        "evidence",
        passages=prompts.neutralise(shown),
        question=prompts.neutralise(question),
    )
    system = prompts.render("system")
    answer = prompts.render("answer")
    judge = prompts.render("judge")
    return Prompt(system, f"{shared}\n\n{answer}"), Prompt(system, f"{shared}\n\n{judge}")


def _show(run: Evidence) -> str:
    head = ", ".join(part for part in (run.title, run.source, run.published) if part)
    return f"[{head}]\n{' '.join(run.text.split())}"


def _mark_used(passages: Sequence[Passage], evidence: Sequence[Evidence]) -> tuple[Passage, ...]:
    return tuple(
        replace(
            passage,
            used=any(
                run.article_id == passage.article_id
                and run.start < passage.end
                and passage.start < run.end
                for run in evidence
            ),
        )
        for passage in passages
    )


def _citation(number: int, span: tuple[int, int], quote: cite.Quote) -> Citation:
    run, sentence = quote.evidence, quote.sentence
    return Citation(
        number=number,
        answer_start=span[0],
        answer_end=span[1],
        article_id=run.article_id,
        title=run.title,
        path=run.path,
        passage_id=sentence.passage_id,
        quote=sentence.text,
        start=sentence.start,
        end=sentence.end,
        support=round(quote.support, 3),
    )


_MARKER = re.compile(r"\s*\[\d+\]")


def _tidy(pieces: Iterator[str], clock: _Clock) -> Iterator[str]:
    """The model's pieces without markers of its own: only the program numbers footnotes."""
    held = ""
    for piece in pieces:
        clock.tick()
        held += piece.replace("\n", " ")
        if re.search(r"\s*\[\d*$|\s+$", held):  # a marker may be about to come
            if len(held) < 40:
                yield ""
                continue
        yield _MARKER.sub("", held)
        held = ""
    yield _MARKER.sub("", held).rstrip()


def _sentences(text: str) -> list[str]:
    """The sentences of `text`; the last may be unfinished, and is empty when there is none."""
    return [text[start:end] for start, end in cite.split_claims(text)] or [""]


def _last(events: Iterator[Token | Sentence | Answer]) -> Answer:
    answer = None
    for event in events:
        if isinstance(event, Answer):
            answer = event
    assert answer is not None, "a stream ends with its answer"
    return answer


def _shift_citation(citation: Citation, passage: Passage) -> Citation:
    return replace(
        citation,
        article_id=passage.article_id,
        passage_id=passage.id,
        start=citation.start + passage.start,
        end=citation.end + passage.start,
    )


def _shift_passage(found: Passage, passage: Passage) -> Passage:
    return replace(
        found,
        id=passage.id,
        article_id=passage.article_id,
        start=found.start + passage.start,
        end=found.end + passage.start,
    )
