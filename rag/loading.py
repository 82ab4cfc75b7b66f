"""Settings -> the models that they name, loaded."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rag import adapter, models
from rag.errors import ModelError
from rag.generate import Generator, LlamaGenerator
from rag.settings import Settings
from rag.states import States
from rag.trials import Trials
from rag.types import Progress

if TYPE_CHECKING:  # torch loads with the reranker, not before
    from index.embed import SentenceTransformerEmbedder
    from rag.rerank import Reranker


def load_embedder(
    settings: Settings, progress: Progress | None = None
) -> "SentenceTransformerEmbedder":
    """The encoder of `settings`, which it loads when it is first needed.

    Raises ModelError when it cannot be found, fetched or run as they say.
    """
    from index.embed import SentenceTransformerEmbedder

    folder = models.resolve(
        settings.embedder, settings.models_dir, offline=settings.offline, progress=progress
    )
    return SentenceTransformerEmbedder(
        folder, settings.embedder, adapted=settings.adapter, backend=settings.embedder_backend
    )


def find_generator(settings: Settings, progress: Progress | None = None) -> Path:
    """The file of the answer model, fetched when it is not here; raises ModelError."""
    return models.resolve(
        settings.model, settings.models_dir, offline=settings.offline, progress=progress
    )


def load_if_here(settings: Settings) -> Generator | None:
    """What `load_generator` does, None where the model's file would have to be fetched first.

    For another thread, while the cores are at work: `fit` it later.
    """
    if not models.is_here(settings.model, settings.models_dir):
        return None
    return _load(settings, find_generator(settings))


def load_generator(settings: Settings, progress: Progress | None = None) -> Generator:
    """The answer model of `settings`, with its adapter where it has one.

    Raises ModelError when it cannot be found, fetched or loaded.
    """
    file = find_generator(settings, progress)
    if progress is not None:
        progress("loading the model", 0, 0)
    return _load(settings, file)


def fit(settings: Settings, generator: Generator) -> None:
    """Have it run as suits this machine, as far as the settings leave that open.

    What is not known yet is tried, so that nothing else should run.
    """
    if isinstance(generator, LlamaGenerator):
        trials = Trials(settings.machine, settings.model)
        if not settings.threads:
            generator.fit_threads(trials)
        if settings.prompt_lookup:
            generator.fit_lookup(trials)


def _load(settings: Settings, file: Path) -> LlamaGenerator:
    generator = LlamaGenerator(
        file,
        settings.model,
        settings.context_tokens,
        settings.threads,
        States(settings.states_dir, settings.states_mb * 1_000_000),
    )
    found = adapter.find(models.pinned_sha256(settings.model)) if settings.adapter else None
    if found is not None:
        try:
            generator.adapt(found)
        except BaseException:
            generator.close()
            raise
    return generator


class Begun:
    """What loads the answer model; another thread has begun to, while much else is done.

    llama.cpp lays a model's weights out anew, for a second, and needs no Python for that.
    """

    def __init__(
        self, begin: Callable[[], Generator | None], load: Callable[[], Generator]
    ) -> None:
        """Have another thread `begin`, which must not need the terminal; else it is for `load`."""
        self._load = load
        one = ThreadPoolExecutor(1)
        self._begun: Future[Generator | None] | None = one.submit(begin)
        one.shutdown(wait=False)

    def __call__(self) -> Generator:
        """The model; raises what `load` raises."""
        if self._begun is not None:
            loaded = None
            with suppress(ModelError):  # `load` meets the same, and tells the terminal
                loaded = self._begun.result()
            self._begun = None  # not before: a wait that is interrupted leaves something to `drop`
            if loaded is not None:
                return loaded
        return self._load()

    def drop(self) -> None:
        """Free what nobody will ask for, as soon as it is loaded."""
        begun, self._begun = self._begun, None
        if begun is not None:
            begun.add_done_callback(_close)


def _close(begun: "Future[Generator | None]") -> None:
    loaded = begun.result() if begun.exception() is None else None
    if loaded is not None:
        loaded.close()


def load_reranker(settings: Settings, progress: Progress | None = None) -> "Reranker | None":
    """The reranker of `settings`, None where they name none.

    Raises ModelError when it cannot be found, fetched or loaded.
    """
    if not settings.reranker:
        return None
    from rag.rerank import CrossEncoderReranker

    folder = models.resolve(
        models.cross_encoder(settings.reranker, settings.models_dir),
        settings.models_dir,
        offline=settings.offline,
        progress=progress,
    )
    return CrossEncoderReranker(folder, settings.reranker)
