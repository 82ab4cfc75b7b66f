"""Tell a GGUF file from anything else and from half a one, without reading its gigabytes.

The layout is that of the GGUF specification, versions 2 and 3:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import struct
from io import BufferedReader
from pathlib import Path

from rag.errors import ModelError

_WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # bytes by type
_STRING, _ARRAY = 8, 9
_MAX_DIMENSIONS = 4  # or a damaged count would have gigabytes read


def check_gguf(path: Path) -> None:
    """Raise ModelError unless the header is whole and the file reaches its last tensor."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        if stream.read(4) != b"GGUF":
            raise ModelError(f"{path} is not a GGUF file. Name a model in the GGUF format.")
        try:
            version, tensors, pairs = _unpack(stream, "<IQQ")
            if version not in (2, 3):
                raise ModelError(
                    f"{path} has GGUF version {version}; versions 2 and 3 can be read."
                )
            for _ in range(pairs):
                _skip_string(stream)
                _skip_value(stream, _unpack(stream, "<I")[0])
            last = max((_tensor_offset(stream) for _ in range(tensors)), default=0)
        except (struct.error, KeyError, OverflowError, RecursionError) as error:
            raise ModelError(_truncated(path)) from error
        if stream.tell() + last >= size:
            raise ModelError(_truncated(path))


def _truncated(path: Path) -> str:
    return f"{path} is cut short or damaged. Download it again."


def _unpack(stream: BufferedReader, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, stream.read(struct.calcsize(layout)))


def _skip_string(stream: BufferedReader) -> None:
    stream.seek(_unpack(stream, "<Q")[0], 1)


def _skip_value(stream: BufferedReader, kind: int) -> None:
    if kind == _STRING:
        _skip_string(stream)
    elif kind == _ARRAY:
        kind, count = _unpack(stream, "<IQ")
        if kind in _WIDTHS:
            stream.seek(_WIDTHS[kind] * count, 1)
        else:
            for _ in range(count):
                _skip_value(stream, kind)
    else:
        stream.seek(_WIDTHS[kind], 1)


def _tensor_offset(stream: BufferedReader) -> int:
    _skip_string(stream)
    (dimensions,) = _unpack(stream, "<I")
    if dimensions > _MAX_DIMENSIONS:
        raise KeyError(dimensions)
    *_, offset = _unpack(stream, f"<{dimensions}QIQ")
    return offset
