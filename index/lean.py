"""Importing large libraries without what of them is never used; that takes most of a start."""

import gc
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

Instead = Mapping[str, ModuleType | None]
"""What an import finds in the place of a module; None for nothing."""


class Later(ModuleType):
    """Stands for a module that is imported when something of it is used."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__spec__ = ModuleSpec(name, None)  # others may look whether there is such a module

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            sys.modules.pop(self.__name__, None)
        return getattr(importlib.import_module(self.__name__), name)


class LaterFunctions(Later):
    """Stands for a module of which `functions` are taken: the first call imports it."""

    def __init__(self, name: str, *functions: str) -> None:
        super().__init__(name)
        vars(self).update({function: partial(self._call, function) for function in functions})

    def _call(self, function: str, *given: Any, **named: Any) -> Any:
        return super().__getattr__(function)(*given, **named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # of what is no package, an import asks for `__path__`
            raise AttributeError(name)
        return super().__getattr__(name)


@contextmanager
def lean(
    instead: Mapping[str, Instead], then: Mapping[str, Callable[[ModuleType], None]] | None = None
) -> Iterator[None]:
    """For the block, have the modules named by `instead` find that while they are imported.

    `then` is called with a module when it has been.
    """
    finder = _Finder(instead, then or {})
    # another list each time: other threads may be half through the one that there is
    sys.meta_path = [finder, *sys.meta_path]
    collecting = gc.isenabled()
    gc.disable()  # what is imported stays: looking again and again for what has gone finds nothing
    try:
        yield
    finally:
        sys.meta_path = [other for other in sys.meta_path if other is not finder]
        if collecting:
            gc.enable()


class _Finder(MetaPathFinder):
    """Finds the modules that it is made for as they would be found, and no other."""

    def __init__(
        self,
        instead: Mapping[str, Instead],
        then: Mapping[str, Callable[[ModuleType], None]],
    ) -> None:
        self._instead, self._then = instead, then

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `MetaPathFinder.find_spec`."""
        if fullname not in self._instead and fullname not in self._then:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            instead = self._instead.get(fullname, {})
            spec.loader = _Loader(spec.loader, instead, self._then.get(fullname))
        return spec


class _Loader(Loader):
    def __init__(
        self, loader: Loader, instead: Instead, then: Callable[[ModuleType], None] | None
    ) -> None:
        self._loader, self._instead, self._then = loader, instead, then

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        with standing_in(self._instead):
            self._loader.exec_module(module)
        if self._then:
            self._then(module)


@contextmanager
def standing_in(instead: Instead) -> Iterator[None]:
    """Have imports find `instead` for the block, unless one of the modules itself is there."""
    names = [] if instead.keys() & sys.modules.keys() else list(instead)
    sys.modules.update({name: instead[name] for name in names})  # type: ignore[misc]
    try:
        yield
    finally:
        for name in names:
            if sys.modules.get(name) is instead[name]:
                sys.modules.pop(name, None)
