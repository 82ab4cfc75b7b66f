"""`footnote eval from-feedback`: verdicts given on the page -> draft cases to look through."""

import argparse
import calendar
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import yaml

from eval.matching import contains
from eval.records import YAML_SUFFIXES
from eval.starter import PLACEHOLDER
from index.build import index_folder
from index.lexical import words
from rag.errors import ConfigError, FootnoteError
from rag.page.feedback import Opinion, read
from rag.settings import Settings

WRITTEN, UNUSABLE = 0, 2
OUT = Path("feedback.yaml")
TAG = "feedback"
_SHORTEST_RUN = 3  # words that an answer and its quote share, where neither names a thing
_MONTH = rf"(?:{'|'.join([*calendar.month_name[1:], *calendar.month_abbr[1:]])})\.?"
_DATE = rf"\d{{1,2}} {_MONTH}(?: \d{{4}})?|{_MONTH} \d{{1,2}}(?:, \d{{4}})?"
_NUMBER = r"\d+(?:[.,]\d+)*"
_NAME = r"[A-ZÀ-Þ][\w’'-]*(?: (?:al-)?[A-ZÀ-Þ][\w’'-]*)*"
_TELLING = re.compile(rf"\b(?:{_DATE}|{_NUMBER}|{_NAME})")


def drafts(opinions: Sequence[Opinion]) -> list[dict[str, Any]]:
    """A draft case for each verdict.

    An answer that was found good gives the articles of its quotes, and as facts the names, numbers
    and dates that it shares with them; a refusal that was found right gives an unanswerable case.
    What was found wrong leaves its facts to fill in.
    """
    used: Counter[str] = Counter()
    cases = []
    for opinion in opinions:
        stem = "-".join(re.findall(r"\w+", opinion.question.lower())[:6])[:60] or TAG
        used[stem] += 1
        id_ = stem if used[stem] == 1 else f"{stem}-{used[stem]}"
        cases.append(_draft(opinion, id_))
    return cases


def expected_facts(opinion: Opinion) -> list[list[str]]:
    """For each sentence of the answer, what it and its quotes state and the question does not."""
    quotes: dict[tuple[int, int], list[str]] = {}
    for citation in opinion.citations:
        span = (citation.answer_start, citation.answer_end)
        quotes.setdefault(span, []).append(citation.quote)
    facts: list[str] = []
    for (start, end), own in sorted(quotes.items()):
        sentence = opinion.answer[start:end]
        for found in _telling(sentence) or _shared(sentence, own):
            # a sentence's first word is written as a name is
            for fact in (found, found.partition(" ")[2]):
                if any(contains(quote, fact) for quote in own):
                    if not contains(opinion.question, fact) and fact not in facts:
                        facts.append(fact)
                    break
    return [[fact] for fact in facts]


def _draft(opinion: Opinion, id_: str) -> dict[str, Any]:
    case: dict[str, Any] = {"id": id_, "question": opinion.question}
    turns = [turn for turn in opinion.history if turn.question.strip() and turn.answer.strip()]
    if turns:
        case["kind"] = "follow_up"
        case["history"] = [{"question": t.question, "answer": t.answer} for t in turns]
    if opinion.verdict == "up" and opinion.abstained:
        case["answerable"] = False
    else:
        facts = expected_facts(opinion) if opinion.verdict == "up" else []
        case["expected"] = facts or [[f"{PLACEHOLDER}: what a right answer holds"]]
    if opinion.verdict == "up" and opinion.citations:
        case["articles"] = list(dict.fromkeys(c.article_id for c in opinion.citations))
    case["tags"] = [TAG]
    case["note"] = _note(opinion)
    return case


def _note(opinion: Opinion) -> str:
    parts = [f"Thumbs {opinion.verdict} on {opinion.date[:10]}."]
    if opinion.note.strip():
        parts.append(f"Note: {opinion.note.strip()}")
    parts.append(f"The answer was: {opinion.answer}")
    if opinion.verdict == "down":
        parts.append(
            "Where a refusal would have been right, write answerable: false and take expected out."
        )
    return "\n".join(parts)


def _telling(sentence: str) -> list[str]:
    """Dates, numbers and names of a sentence, as it writes them."""
    return [found.group() for found in _TELLING.finditer(sentence) if words(found.group())]


def _shared(sentence: str, quotes: Sequence[str]) -> Iterator[str]:
    """The longest run of words that the sentence shares with each quote."""
    own = re.findall(r"\w+", sentence)
    low = [word.lower() for word in own]
    for quote in quotes:
        other = re.findall(r"\w+", quote.lower())
        match = SequenceMatcher(None, low, other, autojunk=False).find_longest_match()
        if match.size >= _SHORTEST_RUN:
            yield " ".join(own[match.a : match.a + match.size])


def _write(cases: Sequence[dict[str, Any]], path: Path) -> None:
    if path.suffix.lower() in YAML_SUFFIXES:
        text = yaml.safe_dump(list(cases), allow_unicode=True, sort_keys=False, width=100)
    else:
        text = "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)
    try:
        with path.open("x", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except FileExistsError as error:
        raise ConfigError(f"{path} exists and is left as it is. Give another --out.") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error


def _opinions(settings: Settings) -> list[Opinion]:
    """The verdicts about the corpus of `settings`. Raises ConfigError when there is none."""
    opinions, broken = read(settings.feedback)
    for number in broken:
        print(f"{settings.feedback}:{number}: not a verdict; left out", file=sys.stderr)
    corpus = index_folder(settings.corpus, Path()).name
    own = [one for one in opinions if one.corpus == corpus and one.verdict != "none"]
    if not own:
        raise ConfigError(
            f"{settings.feedback} holds no verdict about {settings.corpus}. Give some on the page, "
            "with the thumbs under an answer, or name another folder with --corpus."
        )
    return own


def main(argv: Sequence[str] | None = None) -> int:
    """Write the draft cases and return the exit code: 0 written, 2 not written."""
    parser = argparse.ArgumentParser(
        prog="footnote eval from-feedback",
        description="Make draft cases of the thumbs up and down that were given on the page. Look "
        "through them, and fill in what is marked, before you rely on them.",
        epilog="Exit code: 0 written, 2 nothing to write, or not written.",
    )
    parser.add_argument(
        "--corpus", type=Path, help="folder of articles (default: the settings' corpus)"
    )
    parser.add_argument(
        "--out", type=Path, default=OUT, metavar="FILE",
        help=f"YAML, or JSON Lines by another suffix (default: {OUT})",
    )  # fmt: skip
    args = parser.parse_args(argv)
    try:
        settings = Settings.load(corpus=args.corpus)
        cases = drafts(_opinions(settings))
        _write(cases, args.out)
    except FootnoteError as error:
        print(f"footnote eval from-feedback: {error}", file=sys.stderr)
        return UNUSABLE
    unfilled = sum(PLACEHOLDER in str(case.get("expected")) for case in cases)
    print(f"Written: {args.out}, {len(cases)} draft cases, {unfilled} with facts to fill in.")
    print(f"Look through them, then: footnote eval lint {args.out} --corpus {settings.corpus}")
    return WRITTEN
