"""What the user added to a corpus folder or took out of it; the files themselves stay."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from index.errors import IndexStoreError
from index.load import check_corpus, find

FILE = "selection.json"


@dataclass(frozen=True, slots=True)
class Selection:
    """Absolute paths added, article ids removed."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def adding(self, paths: Sequence[Path]) -> Self:
        """This selection with `paths` added; what they hold is no longer removed.

        Raises CorpusError when one of them is missing or holds nothing to read.
        """
        resolved = [path.expanduser().resolve() for path in paths]
        names: set[str] = set()
        for path in resolved:
            check_corpus(path)
            root = path if path.is_dir() else path.parent
            names |= {file.relative_to(root).as_posix() for file in find(path)[0]}
        added = dict.fromkeys([*self.added, *map(str, resolved)])
        return type(self)(tuple(added), tuple(name for name in self.removed if name not in names))

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
        return json.dumps(asdict(self), ensure_ascii=False)
