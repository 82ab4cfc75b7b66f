"""History and a question -> a question that stands alone, only when it needs it."""

import re
from collections.abc import Sequence

import prompts
from rag.generate import Generator, Prompt
from rag.types import Turn

_LEANING = re.compile(
    r"^(?:and|but|so|also|or|then|what about|how about|why|when|where|how|who else|what else)\b"
    r"|\b(?:he|she|it|they|him|her|his|hers|its|them|their|theirs|this|that|these|those|there"
    r"|then|one|ones|same|other|others|else|latter|former|such)\b",
    re.IGNORECASE,
)
_MAX_ANSWER_CHARS = 240
_MAX_TOKENS = 60
_TURNS = 3


def needs_rewriting(question: str, history: Sequence[Turn]) -> bool:
    """Whether `question` leans on the conversation: a pronoun, or too short to stand alone."""
    return bool(history) and (bool(_LEANING.search(question)) or len(question.split()) <= 4)


def rewrite(question: str, history: Sequence[Turn], generator: Generator) -> str:
    """`question` made independent of `history`, or as it is when the model's try is unusable."""
    prompt = compose_rewriting(question, history)
    if generator.length(prompt) + _MAX_TOKENS > generator.context_tokens:
        return question
    written = ""
    for piece in generator.stream(prompt, _MAX_TOKENS):
        written += piece
        if "\n" in written.strip():
            break
    lines = written.strip().splitlines()
    rewritten = lines[0].removeprefix("Rewritten:").strip() if lines else ""
    usable = rewritten.endswith("?") and 2 < len(rewritten.split()) < 60
    return rewritten if usable else question


def compose_rewriting(question: str, history: Sequence[Turn]) -> Prompt:
    """The prompt for `rewrite`: the task is the material, the conversation the request."""
    lines = []
    for turn in history[-_TURNS:]:
        asked = prompts.neutralise(" ".join(turn.question.split()))[:_MAX_ANSWER_CHARS]
        answered = re.sub(r" ?\[\d+\]", "", " ".join(turn.answer.split()))
        lines.append(f"Q: {asked}\nA: {prompts.neutralise(answered)[:_MAX_ANSWER_CHARS]}")
    request = prompts.render(
        "rewrite_request", history="\n".join(lines), question=prompts.neutralise(question)
    )
    return Prompt(
        prompts.render("system_rewrite"), prompts.render("rewrite"), request, adapted=True
    )
