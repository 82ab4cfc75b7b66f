"""Importing Gradio without what the page has no use for; all of it would take twice as long."""

import os
from types import ModuleType

from index.lean import Instead, Later, lean

_WRITER, _WRITING = "gradio.component_meta", "create_or_modify_pyi"
_INSTEAD: dict[str, Instead] = {
    "gradio.caching": {"pandas": Later("pandas")},  # for values that are tables
    "gradio.mcp": {"mcp": None},  # for a server of Gradio's own, which does without where it must
}


def import_gradio() -> None:
    """Have Gradio imported; whoever imports it afterwards finds it there."""
    # Read while it is imported and its queue is made: no calls home, and no statistics of its
    # own (a pandas frame for each event) for a dashboard that is switched off.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(10**9)
    with lean(_INSTEAD, {_WRITER: _write_nothing}):
        import gradio  # noqa: F401


def _write_nothing(module: ModuleType) -> None:
    """Keep Gradio from writing the typing stubs of its components, whose sources it parses."""
    if hasattr(module, _WRITING):
        setattr(module, _WRITING, _nothing)


def _nothing(*given: object) -> None:
    """In the place of what writes a stub."""
