"""Quotes for a claim: the right sentence, and none for what nobody said."""

from collections.abc import Sequence

import pytest
from fakes import LED, HashEmbedder
from hypothesis import given
from hypothesis import strategies as st

from rag.cite import Citer, quoted_support
from rag.types import Evidence, SourceSentence

QUESTION = "Who headed the Iraqi delegation to Qom?"
TEXTS = [
    "Three delegates travelled on Friday.",
    LED,
    "He is close to Nuri al-Maliki.",
    "Militiamen fired 3,400 rockets at two villages.",
    "Ryan Crocker doubted the talks.",
]


def run_of(texts: Sequence[str], article: str = "qom.md", title: str = "The talks") -> Evidence:
    sentences, at = [], 0
    for text in texts:
        sentences.append(SourceSentence(article, f"{article}:0", text, at, at + len(text)))
        at += len(text) + 1
    whole = " ".join(texts)
    return Evidence(article, f"{article}:0", title, article, "Reuters", "2008-04-07",
                    tuple(sentences), whole, 0, len(whole), 1.0)  # fmt: skip


def quotes(claim: str, *runs: Evidence, question: str = QUESTION) -> list[str]:
    citer = Citer(question, runs or [run_of(TEXTS)], HashEmbedder())
    return [quote.sentence.text for quote in citer.cite(claim)]


def support(claim: str, question: str = QUESTION) -> float:
    found = Citer(question, [run_of(TEXTS)], HashEmbedder()).cite(claim)
    return found[0].support if found else 0.0


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        (LED, LED),
        ("Ali Adeeb headed it.", LED),
        ("The delegation to Qom was headed by Ali Adeeb.", LED),
        ("Crocker doubted the talks.", TEXTS[4]),
        ("3400 rockets were fired.", TEXTS[3]),
        ("3,400 rockets hit 2 villages.", TEXTS[3]),
    ],
)
def test_the_sentence_that_says_it_is_quoted(claim: str, quote: str) -> None:
    assert quotes(claim)[0] == quote


def test_the_quote_itself_is_supported_in_full_and_less_so_a_part_of_it() -> None:
    assert support(LED) > 0.95
    assert 0.5 < support("Ali Adeeb headed the delegation on behalf of the Iraqi people.") < 0.95


def test_a_claim_joined_from_two_sentences_quotes_both() -> None:
    found = quotes("Ali Adeeb, who is close to Nuri al-Maliki, headed the delegation to Qom.")
    assert set(found) == {LED, TEXTS[2]}


def test_the_run_that_a_quote_stands_in_comes_with_it() -> None:
    other = run_of(["Umm Qasr reopened in May."], "harbour.txt", "Harbour")
    citer = Citer("When did it reopen?", [run_of(TEXTS), other], HashEmbedder())
    (quote,) = citer.cite("Umm Qasr reopened in May.")
    assert quote.evidence is other
    assert quote.sentence.article_id == "harbour.txt"


@pytest.mark.parametrize(
    "claim",
    [
        "Militiamen fired 3,500 rockets at two villages.",  # another number
        "Militiamen fired 3,400 rockets at 5 villages.",
        "Militiamen fired 3,400 rockets at five villages.",  # another number, spelled
        "Ali Adeeb headed the Iraqi delegation to Qom in 2008 and 1979.",
        "The Iraqi delegation to Qom was headed by Barack Obama.",  # another name
        "The Iraqi delegation headed by Ali Adeeb went to Najaf.",
        "Bananas grow on trees near rivers.",
    ],
)
def test_what_no_evidence_holds_has_no_quote(claim: str) -> None:
    assert quotes(claim) == []


@pytest.mark.parametrize("claim", ["", " ", "...", "It is.", "[1]", "\x00", "🙂"])
def test_a_claim_without_content_has_no_quote(claim: str) -> None:
    assert quotes(claim) == []


def test_without_evidence_nothing_is_supported() -> None:
    assert Citer(QUESTION, [], HashEmbedder()).cite(LED) == []


def test_what_the_question_or_the_article_s_head_says_is_not_invented() -> None:
    claim = "Ali Adeeb headed the 40 Iraqi delegates to Qom."
    assert quotes(claim) == []
    assert quotes(claim, question="Who headed the 40 Iraqi delegates?") == [LED]
    assert quotes("Reuters reported in 2008 that Ali Adeeb headed the delegation to Qom.") != []


def test_words_gathered_from_here_and_there_are_no_support() -> None:
    runs = [
        run_of(["The minister opened the harbour in May."], "a.md", "Harbour"),
        run_of(["A river flooded villages."], "b.md", "Flood"),
        run_of(["Rockets damaged a bridge."], "c.md", "War"),
    ]
    assert quotes("Rockets flooded the minister in May near a harbour bridge.", *runs) == []


@pytest.mark.parametrize(
    "claim",
    [
        "Obama headed the Iraqi delegation to Qom.",
        "Najaf was where Ali Adeeb headed the delegation.",
    ],
)
def test_an_invented_name_at_the_beginning_has_no_quote(claim: str) -> None:
    assert quotes(claim) == []


def test_one_and_1_are_the_same_number() -> None:
    run = run_of(["One delegate, Ali Adeeb, stayed in Qom."])
    assert quotes("1 delegate, Ali Adeeb, stayed in Qom.", run) != []


def test_thirteen_and_13_are_the_same_number() -> None:
    run = run_of(["Thirteen delegates stayed in Qom."])
    assert quotes("13 delegates stayed in Qom.", run) != []


def test_a_name_in_a_caption_without_a_full_stop_is_known() -> None:
    run = run_of(["The team met in Qom on a cold Friday morning to talk", "A photograph of Adeeb"])
    claim = "The team met in Qom on a cold Friday morning to talk, as did Adeeb."
    assert quotes(claim, run) != []


@given(st.text(), st.lists(st.text(min_size=1), max_size=3), st.text())
def test_any_text_gets_quotes_in_bounds(claim: str, texts: list[str], question: str) -> None:
    found = Citer(question, [run_of([LED, *texts])], HashEmbedder()).cite(claim)
    assert len(found) <= 3
    assert len({quote.sentence.start for quote in found}) == len(found)
    assert all(0 <= quote.support <= 1.0001 for quote in found)


@pytest.mark.parametrize(
    ("claim", "quotes", "borne_out"),
    [
        ("Ali Adeeb headed the delegation.", ["Ali Adeeb headed the delegation to Qom."], True),
        ("Ali Adeeb headed it and Crocker left Iraq.",
         ["Ali Adeeb headed the delegation.", "Ryan Crocker left Iraq on Monday."], True),
        ("Talabani sold rockets in Basra.", ["Ali Adeeb headed the delegation to Qom."], False),
        ("Some 3,500 men lived in the old camp.", ["The camp had been shut for years."], False),
        ("Ali Adeeb headed the delegation.", [], False),
        ("", ["Ali Adeeb headed the delegation to Qom."], False),
    ],
)  # fmt: skip
def test_quotes_bear_a_claim_out_by_themselves(
    claim: str, quotes: list[str], borne_out: bool
) -> None:
    found = quoted_support(claim, quotes, HashEmbedder())
    assert 0.0 <= found <= 1.0
    assert (found >= 0.5) is borne_out


@pytest.mark.parametrize(
    ("claim", "borne_out"),
    [
        ("Ali Adeeb did not head the Iraqi delegation to Qom.", False),
        ("Ali Adeeb never headed the delegation to Qom.", False),
        ("The river flooded no villages.", True),
        ("The manager could not lift the cranes.", True),
        ("Not only the river flooded villages.", True),
    ],
)
def test_a_denial_is_borne_out_by_one(claim: str, borne_out: bool) -> None:
    texts = ["The river flooded no villages.", "The manager failed to lift the cranes."]
    texts += ["The river flooded villages."]
    runs = [run_of([text], f"{row}.md") for row, text in enumerate([LED, *texts])]
    assert bool(quotes(claim, *runs)) == borne_out


def test_a_denial_beside_the_quote_is_somebody_elses() -> None:
    run = run_of(
        ["US officials say that Sadr lives in Iran.", "His spokesman denied it on Sunday."]
    )
    assert quotes("US officials say that Sadr lives in Iran.", run)
    assert quotes("US officials deny that Sadr lives in Iran.", run) == []
    assert quotes("His spokesman denied it.", run) == ["His spokesman denied it on Sunday."]


def test_nothing_is_encoded_before_there_is_a_claim() -> None:
    embedder = HashEmbedder()
    citer = Citer(QUESTION, [run_of(TEXTS)], embedder)
    assert embedder.encoded == 0, "the answer's first word would wait for it"
    assert citer.cite(LED)
    assert embedder.encoded == len(TEXTS) + 2
