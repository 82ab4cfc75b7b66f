"""Evidence and a question -> the prompts of the judge, of the answer and of its check.

All begin with the same rules and examples, and as far as they show the same evidence they go on
alike, so what the model has read for one it need not read again for the next.
"""

from collections.abc import Sequence

import prompts
from rag.generate import Prompt
from rag.types import Evidence


def judge_prompt(question: str, run: Evidence) -> Prompt:
    """Does this one run of evidence state the answer?"""
    return _prompt("judge", passages=show([run]), question=question)


def answer_prompt(question: str, evidence: Sequence[Evidence]) -> Prompt:
    """The answer, from all of `evidence`."""
    return _prompt("answer", passages=show(evidence), question=question)


def verify_prompt(question: str, evidence: Sequence[Evidence], answer: str) -> Prompt:
    """Does `evidence` state that this is the answer?"""
    return _prompt("verify", passages=show(evidence), question=question, answer=answer)


def shared_prompt() -> Prompt:
    """What all prompts begin with, and nothing else: reading it ahead saves the first question."""
    return Prompt(prompts.render("system"), "")


def _prompt(template: str, **values: str) -> Prompt:
    safe = {name: prompts.neutralise(value) for name, value in values.items()}
    return Prompt(prompts.render("system"), prompts.render(template, **safe))


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
        texts = [" ".join(run.text.split()) for run in runs]
        blocks.append(f"[{head}]\n" + " ... ".join(texts))
    return "\n\n".join(blocks)
