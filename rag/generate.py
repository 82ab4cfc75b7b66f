"""A local GGUF model behind a small protocol: text in, margins and text out.

A prompt is read in three parts: the system's words, the material, and the request about it. What
has been read of the first two is kept and used again: the judge's request and the answer's behind
the same passages, and any later question about a passage that was read before.

An adapter (a LoRA, Hu et al. 2021) is in force from the request of an adapted prompt on, never
while the model reads what stands before it: what is read then stays valid for any request, with
or without the adapter (activated LoRA, Greenewald et al. 2025).
"""

import codecs
import hashlib
import os
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from rag.adapter import Adapter
from rag.errors import ModelError
from rag.sequences import Logits, Piece, Sequences
from rag.states import States

_HEAD = 0  # the sequence that holds the system's words
_SEQUENCES = 17  # that one, and one for each material that is judged at the same time


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

    def margins(self, prompts: Sequence[Prompt]) -> list[float]:
        """logit(yes) - logit(no) of each reply's first token."""
        ...

    def stream(self, prompt: Prompt, max_tokens: int) -> Iterator[str]:
        """The reply, greedy, piece by piece; one piece for each token, maybe empty."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...


Tokens = tuple[int, ...]


class _Read(NamedTuple):
    """A prompt as tokens."""

    head: Tokens
    material: Tokens
    request: Tokens  # at least one

    @property
    def end(self) -> int:
        """Where the request begins."""
        return len(self.head) + len(self.material)

    @property
    def length(self) -> int:
        return self.end + len(self.request)


class LlamaGenerator:
    """A GGUF file run by llama.cpp on this machine. Not for two threads at once."""

    def __init__(
        self, file: Path, name: str, context_tokens: int, threads: int, states: States | None = None
    ) -> None:
        """Load `file`; `threads` 0 means every core this process may use.

        `states` keeps what was read for later questions. Raises ModelError when llama.cpp cannot
        load the file.
        """
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        self._sequences = Sequences(file, context_tokens, threads or _cores(), _SEQUENCES)
        self._model = self._sequences.model
        self.name = name
        self.adapter = ""
        self.context_tokens = context_tokens
        template = self._model.metadata().get("tokenizer.chat_template", "")
        self._bos = self._word(self._model.token_bos())
        eos = self._word(self._model.token_eos())
        self._formatter = (
            Jinja2ChatFormatter(template=template, eos_token=eos, bos_token=self._bos)
            if template
            else None
        )
        self._yes, self._no = self._ids("yes", "Yes"), self._ids("no", "No")
        self._states = states or States(0)
        self._head: Tokens = ()  # what sequence _HEAD holds
        self._held: dict[Tokens, int] = {}  # the sequence of each material in the cache

    def adapt(self, adapter: Adapter) -> None:
        """Use `adapter` for the requests of adapted prompts from now on.

        Raises ModelError when llama.cpp cannot use it with this model.
        """
        if not self._sequences.load_adapter(adapter):
            raise ModelError(
                f"llama.cpp cannot use the adapter {adapter.path} with {self.name}. Install "
                "Footnote again, or set FOOTNOTE_ADAPTER=0 to answer without it."
            )
        self.adapter = adapter.fingerprint

    def count(self, text: str) -> int:
        """See `Generator.count`."""
        return len(self._model.tokenize(text.encode("utf-8"), add_bos=False, special=False))

    def length(self, prompt: Prompt) -> int:
        """See `Generator.length`."""
        return self._tokens(prompt).length

    def margins(self, prompts: Sequence[Prompt]) -> list[float]:
        """See `Generator.margins`; the better of each word's two spellings counts.

        The prompts are evaluated together, as many at a time as the context has room for.
        """
        reads = [(self._tokens(prompt), prompt.adapted) for prompt in prompts]
        margins: list[float] = []
        for group, adapted in self._groups(reads):
            for logits in self._ask(group, adapted, keep=True):
                yes = max(float(logits[token]) for token in self._yes)
                margins.append(yes - max(float(logits[token]) for token in self._no))
        return margins

    def stream(self, prompt: Prompt, max_tokens: int) -> Iterator[str]:
        """See `Generator.stream`."""
        read = self._tokens(prompt)
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        [logits] = self._ask([read], prompt.adapted, keep=False, room=max_tokens)
        sequence, at = self._held[read.material], read.length
        for at in range(read.length, read.length + max_tokens):
            token = int(logits.argmax())
            if self._sequences.ends(token):
                break
            yield decoder.decode(self._model.detokenize([token]))
            if at + 1 < read.length + max_tokens:
                with self._careful():
                    [logits] = self._sequences.evaluate([Piece(sequence, at, [token], ask=True)])

    def close(self) -> None:
        """See `Generator.close`."""
        self._sequences.close()

    def _groups(self, reads: Sequence[tuple[_Read, bool]]) -> Iterator[tuple[list[_Read], bool]]:
        """Neighbours that can be asked together: of one head, one kind, and room for all."""
        group: list[_Read] = []
        tokens, last = 0, False
        for read, adapted in reads:
            more = len(read.material) + len(read.request)
            if group and (
                (read.head, adapted) != (group[0].head, last)
                or any(read.material == other.material for other in group)
                or len(group) >= _SEQUENCES - 1
                or tokens + more > self.context_tokens
            ):
                yield group, last
                group = []
            if not group:
                tokens, last = len(read.head), adapted
            group.append(read)
            tokens += more
        if group:
            yield group, last

    def _ask(
        self, group: Sequence[_Read], adapted: bool, *, keep: bool, room: int = 0
    ) -> list[Logits]:
        """The logits behind each of `group`, which share a head and no material."""
        with self._careful():
            self._hold(group, keep=keep, room=room)
            self._sequences.switch(on=adapted)
            pieces = []
            for read in group:
                sequence = self._held[read.material]
                self._sequences.cut(sequence, read.end)  # what an earlier request left
                pieces.append(Piece(sequence, read.end, read.request, ask=True))
            return self._sequences.evaluate(pieces)

    def _hold(self, group: Sequence[_Read], *, keep: bool, room: int) -> None:
        """Have head and materials of `group` in the cache: read, or restored from their states."""
        sequences = self._sequences
        sequences.switch(on=False)
        head = group[0].head
        if head != self._head:
            self._forget()
            sequences.evaluate([Piece(_HEAD, 0, head)])
            self._head = head
        wanted = {read.material: read for read in group}
        for material, sequence in self._held.items():
            sequences.cut(sequence, len(head) + len(material))
        full = len(head) + room + sum(len(read.request) for read in group)
        full += sum(map(len, self._held.keys() | wanted.keys()))
        if full > self.context_tokens or len(self._held.keys() | wanted.keys()) >= _SEQUENCES:
            for material in self._held.keys() - wanted.keys():
                sequences.cut(self._held.pop(material), 0)
        free = sorted(set(range(1, _SEQUENCES)) - set(self._held.values()))
        unread = []
        for material in wanted.keys() - self._held.keys():
            sequence = self._held[material] = free.pop()
            state = self._states.get(_key(head, material))
            known = state is not None and sequences.restore(sequence, state)
            sequences.share(_HEAD, sequence, len(head))
            if not known:
                unread.append(Piece(sequence, len(head), material))
        sequences.evaluate(unread)
        for piece in unread if keep and self._states.limit else ():
            sequences.cut(piece.sequence, 0, len(head))  # a state holds the material alone
            self._states.put(_key(head, piece.tokens), sequences.save(piece.sequence))
            sequences.share(_HEAD, piece.sequence, len(head))

    def _forget(self) -> None:
        self._sequences.clear()
        self._head, self._held = (), {}

    @contextmanager
    def _careful(self) -> Iterator[None]:
        """Whatever goes wrong in between leaves an empty cache rather than a wrong one."""
        try:
            yield
        except BaseException:
            self._forget()
            raise

    def _tokens(self, prompt: Prompt) -> _Read:
        """The prompt in three parts, their boundaries the same whatever is cached."""
        text = self._render(prompt)
        user = prompt.user if prompt.user in text else prompt.user.strip()  # templates trim
        head, found, tail = text.rpartition(user)
        if not found:
            head, user, tail = "", text, ""
        material, request = user, ""
        if prompt.request and user.endswith(prompt.request):
            material, request = user.removesuffix(prompt.request), prompt.request
        parts = (self._split(head), self._split(material), self._split(request + tail))
        if self._bos and self._model.add_bos_token() and not text.startswith(self._bos):
            parts = ((self._model.token_bos(), *parts[0]), *parts[1:])
        if not parts[2]:
            parts = (parts[0], parts[1][:-1], parts[1][-1:])
        return _Read(*parts)

    def _split(self, text: str) -> Tokens:
        return tuple(self._model.tokenize(text.encode("utf-8"), add_bos=False, special=True))

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

    def _word(self, token: int) -> str:
        if token < 0:
            return ""
        return str(self._model.detokenize([token], special=True).decode("utf-8", "replace"))

    def _ids(self, *spellings: str) -> list[int]:
        return [self._split(word)[0] for word in spellings]


def _key(head: Sequence[int], material: Sequence[int]) -> str:
    """Names a state by all the tokens that it was made from."""
    numbers = array("i", [len(head), *head, *material])
    return hashlib.sha256(numbers.tobytes()).hexdigest()


def _cores() -> int:
    """Cores this process may use; a container's limit counts where the system tells it."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
