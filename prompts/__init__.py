"""The prompts, one template a file, rendered strictly.

`{name}` in a template is a variable; a missing or an unknown one raises. Values are inserted as
they are and never scanned for variables again.
"""

import hashlib
import re
from functools import cache
from pathlib import Path

REFUSAL = "The articles do not say."
"""The one refusal sentence, wherever it comes from: the judge, a check, or the model itself."""

QUOTING = "In the article’s own words:"
"""Before sentences of an article that stand in for an answer, or behind one."""

ALSO = "The articles also say:"
"""Before what another place states, behind an answer that is none too sure."""

_COMMENT = "This is a comment by {name}."
_OPPOSING = "But {name} says otherwise:"
_MISSING = "The articles do not answer: “{part}”"
_LEAD = re.compile(rf"{QUOTING}|{ALSO}|{_OPPOSING.replace('{name}', '.+?')}")

_FOLDER = Path(__file__).parent
_VARIABLE = re.compile(r"\{([a-z_]+)\}")
# What the model calls its evidence. Not "sources": those are people in the news.
_NOUN = r"(?:articles?|passages?|texts?|excerpts?|context|documents?|information)"
_SHOWN = rf"(?:(?:provided|given|supplied|above)\ )*{_NOUN}(?:\ (?:provided|given|supplied|above))*"
_TELL = (
    r"(?:say|state|tell|name|mention|specify|specifie|provide|contain|include|indicate|give"
    r"|answer|reveal|discuss|describe|address|explain|identify|identifie)s?\b"
)
# Only a sentence whose own subject is the evidence refuses: what some other text or person did
# not say is news like any other.
_REFUSING = re.compile(
    rf"""
    (?:^|[.!?]\s+|\b(?:as|since|because)\ )                            # "The passages do not ..."
        (?:(?:no|but|however|unfortunately|(?:i['’]m\ )?sorry
            |(?:based\ on|according\ to)\ (?:the|these)\ {_SHOWN}),?\ )*
        (?:the|these|those)\ {_SHOWN}\ (?:
            (?:do(?:es)?\ not|do(?:es)?n['’]t|never|cannot)\ (?:[\w, ]{{0,40}}\ )?{_TELL}
            |(?:{_TELL}|have|has|hold|holds)\ (?:no|nothing)\b
            |(?:is|are)\ silent\b)
    |(?:^|[.!?]\s+)(?:none\ of\ the\ {_SHOWN}|neither\ (?:of\ the\ )?{_SHOWN}|no\ {_NOUN})\ {_TELL}
    |\b(?:no|not|cannot|can['’]t|nothing|unclear|impossible)\b[^.]{{0,80}}
        \b(?:in|from|by)\ (?:any\ of\ )?(?:the|these|those)\ {_SHOWN}  # "... in the passages"
        (?!\w|\ (?:of|that|he|she|they)\b)
    # What the news did not give is told in the past tense, what the passages do not in the present.
    |\b(?:is|are)\ not\ (?:\w+\ )?(?:stated|specified|mentioned|provided)\W*$
    |(?:^|[,.!?]\s+)it\ is\ not\ (?:\w+\ )?(?:stated|specified|mentioned|provided)\b
    |(?:^|[.!?]\s+)(?:there\ is|i\ (?:can\ )?find)\ no\ (?:information|mention|answer)\b
    |(?:^|[.!?]\s+)i\ (?:do\ not|don['’]t|cannot|can['’]t)\ (?:know|find|answer|tell|say)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


def render(name: str, **values: str) -> str:
    """The template `name` with `values` filled in.

    Raises KeyError for a template variable without a value or a value without a variable.
    """
    template = _template(name)
    wanted = set(_VARIABLE.findall(template))
    if wanted != set(values):
        missing, unknown = sorted(wanted - set(values)), sorted(set(values) - wanted)
        raise KeyError(f"prompt {name}: missing values {missing}, unknown values {unknown}")
    return _VARIABLE.sub(lambda found: values[found.group(1)], template)


def fingerprint(*names: str) -> str:
    """Short SHA-256 of the named templates: a calibration holds for these words only."""
    joined = "\0".join(_template(name) for name in names)
    return hashlib.sha256(joined.encode("utf-8")).hexdigest()[:12]


def opposing(source: str, title: str) -> str:
    """Before an answer that contradicts the one in front of it: who gives it, where known."""
    return _OPPOSING.replace("{name}", source or (f"“{title}”" if title else "another article"))


def comment_by(name: str) -> str:
    """Behind what rests on a reader's comment and does not say whose it is."""
    return _COMMENT.replace("{name}", name)


def missing(part: str) -> str:
    """Behind an answer to the other parts of a question: which one the articles do not answer."""
    return _MISSING.replace("{part}", part)


def without_leads(text: str) -> str:
    """`text` of an answer without what the program itself says before a sentence."""
    return _LEAD.sub("", text)


def is_refusal(sentence: str) -> bool:
    """Whether a sentence of an answer says that the articles do not say."""
    sentence = sentence.strip()
    return REFUSAL.rstrip(".").lower() in sentence.lower() or bool(_REFUSING.search(sentence))


# One word in angle brackets, with bars (Qwen, Llama 3, Phi; DeepSeek's are full-width) or without
# (Gemma, Llama 2, tool calls), and the bracketed words of Llama 2 and Mistral.
_TEMPLATE_TOKEN = re.compile(
    r"<\s*[|｜][^|｜<>]{0,60}[|｜]?\s*>|<{1,2}/?[\w|｜▁-]{1,60}>{1,2}"
    r"|\[/?(?:INST|THINK|[A-Z]+_[A-Z_]+)\]"
)


def neutralise(text: str) -> str:
    """`text` without what a chat template could take for its own control tokens."""
    return _TEMPLATE_TOKEN.sub(" ", text)


@cache
def _template(name: str) -> str:
    return (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").strip()
