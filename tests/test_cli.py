"""The command `footnote` as a whole: how it ends, its help, and what it loads."""

import errno
import os
import re
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest

from rag import commands
from rag.cli import main
from rag.errors import CorpusError
from rag.settings import PROJECT

COMMANDS = ("index", "ask", "search", "chat", "serve", "eval", "models")
HEAVY = {"torch", "faiss", "gradio", "llama_cpp", "sentence_transformers", "numpy", "tqdm"}


def footnote(*argv: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run the command in a process of its own, without network."""
    return subprocess.run(
        [sys.executable, "-m", "rag.cli", *argv],
        cwd=PROJECT,
        env=os.environ | {"FOOTNOTE_OFFLINE": "1", "COLUMNS": "80"} | env,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


# Endings


def raising(error: BaseException) -> Callable[[Namespace], int]:
    def command(_args: Namespace) -> int:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (CorpusError("No \x1b[31mfolder.\n  a: b"), 2, "footnote: No \ufffd[31mfolder.\n  a: b\n"),
        (KeyboardInterrupt(), 130, "Interrupted; nothing was lost.\n"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 0, ""),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            2,
            "footnote: The disk is full. Free some space or set FOOTNOTE_HOME to a folder on "
            "another disk.\n",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "/a/b"),
            2,
            "footnote: /a/b: Permission denied.\n",
        ),
        (
            RuntimeError("a\nb"),
            2,
            "footnote: unexpected error (RuntimeError: a b). "
            "Set FOOTNOTE_DEBUG=1 to see where it comes from.\n",
        ),
    ],
)
def test_an_error_is_told_in_words_and_by_the_exit_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    told: str,
) -> None:
    monkeypatch.setattr(commands, "chat", raising(error))
    monkeypatch.delenv("FOOTNOTE_DEBUG", raising=False)
    assert main(["chat"]) == code
    assert capsys.readouterr().err == told


def test_debugging_keeps_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "chat", raising(RuntimeError("inside")))
    monkeypatch.setenv("FOOTNOTE_DEBUG", "1")
    with pytest.raises(RuntimeError, match="inside"):
        main(["chat"])


def test_a_missing_folder_is_one_clear_line(tmp_path: Path) -> None:
    ended = footnote("ask", "--corpus", str(tmp_path / "nowhere"), "Who?")
    assert ended.returncode == 2
    assert ended.stderr.startswith("footnote: ")
    assert str(tmp_path / "nowhere") in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "rag.cli", "models", "list"]
    with os.fdopen(writing, "w") as closed:
        ended = subprocess.run(
            command, cwd=PROJECT, stdout=closed, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize("argv", [[], ["nothing"], ["ask"], ["serve", "--port", "x"], ["models"]])
def test_wrong_usage_exits_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: footnote")


# Help, and what is loaded for it


def test_help_names_the_commands_and_the_exit_codes() -> None:
    ended = footnote("--help")
    assert ended.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"^    {command} +\w", ended.stdout, re.MULTILINE)
    assert re.findall(r"^  (\d+) ", ended.stdout, re.MULTILINE) == ["0", "1", "2", "3", "130"]


@pytest.mark.parametrize(
    "command",
    [
        "index",
        "ask",
        "search",
        "chat",
        "serve",
        "models",
        "models list",
        "models pull",
        "models verify",
    ],
)
def test_every_command_has_help_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    assert f"example:\n  footnote {command}" in capsys.readouterr().out


@pytest.mark.parametrize("argv", [["--help"], ["models", "list"], ["ask", ""]])
def test_quick_commands_load_nothing_heavy(argv: list[str]) -> None:
    check = (
        "import sys\nfrom rag.cli import main\n"
        f"try: main({argv!r})\nexcept SystemExit: pass\n"
        f"sys.exit(' '.join({HEAVY!r} & sys.modules.keys()) or 0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", check], cwd=PROJECT, capture_output=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("action", ["pull", "verify"])
def test_models_that_are_not_there_are_named_without_network(action: str, home: Path) -> None:
    ended = footnote("models", action)
    assert ended.returncode == 2
    assert ended.stderr.startswith("footnote: qwen2.5-coder-1.5b-instruct")
    assert "`footnote models pull qwen2.5-coder-1.5b-instruct" in ended.stderr
    assert ended.stdout.count(str(home)) == (11 if action == "verify" else 0)
