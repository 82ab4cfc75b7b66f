"""SQuAD 2.0 in its own JSON (Rajpurkar et al. 2018); SQuAD 1.1 has the same layout."""

from pathlib import Path
from typing import NotRequired

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from eval.adapters.types import ReadingCase, one_fact, passage
from eval.problems import Problem, explain, refuse
from eval.records import read_text


class _Answer(TypedDict):
    text: str


class _Question(TypedDict):
    id: str
    question: str
    answers: tuple[_Answer, ...]
    is_impossible: NotRequired[bool]


class _Paragraph(TypedDict):
    context: str
    qas: tuple[_Question, ...]


class _Article(TypedDict):
    title: NotRequired[str]
    paragraphs: tuple[_Paragraph, ...]


class _Set(TypedDict):
    data: tuple[_Article, ...]


_SET: TypeAdapter[_Set] = TypeAdapter(_Set)


def read(path: Path | str) -> list[ReadingCase]:
    """The questions in the file's order, each with its paragraph as the one passage.

    Raises ConfigError, naming the file and the field, for what cannot be used.
    """
    path = Path(path)
    try:
        whole = _SET.validate_json(read_text(path))
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            problems = [Problem(f"not valid JSON ({error.errors()[0]['ctx']['error']})")]
        else:
            problems = explain(error, lambda place: 0)
        raise refuse(problems, path, "questions") from error
    return [
        _case(question, paragraph["context"], article.get("title", "").replace("_", " "))
        for article in whole["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]


def _case(question: _Question, context: str, title: str) -> ReadingCase:
    impossible = question.get("is_impossible", False)
    given = () if impossible else question["answers"]
    answers = tuple(dict.fromkeys(answer["text"] for answer in given))
    return ReadingCase(
        id=question["id"],
        question=question["question"],
        passages=(passage(question["id"], 1, context, title),),
        answers=answers,
        answerable=not impossible,
        facts=one_fact(answers),
    )
