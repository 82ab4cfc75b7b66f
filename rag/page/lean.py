"""Importing Gradio without the work that this page has no use for; it would take half the time."""

import gc
import os
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_WRITER = "gradio.component_meta"
_WRITING = "create_or_modify_pyi"


def import_gradio() -> None:
    """Have Gradio imported; whoever imports it afterwards finds it there."""
    # Read while it is imported and its queue is made: no calls home, and no statistics of its
    # own (a pandas frame for each event) for a dashboard that is switched off.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(10**9)
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    collecting = gc.isenabled()
    gc.disable()  # what is imported stays: looking again and again for what has gone finds nothing
    try:
        import gradio  # noqa: F401
    finally:
        sys.meta_path.remove(finder)
        if collecting:
            gc.enable()


class _Finder(MetaPathFinder):
    """Keeps Gradio from writing a typing stub of each of its components anew.

    It parses the source of every one for that, on each start, where the package may be written.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """That of the module that writes them, as it would be found, and of no other."""
        spec = PathFinder.find_spec(fullname, path, target) if fullname == _WRITER else None
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        setattr(module, _WRITING, _nothing)


def _nothing(*given: object) -> None:
    """In the place of what writes the stubs."""
