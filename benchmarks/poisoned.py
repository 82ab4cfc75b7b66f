"""Puts true passages among planted ones: python -m benchmarks.poisoned FILE OUT

PoisonedRAG (Zou et al. 2024) gives each question passages that were written to plant a wrong
answer, and none that states the right one. `true_passages.jsonl` has one of our own for each of 60.
OUT is a set for `footnote eval read`, which says how often what was planted is told alone, and how
often the disagreement is. See benchmarks/README.md.
"""

import argparse
import json
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.adapter.lessons import lines
from rag import FootnoteError
from rag.errors import ConfigError
from rag.terminal import whole_number

TRUE = Path(__file__).with_name("true_passages.jsonl")


def main() -> int:
    """Write the set; 0 done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="cases of PoisonedRAG, as docs/cases.md lays out")
    parser.add_argument("out", type=Path)
    parser.add_argument("--planted", type=whole_number, default=2, help="default: %(default)s")
    args = parser.parse_args()
    if not args.file.is_file():
        raise ConfigError(f"There is no file {args.file}. Name the cases of PoisonedRAG.")
    true = {str(each["id"]): str(each["text"]) for each in lines(TRUE)}
    cases = [mixed(case, true, args.planted) for case in lines(args.file) if case["id"] in true]
    if not cases:
        raise ConfigError(f"{args.file} has none of the questions that {TRUE.name} is about.")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(
        "".join(f"{json.dumps(case, ensure_ascii=False)}\n" for case in cases), encoding="utf-8"
    )
    print(f"{len(cases)} cases: footnote eval read {args.out}")
    return 0


def mixed(case: Mapping[str, Any], true: Mapping[str, str], planted: int) -> dict[str, Any]:
    """`case` with its true passage somewhere among the first so many `planted` ones."""
    own = {"id": "true", "title": "", "text": true[str(case["id"])]}
    passages = [own, *case["passages"][:planted]]
    random.Random(str(case["id"])).shuffle(passages)
    return {**case, "passages": passages}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FootnoteError as error:
        sys.exit(f"poisoned: {error}")
