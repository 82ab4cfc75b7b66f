"""Large libraries are imported without what is not used of them, and work as otherwise."""

import subprocess
import sys
from importlib.util import find_spec
from types import ModuleType

import pytest

from index.lean import Later, LaterFunctions, lean, standing_in

GRADIO = """
import ast, gc, sys
from rag.page.lean import import_gradio

parsed, parse = [], ast.parse
ast.parse = lambda *given, **named: parsed.append(given) or parse(*given, **named)
finders = list(sys.meta_path)
import_gradio()
import gradio

assert [text for text, *_ in parsed if "class Textbox" in text] == [], "its source was parsed"
assert gradio.component_meta.create_or_modify_pyi.__module__ == "rag.page.lean"
assert sys.meta_path == finders and gc.isenabled()
assert not {"pandas", "mcp"} & set(sys.modules)
import mcp, pandas
assert gradio.caching.pd.DataFrame is pandas.DataFrame
with gradio.Blocks():
    gradio.Textbox().submit(lambda text: text, None, None)
import_gradio()
"""
ENCODER = """
import sys
from rag import Settings, models
from index.embed import SentenceTransformerEmbedder

settings = Settings.load()
folder = models.resolve(settings.embedder, settings.models_dir)
embedder = SentenceTransformerEmbedder(folder, settings.embedder)
embedder.load()
embedder.encode(["Who led it?"])
embedder.tokens(["Who led it?"])
import index.build, rag.answering, rag.retrieve
slow = {"torch", "transformers", "sentence_transformers", "scipy.sparse"}
assert not slow & set(sys.modules), "for a question it takes seconds to import them"
embedder.encode([str(number) for number in range(300)])
assert "sentence_transformers" in sys.modules
assert not {"sklearn", "sklearn.metrics", "pandas"} & set(sys.modules)
from sentence_transformers.util import similarity

assert similarity.pairwise_distances([[1.0, 1.0]], [[0.0, 0.0]], metric="manhattan") == [[2.0]]
assert "sklearn.metrics" in sys.modules
"""

THREADS = """
import os, sys

class Watching:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            assert os.environ.get("OPENBLAS_THREAD_TIMEOUT"), "numpy came first"

sys.meta_path.insert(0, Watching())
import {module}, rag.answering
assert "numpy" in sys.modules
"""


def run(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["rag", "index.store", "app", "benchmarks.speed"])
def test_numpys_threads_are_told_not_to_wait_at_full_speed(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENBLAS_THREAD_TIMEOUT", raising=False)
    run(THREADS.format(module=module))


def test_gradio_is_imported_without_stubs_tables_and_protocol() -> None:
    run(GRADIO)


@pytest.mark.real
def test_an_encoder_is_loaded_without_scikit_learn() -> None:
    run(ENCODER)


def test_what_stands_in_gives_way_to_the_module_when_it_is_used_too_early() -> None:
    import colorsys

    del sys.modules["colorsys"]
    later = Later("colorsys")
    with standing_in({"colorsys": later}):
        assert later.rgb_to_hsv(1, 0, 0) == colorsys.rgb_to_hsv(1, 0, 0)
        assert sys.modules["colorsys"] is not later
    assert sys.modules["colorsys"] is not later


def test_a_module_that_is_there_is_not_stood_in_for() -> None:
    there = sys.modules["subprocess"]
    with standing_in({"subprocess": ModuleType("subprocess")}):
        assert sys.modules["subprocess"] is there
    assert sys.modules["subprocess"] is there


def test_functions_of_a_module_that_stands_in_work_when_they_are_called() -> None:
    import colorsys

    del sys.modules["colorsys"]
    later = LaterFunctions("colorsys", "rgb_to_hsv")
    with standing_in({"colorsys": later}):
        from colorsys import rgb_to_hsv  # its look at `__path__` imports nothing

        assert sys.modules["colorsys"] is later
        assert find_spec("colorsys") is not None
        assert rgb_to_hsv(0, 0, 0) == (0, 0, 0)
        assert sys.modules["colorsys"] is not later, "it gives way"
        assert later.rgb_to_yiq(1, 1, 1) == colorsys.rgb_to_yiq(1, 1, 1)
    assert rgb_to_hsv(0, 0, 0) == (0, 0, 0)


def test_two_modules_stand_in_together_or_not_at_all() -> None:
    sys.modules.pop("colorsys", None)
    with standing_in({"colorsys": Later("colorsys"), "subprocess": Later("subprocess")}):
        assert "colorsys" not in sys.modules


def test_an_import_that_fails_leaves_nothing_behind() -> None:
    sys.modules.pop("colorsys", None)
    finders = list(sys.meta_path)

    def broken(module: ModuleType) -> None:
        raise ImportError(module.__name__)

    with (
        pytest.raises(ImportError, match="colorsys"),
        lean({"colorsys": {"no such module": None}}, {"colorsys": broken}),
    ):
        import colorsys
    assert sys.meta_path == finders
    assert "no such module" not in sys.modules
    import colorsys

    assert colorsys.rgb_to_hsv(0, 0, 0) == (0, 0, 0)
