"""Evidence and a question -> the prompts of the judge and of the answer.

Both are the same up to the reply: where the judge has said yes, the answer is what it says next.
"""

from collections.abc import Sequence
from dataclasses import replace

import prompts
from index.comments import holds_name
from rag.generate import Prompt
from rag.types import Evidence


def compose(
    question: str, evidence: Sequence[Evidence], *, transient: bool = False
) -> tuple[Prompt, Prompt]:
    """The judge's prompt and the answer's behind `evidence`, of which there is at least one.

    Of `transient` evidence nothing is kept.
    """
    system = prompts.render("system")
    material, opening = (
        prompts.render("evidence", passages=prompts.neutralise(shown))
        for shown in (show(evidence), _head(evidence[0]))
    )
    # many chat templates trim the user's turn, and the request has to be found in it again
    request = prompts.render("judge", question=prompts.neutralise(question)).rstrip()
    judge = Prompt(system, material, request, adapted=True, transient=transient, opening=opening)
    return judge, replace(judge, begun=f"{prompts.render('answer')}\n")


def checking(answering: Prompt, answer: str) -> Prompt:
    """Whether `answer`, as what the model wrote behind `answering`, is right."""
    begun = f"{answering.begun}{prompts.neutralise(answer)}"
    return replace(answering, begun=begun, check=f"\n{prompts.render('check')}\n")


def show(evidence: Sequence[Evidence]) -> str:
    """The evidence as text: each article's head once, below it its runs, the best first.

    Articles come in the order of their best run: what stands first is read best. A head names
    title, publisher and date, so that "who said" and "when" can be answered.
    """
    by_article: dict[str, list[Evidence]] = {}
    for run in evidence:
        by_article.setdefault(run.article_id, []).append(run)
    return "\n\n".join(
        _head(runs[0]) + " ... ".join(_spoken(run) for run in runs) for runs in by_article.values()
    )


def _head(run: Evidence) -> str:
    return f"[{', '.join(part for part in (run.title, run.source, run.published) if part)}]\n"


def _spoken(run: Evidence) -> str:
    """The text on one line, with the name of a comment's writer where it is further off."""
    text = " ".join(run.text.split())
    return text if holds_name(text, run.writer) else f"Comment by {run.writer}: {text}"
