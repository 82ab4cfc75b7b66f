"""History and a question -> a question that stands alone, only when it needs it."""

import re
from collections.abc import Sequence
from dataclasses import replace

import prompts
from index.lexical import words
from index.split import sentence_spans
from rag.answer_type import MONTH, WEEKDAY
from rag.generate import Generator, Prompt, first_line
from rag.types import Turn

ASKING = r"(?:who|whom|whose|what|which|when|where|why|how)\b"
VERB = (
    r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must)"
)
_ORDINAL = "(?:first|second|third|last)"
_POINTING = (
    r"\b(?:he|she|it|they|him|her|his|hers|its|them|their|theirs|this|that|these|those"
    r"|(?<!is )(?<!are )(?<!was )(?<!were )there|then|one|ones|same|other|others|else|instead"
    r"|latter|former|such"
    rf"|the {_ORDINAL}(?=\W*$| (?:of|based|{VERB})\b)"
    r"|(?:the (?:two|three)|both)(?! (?-i:[A-Z])))\b(?!-\w)"
)
_LEANING = re.compile(
    rf"^(?:and|but|so|also|or)\b|\b(?:what|how) about\b|{_POINTING}",
    re.IGNORECASE,
)
_POINTS = re.compile(_POINTING, re.IGNORECASE)
_SAYS_LITTLE = re.compile(rf"{_POINTING}|\bthe {_ORDINAL}\b", re.IGNORECASE)
PREPOSITION = (
    r"(?:about|after|against|at|before|between|by|during|for|from|in|inside|into|near|of|on|over"
    r"|since|through|to|under|until|with|without)"
)
_JOINTS = (
    r"(?:(?:and|but|so|also|or|then|now|ok|okay|well)\b,?\s+"
    r"|(?:ok|okay|well|yes|no|hi|hello|sorry|please|thanks|thank you|great|hmm)[,.!]\s+)+"
)
_JOINT = re.compile(f"^{_JOINTS}", re.IGNORECASE)
_OF = re.compile(rf"\b{PREPOSITION}\b", re.IGNORECASE)
_OPENING = re.compile(
    rf"^(?!(?:what|how) about\b)(?:{PREPOSITION} )?"
    rf"(?:{ASKING}|{VERB}(?:n['’]t)?\b)",
    re.IGNORECASE,
)
# "And Petraeus?", "What about Iran?", "Dogs too?": the question before, of something else
_ELLIPSIS = re.compile(
    rf"^(?!.*\b{VERB}(?:n['’]t)?\b)"
    rf"(?:(?:{_JOINTS})?(?:what|how) about +|(?:and|but|or)\b,? +"
    r"|(?=.*\b(?:too|either)\W*$))(.*)$",
    re.IGNORECASE,
)
_ADDED = re.compile(r"(?:[ ,]*\b(?:too|either|as well|then|please))+$", re.IGNORECASE)
_ACRONYM = re.compile(r"\.[^\W_]\.$")
_ELLIPSIS_CHARS = 200  # one that is longer says itself what it asks
_THE = re.compile(r"\b[Tt]he(?= [^\W\dA-Z_])")
_WORD = re.compile(r"[^\W_][\w’'.-]*")
_I = re.compile(r"I(?:['’]\w+)?$")
_NAMED = re.compile(r"^(?:(?:a|an|the) )?[^\W\d_a-z](?!.* (?!and |of |the |al-|de )[a-z])")
_CALENDAR = re.compile(rf"(?:{MONTH}|{WEEKDAY})\W*$", re.IGNORECASE)
_ARTICLES = {"a", "an", "the"}
_ELLIPSIS_WORDS = 5  # of the question before, in which the first name stands
_BEGUN_WORDS = 15  # a longer one says itself what it asks
_ASKS = re.compile(ASKING, re.IGNORECASE)
_SAYING = 4  # words of a sentence that may say something: "Okay." and "Thanks a lot!" do not
_THANKS = re.compile(r"\bthank", re.IGNORECASE)
_LEAST_HELD = 1 / 2  # share of a text's words that a rewriting has if it is to stand for it
_KNOWN_HELD = 1 / 3  # that share where "the prime minister" has gone for a name
_MAX_TOKENS = 60
_SHOWN = (100, 100, 240)  # characters of each of the last turns; to read more takes longer


def standalone(question: str, history: Sequence[Turn], generator: Generator) -> str:
    """`question` as it is asked without `history`: rewritten where it leans on that."""
    if not needs_rewriting(question, history):
        return question
    return rewrite(question, history, generator)


def needs_rewriting(question: str, history: Sequence[Turn]) -> bool:
    """Whether `question` leans on the conversation.

    It points at something in it, is too short to stand alone, names nothing, or speaks of something
    known that it does not name: "Who paid for the search?", "How did Gandhi react to the book?"
    """
    return bool(history) and (
        bool(_LEANING.search(question))
        or len(question.split()) <= 4
        or not _last_name(question)
        or _known(question) is not None
    )


def rewrite(question: str, history: Sequence[Turn], generator: Generator) -> str:
    """`question` made independent of `history`, or as it is when the model's try is unusable.

    What is said around the question stays, unless the rewriting holds it.
    """
    said, asked, more = _parts(question)
    prompt = replace(
        compose_rewriting(question, history), begun=opening(asked, history[-1].question)
    )
    written = first_line(generator, prompt, _MAX_TOKENS)
    if not written.lstrip().startswith(prompt.begun):  # it goes on, and does not begin anew
        written = prompt.begun + written
    rewritten = written.strip().removeprefix("Rewritten:").strip()
    usable = rewritten.endswith("?") and 2 < len(rewritten.split()) < 60
    told = prompt.begun or _own_words(asked)  # "Not that one." says nothing to hold it to
    again = rewritten.lower() == history[-1].question.strip().lower()
    if not usable or not told or again or not _asks_the_same(rewritten, asked):
        return question
    before, behind = (
        [each for each in part if not (_own_words(each) and _holds(rewritten, each))]
        for part in (said, more)
    )
    return " ".join([*before, rewritten, *behind])


def _last_name(question: str) -> int:
    """Where in `question` the last word stands that looks like a name; 0 where none does.

    Those that begin a sentence do not, nor does any of a question in capitals.
    """
    if question.isupper():
        return 0
    return max(
        (
            start + word.start()
            for start, end in sentence_spans(question)
            for word in _WORD.finditer(question[start:end])
            if word.start()
            and word.group()[0].isupper()
            and not _I.match(word.group())
            and not _CALENDAR.match(word.group())
        ),
        default=0,
    )


def _known(question: str) -> int | None:
    """Where `question` speaks of something known that no name behind it tells: "the book"."""
    found = _THE.search(question, _last_name(question))
    return found.start() if found else None


def _parts(typed: str) -> tuple[list[str], str, list[str]]:
    """The sentences before the question in `typed`, the question, and the sentences behind it.

    Of several questions the first that is no mere "Really?"; all of it where there is none. What
    says nothing, such as thanks, is left out.
    """
    sentences = [typed[start:end] for start, end in sentence_spans(typed)]
    asking = [
        at
        for at, each in enumerate(sentences)
        if each.endswith("?") and (_OPENING.match(_JOINT.sub("", each)) or _elliptic(each))
    ]
    longer = [at for at in asking if len(sentences[at].split()) >= _SAYING]
    at = next(iter(longer or asking), None)
    if at is None:
        return [], typed, []
    before, behind = ([*filter(_says, part)] for part in (sentences[:at], sentences[at + 1 :]))
    return before, sentences[at], behind


def _says(sentence: str) -> bool:
    if sentence.endswith("?") and _ASKS.match(_JOINT.sub("", sentence)):
        return True  # "And why?"
    return len(sentence.split()) >= _SAYING and not _THANKS.search(sentence)


def _elliptic(text: str) -> str:
    """What the question before is asked of once more by `text`; "" if it does not do that."""
    found = _ELLIPSIS.match(text) if len(text) <= _ELLIPSIS_CHARS else None
    if not found:
        return ""
    thing = found[1].rstrip(" ,?!")
    return _ADDED.sub("", thing if _ACRONYM.search(thing) else thing.rstrip(" ,."))


def _asks_the_same(rewritten: str, asked: str) -> bool:
    """Whether `rewritten` may stand for `asked`: of other words it asks something else.

    What "the new boss" stands for may take its place, but "What about the causes in Asia?" asks of
    causes.
    """
    thing = _elliptic(asked)
    named = _own_words(thing)
    if thing and _known(thing) is not None and not _OF.search(thing):
        return True  # "And the prime minister?"
    return _holds(rewritten, asked) and (not named or named[0] in words(rewritten))


def _holds(rewritten: str, text: str) -> bool:
    """Whether `rewritten` has enough of the words of `text` that are more than pointing."""
    own = set(_own_words(_elliptic(text) or text))
    least = _LEAST_HELD if _known(text) is None else _KNOWN_HELD
    return len(own & set(words(rewritten))) >= least * len(own)


def _own_words(text: str) -> list[str]:
    """The words of `text` that a rewriting would hold: neither those that point nor ordinals."""
    return words(_SAYS_LITTLE.sub("", _JOINT.sub("", text)))


def opening(question: str, before: str) -> str:
    """How a rewriting of `question` begins, `before` being the question before it; "" if unknown.

    It has the words of `question` up to the first that points at something or, where none does, to
    something known ("the new boss"); left to itself, a small model asks the question before once
    more. "And Petraeus?" asks just that again, of somebody else: it begins as the question before
    does, with Petraeus for its first name.
    """
    typed = " ".join(question.split())
    asked = _JOINT.sub("", typed)
    if _OPENING.match(asked):
        pointing = _POINTS.search(asked)
        begun = asked[: pointing.start() if pointing else _known(asked)]
    elif (thing := _elliptic(typed)) and _OPENING.match(before):
        begun = _again(before.split(), thing)
    else:
        return ""
    begun = prompts.neutralise(begun)
    begun = next((begun[start:end] for start, end in sentence_spans(begun)), "").rstrip(" ,;:?!")
    return begun[:1].upper() + begun[1:] if len(begun.split()) <= _BEGUN_WORDS else ""


def _again(before: Sequence[str], thing: str) -> str:
    """How the question of the words `before` begins when it is asked of `thing`.

    Its first word is the least; more where one name, in the middle, gives way to another.
    """
    near = before[:_ELLIPSIS_WORDS]
    names = [at for at, word in enumerate(near) if at and word[0].isupper() and word != "I"]
    named = _NAMED.match(thing) and not _CALENDAR.match(thing)
    if not names or not named or _POINTS.search(thing):
        return before[0]
    common = [*before[: names[0]]]
    if common[-1].lower() in _ARTICLES:
        common.pop()
    own = re.search(r"['’]s$", before[names[0]])
    return " ".join([*common, thing + (own[0] if own else "")])


def compose_rewriting(question: str, history: Sequence[Turn]) -> Prompt:
    """The prompt for `rewrite`: the task is the material, the conversation the request."""
    lines = []
    for turn, shown in reversed([*zip(reversed(history), reversed(_SHOWN), strict=False)]):
        asked = prompts.neutralise(" ".join(turn.question.split()))[:shown]
        answered = re.sub(r" ?\[\d+\]", "", " ".join(turn.answer.split()))
        lines.append(f"Q: {asked}\nA: {prompts.neutralise(answered)[:shown]}")
    request = prompts.render(
        "rewrite_request", history="\n".join(lines), question=prompts.neutralise(question)
    )
    return Prompt(
        prompts.render("system_rewrite"), prompts.render("rewrite"), request, adapted=True
    )
