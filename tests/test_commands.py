"""What each subcommand of `footnote` takes and prints."""

import io
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fakes import LED, ScriptedGenerator, open_assistant, write_corpus

import app
import prompts
from rag import loading, models
from rag.assistant import Assistant
from rag.cli import main
from rag.settings import Settings
from rag.terminal import Meter
from rag.types import Progress

WHO = "Who headed the Iraqi delegation to Qom?"
ANSWER = f'{LED} [1]\n\n[1] "{LED}"\n    The talks in Qom, Reuters, 2008-04-07\n'


class Opened:
    """Stands for `Assistant.open`: real but for the two models."""

    def __init__(self) -> None:
        self.generator = ScriptedGenerator(LED)
        self.settings: list[Settings] = []

    def __call__(self, *, settings: Settings, progress: Progress, warm: bool = False) -> Assistant:
        self.settings.append(settings)
        progress("building the index again: the articles have changed", 0, 0)
        assistant = open_assistant(settings.corpus, self.generator, model=settings.model)
        if warm:
            assistant.warm()
        return assistant


@pytest.fixture
def opened(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    found = Opened()
    monkeypatch.setattr(Assistant, "open", found)
    monkeypatch.setenv("FOOTNOTE_CORPUS", str(corpus))
    monkeypatch.setenv("COLUMNS", "100")
    return found


# ask


def test_ask_prints_the_answer_and_its_footnotes(
    opened: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", WHO]) == 0
    shown = capsys.readouterr()
    assert shown.out == ANSWER
    assert shown.err == "building the index again: the articles have changed\n"
    assert opened.generator.closed == 1


def test_ask_takes_a_question_without_quotes_and_one_like_an_option(
    opened: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", "--quiet", *WHO.split()]) == 0
    assert main(["ask", "-q", "--json", "--", "--who headed the delegation?"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith(ANSWER)
    assert '"question": "--who headed the delegation?"' in shown.out
    assert shown.err == ""


def test_a_refusal_exits_with_3(opened: Opened, capsys: pytest.CaptureFixture[str]) -> None:
    opened.generator = ScriptedGenerator(LED, margin=-9.0)
    assert main(["ask", "Who counted the rockets in Qom?"]) == 3
    shown = capsys.readouterr().out
    assert shown.startswith(f"{prompts.REFUSAL}\n\nNearest passages:\n  The talks in Qom, Reuters")


def test_options_win_over_the_environment(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = write_corpus(tmp_path / "other", {"a.txt": "Ann sang. Bob slept."})
    monkeypatch.setenv("FOOTNOTE_MODEL", "one")
    main(["ask", "--corpus", str(other), "--model", "two", WHO])
    assert (opened.settings[0].corpus, opened.settings[0].model) == (other, "two")


def test_json_is_the_whole_answer(opened: Opened, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "--json", WHO]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["text"] == f"{LED} [1]"
    assert answer["citations"][0]["quote"] == LED
    assert answer["passages"][0]["rank"] == 1
    opened.generator = ScriptedGenerator(LED, margin=-9.0)
    assert main(["ask", "--json", WHO]) == 3


@pytest.mark.parametrize("as_json", [False, True])
def test_output_that_is_not_utf_8_still_works(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    led = "Zoë Šimić headed the Iraqi delegation."
    write_corpus(Path(os.environ["FOOTNOTE_CORPUS"]), {"qom.md": f"# Qom\n\n{led}"})
    opened.generator = ScriptedGenerator(led)
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert main(["ask", WHO, *(["--json"] if as_json else [])]) == 0
    if as_json:
        assert json.loads(raw.getvalue().decode("utf-8"))["text"] == f"{led} [1]"
    else:
        assert raw.getvalue().startswith(b"Zo? ?imi? headed the Iraqi delegation. [1]\n")


@pytest.mark.parametrize("given", [WHO, f"{WHO}\n", f"\xef\xbb\xbf\n {WHO} \xff\n"])
def test_a_question_may_come_from_stdin(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(given.encode("latin-1")), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", stdin)
    assert main(["ask", "-"]) == 0
    assert WHO in opened.generator.asked[0].user


@pytest.mark.parametrize("question", ["", "  \n", "-"])
def test_an_empty_question_is_refused_before_anything_is_loaded(
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    question: str,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert main(["ask", question]) == 2
    assert capsys.readouterr().err.startswith("footnote: The question is empty.")
    assert opened.settings == []


# index, serve, chat, eval


def test_index_tells_what_is_in_and_what_is_not(
    opened: Opened, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (corpus / "bad\x1b[2J\nname.txt").write_text("...", encoding="utf-8")
    one = write_corpus(tmp_path / "one", {"a.txt": "Ann sang. Bob slept."})
    assert main(["index", str(corpus), str(one)]) == 0
    first, skipped, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(f"{re.escape(str(corpus))}: 3 articles, 3 passages, 1 file skipped", first)
    assert skipped == "  skipped bad\ufffd[2J name.txt: holds no text"
    assert second == f"{one}: 1 article, 1 passage, 0 files skipped"


def test_index_takes_the_corpus_of_the_settings(
    opened: Opened, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["index"]) == 0
    assert capsys.readouterr().out.startswith(f"{corpus}: 3 articles")


def test_serve_hands_over_an_open_assistant(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Any] = []

    def serve(
        assistant: Assistant, settings: Settings, _meter: Meter, *, open_browser: bool
    ) -> None:
        served.extend([assistant.model, settings.host, settings.port, open_browser])

    monkeypatch.setattr(app, "serve", serve)
    monkeypatch.setattr(app, "require_servable", lambda settings: None)
    monkeypatch.setattr(loading, "find_generator", lambda *_given: None)
    assert main(["serve", "--model", "first"]) == 0
    away = ["--model", "second", "--host", "::1", "--port", "81", "--no-browser"]
    assert main(["serve", *away]) == 0
    assert served == ["first", "127.0.0.1", 7860, True, "second", "::1", 81, False]


def test_chat_ends_with_its_input(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{WHO}\n"))
    assert main(["chat"]) == 0
    assert ANSWER in capsys.readouterr().out


def test_eval_gets_the_options_that_follow_it(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Sequence[str]] = []
    monkeypatch.setattr("eval.__main__.main", lambda argv: given.append(argv) or 1)
    assert main(["eval", "--limit", "3", "--help"]) == 1
    assert given == [["--limit", "3", "--help"]]


# models


def test_models_list_shows_state_and_what_else_can_be_named(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, spec in models.CATALOGUE.items():
        (line,) = (line for line in lines if line.startswith(f"  {name} "))
        assert line.endswith("absent")
        assert f"{spec.bytes / 1e6:,.0f} MB" in line
    for suggestion in models.SUGGESTIONS:
        assert sum(suggestion.reference in line for line in lines) == 1
    assert not home.exists()


def test_models_verify_names_each_file_and_fails_when_one_is_not_right(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "models").mkdir(parents=True)
    (home / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"short")
    assert main(["models", "verify", "smollm2-135m-instruct"]) == 2
    shown = capsys.readouterr()
    assert re.fullmatch(r"altered +\S+SmolLM2-135M-Instruct.Q4_1.gguf\n", shown.out)
    assert "Run `footnote models pull smollm2-135m-instruct`" in shown.err


def test_models_pull_and_verify_work_on_a_file_of_the_user(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "encoder"
    folder.mkdir()
    (folder / "config.json").write_text("{}", encoding="utf-8")
    assert main(["models", "pull", str(folder)]) == 0
    assert main(["models", "verify", str(folder)]) == 0
    pulled, verified = capsys.readouterr().out.splitlines()
    assert pulled == f"{folder}: {folder}"
    assert verified == f"present  {folder / 'config.json'}"


# search


def test_search_shows_ranks_and_scores_without_the_answer_model(
    opened: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", "-k", "2", WHO]) == 0
    first, second = capsys.readouterr().out.rstrip("\n").split("\n\n")
    source, scores, text = first.split("\n", 2)
    assert source == "1. The talks in Qom, Reuters, 2008-04-07"
    assert re.fullmatch(r"   score \d\.\d{4}, vectors 0\.\d{3}, words \d+\.\d\d", scores)
    assert LED in " ".join(text.split())
    assert second.startswith("2. ")
    assert opened.generator.judged == opened.generator.asked == []


def test_search_as_json_gives_what_retrieve_gives(
    opened: Opened, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", "--json", "--corpus", str(corpus), WHO]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [passage["rank"] for passage in found] == list(range(1, len(found) + 1))
    assert found[0]["article_id"] == "qom.md"
    assert {"score", "dense_score", "lexical_score", "start", "end"} <= set(found[0])
    assert opened.settings[0].corpus == corpus


@pytest.mark.parametrize("given", [[""], [" "], ["-k", "0", "Qom"], ["-k", "x", "Qom"], []])
def test_a_search_for_nothing_or_for_no_passages_is_told(
    opened: Opened, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: object = main(["search", *given])
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert capsys.readouterr().err
    assert not opened.settings


@pytest.mark.parametrize("command", ["ask", "search"])
def test_a_question_can_be_limited_to_a_source_and_to_days(
    opened: Opened, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--source", "Reuters", "--after", "2008-04-07", WHO]) == 0
    assert "harbour" not in capsys.readouterr().out.lower()
    assert main([command, "--before", "May", WHO]) == 2
    assert "Write a date such as 2008-04-07" in capsys.readouterr().err
