"""Every test has a Footnote folder of its own and no settings from outside."""

import os
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from fakes import LED, Opener, Opening, ScriptedGenerator, open_assistant, write_corpus
from hypothesis import settings

from rag.assistant import Assistant
from rag.settings import Settings

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

settings.register_profile("footnote", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("footnote")


@pytest.fixture(scope="session")
def real_models() -> Path:
    """The model folder of whoever runs the tests, read before `home` hides it."""
    outside = Path(os.environ.get("FOOTNOTE_HOME") or Settings().home).expanduser()
    return Settings(home=outside).models_dir


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside(real_models: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for field in fields(Settings):
            patch.delenv(f"FOOTNOTE_{field.name.upper()}", raising=False)
        yield


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Footnote folder of this test, empty."""
    folder = tmp_path / "footnote-home"
    monkeypatch.setenv("FOOTNOTE_HOME", str(folder))
    return folder


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with the three articles of `fakes.CORPUS`."""
    return write_corpus(tmp_path / "articles")


@pytest.fixture
def opener(corpus: Path) -> Opener:
    """Opens the assistant of the little corpus with a scripted model."""

    def opened(generator: ScriptedGenerator | None = None, **given: Any) -> Assistant:
        return open_assistant(corpus, generator or ScriptedGenerator(LED), **given)

    return opened


@pytest.fixture
def opening(corpus: Path, home: Path) -> Opening:
    """Opens the index of the little corpus again and again."""
    return Opening(corpus, home / "indexes")
