"""Importing Gradio without the work that this page has no use for; it would take twice as long."""

import gc
import importlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_WRITING = "create_or_modify_pyi"  # writes the typing stub of a component, whose source it parses


class _Later(ModuleType):
    """Stands for a module that is imported when something of it is used."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


_INSTEAD: Mapping[str, Mapping[str, ModuleType | None]] = {
    "gradio.component_meta": {},
    "gradio.caching": {"pandas": _Later("pandas")},  # for values that are tables
    "gradio.mcp": {"mcp": None},  # for a server of Gradio's own, which does without where it must
}
"""What these modules of Gradio find in the place of others while they are imported."""


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
    """Finds the modules of `_INSTEAD` as they would be found, and no other."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `MetaPathFinder.find_spec`."""
        if fullname not in _INSTEAD:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, _INSTEAD[fullname])
        return spec


class _Loader(Loader):
    def __init__(self, loader: Loader, instead: Mapping[str, ModuleType | None]) -> None:
        self._loader, self._instead = loader, instead

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        with _standing_in(self._instead):
            self._loader.exec_module(module)
        if hasattr(module, _WRITING):
            setattr(module, _WRITING, _nothing)


@contextmanager
def _standing_in(instead: Mapping[str, ModuleType | None]) -> Iterator[None]:
    """Have imports find `instead`, None for nothing, unless the module itself is there."""
    names = [name for name in instead if name not in sys.modules]
    sys.modules.update({name: instead[name] for name in names})  # type: ignore[misc]
    try:
        yield
    finally:
        for name in names:
            if sys.modules.get(name) is instead[name]:
                sys.modules.pop(name, None)


def _nothing(*given: object) -> None:
    """In the place of what writes the stubs."""
