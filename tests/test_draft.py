"""The reply piece by piece: markers dropped, sentences checked, spans and numbers exact."""

import re
from collections.abc import Sequence

import pytest
from fakes import LED, HashEmbedder, pieces
from hypothesis import given
from hypothesis import strategies as st

import prompts
from rag.cite import Citer
from rag.draft import Draft
from rag.types import Answer, Evidence, Sentence, SourceSentence, Token

QUESTION = "Who headed the Iraqi delegation to Qom?"
CLOSE = "He is close to Nuri al-Maliki."
CROCKER = "Ryan Crocker, of the U.S. embassy, doubted the talks."
ARTICLE = f"{LED} {CLOSE} {CROCKER}"
INVENTED = "Bananas grow on trees near rivers."
MARKED = f"{LED} [1] {INVENTED}[2, 3]\n{CROCKER} He is close to Nuri al-Maliki [1]."
FINISHED = re.compile(r" \[\d+\]")


def evidence() -> Evidence:
    spans = [(ARTICLE.index(text), len(text)) for text in (LED, CLOSE, CROCKER)]
    sentences = [SourceSentence("q.md", "p", ARTICLE[a : a + n], a, a + n) for a, n in spans]
    return Evidence("q.md", "p", "The talks", "q.md", "", "", tuple(sentences), ARTICLE,
                    0, len(ARTICLE), 1.0)  # fmt: skip


def draft(min_support: float = 0.5) -> Draft:
    refusal = Answer(QUESTION, QUESTION, prompts.REFUSAL, True, "not_stated", 0.9, (), ())
    return Draft(refusal, Citer(QUESTION, [evidence()], HashEmbedder()), min_support)


def write(reply: str | Sequence[str]) -> tuple[Answer, list[Sentence], str]:
    """The answer, the sentences in order, and all the token texts together."""
    writing = draft()
    events = []
    for piece in pieces(reply) if isinstance(reply, str) else reply:
        events += list(writing.feed(piece))
    events += list(writing.finish())
    sentences = [event for event in events if isinstance(event, Sentence)]
    tokens = "".join(event.text for event in events if isinstance(event, Token))
    answer = writing.answer
    for citation in answer.citations:
        assert ARTICLE[citation.start : citation.end] == citation.quote
        cited = answer.text[citation.answer_start : citation.answer_end]
        assert cited in [sentence.text for sentence in sentences if sentence.shown]
        assert f"[{citation.number}]" in answer.text[citation.answer_end :]
    return answer, sentences, tokens


def test_a_supported_sentence_gets_its_footnote() -> None:
    answer, sentences, tokens = write(LED)
    assert (answer.text, answer.abstained, answer.reason) == (f"{LED} [1]", False, "")
    (citation,) = answer.citations
    assert (citation.quote, citation.article_id, citation.number) == (LED, "q.md", 1)
    assert answer.text[citation.answer_start : citation.answer_end] == LED
    assert sentences == [Sentence(LED, (citation,), True)]
    assert tokens == LED


def test_each_sentence_is_given_as_soon_as_it_has_ended() -> None:
    writing = draft()
    seen = []
    for piece in pieces(f"{LED} {CROCKER}"):
        seen += [event.text for event in writing.feed(piece) if isinstance(event, Sentence)]
        if "doubted" in piece:
            assert seen == [LED]
            assert writing.answer.text == f"{LED} [1]"
    assert seen == [LED]
    assert [event.text for event in writing.finish() if isinstance(event, Sentence)] == [CROCKER]


def test_several_sentences_have_their_own_spans_and_numbers() -> None:
    answer, *_ = write(f"{LED} {CROCKER}")
    assert answer.text == f"{LED} [1] {CROCKER} [2]"
    assert [c.number for c in answer.citations] == [1, 2]
    assert [answer.text[c.answer_start : c.answer_end] for c in answer.citations] == [LED, CROCKER]


def test_one_quote_keeps_one_number() -> None:
    answer, *_ = write(f"{LED} {CROCKER} The delegation to Qom was headed by Ali Adeeb.")
    assert [c.number for c in answer.citations] == [1, 2, 1]
    assert answer.text.endswith("headed by Ali Adeeb. [1]")


def test_a_sentence_from_two_quotes_has_two_markers() -> None:
    answer, *_ = write("Ali Adeeb, who is close to Nuri al-Maliki, headed the delegation to Qom.")
    assert answer.text.endswith(". [1] [2]")
    assert {c.quote for c in answer.citations} == {LED, CLOSE}
    assert len({(c.answer_start, c.answer_end) for c in answer.citations}) == 1


def test_unsupported_sentences_are_told_where_they_are_asked_for() -> None:
    refusal = Answer(QUESTION, QUESTION, prompts.REFUSAL, True, "not_stated", 0.9, (), ())
    citer = Citer(QUESTION, [evidence()], HashEmbedder())
    for show, reply, told in (
        (True, f"{LED} {INVENTED} {CROCKER}", (INVENTED,)),
        (True, INVENTED, (INVENTED,)),
        (True, f"{prompts.REFUSAL} {LED}", ()),
        (False, f"{LED} {INVENTED}", ()),
    ):
        writing = Draft(refusal, citer, 0.5, show_unsupported=show)
        assert [*writing.feed(reply), *writing.finish()]
        assert writing.answer.unsupported == told
        assert INVENTED not in writing.answer.text


def test_an_unsupported_sentence_is_left_out() -> None:
    answer, sentences, tokens = write(f"{LED} {INVENTED} {CROCKER}")
    assert answer.text == f"{LED} [1] {CROCKER} [2]"
    assert [sentence.shown for sentence in sentences] == [True, False, True]
    assert INVENTED in tokens


@pytest.mark.parametrize(("min_support", "shown"), [(0.5, True), (0.97, False)])
def test_a_sentence_has_to_be_supported_as_well_as_was_set(min_support: float, shown: bool) -> None:
    writing = draft(min_support)
    list(writing.feed("Ali Adeeb headed the Iraqi delegation that travelled to Qom."))
    (sentence,) = (event for event in writing.finish() if isinstance(event, Sentence))
    assert (sentence.shown, writing.answer.abstained) == (shown, not shown)


@pytest.mark.parametrize("reply", [INVENTED, "3,500 rockets were fired at Qom.", "[1]"])
def test_nothing_supported_is_a_refusal(reply: str) -> None:
    answer, sentences, _ = write(reply)
    assert (answer.text, answer.abstained) == (prompts.REFUSAL, True)
    assert (answer.reason, answer.citations) == ("unsupported", ())
    assert not any(sentence.shown for sentence in sentences)


@pytest.mark.parametrize("reply", [[], [""], ["", "\n", " ", "\n\n"], [" "] * 200, ["\ufffd"]])
def test_a_reply_of_nothing_is_a_refusal(reply: list[str]) -> None:
    answer, *_ = write(reply)
    assert (answer.text, answer.reason) == (prompts.REFUSAL, "unsupported")


@pytest.mark.parametrize("reply", [prompts.REFUSAL, "The passages do not mention who led it."])
def test_the_model_s_own_refusal_is_told_as_such(reply: str) -> None:
    answer, sentences, _ = write(reply)
    assert (answer.text, answer.reason) == (prompts.REFUSAL, "declined")
    assert [sentence.shown for sentence in sentences] == [False]


def test_a_refusal_first_is_not_part_of_the_answer() -> None:
    answer, sentences, _ = write(f"{prompts.REFUSAL} {LED}")
    assert answer.text == f"{LED} [1]"
    assert [sentence.shown for sentence in sentences] == [False, True]
    assert write(f"{prompts.REFUSAL} {INVENTED}")[0].reason == "declined"


@pytest.mark.parametrize(
    "reply",
    [
        f"{LED} [1]",
        f"{LED[:-1]} [1].",
        f"{LED}[1][2]",
        f"{LED[:-1]} [1, 2][3].",
        f"{LED}\n\n[1]\n",
        [*pieces(LED), " [", "1", "2", "]"],
        [*pieces(LED), "[1]"],
        [LED, " [1", "]"],
    ],
)
def test_the_model_s_own_markers_are_dropped(reply: str | list[str]) -> None:
    answer, _, tokens = write(reply)
    assert answer.text == f"{LED} [1]"
    assert "[" not in tokens


@pytest.mark.parametrize("marker", ["[ 1 ]", "[1-2]", "[1–2]", "[^1]", "[1; 2]", "[1 and 2]"])
def test_markers_in_other_spellings_are_dropped_too(marker: str) -> None:
    answer, *_ = write(f"{LED[:-1]} {marker}.")
    assert answer.text == f"{LED} [1]"


def test_a_marker_cut_by_the_end_of_the_reply_is_dropped_too() -> None:
    answer, *_ = write([*pieces(LED[:-1]), " [", "1"])
    assert answer.text == f"{LED[:-1]} [1]"


def test_other_brackets_stay() -> None:
    quoted = LED.replace("Qom", "[the city of] Qom")
    answer, _, tokens = write(quoted)
    assert FINISHED.sub("", answer.text) == quoted == tokens


def test_a_sentence_said_twice_is_shown_once() -> None:
    answer, *_ = write(f"{LED} " * 20)
    assert answer.text == f"{LED} [1]"


def test_of_another_draft_what_is_cited_already_is_not_added() -> None:
    first, same, partly, more = draft(), draft(), draft(), draft()
    replies = (LED, LED, f"{LED} {CROCKER}", CROCKER)
    for writing, reply in zip((first, same, partly, more), replies, strict=True):
        list(writing.feed(reply))
        list(writing.finish())
    assert not first.add(same)
    assert not first.add(partly), "what is new in it need not answer"
    assert first.answer.text == f"{LED} [1]"
    assert first.add(more)
    assert first.answer.text == f"{LED} [1] {prompts.ALSO} {CROCKER} [2]"
    assert first.said == f"{LED} {CROCKER}"
    assert first.answer.disagreement == ()


def test_what_is_shown_beside_an_answer_is_no_part_of_what_it_says() -> None:
    writing, other = draft(), draft()
    list(writing.feed(f"{LED} "))
    list(writing.finish())
    assert writing.cited == {evidence().sentences[0]}
    writing.show_beside(evidence(), [])
    assert writing.answer.text == f"{LED} [1]"
    writing.show_beside(evidence(), evidence().sentences[1:2])
    assert writing.answer.text == f"{LED} [1] {prompts.QUOTING} “{CLOSE}” [2]"
    assert (writing.said, writing.quoted) == (LED, False)
    list(other.feed(CROCKER))
    list(other.finish())
    writing.oppose(other)
    first, second = writing.answer.disagreement
    assert (first.text, first.citations) == (LED, (1,))
    assert (second.text, second.citations) == (CROCKER, (3,))


def test_a_loop_without_an_end_is_cut_and_refused() -> None:
    answer, sentences, _ = write(["and "] * 3000)
    assert answer.abstained
    assert len(sentences) == 1, "what is repeated is checked once"


@given(st.lists(st.booleans(), min_size=60, max_size=60))
def test_how_the_reply_is_cut_makes_no_difference(letters: list[bool]) -> None:
    tokens = pieces(MARKED)
    cut = [part for i, token in enumerate(tokens) for part in (token if letters[i] else [token])]
    assert write(cut) == write(tokens)


def test_markers_are_dropped_where_the_space_comes_with_the_word_before() -> None:
    assert write(re.findall(r"\w+\s?|[^\w\s]\s?", MARKED)) == write(pieces(MARKED))


@given(st.lists(st.sampled_from([LED, CROCKER, " ", "\n", "[1]", "[", "Mr.", "é🙂", '"', "- "])))
def test_any_reply_has_exact_spans(reply: list[str]) -> None:
    answer, *_ = write(reply)
    assert answer.abstained == (not answer.citations)
    assert answer.text == answer.text.strip()


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("About 3, 400 men marched in Basra.", "About 3,400 men marched in Basra."),
        ("The U. S. general marched in Basra.", "The U.S. general marched in Basra."),
        ("Wen (D. C.) and Poe marched in Basra.", "Wen (D.C.) and Poe marched in Basra."),
        ("In 2003, 400 men marched in Basra.", "In 2003, 400 men marched in Basra."),
        ("Of 12, 3 marched in Basra.", "Of 12, 3 marched in Basra."),
    ],
)
def test_what_a_tokenizer_split_is_put_together(broken: str, whole: str) -> None:
    _, sentences, _ = write(broken)
    assert [sentence.text for sentence in sentences] == [whole]
