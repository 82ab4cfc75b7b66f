"""What is held side by side: Footnote, what others build, and what cannot be beaten.

Each answers a case as a generator of pieces of text, as the reader gets to see them, and an
`Answer` behind the last.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from functools import partial
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Protocol

import faiss
from langchain_text_splitters import RecursiveCharacterTextSplitter

import prompts
from eval.dataset import Case
from eval.metrics import verdict
from index.embed import Embedder, SentenceTransformerEmbedder
from rag import Answer, Assistant, models
from rag.context import Context
from rag.errors import ConfigError
from rag.generate import Generator, LlamaGenerator, Prompt
from rag.threads import fit
from rag.trials import Trials, cores
from rag.types import Article, Citation, Timings, Token

Answering = Iterator[str | Answer]

WARM, COLD, PLAIN, LLAMAINDEX, FLOOR = "footnote", "cold", "plain", "llamaindex", "floor"

CHUNK_CHARS, OVERLAP, TOP = 800, 100, 4
SYSTEM = "You are a helpful assistant."
INSTRUCTION = """Answer the question using only these passages and cite them like [1]. \
If they do not contain the answer, say so."""
_MARKER = re.compile(r"\[[\d,;\s–-]+\]")
_SOURCES = re.compile(r"\bsources?\b", re.IGNORECASE)
REQUIREMENTS = Path(__file__).with_name("llamaindex.txt")
CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"


class Pipeline(Protocol):
    """Something that answers questions about the articles."""

    def answer(self, case: Case) -> Answering:
        """The pieces of the answer to `case`, and last the answer."""
        ...


class Footnote:
    """Footnote as it is used; `cold` loses before each question what it keeps of the articles.

    The system's words, which every question begins with, stay in its context, as in any process.
    """

    def __init__(self, assistant: Assistant, *, cold: bool = False) -> None:
        self._assistant = assistant
        self._cold = cold

    def answer(self, case: Case) -> Answering:
        if self._cold:
            for file in self._assistant.settings.states_dir.glob("*.state*"):
                file.unlink()
        for event in self._assistant.stream(case.question, case.history):
            if isinstance(event, Token | Answer):
                yield event.text if isinstance(event, Token) else event


class Plain:
    """The pipeline that tutorials build: chunks, dense top four, one prompt."""

    def __init__(
        self,
        articles: Sequence[Article],
        embedder: Embedder,
        generator: Generator,
        answer_tokens: int,
    ) -> None:
        splitter = RecursiveCharacterTextSplitter(chunk_size=CHUNK_CHARS, chunk_overlap=OVERLAP)
        self._chunks = [chunk for a in articles for chunk in splitter.split_text(a.text)]
        self._index = faiss.IndexFlatIP(embedder.dimension)
        self._index.add(embedder.encode(self._chunks))
        self._embedder, self._generator = embedder, generator
        self._answer_tokens = answer_tokens

    def answer(self, case: Case) -> Answering:
        # It rewrites no follow-up: what was said before is put in front of the question.
        question = with_history(case)
        chunks = self._nearest(question)
        passages = [f"[{number}] {chunk}" for number, chunk in enumerate(chunks, 1)]
        prompt = Prompt(SYSTEM, "\n\n".join([INSTRUCTION, *passages, f"Question: {question}"]))
        prompt_tokens = self._generator.length(prompt)
        if prompt_tokens + self._answer_tokens > self._generator.context_tokens:
            raise ConfigError("The plain prompt does not fit. Raise FOOTNOTE_CONTEXT_TOKENS.")
        pieces: list[str] = []
        for piece in self._generator.stream(prompt, self._answer_tokens):
            pieces.append(piece)
            yield piece
        timings = Timings(prompt_tokens=prompt_tokens, answer_tokens=len(pieces))
        yield as_answer(case, "".join(pieces), chunks, timings)

    def _nearest(self, question: str) -> list[str]:
        vector = self._embedder.encode([question])
        _, rows = self._index.search(vector, min(TOP, len(self._chunks)))
        return [self._chunks[row] for row in rows[0]]


class LlamaIndex:
    """LlamaIndex's CitationQueryEngine with its defaults, in an environment of its own."""

    def __init__(
        self, python: Path, articles: Sequence[Article], options: Mapping[str, object]
    ) -> None:
        """Start it with the `python` of `environment`.

        `options` are `model` and `embedder`, their files, `context_tokens`, `answer_tokens` and
        `threads`, 0 for as many as there are cores. Raises ConfigError when it does not come up.
        """
        self._folder = tempfile.TemporaryDirectory()
        texts = Path(self._folder.name) / "articles.json"
        texts.write_text(json.dumps([article.text for article in articles]), encoding="utf-8")
        given = json.dumps({"articles": texts, **options, "threads": options["threads"] or cores()},
                           default=str)  # fmt: skip
        script = Path(__file__).with_name("llamaindex.py")
        self._process = subprocess.Popen(
            [python, script, given],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        try:
            self._said()
        except BaseException:
            self.close()
            raise

    def answer(self, case: Case) -> Answering:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"question": with_history(case)}) + "\n")
        self._process.stdin.flush()
        pieces: list[str] = []
        while "piece" in (said := self._said()):
            pieces.append(said["piece"])
            yield said["piece"]
        timings = Timings(answer_tokens=len(pieces))  # it does not say how much it has read
        yield as_answer(case, "".join(pieces), said["sources"], timings)

    def close(self) -> None:
        with suppress(OSError), self._process:  # closes its input, at whose end it ends
            pass
        self._folder.cleanup()

    def _said(self) -> dict[str, Any]:
        """What it says next; libraries that print a line of their own are not heard."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                return dict(json.loads(line))
        raise ConfigError("LlamaIndex has ended; what it said stands above.")


class Floor:
    """As many tokens as Footnote wrote, written behind nothing, one by one."""

    def __init__(self, model: Path, answer_tokens: int, threads: int) -> None:
        self._context = Context(model, answer_tokens, threads or cores())
        self._first = int(self._context.model.tokenize(b"The", add_bos=False, special=False)[0])

    def fit_threads(self, trials: Trials) -> None:
        """As `LlamaGenerator.fit_threads`."""
        fit(self._context, trials)

    def write(self, tokens: int) -> Iterator[str]:
        """Write so many tokens, the likeliest each time."""
        self._context.cut(0)
        token = self._first
        for at in range(tokens):
            token = int(self._context.evaluate([token], at).argmax())
            yield "."

    def close(self) -> None:
        self._context.close()


def beside(
    assistant: Assistant, stack: ExitStack, llamaindex: Path | None = None
) -> dict[str, Pipeline]:
    """The plain pipeline over the articles of `assistant`, and LlamaIndex where it has a folder.

    Each has the same model files and settings, and a model context of its own, so that none finds
    another's text in its cache; `stack` closes them.
    """
    settings = assistant.settings
    find = partial(models.resolve, folder=settings.models_dir, offline=settings.offline)
    model, encoder = find(settings.model), find(settings.embedder)
    plain = stack.enter_context(
        closing(LlamaGenerator(model, settings.model, settings.context_tokens, settings.threads))
    )
    if not settings.threads:  # as many as Footnote
        plain.fit_threads(Trials(settings.machine, settings.model))
    opened: dict[str, Pipeline] = {
        PLAIN: Plain(
            assistant.articles(),
            SentenceTransformerEmbedder(encoder, settings.embedder, adapted=False),
            plain,
            settings.answer_tokens,
        )
    }
    if llamaindex:
        sizes = {name: getattr(settings, name)
                 for name in ("context_tokens", "answer_tokens", "threads")}  # fmt: skip
        options = {"model": model, "embedder": encoder, **sizes}
        other = LlamaIndex(environment(llamaindex), assistant.articles(), options)
        opened[LLAMAINDEX] = stack.enter_context(closing(other))
    return opened


def environment(folder: Path) -> Path:
    """The Python of an environment in `folder` that holds LlamaIndex; made when it is not there.

    llama.cpp in it is the one that Footnote runs with, built as that is. Raises ConfigError when it
    cannot be made.
    """
    python, made = folder / "bin" / "python", folder / ".made"
    if made.exists() and made.read_text(encoding="utf-8") == REQUIREMENTS.read_text("utf-8"):
        return python
    print(f"installing LlamaIndex into {folder}: some minutes", file=sys.stderr, flush=True)
    steps: list[list[str | Path]] = [
        [sys.executable, "-m", "venv", folder],
        [python, "-m", "pip", "install", "-q", "--disable-pip-version-check",
         "-c", CONSTRAINTS, "-r", REQUIREMENTS],
    ]  # fmt: skip
    for step in steps:
        if subprocess.run(step, check=False, stdout=sys.stderr).returncode != 0:
            raise ConfigError("LlamaIndex cannot be installed; what went wrong stands above.")
        _copy_llama(next(folder.glob("lib/python*/site-packages")))
    made.write_text(REQUIREMENTS.read_text("utf-8"), encoding="utf-8")
    return python


def _copy_llama(site: Path) -> None:
    """Put the library that is in use here into the folder `site`; pip leaves it as it is."""
    for file in distribution("llama-cpp-python").files or ():
        if ".." not in file.parts:
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file.locate(), site / file)


def with_history(case: Case) -> str:
    """The question behind all that was said before, for what cannot rewrite it."""
    return "\n".join([*(f"{turn.question}\n{turn.answer}" for turn in case.history), case.question])


def as_answer(case: Case, text: str, sources: Sequence[str], timings: Timings) -> Answer:
    """What another pipeline wrote; its markers become citations of the whole sources they name."""
    numbers = named(text)
    citations = [
        Citation(number, 0, len(text), "", "", "", "", source, 0, len(source), 1.0)
        for number, source in enumerate(sources, 1)
        if number in numbers
    ]
    answer = Answer(case.question, case.question, text.strip(), False, "", 1.0,
                    tuple(citations), (), timings=timings)  # fmt: skip
    return mark_refusal(case, answer)


def named(text: str) -> set[int]:
    """The numbers of the sources that the markers in `text` name."""
    return {int(n) for marker in _MARKER.findall(text) for n in re.findall(r"\d+", marker)}


def mark_refusal(case: Case, answer: Answer) -> Answer:
    """A plain answer as a refusal where it is one, the doubt in the plain pipeline's favour.

    Whatever states the expected facts stays an answer, whatever it adds; of the rest, any
    sentence that says the passages do not say makes it a refusal.
    """
    told = _SOURCES.sub("passages", answer.text)  # which is what LlamaIndex's prompt calls them
    refuses = prompts.is_refusal(told) and verdict(case, answer).outcome != "right"
    return replace(answer, abstained=refuses)
