"""Passages and sentences: nothing lost, nothing twice, every offset exact."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.clean import clean
from index.split import MAX_SENTENCE_CHARS, sentence_spans, split
from index.types import Article

SCRAPS = [
    *("Adeeb", "went", "Mr.", "U.S.", "No.", "3.5", "e.g.", "Fri.", "“No", "”", '"', "(", ")", "'"),
    *(
        ".",
        "?",
        "!",
        "...",
        "…",
        "。",
        "誰が",
        "؟",
        "é",
        "🙂",
        "👩‍👧",
        "\n",
        "\n\n",
        " ",
        "\t",
        "\u00a0",
    ),
    *("[1]", "- ", "|", "&", "https://a.b/c?d=e.f", "a@b.c", "\r", "\x1c", "\x0b", "\u2028"),
]
TEXTS = st.text() | st.lists(st.sampled_from(SCRAPS), max_size=60).map("".join)


def article(text: str) -> Article:
    return Article("a.txt", "A", "a.txt", text)


@given(TEXTS, st.sampled_from([1, 40, 800]))
def test_passages_partition_the_sentences(text: str, passage_chars: int) -> None:
    passages, sentences = split(article(text), passage_chars)
    at = 0
    for sentence in sentences:
        assert text[at : sentence.start].strip() == ""
        assert sentence.start < sentence.end
        assert sentence.text == text[sentence.start : sentence.end]
        assert sentence.text == sentence.text.strip()
        assert len(sentence.text) <= MAX_SENTENCE_CHARS
        at = sentence.end
    assert text[at:].strip() == ""
    assert [p.id for p in passages] == list(dict.fromkeys(s.passage_id for s in sentences))
    for passage in passages:
        own = [s for s in sentences if s.passage_id == passage.id]
        assert (passage.start, passage.end) == (own[0].start, own[-1].end)
        assert passage.text == text[passage.start : passage.end]


@given(TEXTS)
def test_cleaned_text_splits_at_its_line_breaks(text: str) -> None:
    cleaned = clean(text)
    for start, end in sentence_spans(cleaned):
        assert "\n" not in cleaned[start:end]


@pytest.mark.parametrize(
    "sentences",
    [
        ("Mr. Adeeb met Gen. Suleimani.", "They spoke."),
        ("The U.S. forces left.", "Nobody stayed."),
        ("It cost $3.5 million.", "He paid."),
        ("“We came,” he said.", "“They did not.”"),
        ("Who came?", "Three men!", "Yes."),
    ],
)
def test_abbreviations_and_quotes_end_no_sentence(sentences: tuple[str, ...]) -> None:
    text = " ".join(sentences)
    assert [text[a:b] for a, b in sentence_spans(text)] == list(sentences)


def test_a_heading_is_a_sentence_of_its_own() -> None:
    text = "American doubts\n\nCrocker was unsure.\n- one\n- two"
    assert [text[a:b] for a, b in sentence_spans(text)] == text.replace("\n\n", "\n").split("\n")


def test_a_short_article_is_one_passage() -> None:
    passages, sentences = split(article("One came. Two left.\n\nThree stayed."), 800)
    assert [(p.start, p.end) for p in passages] == [(0, 34)]
    assert len(sentences) == 3


def test_passages_keep_about_to_their_size() -> None:
    passages, _ = split(article("The delegation went to Qom on Friday. " * 200), 300)
    assert all(len(passage.text) <= 300 + 38 for passage in passages)
    assert sum(len(passage.text) for passage in passages) > 7000
    assert len(passages) < 40


@pytest.mark.parametrize("unit", ["word ", "x", "“Hi. ", "誰"])
def test_an_endless_sentence_is_cut(unit: str) -> None:
    text = (unit * 10_000).strip()
    passages, sentences = split(article(text), 800)
    assert max(len(sentence.text) for sentence in sentences) <= MAX_SENTENCE_CHARS
    assert max(len(passage.text) for passage in passages) <= 800 + MAX_SENTENCE_CHARS
    assert "".join(s.text for s in sentences).replace(" ", "") == text.replace(" ", "")
    if unit == "word ":
        assert {word for s in sentences for word in s.text.split()} == {"word"}
        assert min(len(s.text) for s in sentences[:-1]) > MAX_SENTENCE_CHARS - len("word ") * 2


def test_one_line_ten_thousand_times_takes_no_time_to_speak_of() -> None:
    start = time.perf_counter()
    passages, sentences = split(article("The same line again.\n" * 10_000), 800)
    assert time.perf_counter() - start < 5
    assert len(sentences) == len({s.start for s in sentences}) == 10_000
    assert 200 < len(passages) < 400


@pytest.mark.parametrize("unit", ["“Hi. ", "«a. ", "(Hi. "])
def test_quotation_marks_that_never_close_take_no_time_to_speak_of(unit: str) -> None:
    text = (unit * 200_000)[:400_000].strip()
    start = time.perf_counter()
    spans = sentence_spans(text)
    assert time.perf_counter() - start < 5
    assert "".join(text[a:b] for a, b in spans).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("space", ["\u2028", "\u00a0", "\u3000"])
def test_an_uncommon_space_between_a_letter_and_a_stop_is_no_crash(space: str) -> None:
    assert sentence_spans(f"A{space}.") == [(0, 3)]


def test_a_very_long_line_splits_as_its_sentences_do() -> None:
    some = ["Mr. Adeeb met Gen. Suleimani.", "“We came. We saw,” he said.", "It cost $3.5 million."]
    text = " ".join(some * 1000)
    assert [text[a:b] for a, b in sentence_spans(text)] == some * 1000


@pytest.mark.parametrize("text", ["", " \n\n ", "\n"])
def test_no_text_gives_no_passage(text: str) -> None:
    assert split(article(text), 800) == ([], [])
