"""Retrieval sets in the layout of BEIR (Thakur et al. 2021).

A folder with corpus.jsonl (`_id`, `title`, `text`), queries.jsonl (`_id`, `text`) and judgements,
tab-separated with or without a head line: query id, document id, grade.
"""

from pathlib import Path
from typing import NotRequired

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from eval.adapters.types import RetrievalSet, each, reject
from eval.problems import Problem, refuse
from eval.records import read_text
from rag.errors import ConfigError
from rag.types import Article


class _Document(TypedDict):
    _id: str
    text: str
    title: NotRequired[str]


_DOCUMENT: TypeAdapter[_Document] = TypeAdapter(_Document)
_QUERY: TypeAdapter[dict[str, object]] = TypeAdapter(dict[str, object])


def read(folder: Path | str, *, split: str = "test", query: str = "text") -> RetrievalSet:
    """Read a set from its folder; `query` is the field of a query that holds its text.

    The judgements are qrels/SPLIT.tsv or else qrels.tsv. Raises ConfigError, naming file, line
    and field, for what cannot be used, and for a judged query that the set does not have. Some
    sets judge documents that they do not have; those stay, and count as not found.
    """
    folder = Path(folder)
    documents: dict[str, Article] = {}
    corpus = folder / "corpus.jsonl"
    for line, row in each(corpus, _DOCUMENT):
        id_ = row["_id"]
        if id_ in documents:
            raise reject(corpus, line, "_id", f"{id_!r} is taken by an earlier line")
        documents[id_] = Article(id_, row.get("title", ""), id_, row["text"])
    queries: dict[str, str] = {}
    asked = folder / "queries.jsonl"
    for line, fields in each(asked, _QUERY):
        for name in ("_id", query):
            if not isinstance(fields.get(name), str):
                raise reject(asked, line, name, "missing, or no text")
        queries[str(fields["_id"])] = str(fields[query])
    relevant = _judgements(_judged(folder, split), queries)
    return RetrievalSet(tuple(documents.values()), queries, relevant)


def _judged(folder: Path, split: str) -> Path:
    for file in (folder / "qrels" / f"{split}.tsv", folder / "qrels.tsv"):
        if file.exists():
            return file
    raise ConfigError(f"{folder} has neither qrels/{split}.tsv nor qrels.tsv. Name another split.")


def _judgements(path: Path, queries: dict[str, str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    problems: list[Problem] = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        cells = line.split("\t")
        if not line.strip() or (number == 1 and not _is_grade(cells[-1])):
            continue  # blank, or the head
        if len(cells) != 3 or not _is_grade(cells[2]):
            text = "not a query id, a document id and a whole number, with tabs between"
            problems.append(Problem(text, line=number))
        elif cells[0] not in queries:
            text = f"{cells[0]!r} is not in queries.jsonl"
            problems.append(Problem(text, "query-id", number))
        else:
            found.setdefault(cells[0], {})[cells[1]] = int(cells[2])
    if problems:
        raise refuse(problems, path, "judgements")
    return found


def _is_grade(text: str) -> bool:
    return text.strip().removeprefix("-").isdecimal()
