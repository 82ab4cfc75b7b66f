"""A model and its context in llama.cpp: all that is asked of its memory, batches and adapters."""

import ctypes
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from rag.adapter import CHECK, Adapter, as_gguf
from rag.errors import ModelError

if TYPE_CHECKING:  # numpy loads with the model, not before
    import numpy as np
    from numpy.typing import NDArray

_BATCH = 512
_ABORTED = 2  # what llama_decode returns then
NONE, WRITES, CHECKS = range(3)  # how many parts of an adapter are in force
_OWN, _OTHER = 0, 1  # sequences: that of the prompt, and one that only lends its name to a part

Logits: TypeAlias = "NDArray[np.float32]"


class StoppedError(Exception):
    """What was being evaluated was not worth finishing; the tokens before it are still there."""


class Context:
    """One model, and the KV cache of one sequence of tokens. Not for two threads at once.

    What it computes depends on the tokens, and in the last bits on how they were divided into
    calls; not on whether they came back from a saved state.
    """

    def __init__(self, file: Path, tokens: int, threads: int) -> None:
        """Load `file` with room for `tokens` tokens.

        Raises ModelError when llama.cpp cannot load it.
        """
        import llama_cpp
        from llama_cpp import _internals as internals
        from llama_cpp import _logger

        _logger.set_verbose(False)
        self._lib: Any = llama_cpp
        model_params = internals.LlamaModel.default_params()
        model_params.n_gpu_layers = -1  # no effect where llama.cpp has no GPU back end
        params = internals.LlamaContext.default_params()
        params.n_ctx = tokens
        params.n_seq_max, params.kv_unified = 2, True  # the second is there to save and restore
        params.n_batch = params.n_ubatch = min(_BATCH, tokens)
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED  # sums in 16 bits
        llama_cpp.llama_backend_init()
        self._batch: Any = None
        self._model: Any = None
        try:
            with _quiet():
                # `verbose=False` would send all that the process prints to nowhere meanwhile, other
                # threads' errors too; what llama.cpp has to say goes to the log, which is quiet
                self._model = internals.LlamaModel(
                    path_model=str(file), params=model_params, verbose=True
                )
                self._context: Any = internals.LlamaContext(
                    model=self._model, params=params, verbose=True
                )
        except (ValueError, RuntimeError, OSError, AssertionError) as error:
            if self._model is not None:
                self._model.close()
            raise ModelError(
                f"llama.cpp cannot load {file} ({error}). It is damaged or of a kind that this "
                "version does not know. Run `footnote models verify`, or name another GGUF."
            ) from error
        model = self._model.model
        self._one_state = bool(  # of all tokens, from which no part can be taken
            llama_cpp.llama_model_is_recurrent(model) or llama_cpp.llama_model_is_hybrid(model)
        )
        self._vocabulary = int(self._model.n_vocab())
        self._most = min(_BATCH, tokens)  # at a time
        self._batch = llama_cpp.llama_batch_init(self._most, 0, 1)
        self._loras: list[Any] = []
        self._on: int | None = NONE  # None: not known
        self.layout = f"{tokens} {self._most} {llama_cpp.__version__}"
        """What a saved state depends on besides the model's file and the tokens."""

    @property
    def takes_back(self) -> bool:
        """Whether the last tokens alone can be forgotten."""
        return not self._one_state

    @property
    def model(self) -> Any:
        """The model in llama.cpp; raises RuntimeError once it is closed: its memory is gone."""
        self._living()
        return self._model

    def run_on(self, writing: int, reading: int) -> None:
        """Run on so many threads from now on, where one token is evaluated and where many are."""
        self._lib.llama_set_n_threads(self._living(), writing, reading)

    def load_adapter(self, adapter: Adapter) -> bool:
        """Load `adapter`, switched off; false when llama.cpp cannot use it with this model."""
        loras = []
        for part in ("", CHECK) if adapter.check_rank else ("",):
            with as_gguf(adapter, part) as file, _quiet():
                # freed together with the model
                lora = self._lib.llama_adapter_lora_init(self.model.model, str(file).encode())
            if not lora:  # a null pointer
                return False
            loras.append(lora)
        self._loras = loras
        return True

    def switch(self, on: int) -> None:
        """Have so many parts of the adapter take part in what is evaluated from now on.

        `NONE`, what judges and writes, or the check as well, as far as there are so many. Raises
        RuntimeError when llama.cpp does not do it.
        """
        on = min(on, len(self._loras))
        if on == self._on:
            return
        adapters = (self._lib.llama_adapter_lora_p_ctypes * max(on, 1))(*self._loras[:on])
        scales = (ctypes.c_float * max(on, 1))(*[1.0] * on)
        self._on = None  # an interrupt just here must not leave a guess behind
        code = self._lib.llama_set_adapters_lora(self._living(), adapters, on, scales)
        if code != 0:
            raise RuntimeError(f"llama_set_adapters_lora returned {code}")
        self._on = on

    def evaluate(self, tokens: Sequence[int], at: int) -> Logits:
        """Evaluate `tokens` behind the first `at`; the logits (vocabulary,) behind the last.

        Raises RuntimeError when they are more than the context has room for, StoppedError as
        `interruptible` says.
        """
        import numpy as np

        for first in range(0, len(tokens), self._most):
            part = tokens[first : first + self._most]
            self._decode(part, at + first, len(tokens) - 1 - first)
        if not tokens:
            return np.empty(0, dtype=np.float32)
        logits = self._lib.llama_get_logits_ith(self._living(), -1)
        return np.ctypeslib.as_array(logits, (self._vocabulary,)).copy()

    def evaluate_each(self, tokens: Sequence[int], at: int) -> Logits:
        """Evaluate `tokens` in one call; the logits (tokens, vocabulary) behind each.

        Raises RuntimeError also where there are none, or more than fit into a call.
        """
        import numpy as np

        if not 0 < len(tokens) <= self._most:
            raise RuntimeError(f"{len(tokens)} tokens cannot be evaluated at once")
        self._decode(tokens, at, 0)
        logits = self._lib.llama_get_logits(self._living())
        return np.ctypeslib.as_array(logits, (len(tokens), self._vocabulary)).copy()

    def _decode(self, tokens: Sequence[int], at: int, wanted: int) -> None:
        """Have llama.cpp evaluate `tokens`, for the logits behind those from index `wanted` on."""
        batch = self._batch
        context = self._living()
        batch.n_tokens = len(tokens)
        for n, token in enumerate(tokens):
            batch.token[n] = token
            batch.pos[n] = at + n
            batch.n_seq_id[n] = 1
            batch.seq_id[n][0] = _OWN
            batch.logits[n] = n >= wanted
        code = self._lib.llama_decode(context, batch)
        if code == _ABORTED:
            raise StoppedError
        if code != 0:
            raise RuntimeError(f"llama_decode returned {code}")

    @contextmanager
    def interruptible(self, stopped: Callable[[], bool]) -> Iterator[None]:
        """Have `evaluate` end with StoppedError, for the block, as soon as `stopped` is true.

        It is asked between two operations of the model, hundreds of times for each call, where the
        model runs on the CPU. It must not raise: nobody could catch that. So this is not for a
        main thread, which Ctrl+C raises in.
        """
        callback = self._lib.ggml_abort_callback(lambda _: stopped())
        self._lib.llama_set_abort_callback(self._living(), callback, None)
        try:
            with _quiet():  # llama.cpp takes it for an error
                yield
        finally:
            nothing = self._lib.ggml_abort_callback()
            self._lib.llama_set_abort_callback(self._living(), nothing, None)

    def cut(self, start: int) -> bool:
        """Forget the tokens from `start` on; false, and none left, where the model cannot.

        A recurrent model has one state behind all of its tokens, and no way back.
        """
        self._living()
        if start > 0 and self._context.kv_cache_seq_rm(_OWN, start, -1):
            return True
        self._context.kv_cache_clear()  # the next ones begin at the first cell
        return start == 0

    def save(self, start: int) -> bytes:
        """The state of the tokens from `start` on; `restore` brings it back behind the same.

        Of all of them where the model has one state for all.
        """
        context, lib = self._living(), self._lib
        start = 0 if self._one_state else start
        memory = lib.llama_get_memory(context)
        lib.llama_memory_seq_cp(memory, _OWN, _OTHER, start, -1)
        try:
            size = lib.llama_state_seq_get_size(context, _OTHER)
            buffer = (ctypes.c_uint8 * size)()
            written = lib.llama_state_seq_get_data(context, buffer, size, _OTHER)
        finally:
            lib.llama_memory_seq_rm(memory, _OTHER, -1, -1)
        return bytes(memoryview(buffer)[:written])

    def restore(self, state: bytes, start: int) -> bool:
        """Replace the tokens from `start` on by a saved state's.

        False where it does not fit, or they cannot be taken back: none is left then.
        """
        if not self.cut(0 if self._one_state else start):
            return False
        lib, memory = self._lib, self._lib.llama_get_memory(self._living())
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        read = lib.llama_state_seq_set_data(self._context.ctx, buffer, len(state), _OTHER)
        if read == len(state):
            lib.llama_memory_seq_cp(memory, _OTHER, _OWN, -1, -1)
            lib.llama_memory_seq_rm(memory, _OTHER, -1, -1)
            return True
        self.cut(0)
        return False

    def ends(self, token: int) -> bool:
        """Whether `token` ends a reply."""
        return bool(self._lib.llama_vocab_is_eog(self.model.vocab, token))

    def close(self) -> None:
        """Free the context and the model."""
        if self._batch is not None:
            self._lib.llama_batch_free(self._batch)
            self._batch = None
            self._model.close()  # and the context before it

    def _living(self) -> Any:
        if self._batch is None:
            raise RuntimeError("the model was closed")
        return self._context.ctx


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
