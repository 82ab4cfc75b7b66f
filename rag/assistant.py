"""One folder of articles, its index and the two models: what all ways to use Footnote share."""

import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from copy import copy
from dataclasses import replace
from functools import partial
from itertools import compress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from index.clean import clean_line
from rag import failing, filters, loading
from rag.errors import CorpusError, IndexStoreError, QuestionError
from rag.generate import Generator
from rag.given import as_articles, point_back
from rag.settings import Settings
from rag.shared import SharedModel
from rag.timing import Clock
from rag.types import (
    Answer,
    Article,
    Filters,
    Passage,
    Progress,
    SourceSentence,
    Turn,
)

if TYPE_CHECKING:  # numpy, FAISS and torch load when an assistant opens, not before
    from index.embed import Embedder
    from index.selection import Selection
    from index.store import Index
    from rag.answering import Answerer, Events
    from rag.judge import Calibration
    from rag.language import Standalone
    from rag.rerank import Reranker
    from rag.retrieve import Search

_CONVERSATIONS, _ADDED = "conversations", "added"  # folders in that of the settings


class Assistant:
    """Answers questions about one folder of articles. Safe to share between threads.

    Make one with `Assistant.open`; it is a context manager.
    """

    def __init__(  # noqa: PLR0913 - the parts
        self,
        settings: Settings,
        index: "Index",
        embedder: "Embedder",
        load_generator: Callable[[], Generator],
        progress: Progress | None = None,
        *,
        reranker: "Reranker | None" = None,
    ) -> None:
        """Put the parts together; the generator is loaded when first needed."""
        self.settings = settings
        self._index = index
        self._embedder = embedder
        self._model = SharedModel(load_generator, partial(loading.fit, settings))
        self._progress = progress
        self._reranker = reranker

    @classmethod
    def open(
        cls,
        corpus: Path | str | None = None,
        *,
        settings: Settings | None = None,
        progress: Progress | None = None,
        warm: bool = False,
    ) -> Self:
        """The assistant of the folder `corpus`, its index built or refreshed when needed.

        With `warm` both models are loaded, the answer model while the index is opened. Raises
        CorpusError, ModelError, IndexStoreError or ConfigError with what to do about it.
        """
        from index.load import check_corpus

        settings = settings or Settings.load()
        if corpus is not None:
            settings = replace(settings, corpus=Path(corpus).expanduser())
        check_corpus(settings.corpus)  # before minutes go into a model's download
        embedder = loading.load_embedder(settings, progress)
        reranker = loading.load_reranker(settings, progress)
        load: Callable[[], Generator] = partial(loading.load_generator, settings, progress)
        with ExitStack() as undone:
            if warm:
                load = loading.Begun(partial(loading.load_if_here, settings), load)
                undone.callback(load.drop)
            index = _open_index(settings, embedder, progress)
            opened = cls(settings, index, embedder, load, progress, reranker=reranker)
            undone.callback(opened.close)
            if warm:
                if progress is not None:
                    progress("loading the model", 0, 0)
                opened.warm()
            undone.pop_all()
        return opened

    def beside(
        self, corpus: Path | str, *, may_be_empty: bool = False, progress: Progress | None = None
    ) -> Self:
        """The assistant of another folder, which shares the models with this one.

        With `may_be_empty` a folder that holds no article will do: every question is refused until
        `add` brings one. Raises CorpusError, ModelError or IndexStoreError with what to do.
        """
        from index.build import empty_index

        other = copy(self)
        other.settings = settings = replace(self.settings, corpus=Path(corpus).expanduser())
        try:
            other._index = _open_index(settings, self._embedder, progress)
        except CorpusError as error:
            if not may_be_empty:
                raise
            if settings.corpus.is_dir() and any(settings.corpus.iterdir()):
                failing.tell(error)  # it holds something, and nothing of that can be used
            other._index = empty_index(self._embedder, settings.passage_chars)
        return other

    def forget(self, corpus: Path | str) -> None:
        """Delete what Footnote keeps about the folder `corpus`, which is left as it is.

        That is its index, the copies of files that were added, and its conversations. Raises
        IndexStoreError when that fails; what is left goes at the next try.
        """
        from index.build import index_folder

        home = self.settings.home
        for root in (self.settings.index_root, home / _ADDED, home / _CONVERSATIONS):
            try:
                shutil.rmtree(index_folder(Path(corpus).expanduser(), root))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise IndexStoreError(
                    f"What Footnote keeps about {corpus} cannot be deleted "
                    f"({error.strerror or error}). Mend that and try again."
                ) from error

    @property
    def model(self) -> str:
        """Name of the answer model."""
        return self._model.loaded.name if self._model.loaded else self.settings.model

    @property
    def conversations_dir(self) -> Path:
        """Folder of the conversations about these articles."""
        return self._folder(self.settings.home / _CONVERSATIONS)

    @property
    def added_dir(self) -> Path:
        """Folder that takes copies of files which are handed over, for `add`."""
        return self._folder(self.settings.home / _ADDED)

    @property
    def removed(self) -> list[str]:
        """Ids of the articles that `remove` left out. Raises IndexStoreError."""
        from index.selection import Selection

        return list(Selection.read(self._folder(self.settings.index_root)).removed)

    @property
    def index_version(self) -> str:
        """Short hash of what is indexed and how."""
        return self._index.version

    @property
    def sentence_count(self) -> int:
        """How many sentences the articles have."""
        return len(self._index.sentences)

    @property
    def passage_count(self) -> int:
        """How many passages the articles are split into."""
        return len(self._index.passages)

    @property
    def passages_by_article(self) -> Counter[str]:
        """How many passages each article is split into, by its id."""
        return Counter(passage.article_id for passage in self._index.passages)

    @property
    def loaded(self) -> bool:
        """Whether both models are in memory."""
        return self._model.loaded is not None and self._embedder.loaded

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """Files that could not be read, each with its reason."""
        return [(entry.path, entry.reason) for entry in self._index.skipped]

    @property
    def adapter(self) -> str:
        """Fingerprint of the answer model's adapter, "" for none; loads the model.

        Waits while a question is answered. Raises ModelError when the model cannot be loaded.
        """
        with self._model.turn:
            return self._model.ready().adapter

    @property
    def calibration(self) -> "Calibration":
        """How the answer model's yes and no are read; loads the model.

        Waits while a question is answered. Raises ModelError when the model cannot be loaded,
        ConfigError for a damaged file of calibrations.
        """
        from rag.judge import calibration

        with self._model.turn:
            generator = self._model.ready()
        return calibration(generator.name, generator.adapter, self.settings.calibrations)

    def fetch(self) -> None:
        """Have the answer model's file here, downloaded when it is not; raises ModelError."""
        loading.find_generator(self.settings, self._progress)

    def warm(self) -> None:
        """Load both models now instead of at the first question; raises ModelError."""
        with ThreadPoolExecutor(1) as beside:
            encoder = beside.submit(self._embedder.load)
            with self._model.turn:
                self._model.load()
                encoder.result()  # beside it, what is tried of the machine would seem slower
                self._model.ready()

    @property
    def wanted(self) -> bool:
        """Whether another thread waits for the model, which is taken."""
        return self._model.turn.wanted

    def read_ahead(
        self, progress: Progress | None = None, *, stopped: Callable[[], bool] | None = None
    ) -> tuple[int, int]:
        """Have the model read the articles now, so that answers come sooner; how much is kept.

        Returns the windows kept on disk and all that the model can hold: `states_mb` of the
        settings may have room for fewer. Questions of other threads come between two windows; when
        the assistant is closed meanwhile, it ends, and in the middle of a window as soon as
        `stopped` is true. Raises ModelError when the model cannot be loaded.
        """
        from rag.ahead import all_windows

        asked = list(all_windows(self._index))
        kept, too_long, room = 0, 0, True
        generator: Generator | None = None
        for done, prompt in enumerate(asked):
            if progress:
                progress("reading ahead", done, len(asked))
            with self._model.turn:
                if stopped and stopped():
                    break
                generator = generator or self._model.ready()
                if self._model.loaded is not generator:
                    break
                if generator.length(prompt) >= generator.context_tokens:
                    too_long += 1
                elif generator.has_read(prompt):
                    kept += 1
                elif room:
                    room = generator.read_ahead(prompt, stopped)
                    kept += room
        return kept, len(asked) - too_long

    def ask(
        self, question: str, history: Sequence[Turn] = (), *, within: Filters | None = None
    ) -> Answer:
        """The checked answer to `question` from the articles `within` the filters, or a refusal.

        Raises QuestionError for an empty or over-long question and for filters that cannot be
        used, ModelError when the model cannot be loaded.
        """
        return _last(self.stream(question, history, within=within))

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        within: Filters | None = None,
        stopped: Callable[[], bool] = bool,
    ) -> "Events":
        """Like `ask`, as it happens: tokens, each finished sentence, and the answer last.

        Read it to its end, or close it: until then other questions wait. While it hears other
        places beside the answer nothing comes; once `stopped` returns true, which another
        thread may bring about, it hears no further and the answer comes as it is.
        """
        filters.check(within or Filters(), self.articles())
        events = self._events(self._checked(question), tuple(history), within, stopped)
        return self._model.follow(events)

    def _events(
        self,
        question: str,
        history: Sequence[Turn],
        within: Filters | None,
        stopped: Callable[[], bool],
    ) -> "Events":
        with self._model.turn:
            answerer = self._answerer(self._index, within=within, stopped=stopped)
            yield from self._answers(question, history, answerer, self._index, Clock())

    def _answers(
        self,
        question: str,
        history: Sequence[Turn],
        answerer: "Answerer",
        index: "Index",
        clock: Clock,
    ) -> "Events":
        """Answer `question` from `index`, each thing that it asks by itself."""
        from rag.compound import in_parts

        def answer(part: str, before: Sequence[Turn]) -> "Events":
            with clock.stage("rewrite_s"):
                standalone = self._standalone(part, before, index, answerer.within)
            yield from answerer.answer(part, standalone, index, clock)

        return in_parts(question, history, answer)

    def margin(self, question: str, history: Sequence[Turn] = ()) -> float | None:
        """How clearly, by the judge, the articles state the answer; None where nothing is found.

        logit(yes) - logit(no) on the window that states it best: what a calibration is fitted to.
        Raises what `ask` raises.
        """
        question = self._checked(question)
        with self._model.turn:
            standalone = self._standalone(question, history, self._index)
            return self._answerer(self._index).margin(standalone, self._index)

    def read(self, question: str, passages: Sequence[Passage]) -> Answer:
        """The answer to `question` from `passages` alone, of which nothing is kept on disk.

        Citations point into the article text that the passages' own offsets point into.
        """
        from index.build import build
        from rag.answering import refusal

        question = self._checked(question)
        with self._model.turn:
            self._model.ready()  # loading is no part of the answer's time
            self._embedder.load()
            clock = Clock()
            articles = as_articles(passages)
            try:
                index = build(articles, self._embedder, self.settings.passage_chars)
            except CorpusError:  # no passages, or none with a sentence in it
                return replace(refusal(question, self.model), timings=clock.timings())
            homes = {
                article.id: p.article_id for article, p in zip(articles, passages, strict=True)
            }
            answerer = self._answerer(index, homes=homes)
            answer = _last(self._answers(question, (), answerer, index, clock))
        return point_back(answer, passages)

    def retrieve(
        self,
        query: str,
        k: int = 10,
        *,
        source: str = "",
        published_after: str = "",
        published_before: str = "",
    ) -> list[Passage]:
        """The `k` best passages for `query`, ranked; the answer model takes no part.

        `types.Filters` says what the others limit them to. Raises QuestionError for a date that
        is none and for a source that no article states, ModelError when no vector can be made.
        """
        within = Filters(source, published_after, published_before)
        filters.check(within, self.articles())
        return self._search(self._index, query, within).passages(k)

    def evidence_sentences(self, query: str, k: int = 10) -> list[SourceSentence]:
        """The `k` best sentences for `query`, ranked; the answer model takes no part."""
        index = self._index
        return [index.sentences[row] for row, _ in self._search(index, query).sentences(k)]

    def support(self, claim: str, quotes: Sequence[str]) -> float:
        """How well `quotes` together bear `claim` out, by themselves: a probability (0 to 1)."""
        from rag.cite import quoted_support

        return quoted_support(
            _without_surrogates(claim), [*map(_without_surrogates, quotes)], self._embedder
        )

    def articles(self) -> list[Article]:
        """The indexed articles, whole."""
        return list(self._index.articles.values())

    def add(self, paths: Sequence[Path | str], *, progress: Progress | None = None) -> None:
        """Index more files or folders beside the corpus folder, now and when it is next opened.

        Raises CorpusError when one holds nothing to read, ModelError when it cannot be embedded;
        then nothing is changed.
        """
        corpus, files = self.settings.corpus, [Path(path) for path in paths]
        self._reselect(lambda selection: selection.adding(files, corpus), progress)

    def remove(self, article_ids: Sequence[str], *, progress: Progress | None = None) -> None:
        """Leave articles out, now and when the corpus is next opened; their files stay.

        Raises CorpusError for an unknown id, or when none would be left.
        """
        if unknown := sorted(set(article_ids) - {article.id for article in self.articles()}):
            raise CorpusError(f"There is no article {', '.join(unknown)}; nothing was removed.")
        self._reselect(lambda selection: selection.removing(article_ids), progress)

    def restore(self, article_ids: Sequence[str], *, progress: Progress | None = None) -> None:
        """Take back what `remove` left out. Raises CorpusError for an id that it did not."""

        def change(selection: "Selection") -> "Selection":
            if unknown := sorted(set(article_ids) - set(selection.removed)):
                raise CorpusError(f"{', '.join(unknown)} was not removed; nothing was changed.")
            kept = tuple(name for name in selection.removed if name not in article_ids)
            return replace(selection, removed=kept)

        self._reselect(change, progress)

    def refresh(self, *, progress: Progress | None = None) -> bool:
        """Look at the folder again and bring the index up to date; whether that changed it.

        Raises CorpusError, ModelError or IndexStoreError when it cannot be; the old index then
        stays in use.
        """
        with self._model.turn:
            before = self._index
            self._index = _open_index(self.settings, self._embedder, progress or self._progress)
            return (before.version, before.skipped) != (self._index.version, self._index.skipped)

    def close(self) -> None:
        """Free the answer model, also for those `beside`; it is loaded again when needed.

        A stream that was left in the middle ends here.
        """
        self._model.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _folder(self, root: Path) -> Path:
        """What belongs to these articles among the folders of `root`."""
        from index.build import index_folder

        return index_folder(self.settings.corpus, root)

    def _reselect(
        self, change: "Callable[[Selection], Selection]", progress: Progress | None
    ) -> None:
        from index.build import reselect

        settings = self.settings
        with self._model.turn:
            self._index = reselect(
                settings.corpus,
                settings.index_root,
                self._embedder,
                settings.passage_chars,
                change,
                progress=progress or self._progress,
            )

    def _checked(self, question: str) -> str:
        cleaned = clean_line(_without_surrogates(question))
        if not any(character.isalnum() for character in cleaned):
            raise QuestionError("The question is empty. Type a question about the articles.")
        if len(cleaned) > self.settings.question_chars:
            raise QuestionError(
                f"The question has {len(cleaned):,} characters; at most "
                f"{self.settings.question_chars:,} are read. Shorten it."
            )
        return cleaned

    def _search(self, index: "Index", query: str, within: Filters | None = None) -> "Search":
        from rag.retrieve import Search

        query = _without_surrogates(query)
        return Search(index, query, self._embedder.encode([query])[0], within, self._reranker)

    def _standalone(
        self,
        question: str,
        history: Sequence[Turn],
        index: "Index",
        within: Filters | None = None,
    ) -> "Standalone":
        from rag.language import standalone
        from rag.retrieve import within_filters

        def searched() -> Sequence[Passage]:
            let = within_filters(index, within or Filters())
            return index.passages if let is None else [*compress(index.passages, let)]

        return standalone(question, history, self._model.ready(), searched)

    def _answerer(
        self,
        index: "Index",
        *,
        homes: Mapping[str, str] | None = None,
        within: Filters | None = None,
        stopped: Callable[[], bool] = bool,
    ) -> "Answerer":
        """What answers from `index`; `homes` says of which given passage an article is."""
        from rag.answering import Answerer

        self._embedder.load()  # here, where no time is taken yet
        return Answerer(
            self._embedder,
            self._model.ready(),
            self.settings,
            search=partial(self._search, index, within=within),
            within=within,
            stopped=stopped,
            transient=homes is not None,  # given for this one question
            homes=homes or {},
        )


def _open_index(settings: Settings, embedder: "Embedder", progress: Progress | None) -> "Index":
    from index.build import open_index

    return open_index(
        settings.corpus, settings.index_root, embedder, settings.passage_chars, progress
    )


def ask(question: str) -> Answer:
    """The answer to `question` from the default articles and models; see `Assistant.ask`.

    Opens and closes an assistant for this one question; keep an `Assistant` for more.
    """
    with Assistant.open() as assistant:
        return assistant.ask(question)


def _without_surrogates(text: str) -> str:
    """`text` with question marks for lone surrogates: a terminal's bytes that are not UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _last(events: "Events") -> Answer:
    answer = None
    with closing(events):  # an interrupt between two events must not leave the model taken
        for event in events:
            if isinstance(event, Answer):
                answer = event
    assert answer is not None, "a stream ends with its answer"
    return answer
