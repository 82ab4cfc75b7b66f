"""Every test has a Footnote folder of its own and no settings from outside."""

import json
import os
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from eval_fakes import Launch, Script, Scripted, refusal
from fakes import LED, Opener, Opening, ScriptedGenerator, open_assistant, write_corpus
from hypothesis import settings

from rag.assistant import Assistant
from rag.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

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


@pytest.fixture
def launch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Launch:
    """Run the command on the cases a (report), b (report, no answer), c (tune) in `tmp_path`."""
    from eval import evaluate
    from eval.__main__ import main

    records = [
        {"id": "a", "answerable": True, "split": "report"},
        {"id": "b", "answerable": False, "split": "report"},
        {"id": "c", "answerable": True, "split": "tune"},
    ]
    lines = [
        json.dumps(
            record
            | {"question": f"{record['id']}?", "kind": "single_fact", "articles": []}
            | {"expected": [["Adeeb"]] if record["answerable"] else []}
        )
        for record in records
    ]
    (tmp_path / "cases.jsonl").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOOTNOTE_HOME", str(tmp_path / "home"))

    def go(*argv: str, script: Script | None = None, error: BaseException | None = None) -> int:
        assistant = Scripted({"b?": refusal()} | (script or {}))

        def opened(corpus: Path, *, settings: Settings, progress: Any) -> Scripted:
            progress("embed", 1, 2)
            if error:
                raise error
            assert settings.corpus == corpus
            assistant.model = settings.model
            return assistant

        monkeypatch.setattr(evaluate.Assistant, "open", opened)
        named = argv[:1] if argv[:1] == ("run",) else ()
        given = argv[len(named) :]
        code = main([*named, "--cases", "cases.jsonl", "--corpus", "articles", *given])
        assert assistant.warmed or not assistant.asked
        return code

    return go


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A running Chromium."""
    from visit import chromium

    with chromium() as running:
        yield running


@pytest.fixture
def address(assistant: Any) -> Iterator[str]:
    """Where the page over the `assistant` of the test's own file is served."""
    from page_server import serving

    with serving(assistant) as address:
        yield address
