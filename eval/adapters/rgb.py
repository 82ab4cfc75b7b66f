"""RGB in its own JSON lines (Chen et al. 2024): en.json, en_refine.json, en_int.json, en_fact.json.

A record has a query, its answer, and snippets: `positive` ones that state it, `negative` ones on
the subject that do not, and in en_fact.json `positive_wrong`, the positive ones altered to state
`fakeanswer`. A case is put together of so many of each.
"""

import random
from itertools import chain, zip_longest
from pathlib import Path
from typing import NotRequired

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from eval.adapters.types import ReadingCase, each, passage


class _Row(TypedDict):
    id: int | str
    query: str
    answer: str | tuple[str | tuple[str, ...], ...]
    positive: tuple[str | tuple[str, ...], ...]
    negative: tuple[str, ...]
    positive_wrong: NotRequired[tuple[str, ...]]
    fakeanswer: NotRequired[str | tuple[str, ...]]


_ROW: TypeAdapter[_Row] = TypeAdapter(_Row)


def read(
    path: Path | str, *, right: int = 3, irrelevant: int = 2, altered: int = 0, seed: int = 0
) -> list[ReadingCase]:
    """The queries in the file's order, each with snippets in an order drawn from `seed`.

    Where there are fewer right snippets than asked for, irrelevant ones fill their places. `kind`
    is noise, rejection (nothing right), integration (several facts, each in snippets of its own)
    or conflict (some altered; never a snippet beside its own original). Raises ConfigError.
    """
    cases = []
    for _, row in each(Path(path), _ROW):
        positive = _in_turn(row["positive"])
        originals = positive[:right]
        wrong = row.get("positive_wrong", ())[len(originals) :][:altered]
        missing = right + altered - len(originals) - len(wrong)
        texts = [*originals, *wrong, *row["negative"][: irrelevant + missing]]
        random.Random(f"{seed} {row['id']}").shuffle(texts)
        answerable = bool(originals)
        facts = _facts(row["answer"]) if answerable else ()
        fakes = row.get("fakeanswer", ()) if wrong else ()
        several = any(not isinstance(one, str) for one in row["positive"])
        kinds = {"conflict": bool(wrong), "rejection": not answerable, "integration": several}
        case_id = f"rgb-{row['id']}"
        cases.append(
            ReadingCase(
                id=case_id,
                question=row["query"],
                passages=tuple(passage(case_id, n, text) for n, text in enumerate(texts, 1)),
                answers=_answers(facts),
                answerable=answerable,
                kind=next((kind for kind, is_so in kinds.items() if is_so), "noise"),
                facts=facts,
                wrong_answers=(fakes,) if isinstance(fakes, str) else fakes,
            )
        )
    return cases


def _in_turn(snippets: tuple[str | tuple[str, ...], ...]) -> list[str]:
    """Right snippets, of each fact the first, then of each the second, and so on."""
    groups = [(one,) if isinstance(one, str) else one for one in snippets]
    if all(isinstance(one, str) for one in snippets):
        return [text for (text, *_) in groups]
    turns = chain.from_iterable(zip_longest(*groups))
    return [text for text in turns if text is not None]


def _facts(answer: str | tuple[str | tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    """A text is one fact; of a list every entry has to be stated, of a list in it any entry."""
    if isinstance(answer, str):
        return ((answer,),)
    return tuple((one,) if isinstance(one, str) else one for one in answer)


def _answers(facts: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    if len(facts) == 1:
        return facts[0]
    return (", ".join(fact[0] for fact in facts if fact),) if facts else ()
