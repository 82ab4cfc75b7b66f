"""`footnote index --warm`: the model reads each window once, as far as there is room."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import LED, ScriptedGenerator, open_assistant, write_corpus

from rag.assistant import Assistant
from rag.cli import main
from rag.settings import Settings
from rag.types import Progress

WHO = "Who headed the Iraqi delegation to Qom?"


@pytest.fixture
def generator() -> ScriptedGenerator:
    return ScriptedGenerator(LED)


@pytest.fixture
def assistant(corpus: Path, generator: ScriptedGenerator) -> Iterator[Assistant]:
    with open_assistant(corpus, generator) as opened:
        yield opened


def test_whatever_a_question_finds_has_been_read(
    assistant: Assistant, generator: ScriptedGenerator
) -> None:
    kept, windows = assistant.read_ahead()
    read = {(prompt.system, prompt.material) for prompt in generator.ahead}
    assert kept == windows == len(read) == len(generator.ahead) > 3
    for question in (WHO, "What grows on trees?", "Who spoke of rockets?"):
        assistant.ask(question)
    window = {(p.system, p.material) for p in generator.judged if not p.transient}
    assert window
    assert window <= read


def test_it_ends_where_no_more_can_be_kept(
    assistant: Assistant, generator: ScriptedGenerator
) -> None:
    generator.room = 2
    seen = []
    kept, windows = assistant.read_ahead(lambda *step: seen.append(step))
    assert (kept, len(generator.ahead)) == (2, 2)
    assert seen == [("reading ahead", done, windows) for done in range(windows)]
    generator.room = 3
    assert assistant.read_ahead() == (3, windows)  # those of the first time are still there


def test_it_ends_when_the_assistant_is_closed(
    assistant: Assistant, generator: ScriptedGenerator
) -> None:
    kept, windows = assistant.read_ahead(lambda _, done, __: assistant.close() if done else None)
    assert (kept, len(generator.ahead)) == (1, 1)
    assert windows > 1


def test_what_the_model_cannot_hold_is_left_out(tmp_path: Path) -> None:
    long = " ".join(["harbour"] * 500)
    files = {"a.md": "One came.\n", "c.md": f"Cranes stand. {long}.\n"}
    generator = ScriptedGenerator(context_tokens=100)
    with open_assistant(write_corpus(tmp_path / "articles", files), generator) as assistant:
        assert assistant.read_ahead() == (1, 1)
    assert "One came." in generator.ahead[0].material


def test_the_command_tells_how_much_was_read(
    corpus: Path,
    generator: ScriptedGenerator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def opened(*, settings: Settings, progress: Progress) -> Assistant:
        return open_assistant(settings.corpus, generator)

    monkeypatch.setattr(Assistant, "open", opened)
    assert main(["index", "--warm", str(corpus)]) == 0
    read = len(generator.ahead)
    assert capsys.readouterr().out.splitlines()[-1] == f"  read ahead: {read} of {read} windows"
    generator.ahead, generator.room = [], 1
    assert main(["index", "--warm", str(corpus)]) == 0
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.startswith(f"  read ahead: 1 of {read} windows; no more can be kept in 1,024 MB")
