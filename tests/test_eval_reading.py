"""`footnote eval read`: sets whose passages are given, and their figures."""

import json
from pathlib import Path
from typing import Any

import pytest
from eval_fakes import Scripted, answer, refusal

from eval import reading
from eval.__main__ import main
from eval.adapters.types import ReadingCase, one_fact, passage
from eval.metrics import share
from eval.reading_metrics import Reading, auroc_interval, balanced, judged, reading_figures
from eval.sample import draw
from rag.types import Answer, Position

Captured = pytest.CaptureFixture[str]


def a_case(name: str = "a", **given: Any) -> ReadingCase:
    answers = given.pop("answers", ("Adeeb",))
    values = {"answerable": bool(answers), "facts": one_fact(answers)} | given
    return ReadingCase(name, f"{name}?", (passage(name, 1, "Adeeb led it."),), answers, **values)


def read(case: ReadingCase, said: Answer) -> Reading:
    return judged(case, said, 1.0)


def test_short_answers_are_judged_by_their_words_and_the_reason_is_told() -> None:
    found = [
        read(a_case(), answer()),
        read(a_case(), answer("In May.")),
        read(a_case(), refusal()),
        read(a_case(answers=()), refusal()),
        read(a_case(answers=()), answer()),
    ]
    assert [one.outcome for one in found] == [
        "right", "wrong", "refused_wrongly", "refused_rightly", "answered_unanswerable",
    ]  # fmt: skip
    assert all(one.reason for one in found)
    figures = reading_figures(found)
    assert (figures["right"]["count"], figures["right"]["of"]) == (1, 3)
    assert figures["refused_rightly"]["rate"] == 0.5
    assert figures["balanced_accuracy"]["estimate"] == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert figures["balanced_answering"]["estimate"] == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_a_long_reference_makes_nothing_right_or_wrong_and_counts_words_and_gold() -> None:
    gold = ("Ali Adeeb led the team.",)
    case = a_case(answers=("Ali Adeeb led it in March.",), gold_sentences=gold)
    near, off = read(case, answer()), read(case, answer(citations=()))
    figures = reading_figures([near, off, read(case, refusal())])
    assert near.outcome == "answered"
    assert near.f1 == pytest.approx(2 * 3 / (3 + 6))
    assert near.within_gold == (True,)
    assert figures["right"]["of"] == 0
    assert figures["refused_wrongly"]["of"] == 3
    assert figures["within_gold"]["count"] == figures["within_gold"]["of"] == 1
    elsewhere = a_case(answers=case.answers, gold_sentences=("It went to Qom.",))
    assert read(elsewhere, answer()).within_gold == (False,)


def test_a_planted_wrong_answer_is_counted_alone_or_beside_the_right_one() -> None:
    case = a_case(wrong_answers=("Talabani",))
    sides = (Position("Adeeb.", (1,)), Position("Talabani.", ()))
    found = [
        read(case, answer("Talabani led it.")),
        read(case, answer("Adeeb led it, or Talabani.", disagreement=sides)),
        read(case, answer()),
        read(a_case(), answer("Talabani led it.")),  # nothing was planted here
    ]
    figures = reading_figures(found)
    counts = {name: (figures[name]["count"], figures[name]["of"])
              for name in ("planted_stated", "planted_alone", "disagreement_reported")}  # fmt: skip
    assert counts == {
        "planted_stated": (2, 3), "planted_alone": (1, 3), "disagreement_reported": (1, 3),
    }  # fmt: skip


def test_a_crash_counts_apart() -> None:
    figures = reading_figures([read(a_case(), answer()), Reading(a_case(), "error", "broken")])
    assert (figures["errors"], figures["cases"], figures["right"]["of"]) == (1, 2, 1)
    assert reading_figures([])["balanced_accuracy"] is None


def test_the_interval_of_a_mean_of_shares_is_narrower_than_those_of_the_shares() -> None:
    found = balanced(share(80, 100), share(60, 100))
    assert found is not None
    assert found.estimate == pytest.approx(0.7)
    # Both shares' standard errors together: sqrt(.8 * .2 / 100 + .6 * .4 / 100) / 2 = 0.0316
    assert (found.low, found.high) == pytest.approx((0.637, 0.759), abs=0.005)
    assert balanced(share(1, 1), share(0, 0)) is None


def test_the_interval_of_an_auroc_is_hanleys_and_mcneils() -> None:
    confidences, stated = [0.9, 0.8, 0.4, 0.6, 0.2, 0.1], [True, True, True, False, False, False]
    found = auroc_interval(confidences, stated)
    assert found is not None
    assert found.estimate == pytest.approx(8 / 9)
    assert 0.5 < found.low < found.estimate < found.high == 1.0
    perfect = auroc_interval([0.9, 0.1], [True, False])
    assert perfect is not None
    assert perfect.low < 0.5  # of one case of either kind
    assert auroc_interval([0.5], [True]) is None


def test_a_sample_takes_from_every_group_in_turn_and_keeps_the_order() -> None:
    items = [(True, "many", n) for n in range(90)] + [(True, "few", 0), (False, "none", 0)]
    items += [(False, "none", n) for n in range(1, 9)]
    drawn = draw(items, 8, 3, lambda i: i[0], lambda i: i[1])
    assert sum(one[0] for one in drawn) == 4
    assert (True, "few", 0) in drawn
    assert drawn == sorted(drawn, key=items.index)
    assert drawn == draw(items, 8, 3, lambda i: i[0], lambda i: i[1])
    assert drawn != draw(items, 8, 4, lambda i: i[0], lambda i: i[1])
    assert draw(items, None) == items == draw(items, 500)
    assert len(draw(items, 95, 0, lambda i: i[0])) == 95  # more than a fair share leaves of one


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command on a set of three; gives the exit code and the scripted assistant."""
    rows = [
        {"id": "a", "question": "a?", "answers": ["Adeeb"], "answerable": True, "kind": "k"},
        {"id": "b", "question": "b?", "answers": [], "answerable": False},
        {"id": "c", "question": "c?", "answers": ["Qom"], "answerable": True},
    ]
    lines = [json.dumps(row | {"passages": [{"text": "Adeeb led it."}]}) for row in rows]
    (tmp_path / "set.jsonl").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOOTNOTE_HOME", str(tmp_path / "home"))

    def run(*argv: str, **script: Any) -> tuple[int, Scripted]:
        assistant = Scripted(
            {"b?": refusal()} | {f"{name}?": said for name, said in script.items()}
        )
        monkeypatch.setattr(reading.Assistant, "open", lambda *_, **__: assistant)
        return main(["read", "set.jsonl", "--out", "out", *argv]), assistant

    return run


def test_the_command_reads_the_passages_and_reports(
    go: Any, tmp_path: Path, capsys: Captured
) -> None:
    code, assistant = go(c=OSError("disk"))
    assert code == 0
    assert [question for question, _ in assistant.given] == ["a?", "b?", "c?"]
    assert assistant.given[0][1][0].text == "Adeeb led it."
    out, err = capsys.readouterr()
    assert "c: OSError: disk" in out
    assert "3/3 questions, 0 s left" in err
    data = json.loads((tmp_path / "out" / reading.REPORT).read_text())
    assert data["figures"]["right"]["count"] == 1
    assert data["figures"]["errors"] == 1
    assert set(data["kinds"]) == {"", "k"}
    assert all(record["reason"] for record in data["results"])


def test_an_interrupted_set_goes_on_and_an_answered_one_is_recalled(
    go: Any, tmp_path: Path, capsys: Captured
) -> None:
    assert go("--verbose", c=KeyboardInterrupt())[0] == 130
    assert "go on from here" in capsys.readouterr().out
    code, assistant = go()
    assert (code, [question for question, _ in assistant.given]) == (0, ["c?"])
    assert go()[1].given == []
    text = (tmp_path / "set.jsonl").read_text()
    (tmp_path / "set.jsonl").write_text(text.replace("Adeeb led it.", "Adib led it.", 1))
    assert [question for question, _ in go()[1].given] == ["a?"]  # other passages, asked anew
    assert len(go("--fresh")[1].given) == 3
    assert len(go("--limit", "2", "--fresh")[1].given) == 2


def test_a_set_that_cannot_be_used_is_refused(go: Any, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "set.jsonl").write_text("")
    assert go()[0] == 2
    assert "holds no cases" in capsys.readouterr().err
    assert go("--format", "squad")[0] == 2
    assert "not valid JSON" in capsys.readouterr().err
