"""How an answer came about, unfolded below it."""

from dataclasses import replace

from page_html import QUOTE, TEXT, Page, answer, citation, done, refusal

from rag.page import render
from rag.page.workings import workings
from rag.types import Passage, Timings, Weighed

PLACE = Weighed("qom.md", "The <talks>", QUOTE, 30, 30 + len(QUOTE), 4.2, 0.789, read=True)
PASSAGE = Passage(
    "qom.md#0", "qom.md", "The <talks>", "qom.md", TEXT, 0, len(TEXT),
    score=0.5, dense_score=0.25, lexical_score=7.125,
    rank=1, dense_rank=3, lexical_rank=2, used=True,
)  # fmt: skip
TIMES = Timings(0.1, 2.5, 3.0, 1.25, 0.0, 4.0, 200, 17)


def test_places_passages_and_seconds_are_told() -> None:
    other = replace(PLACE, margin=-3.0, probability=0.01, read=False)
    given = replace(
        answer("He led it. [1]", citation(1, (0, 10))),
        confidence=0.874,
        weighed=(PLACE, other),
        passages=(PASSAGE,),
        timings=TIMES,
    )
    page = Page(workings(given))
    assert page.texts("summary") == ["How this came about"]
    assert page.texts("p") == ["Probability that the answer is right: 87%"]
    cells = page.texts("td")
    assert cells[1:4] == ["+4.2", "79%", "yes"]
    assert cells[5:8] == ["-3.0", "1%", "no"]
    assert cells[9:12] == ["1 0.50", "3 0.25", "2 7.1"]
    assert page.texts("bdi", "title")[0] == "The <talks>"
    first = page.attrs("button")[0]
    assert (first["data-article"], first["data-start"], first["data-end"]) == ("qom.md", "30", "59")
    assert [meter["value"] for meter in page.attrs("meter")] == ["0.100", "2.500", "1.250"]
    assert cells[12:] == [
        "searching",
        "",
        "0.10 s",
        "judging",
        "",
        "2.50 s",
        "writing",
        "",
        "1.25 s",
    ]
    assert page.texts("caption")[-1] == "4.00 seconds, 200 tokens in the prompt, 17 written"


def test_a_refusal_says_how_likely_what_was_withheld_would_be_right() -> None:
    given = replace(refusal(reason="off_point"), confidence=0.2, weighed=(PLACE,))
    assert Page(workings(given)).texts("p") == [
        "Probability that what was withheld would be right: 20%"
    ]
    unjudged = replace(given, reason="declined")
    assert Page(workings(unjudged)).texts("p") == []
    assert Page(workings(unjudged)).texts("table")[0].startswith("Does this place state an answer?")


def test_what_one_search_did_not_find_has_no_rank_in_it() -> None:
    far = replace(PASSAGE, lexical_score=0.0, lexical_rank=0)
    page = Page(workings(replace(answer("Yes."), passages=(far,))))
    assert page.texts("td")[1:4] == ["1 0.50", "3 0.25", "– 0.0"]


def test_the_prompts_are_shown_as_they_were_read() -> None:
    asked = "\n<|im_start|>user\n<b onclick='x'>&amp; \u202e</b>\r\nReply yes or no.\n"
    given = replace(answer("Yes."), judge_prompt=asked, answer_prompt="Write it.")
    page = Page(workings(given))
    assert page.texts("pre") == [asked, "Write it."]
    labels = ["The judge’s prompt about the place used", "The answer’s prompt"]
    assert [pre["aria-label"] for pre in page.attrs("pre")] == labels
    assert all(pre["tabindex"] == "0" for pre in page.attrs("pre")), "scrolled with the keys"
    assert page.texts("figcaption") == [f"{label} Copy" for label in labels]
    assert page.attrs("b") == []


def test_of_a_refusal_before_writing_the_judges_prompt_is_shown() -> None:
    page = Page(workings(replace(refusal(), judge_prompt="Is it stated?")))
    assert page.texts("figcaption") == ["The judge’s prompt about the most promising place Copy"]
    assert page.texts("pre") == ["Is it stated?"]


def test_an_answer_of_which_nothing_is_known_has_nothing_to_unfold() -> None:
    bare = replace(answer("Yes."), weighed=(), passages=(), timings=Timings())
    assert workings(bare) == ""


def test_it_comes_with_each_finished_answer() -> None:
    finished = done(replace(answer("He led it. [1]", citation(1, (0, 10))), weighed=(PLACE,)))
    page = Page(render.conversation((finished, finished), {}, ()))
    assert len(page.attrs("details", "workings")) == 2
