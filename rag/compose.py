"""Evidence and a question -> the prompts of the judge and of the answer.

Both are the same up to their last lines, so what was read for one of them serves the other.
"""

from collections.abc import Sequence

import prompts
from index.comments import holds_name
from rag.generate import Prompt
from rag.types import Evidence


def compose(
    question: str, evidence: Sequence[Evidence], *, transient: bool = False
) -> tuple[Prompt, Prompt]:
    """The judge's prompt and the answer's; of `transient` evidence nothing is kept."""
    system = prompts.render("system")
    material = prompts.render("evidence", passages=prompts.neutralise(show(evidence)))
    question = prompts.neutralise(question)
    judge, answer = (prompts.render(name, question=question) for name in ("judge", "answer"))
    return (
        Prompt(system, material, judge, adapted=True, transient=transient),
        Prompt(system, material, answer, adapted=True, transient=transient),
    )


def show(evidence: Sequence[Evidence]) -> str:
    """The evidence as text: each article's head once, below it its runs, the best first.

    Articles come in the order of their best run: what stands first is read best. A head names
    title, publisher and date, so that "who said" and "when" can be answered.
    """
    by_article: dict[str, list[Evidence]] = {}
    for run in evidence:
        by_article.setdefault(run.article_id, []).append(run)
    blocks = []
    for runs in by_article.values():
        head = ", ".join(
            part for part in (runs[0].title, runs[0].source, runs[0].published) if part
        )
        texts = [_spoken(run) for run in runs]
        blocks.append(f"[{head}]\n" + " ... ".join(texts))
    return "\n\n".join(blocks)


def _spoken(run: Evidence) -> str:
    """The text on one line, with the name of a comment's writer where it is further off."""
    text = " ".join(run.text.split())
    return text if holds_name(text, run.writer) else f"Comment by {run.writer}: {text}"
