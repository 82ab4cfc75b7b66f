"""The prompts, one template a file, rendered strictly.

`{name}` in a template is a variable; a missing or an unknown one raises. Values are inserted as
they are and never scanned for variables again.
"""

import hashlib
import re
from functools import cache
from pathlib import Path

REFUSAL = "The articles do not say."
"""The one refusal sentence: the prompt asks for it, the program detects and shows it."""

_FOLDER = Path(__file__).parent
_VARIABLE = re.compile(r"\{([a-z_]+)\}")
_REFUSING = re.compile(
    r"\b(?:articles?|passages?|texts?|excerpts?|information|context|sources?)\b[^.]{0,40}"
    r"\b(?:do(?:es)? not|don't|doesn't|did not|not)\s+(?:\w+ )?"
    r"(?:say|state|mention|specify|provide|contain|include|indicate|give|answer|reveal|discuss)"
    r"|\bno (?:information|mention)\b[^.]{0,60}\b(?:articles?|passages?|texts?|context)\b"
    r"|\b(?:is|are|was|were) not (?:\w+ )?(?:stated|specified|mentioned|provided|given)\b",
    re.IGNORECASE,
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


def is_refusal(sentence: str) -> bool:
    """Whether a sentence of an answer says that the articles do not say."""
    return REFUSAL.rstrip(".").lower() in sentence.lower() or bool(_REFUSING.search(sentence))


_TEMPLATE_TOKEN = re.compile(r"<\s*/?\s*\|?\s*[a-z_]+\s*\|\s*>|<\|[^|>]{0,40}\|?>|</?s>|\[/?INST\]")


def neutralise(text: str) -> str:
    """`text` without what a chat template could take for its own control tokens."""
    return _TEMPLATE_TOKEN.sub(" ", text)


@cache
def _template(name: str) -> str:
    return (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").strip()
