"""A llama.cpp context whose KV cache holds several token sequences side by side.

Sequences can share their first tokens, be evaluated in one batch, and be copied out of the cache
and back. Everything that talks to llama.cpp about memory, batches and adapters is here.
"""

import ctypes
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from rag.adapter import Adapter, as_gguf
from rag.errors import ModelError

if TYPE_CHECKING:  # numpy loads with the model, not before
    import numpy as np
    from numpy.typing import NDArray

_BATCH = 512

Logits: TypeAlias = "NDArray[np.float32]"


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens to evaluate behind the first `at` tokens of a sequence; `ask` for their last logits.

    `all_logits` asks for those of every token.
    """

    sequence: int
    at: int
    tokens: Sequence[int]
    ask: bool = False
    all_logits: bool = False


class Sequences:
    """One model and one context of `context_tokens` cells. Not for two threads at once."""

    def __init__(self, file: Path, context_tokens: int, threads: int, count: int) -> None:
        """Load `file`; `count` sequences, numbered from 0, share the cells.

        Raises ModelError when llama.cpp cannot load it.
        """
        import llama_cpp
        from llama_cpp import _internals as internals
        from llama_cpp import _logger

        _logger.set_verbose(False)
        self._lib: Any = llama_cpp
        self.size = context_tokens
        self.count = count
        model_params = internals.LlamaModel.default_params()
        model_params.n_gpu_layers = -1  # no effect where llama.cpp has no GPU back end
        params = internals.LlamaContext.default_params()
        params.n_ctx = context_tokens
        params.n_batch = params.n_ubatch = min(_BATCH, context_tokens)
        params.n_threads = params.n_threads_batch = threads
        params.n_seq_max = count
        params.kv_unified = True
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        llama_cpp.llama_backend_init()
        try:
            with _quiet():
                self.model: Any = internals.LlamaModel(
                    path_model=str(file), params=model_params, verbose=False
                )
                self._context: Any = internals.LlamaContext(
                    model=self.model, params=params, verbose=False
                )
        except (ValueError, RuntimeError, OSError, AssertionError) as error:
            raise ModelError(
                f"llama.cpp cannot load {file} ({error}). It is damaged or of a kind that this "
                "version does not know. Run `footnote models verify`, or name another GGUF."
            ) from error
        self._vocabulary = int(self.model.n_vocab())
        self._batch_size = int(params.n_batch)
        self._batch: Any = llama_cpp.llama_batch_init(self._batch_size, 0, 1)
        self._lora: Any = None
        self._on = False

    def load_adapter(self, adapter: Adapter) -> bool:
        """Load `adapter`, switched off; false when llama.cpp cannot use it with this model."""
        with as_gguf(adapter) as file, _quiet():
            # freed together with the model
            lora = self._lib.llama_adapter_lora_init(self.model.model, str(file).encode())
        if not lora:  # a null pointer
            return False
        self._lora = lora
        return True

    def switch(self, *, on: bool) -> None:
        """Have the adapter, if there is one, take part in what is evaluated from now on."""
        if self._lora is None or on == self._on:
            return
        adapters = (self._lib.llama_adapter_lora_p_ctypes * 1)(self._lora)
        scales = (ctypes.c_float * 1)(1.0)
        self._lib.llama_set_adapters_lora(self._context.ctx, adapters, int(on), scales)
        self._on = on

    def evaluate(self, pieces: Sequence[Piece]) -> list[Logits]:
        """Evaluate all `pieces`, in batches; the logits (words of the vocabulary,) asked for."""
        rows = [
            (token, piece.at + n, piece.sequence, piece.all_logits or (piece.ask and last))
            for piece in pieces
            for n, token in enumerate(piece.tokens)
            for last in (n == len(piece.tokens) - 1,)
        ]
        logits: list[Logits] = []
        for first in range(0, len(rows), self._batch_size):
            logits.extend(self._decode(rows[first : first + self._batch_size]))
        return logits

    def share(self, source: int, target: int, end: int) -> None:
        """Let `target` begin with the first `end` tokens of `source`, without a copy."""
        self._context.kv_cache_seq_cp(source, target, 0, end)

    def cut(self, sequence: int, start: int, end: int = -1) -> None:
        """Take the tokens from `start` to `end` (-1: to the last) out of a sequence."""
        self._context.kv_cache_seq_rm(sequence, start, end)

    def clear(self) -> None:
        """Empty all sequences."""
        self._context.kv_cache_clear()

    def save(self, sequence: int) -> bytes:
        """The state of a sequence's tokens; `restore` brings it back in a context like this."""
        context, lib = self._context.ctx, self._lib
        size = lib.llama_state_seq_get_size(context, sequence)
        buffer = (ctypes.c_uint8 * size)()
        written = lib.llama_state_seq_get_data(context, buffer, size, sequence)
        return bytes(memoryview(buffer)[:written])

    def restore(self, sequence: int, state: bytes) -> bool:
        """Replace a sequence by a saved one; false, and the sequence empty, if it does not fit."""
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        lib, context = self._lib, self._context.ctx
        if lib.llama_state_seq_set_data(context, buffer, len(state), sequence) == len(state):
            return True
        self.cut(sequence, 0)
        return False

    def ends(self, token: int) -> bool:
        """Whether `token` ends a reply."""
        return bool(self._lib.llama_vocab_is_eog(self.model.vocab, token))

    def close(self) -> None:
        """Free the context and the model."""
        if self._batch is not None:
            self._lib.llama_batch_free(self._batch)
            self._batch = None
            self.model.close()  # and the context before it

    def _decode(self, rows: Sequence[tuple[int, int, int, bool]]) -> list[Logits]:
        import numpy as np

        batch = self._batch
        batch.n_tokens = len(rows)
        for n, (token, position, sequence, asked) in enumerate(rows):
            batch.token[n] = token
            batch.pos[n] = position
            batch.n_seq_id[n] = 1
            batch.seq_id[n][0] = sequence
            batch.logits[n] = asked
        code = self._lib.llama_decode(self._context.ctx, batch)
        if code != 0:
            raise RuntimeError(f"llama_decode returned {code}")
        return [
            np.ctypeslib.as_array(
                self._lib.llama_get_logits_ith(self._context.ctx, n), (self._vocabulary,)
            ).copy()
            for n, row in enumerate(rows)
            if row[3]
        ]


@contextmanager
def _quiet() -> Iterator[None]:
    """No line for each matrix that llama.cpp lays out otherwise than the model's own."""
    log = logging.getLogger("llama-cpp-python")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)
