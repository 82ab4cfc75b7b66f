"""Ask every case and judge the answers; a crash is a record of its own, not a wrong answer."""

import hashlib
import platform
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from eval.dataset import Case
from eval.metrics import Hit, Verdict, citations_valid, hit, verdict
from rag.errors import FootnoteError
from rag.types import Answer, Article, SourceSentence, Turn

if TYPE_CHECKING:
    from rag.settings import Settings

EVIDENCE_SENTENCES = 10
LIBRARIES = (
    "bm25s",
    "faiss-cpu",
    "langchain-text-splitters",
    "llama-cpp-python",
    "numpy",
    "sentence-transformers",
    "sentencex",
    "torch",
    "transformers",
)


class Answering(Protocol):
    """What an evaluation asks of `rag.Assistant`; the tests script one."""

    @property
    def model(self) -> str:
        """Name of the answer model."""

    @property
    def index_version(self) -> str:
        """What the index was built from."""

    def articles(self) -> list[Article]:
        """The articles of the corpus, whose texts the citations point into."""

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """Answer one question."""

    def evidence_sentences(self, query: str, k: int = 10) -> list[SourceSentence]:
        """The k best sentences for a question that stands alone, ranked, no model used."""


@dataclass(frozen=True, slots=True)
class Result:
    """One case asked. After a crash `error` says what happened, and the rest is empty.

    `seconds` is the wall time of the answer. `citations_valid` has one entry for each citation.
    `hit` is None for a case that the articles do not answer.
    """

    case: Case
    answer: Answer | None = None
    verdict: Verdict | None = None
    error: str = ""
    seconds: float = 0.0
    citations_valid: tuple[bool, ...] = ()
    hit: Hit | None = None


Watch = Callable[[Result, int, int], None]
"""Called after each case as `progress(result, done, total)`."""


def run(
    assistant: Answering,
    cases: Sequence[Case],
    progress: Watch | None = None,
    *,
    seeds: Path | None = None,
) -> list[Result]:
    """Ask the cases in order; `seeds` is the folder that their `articles` are files of.

    Whatever a case raises becomes its result's `error` and the run goes on. Ctrl-C ends the run:
    the results are then those of the cases done before, fewer than the cases.
    """
    articles = assistant.articles()
    texts = {article.id: article.text for article in articles}
    names = article_names(texts, cases, seeds)
    results: list[Result] = []
    try:
        for case in cases:
            results.append(_ask(assistant, case, texts, names))
            if progress:
                progress(results[-1], len(results), len(cases))
    except KeyboardInterrupt:
        pass
    return results


def _ask(
    assistant: Answering, case: Case, texts: Mapping[str, str], names: Mapping[str, str]
) -> Result:
    started = time.perf_counter()
    try:
        answer = assistant.ask(case.question, case.history)
        seconds = time.perf_counter() - started
        found = None
        if case.answerable:
            sentences = assistant.evidence_sentences(
                answer.standalone_question, k=EVIDENCE_SENTENCES
            )
            wanted = {names[name] for name in case.articles if name in names}
            found = hit(case, sentences[:EVIDENCE_SENTENCES], wanted)
        return Result(
            case=case,
            answer=answer,
            verdict=verdict(case, answer),
            seconds=seconds,
            citations_valid=citations_valid(answer, texts),
            hit=found,
        )
    except FootnoteError as error:
        message = str(error)
    except Exception as error:  # whatever it is, the other cases are still worth asking
        message = f"{type(error).__name__}: {error}"
    # A crash without any text has to count as one all the same.
    seconds = time.perf_counter() - started
    return Result(case=case, error=message or "FootnoteError", seconds=seconds)


def article_names(
    corpus_articles: Iterable[str], cases: Iterable[Case], seeds: Path | None = None
) -> dict[str, str]:
    """The id in the corpus of each article that the cases name; those not in it are left out.

    A corpus may hold the originals that the files of `seeds` restate: a file that is not in the
    corpus is looked up by the original's name in its front matter.
    """
    exact = sorted(corpus_articles)
    ids = {PurePosixPath(id_).name: id_ for id_ in exact} | {id_: id_ for id_ in exact}
    restated = _restated(seeds) if seeds else {}
    wanted = {name for case in cases for name in case.articles}
    candidates = {name: (name, restated.get(name, "")) for name in sorted(wanted)}
    return {
        name: next(ids[choice] for choice in choices if choice in ids)
        for name, choices in candidates.items()
        if any(choice in ids for choice in choices)
    }


def _restated(seeds: Path) -> dict[str, str]:
    """File name of each restated article -> file name of its original."""
    found: dict[str, str] = {}
    for file in sorted(seeds.glob("*.md")):
        front = re.match(r"---\n(.*?)\n---\n", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        line = front and re.search(r"^restates:\s*[\"']?(.+?)[\"']?\s*$", front[1], re.MULTILINE)
        if line:
            found[file.name] = line[1]
    return found


def configuration(
    assistant: Answering, settings: "Settings", cases: Path, prompts: Path
) -> dict[str, Any]:
    """What a figure depends on: model, index, settings, libraries, cases, prompts, machine."""
    return {
        "model": assistant.model,
        "index_version": assistant.index_version,
        "settings": {
            name: str(value) if isinstance(value, Path) else value
            for name, value in asdict(settings).items()
        },
        "libraries": {name: _version(name) for name in LIBRARIES},
        "cases": cases.name,
        "cases_sha256": hashlib.sha256(cases.read_bytes()).hexdigest(),
        "prompts_sha256": _hash_folder(prompts),
        "platform": platform.platform(),
        "python": platform.python_version(),
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _hash_folder(folder: Path) -> str:
    """One hash over names and contents, so that a renamed prompt counts as a change too."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.txt")):
        digest.update(f"{file.name}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()
