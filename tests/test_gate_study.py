"""The mutation study: what is broken on purpose is caught, the unchanged system raises no alarm."""

import json
from pathlib import Path
from typing import Any

import pytest
from fakes import CORPUS, LED, HashEmbedder, ScriptedGenerator, write_corpus

import rag.loading
from benchmarks import gate
from benchmarks.mutations import MUTATIONS
from index.build import open_index
from rag import Assistant, Settings

Captured = pytest.CaptureFixture[str]
ASKED = "Who headed the Iraqi delegation to Qom?"


def judged(user: str) -> float:
    """Whether a window states what is asked: who led, and not who paid."""
    return 9.0 if "Adeeb" in user and "headed the Iraqi" in user.replace(LED, "") else -9.0


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the study on the little corpus with ten answerable cases and six others."""
    monkeypatch.chdir(tmp_path)
    other = " ".join(f"Ship {n} left the harbour on day {n}." for n in range(200))
    write_corpus(tmp_path / "whole", CORPUS | {"ships.txt": f"Ships\n\n{other}"})
    fact = {"expected": [["Adeeb"]], "articles": ["qom.md"]}
    rows = [{"id": f"a{n}", "question": f"{ASKED} {'?' * n}"} | fact for n in range(10)]
    rows += [{"id": f"u{n}", "question": f"Who paid for it{'?' * (n + 1)}", "answerable": False,
              "kind": "near_miss"} for n in range(8)]  # fmt: skip
    (tmp_path / "cases.jsonl").write_text("\n".join(map(json.dumps, rows)))
    asked: list[str] = []

    class Counted(ScriptedGenerator):
        def stream(self, prompt: Any, max_tokens: int) -> Any:
            asked.append(prompt.user)
            return super().stream(prompt, max_tokens)

    def load(settings: Settings, progress: Any = None) -> ScriptedGenerator:
        small = settings.model != Settings().model
        generator = Counted(LED, margin=(lambda _: -9.0) if small else judged)
        generator.name = settings.model
        return generator

    def opened(corpus: Path, *, settings: Settings, progress: Any) -> Assistant:
        embedder = HashEmbedder()
        index = open_index(corpus, settings.index_root, embedder, settings.passage_chars)
        return Assistant(settings, index, embedder, lambda: rag.loading.load_generator(settings))

    monkeypatch.setattr(rag.loading, "load_generator", load)
    monkeypatch.setattr(Assistant, "open", opened)

    def run(*argv: str) -> tuple[int, dict[str, Any], int]:
        asked.clear()
        given = ["--corpus", "whole", "--file", "cases.jsonl", "--work", "work"]
        code = gate.main([*given, "--json", "found.json", *argv])
        found = json.loads((tmp_path / "found.json").read_text()) if code < 2 else {"runs": {}}
        return code, found["runs"], len(asked)

    return run


EXPECTED = {
    "random-passages": "worse: hit10",
    "prompt-without-rule": "changed_prompts_max",
    "judge-always-yes": "worse: refused_rightly",
    "judge-always-no": "worse: right",
    "citation-shifted": "citation_valid_min",
    "quote-of-neighbour": "worse: right_cited",
    "small-model": "worse: right",
    "large-passages": "changed_settings_max",
    "article-missing": "missing_articles_max",
    "answers-truncated": "answer_length_min",
    "stale-index": "stale_articles_max",
    "top-result-dropped": "worse: hit10",
}


def test_every_mutation_is_caught_by_the_check_that_is_for_it(study: Any, capsys: Captured) -> None:
    code, found, _ = study("--runs", "2")
    assert set(EXPECTED) == set(MUTATIONS)
    caught = {name: one["new"] for name, one in found.items() if name in MUTATIONS}
    assert {name: by in caught[name] for name, by in EXPECTED.items()} == dict.fromkeys(
        EXPECTED, True
    ), caught
    assert [found[f"unchanged-{n}"]["new"] for n in (1, 2)] == [[], []]
    assert code == 0
    assert "All as it should be." in capsys.readouterr().out


def test_an_interrupted_study_goes_on_and_a_broken_system_leaves_no_answers(
    study: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:

        def interrupted(*_: Any) -> Any:
            raise KeyboardInterrupt

        patch.setitem(gate.MUTATIONS, "judge-always-no", interrupted)
        only = ["--only", "citation-shifted", "--only", "judge-always-no", "--runs", "1"]
        assert study(*only)[0] == 130
    code, found, asked = study(*only)
    assert (code, asked) == (0, 0)  # the judge refuses them all, the rest is recalled
    assert found["citation-shifted"]["new"] == ["citation_valid_min"]
    assert found["unchanged-1"]["new"] == []
    assert not list((tmp_path / "footnote-home" / "indexes").iterdir())


def test_a_sample_is_asked_and_a_mutation_that_cannot_be_made_is_no_catch(
    study: Any, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def failing(*_: Any) -> Any:
        raise rag.FootnoteError("no such model")

    monkeypatch.setitem(gate.MUTATIONS, "small-model", failing)
    code, *_ = study("--cases", "6", "--only", "small-model", "--runs", "0")
    out = capsys.readouterr().out
    assert code == 1
    assert "6 cases of 18" in out
    assert "not run: no such model" in out
