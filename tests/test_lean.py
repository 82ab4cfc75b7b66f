"""Gradio is imported without writing its typing stubs, and works as otherwise."""

import subprocess
import sys

CHECK = """
import ast, gc, sys
from rag.page.lean import import_gradio

parsed, parse = [], ast.parse
ast.parse = lambda *given, **named: parsed.append(given) or parse(*given, **named)
finders = list(sys.meta_path)
import_gradio()
import gradio

assert [text for text, *_ in parsed if "class Textbox" in text] == [], "its source was parsed"
assert gradio.component_meta.create_or_modify_pyi.__module__ == "rag.page.lean"
assert sys.meta_path == finders and gc.isenabled()
with gradio.Blocks():
    gradio.Textbox().submit(lambda text: text, None, None)
import_gradio()
"""


def test_gradio_is_imported_without_writing_stubs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHECK], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
