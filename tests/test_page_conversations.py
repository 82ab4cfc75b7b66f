"""Conversations on disk: kept, opened, deleted, never mixed, never more than the limit."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from page_html import ARTICLE, QUOTE, Page, answer, citation, done, refusal

from rag.errors import ConfigError
from rag.page.conversations import Conversations
from rag.page.earlier import conversation_list
from rag.page.exchange import Exchange, Stage, absorb, fail, moved, stop
from rag.page.keeping import Keeping
from rag.types import Sentence, Token

CITED = citation(1, (0, 10))
LED = done(answer("He led it. [1]", CITED), Sentence("He led it.", (CITED,), shown=True))
HOSTILE = '<img src=x onerror="alert(1)">&\r\n'


def asked(question: str) -> Exchange:
    return replace(LED, question=question)


def test_a_conversation_comes_back_as_it_was(tmp_path: Path) -> None:
    turns = (LED, done(refusal()), fail(Exchange("What?"), "broken"), stop(asked(HOSTILE)))
    id_ = ""
    for row, turn in enumerate(turns):
        id_ = Conversations(tmp_path / "new", 5).append(id_, turns[:row], turn)
    found = Conversations(tmp_path / "new", 5).open(id_)  # as after a restart
    assert found is not None
    assert found.exchanges == turns
    assert found.exchanges[3].stage is Stage.STOPPED
    assert [kept.title for kept in Conversations(tmp_path / "new", 5).all()] == [LED.question]
    assert [file.suffix for file in (tmp_path / "new").iterdir()] == [".json"]


def test_one_that_went_on_elsewhere_becomes_two(tmp_path: Path) -> None:
    shelf = Conversations(tmp_path, 5)
    id_ = shelf.append("", (), asked("One?"))
    assert shelf.append(id_, (asked("One?"),), asked("Two?")) == id_
    other = shelf.append(id_, (asked("One?"),), asked("Three?"))  # a second browser, from before
    assert other != id_
    questions = {
        kept.id: [exchange.question for exchange in kept.exchanges] for kept in shelf.all()
    }
    assert questions == {id_: ["One?", "Two?"], other: ["One?", "Three?"]}


def test_the_oldest_goes_when_there_are_too_many(tmp_path: Path) -> None:
    shelf = Conversations(tmp_path, 2)
    first, second = shelf.append("", (), asked("One?")), shelf.append("", (), asked("Two?"))
    shelf.append(first, (asked("One?"),), asked("More?"))
    third = shelf.append("", (), asked("Three?"))
    assert [kept.id for kept in shelf.all()] == [third, first]
    assert shelf.open(second) is None


def test_a_deleted_one_is_gone_and_a_later_answer_makes_another(tmp_path: Path) -> None:
    shelf = Conversations(tmp_path, 5)
    id_ = shelf.append("", (), asked("One?"))
    shelf.delete(id_)
    shelf.delete(id_)
    assert shelf.all() == []
    assert shelf.append(id_, (asked("One?"),), asked("Two?")) != id_


def test_with_a_limit_of_none_nothing_is_written_or_shown(tmp_path: Path) -> None:
    id_ = Conversations(tmp_path, 5).append("", (), LED)
    off = Conversations(tmp_path, 0)
    assert off.append(id_, (LED,), LED) == ""
    assert (off.all(), off.open(id_)) == ([], None)
    assert len(Conversations(tmp_path, 5).all()) == 1


@pytest.mark.parametrize("id_", ["", "../secret", "0" * 31, "0" * 32 + "\n", "A" * 32])
def test_an_id_from_the_browser_names_no_other_file(tmp_path: Path, id_: str) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    shelf = Conversations(tmp_path / "kept", 5)
    assert shelf.open(id_) is None
    shelf.delete(id_)
    assert secret.exists()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"exchanges": []}', "[" * 100_000])
def test_a_damaged_file_is_told_of_once_and_kept(
    tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf = Conversations(tmp_path, 1)
    id_ = shelf.append("", (), LED)
    bad = tmp_path / f"{'0' * 32}.json"
    bad.write_text(damage)
    shelf.append(id_, (LED,), LED)
    assert [kept.id for kept in shelf.all()] == [id_]
    assert bad.read_text() == damage
    assert capsys.readouterr().err.count(bad.name) == 1


def test_a_file_of_another_format_is_left_alone(tmp_path: Path) -> None:
    shelf = Conversations(tmp_path, 5)
    file = tmp_path / f"{shelf.append('', (), LED)}.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 2}))
    assert shelf.all() == []
    assert file.exists()


def test_what_cannot_be_written_is_an_error_without_a_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be kept") as raised:
        Conversations(tmp_path / "file", 5).append("", (), LED)
    assert str(tmp_path) not in str(raised.value)


# While it is answered


def test_a_page_that_goes_away_leaves_the_question_and_what_was_checked(tmp_path: Path) -> None:
    shelf = Conversations(tmp_path, 5)
    keeping = Keeping(shelf, shelf.append("", (), LED), (LED,))
    grown = Exchange("And then?", Stage.WAITING, ahead=2)
    assert keeping.keep(grown)
    assert shelf.all()[0].exchanges == (LED, stop(Exchange("And then?")))
    assert keeping.keep(grown := absorb(grown, Sentence("He left.", (CITED,), shown=True)))
    assert not keeping.keep(absorb(grown, Token("It is not checked")))
    (kept,) = shelf.all()
    assert (kept.id, kept.exchanges) == (keeping.id, keeping.exchanges)
    last = kept.exchanges[-1]
    assert (last.stage, last.draft, last.ahead) == (Stage.STOPPED, "", 0)
    assert [sentence.text for sentence in last.sentences] == ["He left."]
    assert shelf.append(keeping.id, keeping.exchanges, LED) == keeping.id  # it can go on


def test_an_answer_that_ends_takes_the_place_of_what_had_arrived(tmp_path: Path) -> None:
    shelf = Conversations(tmp_path, 5)
    keeping = Keeping(shelf, "", ())
    assert keeping.keep(Exchange("Who led it?"))
    begun_as = keeping.id
    assert keeping.keep(LED)
    assert [(kept.id, kept.exchanges) for kept in shelf.all()] == [(begun_as, (LED,))]
    assert not keeping.parted


def test_one_that_is_deleted_or_goes_on_elsewhere_meanwhile_becomes_another(
    tmp_path: Path,
) -> None:
    shelf = Conversations(tmp_path, 5)
    id_ = shelf.append("", (), LED)
    one, other = Keeping(shelf, id_, (LED,)), Keeping(shelf, id_, (LED,))
    assert one.keep(Exchange("And then?"))
    assert other.keep(Exchange("And when?"))
    assert (one.parted, other.parted) == (False, True)
    shelf.delete(id_)
    assert one.keep(done(answer("He left.")))
    assert one.parted
    assert {kept.exchanges for kept in shelf.all()} == {one.exchanges, other.exchanges}


def test_what_cannot_be_kept_is_told_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    keeping = Keeping(Conversations(tmp_path / "file", 5), "", ())
    assert keeping.keep(Exchange("Who led it?"))
    assert "cannot be kept" in keeping.problem
    (tmp_path / "file").unlink()
    assert keeping.keep(LED)
    assert (keeping.problem, keeping.parted) == ("", False)
    assert Conversations(tmp_path / "file", 5).all()[0].exchanges == (LED,)


# As they are listed


def test_the_list_escapes_and_marks_the_open_one(tmp_path: Path) -> None:
    shelf = Conversations(tmp_path, 5)
    first = shelf.append("", (), asked(HOSTILE))
    shelf.append("", (), asked("Who?"))
    page = Page(conversation_list(shelf.all(), first))
    assert page.texts("span", "title") == ["Who?", '<img src=x onerror="alert(1)">&']
    assert page.attrs("img") == []
    current = [each["data-conversation"] for each in page.attrs("button") if "aria-current" in each]
    assert current == [first]
    assert conversation_list(()) == ""


def test_a_footnote_whose_words_moved_is_known() -> None:
    here = (CITED.start, CITED.end)
    assert not moved((LED,), ARTICLE, *here)
    longer = replace(ARTICLE, text=f"New. {ARTICLE.text}")
    assert QUOTE in longer.text
    assert moved((LED,), longer, *here)
    assert not moved((LED,), longer, 0, 0)  # opened from the list of articles
