"""The files of a report, in one folder."""

import errno
import json
import os
from pathlib import Path

from eval.report.document import Document
from eval.report.html import html
from eval.report.junit import junit
from eval.report.markdown import markdown
from rag.errors import ConfigError


def make(folder: Path) -> None:
    """Make the folder of a report. Raises ConfigError when it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise _unwritable(folder, error) from error


def write(data: Document, folder: Path) -> list[Path]:
    """Write the report in every form and return the paths. Raises ConfigError."""
    files = {
        folder / "report.html": html(data),
        folder / "report.md": markdown(data),
        folder / "junit.xml": junit(data),
        folder / "report.json": json.dumps(data, indent=2, ensure_ascii=False) + "\n",
    }
    try:
        for file, content in files.items():
            unfinished = file.with_name(f"{file.name}.unfinished")  # somebody may be reading
            unfinished.write_text(content, encoding="utf-8")
            unfinished.replace(file)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return list(files)


def _unwritable(folder: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"The report cannot be written to {folder}: {error.strerror}. "
        "Choose another folder with --out."
    )
