"""What a comparison with a baseline rests on: the same model, prompts, settings and articles.

Chance plays no part here: of an unchanged system on the same machine each of these figures is the
same again.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import prompts
from eval.configuration import INDIFFERENT
from eval.dataset import Case
from eval.gate import Check
from eval.metrics import median
from eval.outcomes import Run
from eval.runner import article_names
from index.errors import CorpusError
from index.load import read
from rag.types import Article

LEAST = 5  # answers in both runs, for their lengths to tell anything
SHORTER = 0.5
_UNREAD = (*INDIFFERENT, "model", "threads")  # that make no answer another
Setup = Mapping[str, Any]


def setup_of(made_with: Mapping[str, Any], articles: Iterable[Article]) -> Setup:
    """What a run was made with, for the baseline; `made_with` is of `eval.configuration`.

    The prompts are hashed as they are rendered, the articles are their files' SHA-256 by id.
    """
    names = sorted(file.stem for file in Path(prompts.__file__).parent.glob("*.txt"))
    return {
        "model": made_with["model"],
        "model_sha256": made_with["model_sha256"],
        "cases_sha256": made_with["cases_sha256"],
        "prompts": prompts.fingerprint(*names),
        "settings": {k: v for k, v in made_with["settings"].items() if k not in _UNREAD},
        "articles": {article.id: article.sha256 for article in articles},
    }


def misfit(before: Run, after: Run) -> str:
    """Why a baseline says nothing of this run: another model, or not one case; empty if it does."""
    if not any(name in before.cases and before.cases[name].of == case.of
               for name, case in after.cases.items()):  # fmt: skip
        return "none of the cases was asked then as it is now."
    then, now = before.setup, after.setup
    if then and then["model"] != now["model"]:
        return f"it is of the model {then['model']}, and this run is of {now['model']}."
    if then and then["model_sha256"] != now["model_sha256"]:
        return f"the file of the model {now['model']} is another than then."
    return ""


def drift(before: Run, after: Run, cases: Sequence[Case], seeds: Path) -> list[Check]:
    """What changed between two runs besides the outcomes; nothing where a setup is not known."""
    then, now = before.setup, after.setup
    checks = [_lengths(before, after)]
    if not then or not now:
        return checks
    named = set(article_names(then["articles"], cases, seeds).values())
    gone = sorted(named - now["articles"].keys())
    checks.append(_count("missing_articles_max", gone, "The cases are about articles that left"))
    words = ["prompts/"] if then["prompts"] != now["prompts"] else []
    checks.append(_count("changed_prompts_max", words, _MEANT))
    changed = [  # a setting that only one of the two programs has is no change of it
        f"{name} {then['settings'][name]} -> {now['settings'][name]}"
        for name in sorted(then["settings"].keys() & now["settings"].keys() - set(_UNREAD))
        if then["settings"][name] != now["settings"][name]
    ]
    return [*checks, _count("changed_settings_max", changed, _MEANT)]


_MEANT = "If this is meant, make a new baseline with --save-baseline; changed"


def deleted(before: Run, cases: Sequence[Case]) -> Check:
    """How many cases of the baseline are no longer among `cases`, all those of the file.

    A case that fails and is deleted would leave no trace otherwise.
    """
    left = {case.id for case in cases}
    gone = [name for name in before.cases if name not in left]
    return _count("deleted_cases_max", gone, _MEANT)


def stale(articles: Sequence[Article], files: Mapping[str, Path]) -> Check:
    """How many articles were answered from in another state than their files have now.

    `files` are those of the corpus by article id. A quote of such an article is the text of
    the index, and no longer the article's.
    """
    old = [a.id for a in articles if a.sha256 and _sha256(files.get(a.id)) != a.sha256]
    return _count("stale_articles_max", old, "The index is older than the files of")


def _sha256(file: Path | None) -> str:
    try:
        return hashlib.sha256(read(file)).hexdigest() if file else ""
    except CorpusError:  # gone, or not to be read
        return ""


def _lengths(before: Run, after: Run) -> Check:
    """The median ratio of what the model wrote now and then, over what it answered both times."""
    pairs = [
        (case.tokens, now.tokens)
        for name, now in after.cases.items()
        if (case := before.cases.get(name)) and case.of == now.of and case.tokens and now.tokens
    ]
    ratio = median([now / then for then, now in pairs]) if len(pairs) >= LEAST else None
    told = f"tokens written, of {len(pairs)} answers, as a share of the baseline's (median)"
    return Check("answer_length_min", SHORTER, ratio, reason=told)


def _count(threshold: str, found: Sequence[str], why: str) -> Check:
    reason = f"{why}: {', '.join(found[:5])}{', ...' if len(found) > 5 else ''}." if found else ""
    return Check(threshold, 0, float(len(found)), reason=reason)
