"""How an answer or a refusal came about, as HTML to unfold below it. Pure functions."""

from collections.abc import Sequence

from rag.page.markup import clip, escape, place
from rag.types import Answer, Passage, Timings, Weighed

_CLIP = 160  # characters shown of a place
_JUDGED = {
    "": "the answer is right",
    "not_stated": "the most promising place states an answer",
    "off_point": "what was withheld would be right",
}
_STAGES = (
    ("rewrite_s", "wording the question"),
    ("retrieve_s", "searching"),
    ("judge_s", "judging"),
    ("read_s", "beginning the answer"),
    ("generate_s", "writing"),
    ("cite_s", "checking against the article"),
)


def workings(answer: Answer) -> str:
    """What was found and read, what the judge made of it, where the time went; "" for nothing."""
    parts = [
        _weighed(answer.weighed),
        _found(answer.passages),
        _prompts(answer),
        _times(answer.timings),
    ]
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
    rows = [
        (
            _link(one.article_id, one.start, one.end, one.title, one.text),
            f"{one.margin:+.1f}",
            f"{one.probability:.0%}",
            "yes" if one.read else "no",
        )
        for one in places
    ]
    caption = "Does this place state an answer? The judge’s word"
    return _table(caption, ("place", "margin", "probability", "used"), rows)


def _found(passages: tuple[Passage, ...]) -> str:
    """The passages that the search found nearest, with their ranks and scores."""
    rows = [
        (
            _link(one.article_id, one.start, one.end, one.title, one.text),
            _standing(one.rank, f"{one.score:.2f}"),
            _standing(one.dense_rank, f"{one.dense_score:.2f}"),
            _standing(one.lexical_rank, f"{one.lexical_score:.1f}"),
        )
        for one in passages
    ]
    caption = "Nearest passages: rank and score by both searches, by meaning and by words"
    return _table(caption, ("passage", "both", "meaning", "words"), rows)


def _standing(rank: int, score: str) -> str:
    """A place in a ranking, with the score below it; a dash where the search did not find it."""
    return f'{rank or "–"} <span class="score">{score}</span>'


def _prompts(answer: Answer) -> str:
    """What the model read, word for word."""
    read = "the place used" if answer.answer_prompt else "the most promising place"
    asked = (
        (f"The judge’s prompt about {read}", answer.judge_prompt),
        ("The answer’s prompt", answer.answer_prompt),
    )
    return "".join(_prompt(label, text) for label, text in asked if text)


def _prompt(label: str, text: str) -> str:
    # In `code`, since a parser drops a line feed that `pre` begins with.
    return (
        f'<figure><figcaption>{label} <button type="button" data-copy="prompt">Copy</button>'
        "</figcaption>"
        f'<pre tabindex="0" role="region" aria-label="{label}"><code>{escape(text)}</code></pre>'
        "</figure>"
    )


def _times(timings: Timings) -> str:
    """Seconds by stage, each as a bar of the whole."""
    whole = timings.total_s
    spent = [(label, min(getattr(timings, name), whole)) for name, label in _STAGES]
    rows = [
        (
            label,
            f'<meter max="{whole:.3f}" value="{seconds:.3f}" aria-label="{label}"></meter>',
            f"{seconds:.2f} s",
        )
        for label, seconds in spent
        if seconds > 0
    ]
    caption = (
        f"{whole:.2f} seconds, {timings.prompt_tokens} tokens in the prompt, "
        f"{timings.answer_tokens} written"
    )
    return _table(caption, ("stage", "share", "time"), rows)


def _table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are HTML already; "" without rows."""
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _link(article_id: str, start: int, end: int, title: str, text: str) -> str:
    return (
        f'<button type="button" {place(article_id, start, end, "passage")}>'
        f'<bdi class="title">{escape(clip(title, _CLIP))}</bdi>'
        f'<span class="clip" dir="auto">{escape(clip(text, _CLIP))}</span></button>'
    )
