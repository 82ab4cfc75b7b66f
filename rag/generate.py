"""A local GGUF model behind a small protocol: one llama.cpp context, whose KV cache is kept.

A prompt that begins like the one before it pays only for what differs, so the judge's question
and the answer, asked behind the same passages, read those passages once.

An adapter (a LoRA, Hu et al. 2021) is in force from the request of an adapted prompt on, never
while the model reads what stands before it: what is read then stays valid for any request, with
or without the adapter (activated LoRA, Greenewald et al. 2025).
"""

import codecs
import ctypes
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, Protocol

from rag.adapter import Adapter, as_gguf
from rag.errors import ModelError

_BATCH = 512


@dataclass(frozen=True, slots=True)
class Prompt:
    """One exchange as a chat model is given it.

    The user's turn is `material`, what is to be read, and behind it `request`, what is asked about
    it. Prompts that share system and material share the work of reading them. The request of an
    `adapted` prompt is for the adapter, where the model has one.
    """

    system: str
    material: str
    request: str = ""
    adapted: bool = False

    @property
    def user(self) -> str:
        """The user's turn, whole."""
        return f"{self.material}\n\n{self.request}" if self.request else self.material


class Generator(Protocol):
    """A language model that writes text and can be asked yes or no."""

    name: str
    adapter: str  # fingerprint of the adapter in use; "" for none
    context_tokens: int

    def count(self, text: str) -> int:
        """Tokens of `text` by itself."""
        ...

    def length(self, prompt: Prompt) -> int:
        """Tokens of the whole prompt, the chat template's own included."""
        ...

    def margin(self, prompt: Prompt) -> float:
        """logit(yes) - logit(no) of the reply's first token."""
        ...

    def stream(self, prompt: Prompt, max_tokens: int) -> Iterator[str]:
        """The reply, greedy, piece by piece; one piece for each token, maybe empty."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...


class LlamaGenerator:
    """A GGUF file run by llama.cpp on this machine. Not for two threads at once."""

    def __init__(self, file: Path, name: str, context_tokens: int, threads: int, seed: int) -> None:
        """Load `file`; `threads` 0 means every core this process may use.

        Raises ModelError when llama.cpp cannot load it.
        """
        from llama_cpp import Llama
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        threads = threads or _cores()
        try:
            self._llama = Llama(
                model_path=str(file),
                n_ctx=context_tokens,
                n_batch=_BATCH,
                n_threads=threads,
                n_threads_batch=threads,
                n_gpu_layers=-1,  # no effect where llama.cpp was built without a GPU back end
                seed=seed,
                verbose=False,
            )
        except (ValueError, RuntimeError, OSError, AssertionError) as error:
            raise ModelError(
                f"llama.cpp cannot load {file} ({error}). It is damaged or of a kind that this "
                "version does not know. Run `footnote models verify`, or name another GGUF."
            ) from error
        self.name = name
        self.context_tokens = context_tokens
        self._template = self._llama.metadata.get("tokenizer.chat_template", "")
        self._bos = self._piece(self._llama.token_bos())
        self._eos = self._piece(self._llama.token_eos())
        self._formatter = (
            Jinja2ChatFormatter(template=self._template, eos_token=self._eos, bos_token=self._bos)
            if self._template
            else None
        )
        self._yes, self._no = self._ids("yes", "Yes"), self._ids("no", "No")
        self.adapter = ""
        self._lora: Any = None
        self._plain = 0  # how many tokens of the cache, from the first on, are the model's own

    def adapt(self, adapter: Adapter) -> None:
        """Use `adapter` for the requests of adapted prompts from now on.

        Raises ModelError when llama.cpp cannot use it with this model.
        """
        import llama_cpp

        with as_gguf(adapter) as file, _quiet():
            # freed together with the model
            lora = llama_cpp.llama_adapter_lora_init(self._llama._model.model, str(file).encode())
        if not lora:  # a null pointer
            raise ModelError(
                f"llama.cpp cannot use the adapter {adapter.path} with {self.name}. Install "
                "Footnote again, or set FOOTNOTE_ADAPTER=0 to answer without it."
            )
        self._lora, self.adapter = lora, adapter.fingerprint

    def count(self, text: str) -> int:
        """See `Generator.count`."""
        return len(self._llama.tokenize(text.encode("utf-8"), add_bos=False, special=False))

    def length(self, prompt: Prompt) -> int:
        """See `Generator.length`."""
        return sum(map(len, self._tokens(prompt)))

    def margin(self, prompt: Prompt) -> float:
        """See `Generator.margin`; the better of each word's two spellings counts."""
        for _ in self._llama.generate(self._read(prompt), temp=0.0):
            break  # one step evaluates the request; its logits are then at hand
        logits = self._llama._ctx.get_logits_ith(-1)
        best_yes = max(float(logits[token]) for token in self._yes)
        return best_yes - max(float(logits[token]) for token in self._no)

    def stream(self, prompt: Prompt, max_tokens: int) -> Iterator[str]:
        """See `Generator.stream`."""
        import llama_cpp

        vocab = llama_cpp.llama_model_get_vocab(self._llama._model.model)
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        tokens = self._llama.generate(self._read(prompt), temp=0.0)
        for written, token in enumerate(tokens):
            if written >= max_tokens or llama_cpp.llama_vocab_is_eog(vocab, token):
                break
            yield decoder.decode(self._llama.detokenize([token]))

    def close(self) -> None:
        """See `Generator.close`."""
        self._llama.close()

    def _read(self, prompt: Prompt) -> list[int]:
        """The prompt's tokens; what the adapter has no part in is in the cache, or about to be."""
        material, request = self._tokens(prompt)
        if self._lora is None:
            return material + request
        own = material if prompt.adapted else material + request
        same = _alike(self._llama.input_ids[: min(self._plain, self._llama.n_tokens)], own)
        if not prompt.adapted:
            # the last token is evaluated again: the logits at hand are another's
            self._llama.n_tokens = min(same, len(own) - 1)
            self._switch(on=False)
            self._plain = self.context_tokens
        elif (same, self._plain) != (len(own), len(own)):
            self._llama.n_tokens = same
            self._switch(on=False)
            self._llama.eval(own[same:])
            self._plain = len(own)
        if prompt.adapted:
            self._switch(on=True)
        return material + request

    def _switch(self, *, on: bool) -> None:
        import llama_cpp

        adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(self._lora)
        scales = (ctypes.c_float * 1)(1.0)
        llama_cpp.llama_set_adapters_lora(self._llama._ctx.ctx, adapters, int(on), scales)

    def _tokens(self, prompt: Prompt) -> tuple[list[int], list[int]]:
        """The tokens up to the request, and from there on; one boundary, wherever it is cached."""
        text = self._render(prompt)
        before, request, after = (
            text.rpartition(prompt.request) if prompt.request else (text, "", "")
        )
        add_bos = not (self._bos and text.startswith(self._bos))
        return self._split(before, add_bos), self._split(request + after, add_bos=False)

    def _split(self, text: str, add_bos: bool) -> list[int]:
        tokens: list[int] = self._llama.tokenize(text.encode("utf-8"), add_bos, special=True)
        return tokens

    def _render(self, prompt: Prompt) -> str:
        if self._formatter is None:  # a base model: no roles to speak in
            return f"{prompt.system}\n\n{prompt.user}\n\nReply: "
        system = {"role": "system", "content": prompt.system}
        user = {"role": "user", "content": prompt.user}
        try:
            return self._format([system, user])
        except Exception:  # Jinja: some templates (Gemma) refuse a system message
            return self._format([{"role": "user", "content": f"{prompt.system}\n\n{prompt.user}"}])

    def _format(self, messages: list[Any]) -> str:
        assert self._formatter is not None
        return str(self._formatter(messages=messages).prompt)

    def _piece(self, token: int) -> str:
        if token < 0:
            return ""
        return str(self._llama.detokenize([token], special=True).decode("utf-8", "replace"))

    def _ids(self, *spellings: str) -> list[int]:
        return [
            self._llama.tokenize(word.encode(), add_bos=False, special=False)[0]
            for word in spellings
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


def _alike(one: Iterable[int], other: Iterable[int]) -> int:
    """How many leading items two sequences have in common."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _cores() -> int:
    """Cores this process may use; a container's limit counts where the system tells it."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
