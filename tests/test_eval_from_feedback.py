"""Verdicts become draft cases that the other commands read, and whose gaps they name."""

from dataclasses import replace
from pathlib import Path

import pytest
from page_html import QUOTE, answer, citation, done, refusal

from eval.__main__ import main
from eval.dataset import load
from eval.from_feedback import expected_facts
from index.build import index_folder
from rag.page.feedback import Feedback, read
from rag.settings import Settings

RIGHT = done(answer("Ali Adeeb led the delegation. [1]", citation(1, (0, 29))))
WRONG = done(replace(answer("It was al-Maliki. [1]", citation(1, (0, 17))), question="Who was it?"))
REFUSED = done(replace(refusal(), question="What did it cost?"))
TEXT = "Three delegates went to Qom.\n\nAli Adeeb led the delegation. He is close to al-Maliki."


@pytest.fixture
def articles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "qom.md").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOOTNOTE_CORPUS", str(folder))
    return folder


@pytest.fixture
def feedback(articles: Path) -> Feedback:
    return Feedback(Settings.load().feedback, index_folder(articles, Path()).name)


def test_what_was_right_lints_clean_and_what_was_wrong_is_named(
    feedback: Feedback, articles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feedback.give((), RIGHT, "up")
    feedback.give((RIGHT,), REFUSED, "up")
    assert main(["from-feedback"]) == 0
    assert "2 draft cases, 0 with facts" in capsys.readouterr().out
    assert main(["lint", "feedback.yaml", "--corpus", str(articles)]) == 0
    right, refused = load("feedback.yaml")
    assert (right.expected, right.articles) == ((("Ali Adeeb",),), ("qom.md",))
    assert (refused.answerable, refused.expected, refused.kind) == (False, (), "follow_up")
    assert refused.history[0].question == "Who led it?"

    feedback.give((), WRONG, "down", "It was\nAdeeb: #1")
    assert main(["from-feedback", "--out", "all.jsonl"]) == 0
    capsys.readouterr()
    assert main(["lint", "all.jsonl", "--corpus", str(articles)]) == 1
    told = capsys.readouterr().out
    assert "still holds the starter's TODO" in told
    assert "1 problem" in told
    wrong = load("all.jsonl")[2]
    assert wrong.id == "who-was-it"
    assert "Note: It was\nAdeeb: #1" in wrong.note
    assert wrong.articles == ()


def test_a_question_that_was_judged_twice_makes_two_ids(feedback: Feedback) -> None:
    feedback.give((), RIGHT, "up")
    feedback.give((REFUSED,), RIGHT, "up")
    feedback.give((), WRONG, "up")
    feedback.give((), WRONG, "none")
    assert main(["from-feedback"]) == 0
    assert [case.id for case in load("feedback.yaml")] == ["who-led-it", "who-led-it-2"]


def test_a_file_that_is_there_stays(feedback: Feedback, capsys: pytest.CaptureFixture[str]) -> None:
    feedback.give((), RIGHT, "up")
    Path("feedback.yaml").write_text("mine")
    assert main(["from-feedback"]) == 2
    assert "exists and is left as it is" in capsys.readouterr().err
    assert Path("feedback.yaml").read_text() == "mine"


def test_without_a_verdict_about_these_articles_there_is_nothing_to_write(
    feedback: Feedback, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feedback.give((), RIGHT, "up")
    assert main(["from-feedback", "--corpus", str(tmp_path)]) == 2
    assert "holds no verdict about" in capsys.readouterr().err
    assert not Path("feedback.yaml").exists()


def test_a_broken_line_is_named_and_left_out(
    feedback: Feedback, capsys: pytest.CaptureFixture[str]
) -> None:
    feedback.give((), RIGHT, "up")
    with feedback.file.open("a") as file:
        file.write("{broken\n")
    assert main(["from-feedback"]) == 0
    assert ":2: not a verdict" in capsys.readouterr().err
    assert len(load("feedback.yaml")) == 1


def test_facts_are_what_answer_and_quote_share_and_the_question_does_not_say(
    feedback: Feedback,
) -> None:
    def facts(text: str, question: str = "Who led it?") -> list[list[str]]:
        cited = citation(1, (0, len(text)), QUOTE)
        given = replace(answer(text, cited), question=question)
        feedback.give((), done(given), "up")
        return expected_facts(read(feedback.file)[0][-1])

    assert facts("On 7 April Ali Adeeb led 3 delegates.") == [["Ali Adeeb"]]
    assert facts("The delegation had Ali Adeeb.") == [["Ali Adeeb"]]
    assert facts("Then Ali Adeeb spoke.") == [["Ali Adeeb"]]
    assert facts("Ali Adeeb did.", "Did Ali Adeeb lead it?") == []
    assert facts("somebody led the delegation, it says.") == [["led the delegation"]]
    assert facts("Nothing alike.") == []
