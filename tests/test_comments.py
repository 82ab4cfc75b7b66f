"""Readers' comments: who wrote one stays with what was written."""

import pytest
from fakes import HashEmbedder

import prompts
from index.build import build
from index.comments import Writer, announced, signed, unsigned, writers
from index.split import sentence_spans, split
from index.store import Index
from index.types import Article
from rag.cite import Citer
from rag.draft import Draft
from rag.retrieve import windows
from rag.types import Answer, Evidence, Sentence

BELOW = """The ferry will not be missed. I say so as one who rowed.

Trams cost more than boats.

blue heron on March 31, 2008 at 12:38 PM

Boats sink. Trams do not.
They never did.

old stoker on March 31, 2008 at 12:48 PM"""
ABOVE = """Comment by blue heron:
Trams cost more than boats. I counted.

old stoker says: May 3, 2009
Boats sink."""


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("blue heron on March 31, 2008 at 12:38 PM", "blue heron"),
        ("K. on 3 Feb 2021 at 09:15", "K."),
        ("Posted by: old stoker | April 1, 2008 at 03:10 PM", "old stoker"),
        ("Posted by old stoker on April 1, 2008 at 03:10 PM", "old stoker"),
        ("posted by jp, April 1, 2008 at 03:10 PM", "jp"),
        ("posted by jp at 2:51 PM", "jp"),
    ],
)
def test_a_name_with_a_time_signs_a_comment(line: str, name: str) -> None:
    assert signed(line) == signed(f"Trams cost more.\n\n{line}") == name
    assert not announced(line)
    assert unsigned(f"Trams cost more.\n\n{line}") == f"Trams cost more.\n\n{name}"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("old stoker says: May 3, 2009 at 2:51 pm", "old stoker"),
        ("Comment by blue heron:", "blue heron"),
        ("K. said... 3 May 2009", "K."),
    ],
)
def test_a_name_with_a_colon_announces_a_comment(line: str, name: str) -> None:
    assert announced(line) == announced(f"{line}\nTrams cost more.") == name
    assert not signed(line)


@pytest.mark.parametrize(
    "line",
    [
        "The talks opened on March 31, 2008 at 12:38 PM in the old town hall of Bergen.",
        "The quake struck on March 31, 2008 at 2:30 p.m.",
        "Quakes struck on March 31, 2008 at 2:30 p.m.",
        "By Juan Cole on March 31, 2008 at 2:30 PM",
        "Published on March 31, 2008 at 14:30",
        "Last updated by the desk on March 31, 2008 at 14:30",
        "He arrived on March 31, 2008.",
        "The minister said: we shall see.",
        "In a statement, the ministry said:",
        "Then he said...",
        "Comment by blue heron: trams cost more than boats.",
        "",
    ],
)
def test_a_sentence_is_not_a_name(line: str) -> None:
    assert not signed(line)
    assert not announced(line)


def test_a_name_belongs_to_the_sentence_beside_it() -> None:
    assert [BELOW[a:b].split("\n") for a, b in sentence_spans(BELOW)][2:] == [
        ["Trams cost more than boats.", "", "blue heron on March 31, 2008 at 12:38 PM"],
        ["Boats sink."],
        ["Trams do not."],
        ["They never did.", "", "old stoker on March 31, 2008 at 12:48 PM"],
    ]
    assert [ABOVE[a:b] for a, b in sentence_spans(ABOVE)] == [
        "Comment by blue heron:\nTrams cost more than boats.",
        "I counted.",
        "old stoker says: May 3, 2009\nBoats sink.",
    ]


def test_a_name_alone_is_kept() -> None:
    text = "Comment by old stoker:\n\nComment by blue heron:"
    assert [text[a:b] for a, b in sentence_spans(text)] == [text]
    lone = "ann on May 1, 2008 at 1:00 PM\nbob on May 1, 2008 at 1:05 PM"
    assert [lone[a:b] for a, b in sentence_spans(lone)] == lone.split("\n")


def article(text: str) -> Article:
    return Article("0.md", "Ferries", "0.md", text)


def test_each_sentence_of_a_comment_has_its_writer() -> None:
    _, below = split(article(BELOW), 800)
    stoker = [Writer("old stoker", 5, certain=True)] * 3
    # nothing tells where the first one begins
    heron = [Writer("blue heron", 2, certain=False)] * 2
    assert writers(below) == [None, *heron, *stoker]
    _, above = split(article(ABOVE), 800)
    heron = [Writer("blue heron", 0, certain=True)] * 2
    assert writers(above) == [*heron, Writer("old stoker", 2, certain=True)]
    _, far = split(article(BELOW.replace("Boats sink.", "Boats sink. " * 20)), 800)
    assert writers(far)[3:] == [None] * 10 + [Writer("old stoker", 24, certain=True)] * 12
    assert writers([]) == []


def test_the_byline_of_an_article_signs_no_comment() -> None:
    post = "Ferries\nPosted by old stoker on May 1, 2008 at 1:00 PM\nOne sank. Two rot. " * 1
    _, found = split(article(f"{post}None sails.\nNice post.\njp on May 2, 2008 at 1:00 PM"), 800)
    byline = Writer("old stoker", 0, certain=False)
    assert writers(found) == [byline, None, None, *[Writer("jp", 4, certain=False)] * 2]


def test_no_piece_of_a_line_is_lost() -> None:
    text = f"{'Boats rot and ' * 40}sink.\nWow! jp on May 2, 2008 at 1:00 PM"
    found = sentence_spans(text)
    assert " ".join(" ".join(text[a:b].split()) for a, b in found) == " ".join(text.split())


def test_a_comment_is_found_by_its_writer() -> None:
    index = build([article(BELOW)], HashEmbedder(), 800)
    scores = index.lexical_sentences.scores("stoker")
    assert [score > 0 for score in scores.tolist()] == [False] * 3 + [True] * 3


def window(text: str, row: int) -> Evidence:
    index: Index = build([article(text)], HashEmbedder(), 800)
    return windows(index, [(row, 1.0)], 1)[0]


def shown(text: str, row: int) -> str:
    return " ".join(window(text, row).text.split())


def test_a_window_reaches_the_name_but_not_the_next_comment() -> None:
    heron = "Trams cost more than boats. blue heron on March 31, 2008 at 12:38 PM"
    assert shown(BELOW, 2) == f"I say so as one who rowed. {heron}"
    stoker = "They never did. old stoker on March 31, 2008 at 12:48 PM"
    assert shown(BELOW, 3) == f"Boats sink. Trams do not. {stoker}"
    assert shown(ABOVE, 1) == "Comment by blue heron: Trams cost more than boats. I counted."
    assert shown(ABOVE, 2) == "old stoker says: May 3, 2009 Boats sink."


def test_a_name_far_off_stays_out() -> None:
    long = BELOW.replace("Boats sink.", "Boats sink. And they rot. And they leak. And they burn.")
    assert "stoker" not in shown(long, 3)
    assert "heron" not in shown(long, 3)


ASKED = "Which reader says that boats sink?"
CREDIT = "This is a comment by old stoker."
STOKER = "They never did.\n\nold stoker on March 31, 2008 at 12:48 PM"


def draft(run: Evidence) -> Draft:
    refusal = Answer(ASKED, ASKED, prompts.REFUSAL, True, "not_stated", 0.9, (), ())
    return Draft(refusal, Citer(ASKED, [run], HashEmbedder()), 0.5)


def write(reply: str, run: Evidence) -> tuple[Draft, list[Sentence]]:
    writing = draft(run)
    events = [*writing.feed(reply), *writing.finish()]
    return writing, [event for event in events if isinstance(event, Sentence)]


def test_an_answer_says_whose_comment_it_rests_on() -> None:
    writing, sentences = write("Boats sink.", window(BELOW, 3))
    assert writing.answer.text == f"Boats sink. [1] {CREDIT} [2]"
    assert [sentence.text for sentence in sentences] == ["Boats sink.", CREDIT]
    first, second = writing.answer.citations
    assert (first.quote, second.quote) == ("Boats sink.", STOKER)
    assert writing.answer.text[second.answer_start : second.answer_end] == CREDIT
    assert BELOW[second.start : second.end] == STOKER


@pytest.mark.parametrize(
    "reply", ["Boats sink and trams do not, says old stoker.", "Old stoker: boats sink, trams not."]
)
def test_an_answer_that_names_the_writer_says_it_once(reply: str) -> None:
    writing, _ = write(reply, window(BELOW, 3))
    assert writing.answer.text == f"{reply} [1] [2] [3]"


def test_what_is_no_comment_is_credited_to_nobody() -> None:
    writing, _ = write("The ferry will not be missed.", window(BELOW, 0))
    assert writing.answer.text == "The ferry will not be missed. [1]"
    assert write("Bananas grow near rivers.", window(BELOW, 3))[0].answer.abstained


def test_a_quoted_comment_is_credited_from_far_off() -> None:
    long = BELOW.replace("Boats sink.", "Boats sink. And they rot. And they leak. And they burn.")
    run = window(long, 3)
    quoting = draft(run)
    quoting.quote(run, run.sentences[:1])
    quote = f"{prompts.QUOTING} “Boats sink.” [1]"
    assert quoting.answer.text == f"{quote} {CREDIT} [2]"
    assert quoting.answer.citations[1].quote == STOKER


def test_a_quote_that_is_signed_is_not_credited() -> None:
    run = window(BELOW, 5)
    quoting = draft(run)
    quoting.quote(run, run.sentences[-1:])
    assert quoting.answer.text == f"{prompts.QUOTING} “{' '.join(STOKER.split())}” [1]"


def test_two_places_of_one_comment_are_credited_once_each() -> None:
    long = BELOW.replace("Boats sink.", "Boats sink. And they rot. And they leak. And they burn.")
    near, far = (write(f"{said}.", window(long, row))[0]
                 for said, row in (("Boats sink", 3), ("And they burn", 6)))  # fmt: skip
    assert near.add(far)
    more = f"{prompts.ALSO} And they burn. [3] {CREDIT} [2]"
    assert near.answer.text == f"Boats sink. [1] {CREDIT} [2] {more}"
    assert not near.add(far), "it is cited already"


def test_what_is_not_plainly_a_comment_is_credited_to_nobody() -> None:
    byline = "The militia fought. It stayed.\n\nPosted by Juan Cole on March 31, 2008 at 6:30 AM"
    assert write("The militia fought.", window(byline, 0))[0].answer.text.endswith("fought. [1]")
    first = write("I say so as one who rowed.", window(BELOW, 1))[0]
    assert first.answer.text == "I say so as one who rowed. [1]", "it may be the article's own"


def test_a_credit_is_no_part_of_what_is_said() -> None:
    writing, _ = write("Boats sink.", window(BELOW, 3))
    assert writing.said == "Boats sink."
    assert writing.told == f"Boats sink. {CREDIT}"
    assert [sentence.text for sentence in writing.cited] == ["Boats sink."]


def test_a_credit_gives_no_number_that_is_asked_for() -> None:
    run = window(BELOW.replace("old stoker", "stoker 61"), 3)
    asked = "How many boats sink?"
    refusal = Answer(asked, asked, prompts.REFUSAL, True, "not_stated", 0.9, (), ())
    writing = Draft(refusal, Citer(asked, [run], HashEmbedder()), 0.5)
    assert [*writing.feed("Boats sink."), *writing.finish()]
    assert (writing.answer.abstained, writing.answer.reason) == (True, "off_type")


@pytest.mark.parametrize(
    ("name", "credit"),
    [("[7] stoker", "This is a comment by stoker."), ("Will", "This is a comment by Will.")],
)
def test_a_name_is_told_whatever_it_looks_like(name: str, credit: str) -> None:
    run = window(BELOW.replace("old stoker", name).replace("Boats sink", "Boats will sink"), 3)
    assert write("Boats will sink.", run)[0].answer.text == f"Boats will sink. [1] {credit} [2]"
