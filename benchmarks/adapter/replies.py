"""Has an adapter answer what the lessons ask of their windows, right or wrong.

    python -m benchmarks.adapter.replies --course 2 --adapter old.safetensors

From mistakes of its own a model can learn to check what it writes (verifiers: Cobbe et al. 2021).
Replies are added to `replies.jsonl`: the text's id, the sentences in the middle of its windows, the
question and what was written, but for what had not ended in time.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import prompts
from benchmarks.adapter.lessons import Lesson, Task, lines
from benchmarks.adapter.qwen2 import Qwen2
from benchmarks.adapter.train import SCALE, SEED, Tokens, lessons_of, load
from rag import models
from rag.settings import DEFAULT_MODEL, Settings

REPLIES = Path(__file__).with_name("replies.jsonl")
_SIDE_BY_SIDE = 72  # lessons
_STEPS = 64  # tokens of a reply at most

Place = tuple[str, tuple[int, ...], str]


def main() -> None:
    """Write a reply to all that the lessons ask and that has none yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--adapter", type=Path, required=True)
    parser.add_argument("--course", type=int, required=True, choices=(1, 2, 3))
    parser.add_argument("--limit", type=int, help="only so many lessons")
    options = parser.parse_args()
    file = models.resolve(DEFAULT_MODEL, Settings.load().models_dir)
    model, tokens, lora = Qwen2(file, SCALE), Tokens(file), load(options.adapter)
    trained, tested = lessons_of(options.course, random.Random(SEED))
    lessons = [lesson for lesson in tested + trained if lesson.middles][: options.limit]
    opening = tokens(f"{prompts.render('answer')}\n")
    known = _known() if REPLIES.exists() else set()
    start, count = time.monotonic(), 0
    with REPLIES.open("a", encoding="utf-8") as out:
        for first in range(0, len(lessons), _SIDE_BY_SIDE):
            some = lessons[first : first + _SIDE_BY_SIDE]
            asked = [[*_asked(lesson, known)] for lesson in some]
            texts = [tokens.material(lesson.tasks[0].prompt) for lesson in some]
            rows = [[tokens.request(task.prompt) + opening for task in tasks] for tasks in asked]
            if not any(rows):
                continue
            replies = iter(model.write(texts, rows, lora, _STEPS, tokens.end[0]))
            for lesson, tasks in zip(some, asked, strict=True):
                for task in tasks:
                    if (reply := next(replies)) is not None:
                        line = {"text": lesson.source, "middles": lesson.middles}
                        line |= {"question": task.question, "reply": tokens.text(reply)}
                        out.write(json.dumps(line) + "\n")
                        count += 1
            out.flush()
            print(f"{count} replies, {time.monotonic() - start:.0f} s", flush=True)


def _known() -> set[Place]:
    return {(line["text"], tuple(line["middles"]), line["question"]) for line in lines(REPLIES)}


def _asked(lesson: Lesson, known: set[Place]) -> Iterator[Task]:
    """What is asked of a lesson's windows, each question once."""
    for task in lesson.tasks:
        place = (lesson.source, lesson.middles, task.question)
        if place not in known:
            known.add(place)
            yield task


if __name__ == "__main__":
    main()
