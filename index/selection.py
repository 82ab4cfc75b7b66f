"""What the user added to a corpus folder or took out of it; the files themselves stay."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Self

from index.clean import storable
from index.errors import CorpusError, IndexStoreError
from index.load import Skipped, find, load, nothing_to_read

FILE = "selection.json"


@dataclass(frozen=True, slots=True)
class Selection:
    """Absolute paths added, article ids removed."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def files(self, corpus: Path) -> tuple[dict[str, Path], list[Skipped]]:
        """Every file of `corpus` and of what was added by the id of its article, and the rest.

        The removed ones are among them. A file is taken once, by the name it has where it is
        listed first; of two files with one name the later becomes "name (2).md". Raises
        CorpusError when `corpus` is missing or unreadable.
        """
        named: dict[str, Path] = {}
        taken: set[Path] = set()
        files, skipped = find(corpus)
        _name(files, corpus, named, taken)
        for path in map(Path, self.added):
            try:
                files, left_out = find(path)
            except CorpusError as error:
                skipped.append(Skipped(path.name, str(error)))
            else:
                skipped.extend(left_out if files else [Skipped(path.name, "holds no article")])
                _name(files, path, named, taken)
        return named, skipped

    def adding(self, paths: Sequence[Path], corpus: Path) -> Self:
        """This selection of `corpus` with `paths` added; what they hold is no longer removed.

        Raises CorpusError when one of them is missing or holds nothing to read.
        """
        resolved = [path.expanduser().resolve() for path in paths]
        for path in resolved:
            _check_readable(path)
        added = tuple(dict.fromkeys([*self.added, *map(str, resolved)]))
        named, _ = type(self)(added).files(corpus)
        back = {
            name
            for name, file in named.items()
            if any(file.resolve().is_relative_to(path) for path in resolved)
        }
        return type(self)(added, tuple(name for name in self.removed if name not in back))

    def removing(self, article_ids: Sequence[str]) -> Self:
        """This selection without `article_ids`."""
        return type(self)(self.added, tuple(dict.fromkeys([*self.removed, *article_ids])))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The selection kept in an index folder; empty when there is none.

        Raises IndexStoreError when it cannot be read.
        """
        file = folder / FILE
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
            return cls(tuple(map(str, kept["added"])), tuple(map(str, kept["removed"])))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexStoreError(
                f"{file} cannot be read ({error}). It lists the articles that were added and "
                "removed: mend or delete it."
            ) from error

    def dump(self) -> str:
        """As JSON, for `read`."""
        return json.dumps(asdict(self))  # ASCII, as paths may hold what UTF-8 cannot


def _check_readable(path: Path) -> None:
    """Raise CorpusError when `path` is missing or no file of it can be read."""
    files, skipped = find(path)
    for file in files:
        try:
            load(file, file.name)
        except CorpusError as error:
            skipped.append(Skipped(file.name, str(error)))
        else:
            return
    raise CorpusError(nothing_to_read(path, skipped))


def _name(files: Sequence[Path], root: Path, named: dict[str, Path], taken: set[Path]) -> None:
    """Enter those `files` below `root` into `named` that are not yet `taken`."""
    folder = root if root.is_dir() else root.parent
    for file in files:
        if (resolved := file.resolve()) not in taken:
            taken.add(resolved)
            named[_free(storable(file.relative_to(folder).as_posix()), named)] = file


def _free(name: str, named: Mapping[str, Path]) -> str:
    path = PurePosixPath(name)
    number = 1
    while name in named:
        number += 1
        name = str(path.with_stem(f"{path.stem} ({number})"))
    return name
