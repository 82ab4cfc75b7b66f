"""One error tree; library exceptions are wrapped into it where they cross our boundary.

FootnoteError
├── ConfigError       a setting is unknown or has a value that cannot be used
├── ModelError        a model file is missing, altered or cannot be loaded
├── CorpusError       the folder of articles is missing, empty or unreadable
├── IndexStoreError   a stored index is altered, locked or cannot be written
└── QuestionError     a question, or what it is limited to, cannot be used
"""

from index.errors import CorpusError, FootnoteError, IndexStoreError, ModelError


class ConfigError(FootnoteError):
    """A setting is unknown or has a value that cannot be used."""


class QuestionError(FootnoteError):
    """A question is empty or too long, or what it is limited to cannot be used."""


__all__ = [
    "ConfigError",
    "CorpusError",
    "FootnoteError",
    "IndexStoreError",
    "ModelError",
    "QuestionError",
]
