"""Cases for the evaluation on the page, asked of the scripted assistant of `scripted_page`."""

import json
from pathlib import Path

import pytest
from scripted_page import ANSWER, HOSTILE, WHO, Scripted, refused

from eval import on_page
from rag.settings import Settings

MOON = "Who walked on the moon?"
NOBODY = "Who stayed away?"
CASES = (
    {"id": "led", "question": WHO, "kind": "single_fact", "split": "report",
     "expected": [["Adeeb"]], "tags": ["people"]},
    {"id": "bad", "question": HOSTILE, "kind": "list", "split": "report",
     "expected": [[f"x {HOSTILE}"]]},
    {"id": "moon", "question": MOON, "kind": "off_topic", "split": "report", "answerable": False},
    {"id": "away", "question": NOBODY, "kind": "number", "split": "tune", "expected": [["nine"]]},
)  # fmt: skip


def examined(folder: Path, patch: pytest.MonkeyPatch) -> Scripted:
    """An assistant about the bundled articles, as far as the page can tell, and the cases of it.

    It is right about two of the cases, refuses one that has an answer, and answers one wrongly.
    """
    file = folder / "cases.jsonl"
    file.write_text("\n".join(map(json.dumps, CASES)), encoding="utf-8")
    patch.setattr(on_page, "CASES", file)
    patch.chdir(folder)  # where the command line would have left its report
    assistant = Scripted(folder / "home", Settings().corpus)
    _, answer = ANSWER
    assistant.scripts |= {
        HOSTILE: [refused(HOSTILE)],
        MOON: [refused(MOON)],
        NOBODY: [answer],
    }
    return assistant
