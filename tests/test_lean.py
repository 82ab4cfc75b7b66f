"""Gradio is imported without what the page has no use for, and works as otherwise."""

import subprocess
import sys

from rag.page import lean

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
assert not {"pandas", "mcp"} & set(sys.modules)
import mcp, pandas
assert gradio.caching.pd.DataFrame is pandas.DataFrame
with gradio.Blocks():
    gradio.Textbox().submit(lambda text: text, None, None)
import_gradio()
"""


def test_gradio_is_imported_without_stubs_tables_and_protocol() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHECK], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_stands_in_gives_way_to_the_module_when_it_is_used_too_early() -> None:
    import colorsys

    del sys.modules["colorsys"]
    later = lean._Later("colorsys")
    with lean._standing_in({"colorsys": later}):
        assert later.rgb_to_hsv(1, 0, 0) == colorsys.rgb_to_hsv(1, 0, 0)
        assert sys.modules["colorsys"] is not later
    assert sys.modules["colorsys"] is not later
