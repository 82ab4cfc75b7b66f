"""History and a question -> a question that stands alone, only when it needs it."""

import re
from collections.abc import Sequence
from dataclasses import replace

import prompts
from index.lexical import words
from rag.generate import Generator, Prompt
from rag.mentions import names
from rag.types import Turn

_POINTING = (
    r"\b(?:he|she|it|they|him|her|his|hers|its|them|their|theirs|this|that|these|those|there"
    r"|then|one|ones|same|other|others|else|instead|latter|former|such"
    r"|the (?:first|second|third|last|two|three|both)(?! (?-i:[A-Z])))\b"
)
_LEANING = re.compile(
    rf"^(?:and|but|so|also|or|then|who else|what else)\b|\b(?:what|how) about\b|{_POINTING}",
    re.IGNORECASE,
)
ASKING = r"(?:who|whom|whose|what|which|when|where|why|how)\b"
_PREPOSITION = (
    r"(?:about|after|against|at|before|between|by|during|for|from|in|inside|into|near|of|on|over"
    r"|since|through|to|under|until|with|without)"
)
_JOINTS = r"(?:(?:and|but|so|also|or|then|now|ok|okay|well)\b,?\s+)+"
_JOINT = re.compile(f"^{_JOINTS}", re.IGNORECASE)
VERB = (
    r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must)"
)
_OPENING = re.compile(
    rf"^(?!(?:what|how) about\b)(?:{_PREPOSITION} )?"
    rf"(?:{ASKING}|{VERB}(?:n['’]t)?\b)",
    re.IGNORECASE,
)
# "And Petraeus?", "What about Iran?", "Dogs too?": the question before, of something else
_ELLIPSIS = re.compile(
    rf"^(?!.*\b{VERB}(?:n['’]t)?\b)"
    rf"(?:(?:{_JOINTS})?(?:what|how) about +|(?:and|but|or)\b,? +"
    r"|(?=.*\b(?:too|either)\W*$))"
    r"(.*?)[\s,]*\b(?:too|either|as well)?\W*$",
    re.IGNORECASE,
)
_NAMED = re.compile(r"^(?:(?:a|an|the) )?(?:[^\W\d_a-z]|\d)")
_ARTICLES = {"a", "an", "the"}
_ELLIPSIS_WORDS = 5  # of the question before, in which the first name stands
_BEGUN_WORDS = 15  # a longer one says itself what it asks
_SENTENCE = re.compile(r"(?<=[.?!])\s+")
_SAYING = 3  # words of a sentence that says something: "Okay." and "Thanks a lot." do not
_KEPT = 0.5  # share of the words of what was typed that is left when it has been rewritten
_MAX_TOKENS = 60
_SHOWN = (100, 100, 240)  # characters of the last exchanges' questions and answers: it takes time


def needs_rewriting(question: str, history: Sequence[Turn]) -> bool:
    """Whether `question` leans on the conversation.

    It points at something in it, is too short to stand alone, or names nothing: "Who paid for the
    search?" asks of what was spoken of.
    """
    return bool(history) and (
        bool(_LEANING.search(question)) or len(question.split()) <= 4 or not _names(question)
    )


def rewrite(question: str, history: Sequence[Turn], generator: Generator) -> str:
    """`question` made independent of `history`, or as it is when the model's try is unusable.

    What is said in front of the question stays, unless the rewriting holds it.
    """
    said, asked = _parts(question)
    prompt = replace(
        compose_rewriting(question, history), begun=opening(asked, history[-1].question)
    )
    if generator.length(prompt) + _MAX_TOKENS > generator.context_tokens:
        return question
    written = ""
    for piece in generator.stream(prompt, _MAX_TOKENS):
        written += piece
        if "\n" in written.strip():
            break
    if not written.lstrip().startswith(prompt.begun):  # it goes on, and does not begin anew
        written = prompt.begun + written
    lines = written.strip().splitlines()
    rewritten = lines[0].removeprefix("Rewritten:").strip() if lines else ""
    usable = rewritten.endswith("?") and 2 < len(rewritten.split()) < 60
    # of other words it asks something else; what "the new boss" stands for may take its place, but
    # of "what about the causes in Asia?" there is nothing that could go
    kept = 1.0 if _ELLIPSIS.match(asked) else _KEPT
    if not usable or not _holds(rewritten, asked, kept):
        return question
    return " ".join([*(each for each in said if not _holds(rewritten, each, _KEPT)), rewritten])


def _names(question: str) -> bool:
    """Whether `question` names something; of one in capitals that cannot be told."""
    return bool(names(question)) and not question.isupper()


def _parts(typed: str) -> tuple[list[str], str]:
    """What `typed` says before its first question, sentence by sentence, and all from that on."""
    sentences = _SENTENCE.split(typed.strip())
    first = next((at for at, each in enumerate(sentences) if each.endswith("?")), 0)
    said = [each for each in sentences[:first] if len(each.split()) >= _SAYING]
    return said, " ".join(sentences[first:])


def _holds(rewritten: str, text: str, share: float) -> bool:
    """Whether `rewritten` has at least a `share` of the words of `text` that point at nothing."""
    own = set(words(re.sub(_POINTING, "", text, flags=re.IGNORECASE)))
    return len(own & set(words(rewritten))) >= share * len(own)


def opening(question: str, before: str) -> str:
    """How a rewriting of `question` begins, `before` being the question before it; "" if unknown.

    It has the words of `question` up to the first that points at something, or to "the" where
    nothing does and nothing is named; left to itself, a small model asks the question before once
    more. "And Petraeus?" asks just that again, of somebody else: it begins as the question before
    does, with Petraeus for its first name.
    """
    typed = " ".join(question.split())
    asked = _JOINT.sub("", typed)
    if _OPENING.match(asked):
        pointing = re.search(_POINTING, asked, re.IGNORECASE)
        if not pointing and not _names(asked):  # "the new boss": which, has been said before
            pointing = re.search(r"\bthe\b", asked, re.IGNORECASE)
        begun = asked[: pointing.start()] if pointing else asked
    elif (ellipsis := _ELLIPSIS.match(typed)) and _OPENING.match(before):
        begun = _again(before.split(), ellipsis[1])
    else:
        return ""
    begun = re.split(r"[.?!]", prompts.neutralise(begun))[0].rstrip(" ,;:")
    return begun[:1].upper() + begun[1:] if len(begun.split()) <= _BEGUN_WORDS else ""


def _again(before: Sequence[str], thing: str) -> str:
    """How the question of the words `before` begins when it is asked of `thing`.

    Its first word is the least; more where one name, in the middle, gives way to another.
    """
    near = before[:_ELLIPSIS_WORDS]
    names = [at for at, word in enumerate(near) if at and word[0].isupper() and word != "I"]
    if not names or not _NAMED.match(thing) or re.search(_POINTING, thing, re.IGNORECASE):
        return before[0]
    common = [*before[: names[0]]]
    if common[-1].lower() in _ARTICLES:
        common.pop()
    return " ".join([*common, thing])


def compose_rewriting(question: str, history: Sequence[Turn]) -> Prompt:
    """The prompt for `rewrite`: the task is the material, the conversation the request."""
    lines = []
    turns = history[-len(_SHOWN) :]
    for turn, shown in zip(turns, _SHOWN[-len(turns) :], strict=True):
        asked = prompts.neutralise(" ".join(turn.question.split()))[:shown]
        answered = re.sub(r" ?\[\d+\]", "", " ".join(turn.answer.split()))
        lines.append(f"Q: {asked}\nA: {prompts.neutralise(answered)[:shown]}")
    request = prompts.render(
        "rewrite_request", history="\n".join(lines), question=prompts.neutralise(question)
    )
    return Prompt(
        prompts.render("system_rewrite"), prompts.render("rewrite"), request, adapted=True
    )
