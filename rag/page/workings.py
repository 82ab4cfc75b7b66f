"""How an answer or a refusal came about, as HTML to unfold below it. Pure functions."""

from rag.page.markup import clip, escape, place
from rag.types import Answer, Passage, Timings, Weighed

_CLIP = 160  # characters shown of a place
_JUDGED = {
    "": "the answer is right",
    "not_stated": "the most promising place states an answer",
    "off_point": "what was withheld would be right",
}
_STAGES = (
    ("retrieve_s", "searching"),
    ("judge_s", "judging"),
    ("generate_s", "writing"),
    ("cite_s", "checking against the article"),
)


def workings(answer: Answer) -> str:
    """What was found, what the judge made of it, and where the time went; "" for nothing."""
    parts = [_weighed(answer.weighed), _found(answer.passages), _times(answer.timings)]
    if not any(parts):
        return ""
    what = _JUDGED.get(answer.reason)
    sure = f"<p>Probability that {what}: <strong>{answer.confidence:.0%}</strong></p>"
    return (
        '<details class="workings"><summary>How this came about</summary>'
        f"{sure if what else ''}{''.join(parts)}</details>"
    )


def _weighed(places: tuple[Weighed, ...]) -> str:
    """The places that the judge was asked about."""
    if not places:
        return ""
    rows = "".join(
        f"<tr><td>{_link(one.article_id, one.start, one.end, one.title, one.text)}</td>"
        f"<td>{one.margin:+.1f}</td><td>{one.probability:.0%}</td>"
        f"<td>{'yes' if one.read else 'no'}</td></tr>"
        for one in places
    )
    return (
        "<table><caption>Does this place state an answer? The judge’s word</caption><thead><tr>"
        '<th scope="col">place</th><th scope="col">margin</th><th scope="col">probability</th>'
        '<th scope="col">used</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _found(passages: tuple[Passage, ...]) -> str:
    """The passages that the search found nearest, with their scores."""
    if not passages:
        return ""
    rows = "".join(
        f"<tr><td>{_link(one.article_id, one.start, one.end, one.title, one.text)}</td>"
        f"<td>{one.score:.2f}</td><td>{one.dense_score:.2f}</td><td>{one.lexical_score:.1f}</td></tr>"
        for one in passages
    )
    return (
        "<table><caption>Nearest passages, best first</caption><thead><tr>"
        '<th scope="col">passage</th><th scope="col">score</th><th scope="col">meaning</th>'
        f'<th scope="col">words</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _times(timings: Timings) -> str:
    """Seconds by stage, each as a bar of the whole."""
    whole = timings.total_s
    if whole <= 0:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{label}</th><td><meter max="{whole:.3f}" value="{seconds:.3f}" '
        f'aria-label="{label}"></meter></td><td>{seconds:.2f} s</td></tr>'
        for name, label in _STAGES
        if (seconds := min(getattr(timings, name), whole)) > 0
    )
    return (
        f"<table><caption>{whole:.2f} seconds, {timings.prompt_tokens} tokens in the prompt, "
        f"{timings.answer_tokens} written</caption><tbody>{rows}</tbody></table>"
    )


def _link(article_id: str, start: int, end: int, title: str, text: str) -> str:
    return (
        f'<button type="button" {place(article_id, start, end, "passage")}>'
        f'<bdi class="title">{escape(clip(title, _CLIP))}</bdi>'
        f'<span class="clip" dir="auto">{escape(clip(text, _CLIP))}</span></button>'
    )
