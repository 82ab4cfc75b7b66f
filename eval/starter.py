"""`footnote eval new`: a commented file of cases to fill in."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from eval.dataset import KINDS, SCHEMA
from eval.records import YAML_SUFFIXES
from rag.errors import ConfigError, FootnoteError

PLACEHOLDER = "TODO"
WRITTEN, UNUSABLE = 0, 2

_TEXT = f"""\
# yaml-language-server: $schema={{schema}}
#
# Questions about your articles, and what a right answer holds. Fill in every {PLACEHOLDER}, copy
# the cases that you need more of, delete the others. Ten cases are a beginning. Then:
#
#   footnote eval lint FILE --corpus FOLDER    looks for mistakes
#   footnote eval run --cases FILE --corpus FOLDER
#
# Write a question from an article, as somebody would ask it who has not read it.

# A fact. Every line below `expected` is one fact that the answer has to hold, with all the
# wordings that count as stating it: spellings of a name, or words for the same thing.
- id: a-fact                     # a name of its own, for the report
  question: {PLACEHOLDER} Who ...?
  expected:
    - [{PLACEHOLDER} name, {PLACEHOLDER} other spelling]
  articles: [{PLACEHOLDER}-article.md]    # the files that state it; may be left out
  tags: [names]                  # groups of your own, for the report; may be left out

# A number or a date. Quotation marks keep it text. One wording is enough: "3,400" is also
# 3400, 3.4 thousand and about 3,400; "4 April" is also Apr. 4 and the 4th of April.
- id: a-number
  question: {PLACEHOLDER} How many ...?
  kind: number                   # may be left out
  expected:
    - ["{PLACEHOLDER} 3,400"]

# Two facts: a right answer holds both.
- id: two-facts
  question: {PLACEHOLDER} Which two ...?
  kind: list
  expected:
    - [{PLACEHOLDER} one]
    - [{PLACEHOLDER} other]

# A question that the articles do not answer: a refusal is right. Near misses tell the most,
# questions about people and things that the articles do name.
- id: no-answer
  question: {PLACEHOLDER} What is the name of ...?
  kind: near_miss
  answerable: false

# A follow-up, with the conversation before it.
- id: a-follow-up
  question: {PLACEHOLDER} And when was that?
  kind: follow_up
  history:
    - question: {PLACEHOLDER} Who ...?
      answer: {PLACEHOLDER} It was ...
  expected:
    - ["{PLACEHOLDER} 4 April"]

# Further fields:
#   exact: true           the answer has to be a wording and nothing else; for one fact alone
#   disagreement: true    the answer has to show that the articles disagree
#   split: tune           keeps a case for tuning, out of the figures of the split report
#   note: ...             for people
#   kind: {{kinds}}
"""


def text(schema: str = SCHEMA.name) -> str:
    """The starter file; `schema` is where an editor finds the JSON Schema of the cases."""
    kinds, row = "", 0
    for kind in KINDS:
        if row + len(kind) > 70:
            kinds, row = f"{kinds}\n#         ", 0
        kinds, row = f"{kinds}{kind}, ", row + len(kind) + 2
    return _TEXT.format(schema=schema, kinds=kinds.removesuffix(", "))


def write(path: Path) -> None:
    """Write the starter file. Raises ConfigError when `path` exists or cannot be written."""
    if path.suffix.lower() not in YAML_SUFFIXES:
        raise ConfigError(f"{path} would not be read as YAML. Give a name that ends in .yaml.")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text(SCHEMA.as_uri()))
    except FileExistsError as error:
        raise ConfigError(f"{path} exists and is left as it is. Give another name.") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error


def main(argv: Sequence[str] | None = None) -> int:
    """Write a starter file and return the exit code: 0 written, 2 not written."""
    parser = argparse.ArgumentParser(
        prog="footnote eval new", description="Write a commented file of cases to fill in."
    )
    name = Path("cases.yaml")
    parser.add_argument("file", nargs="?", type=Path, default=name, help=f"default: {name}")
    args = parser.parse_args(argv)
    try:
        write(args.file)
    except FootnoteError as error:
        print(f"footnote eval new: {error}", file=sys.stderr)
        return UNUSABLE
    print(
        f"Written: {args.file}. Fill in every {PLACEHOLDER}, then: "
        f"footnote eval lint {args.file} --corpus FOLDER"
    )
    return WRITTEN
