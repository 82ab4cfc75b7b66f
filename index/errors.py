"""The errors of the write path. `rag.errors` draws the whole tree."""


class FootnoteError(Exception):
    """Base of every error that Footnote raises on purpose; its text says what to do."""


class ModelError(FootnoteError):
    """A model file is missing, differs from its pinned hash, or cannot be loaded."""


class CorpusError(FootnoteError):
    """The folder of articles is missing, empty or unreadable."""


class IndexStoreError(FootnoteError):
    """A stored index is incomplete, altered, locked by a second writer or cannot be written."""
