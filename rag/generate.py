"""A local GGUF model behind a small protocol: text in, margins and text out.

A prompt is read part by part: the system's words, how the material opens, the rest of it, the
request about it, and the reply as far as it has begun. What was read is used again: by any later
question about the same passages, by passages that open alike, and by a reply that goes on from a
request which was judged just now. The parts are always evaluated one by one, so that a reply is
the same to the bit whatever was asked before.

An adapter (a LoRA, Hu et al. 2021) is in force from the request of an adapted prompt on, never
while the model reads what stands before it: what is read then stays valid for any request, with
or without the adapter (activated LoRA, Greenewald et al. 2025). Its part for the check is in force
for nothing but that. A check goes on behind the reply's tokens as they were written; where they
have to be read anew, in one piece, its margin comes out a tenth or two of a logit away.
"""

import codecs
import hashlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain, takewhile
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from rag import lookup
from rag.adapter import Adapter
from rag.context import CHECKS, NONE, WRITES, Context, Logits, StoppedError
from rag.errors import ModelError
from rag.states import States
from rag.threads import ROOM, fit
from rag.trials import Trials, cores


@dataclass(frozen=True, slots=True)
class Prompt:
    """One exchange as a chat model is given it.

    The user's turn is `material`, what is to be read, and behind it `request`, what is asked about
    it. Prompts that share system and material share the work of reading them, and so do materials
    that begin with the same `opening`. The request of an `adapted` prompt is for the adapter, where
    the model has one. What was read of a `transient` one is not kept on disk. The model goes on
    from a reply that has `begun`; a `check` asks about that reply behind it.
    """

    system: str
    material: str
    request: str = ""
    adapted: bool = False
    transient: bool = False
    begun: str = ""
    check: str = ""
    opening: str = ""

    @property
    def user(self) -> str:
        """The user's turn, whole."""
        return f"{self.material}\n\n{self.request}" if self.request else self.material


class Generator(Protocol):
    """A language model that writes text and can be asked yes or no."""

    name: str
    adapter: str  # fingerprint of the adapter in use; "" for none
    checks: bool  # it has learned to check what it wrote
    context_tokens: int

    def render(self, prompt: Prompt) -> str:
        """The whole prompt word for word as the model reads it, the chat template's included."""
        ...

    def length(self, prompt: Prompt) -> int:
        """Tokens of the whole prompt, the chat template's own included."""
        ...

    def margin(self, prompt: Prompt) -> float:
        """logit(yes) - logit(no) of the token that comes next."""
        ...

    def stream(self, prompt: Prompt, max_tokens: int) -> Iterator[str]:
        """The reply, greedy, piece by piece; one piece for each token, maybe empty."""
        ...

    def has_read(self, prompt: Prompt) -> bool:
        """Whether what stands before the request is kept from an earlier time."""
        ...

    def read_ahead(self, prompt: Prompt, stopped: Callable[[], bool] | None = None) -> bool:
        """Read what stands before the request and keep it; False where no more can be kept.

        It ends in the middle, and keeps nothing, as soon as `stopped` is true, which is asked
        again and again and must not raise.
        """
        ...

    def close(self) -> None:
        """Free the model."""
        ...


Tokens = tuple[int, ...]


def first_line(generator: Generator, prompt: Prompt, max_tokens: int) -> str:
    """The first line that `generator` writes, empty ones aside.

    "" where `prompt` leaves no room for it, or where it has no end within `max_tokens`.
    """
    if generator.length(prompt) + max_tokens > generator.context_tokens:
        return ""
    written, room = "", max_tokens
    for piece in generator.stream(prompt, max_tokens):
        written += piece
        room -= 1
        if "\n" in written.strip():
            break
    ended = room or "\n" in written.lstrip()
    return next(filter(str.strip, written.split("\n")), "") if ended else ""


class _Read(NamedTuple):
    """A prompt as tokens."""

    before: tuple[Tokens, ...]  # the parts of what stands before the request
    request: Tokens  # at least one
    begun: Tokens
    check: Tokens

    @property
    def asked(self) -> int:
        """Tokens up to the reply."""
        return sum(map(len, self.before)) + len(self.request)

    @property
    def length(self) -> int:
        """All tokens."""
        return self.asked + len(self.begun) + len(self.check)


class LlamaGenerator:
    """A GGUF file run by llama.cpp on this machine. Not for two threads at once."""

    def __init__(
        self, file: Path, name: str, context_tokens: int, threads: int, states: States | None = None
    ) -> None:
        """Load `file`; `threads` 0 means every core this process may use.

        `states` keeps what was read for later questions. Raises ModelError when llama.cpp cannot
        load the file.
        """
        self._context = Context(file, context_tokens, threads or cores())
        self._threads = threads
        self.name = name
        self.adapter = ""
        self.checks = False
        self.context_tokens = context_tokens
        self._states = states
        try:
            self._formatter = self._chat_format()
            self._yes, self._no = self._ids("yes", "Yes"), self._ids("no", "No")
            self._identity = _identity(file, self._context.layout)
        except BaseException:
            self._context.close()
            raise
        self._cached: tuple[Tokens, ...] = ()  # parts in the context's cache, read unadapted
        self._asked: _Asked | None = None  # what stands behind them
        self._shortest_match: int | None = None  # that tokens are guessed behind; None: never

    @property
    def _model(self) -> Any:
        return self._context.model

    def fit_threads(self, trials: Trials) -> None:
        """Run on as many threads as suit this machine; what is found is kept among its `trials`."""
        if self.context_tokens >= ROOM:
            with self._trying():
                fit(self._context, trials)

    def fit_lookup(self, trials: Trials) -> None:
        """Guess tokens of a reply from now on, where that is faster on this machine (`rag.lookup`).

        What is found is kept among its `trials`. Of a model that cannot take tokens back none are
        guessed.
        """
        if self._context.takes_back and self.context_tokens >= lookup.ROOM:
            with self._trying():
                self._shortest_match = lookup.fit(self._context, trials, self._threads)

    @contextmanager
    def _trying(self) -> Iterator[None]:
        """An empty cache for the block, and no adapter."""
        with self._careful():
            self._cut(0)
            self._context.switch(NONE)
            yield

    def _chat_format(self) -> Any:
        """What renders the model's own chat template; None for a model without one."""
        from jinja2 import TemplateError
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        self._bos = self._word(self._model.token_bos())
        template = self._model.metadata().get("tokenizer.chat_template", "")
        if not template:
            return None
        eos = self._word(self._model.token_eos())
        try:
            return Jinja2ChatFormatter(template=template, eos_token=eos, bos_token=self._bos)
        except TemplateError as error:
            raise ModelError(
                f"The chat template of {self.name} cannot be read ({error}). Name another GGUF."
            ) from error

    def adapt(self, adapter: Adapter) -> None:
        """Use `adapter` for the requests of adapted prompts from now on.

        Raises ModelError when llama.cpp cannot use it with this model.
        """
        if not self._context.load_adapter(adapter):
            raise ModelError(
                f"llama.cpp cannot use the adapter {adapter.path} with {self.name}. Install "
                "Footnote again, or set FOOTNOTE_ADAPTER=0 to answer without it."
            )
        self.adapter = adapter.fingerprint
        self.checks = adapter.check_rank > 0
        self._asked = None

    def render(self, prompt: Prompt) -> str:
        """See `Generator.render`."""
        return self._render(prompt) + prompt.begun + prompt.check

    def _render(self, prompt: Prompt) -> str:
        if self._formatter is None:  # a base model: no roles to speak in
            return f"{prompt.system}\n\n{prompt.user}\n\nReply: "
        system = {"role": "system", "content": prompt.system}
        user = {"role": "user", "content": prompt.user}
        try:
            return self._format([system, user])
        except Exception:  # Jinja: some templates (Gemma) refuse a system message
            return self._format([{"role": "user", "content": f"{prompt.system}\n\n{prompt.user}"}])

    def length(self, prompt: Prompt) -> int:
        """See `Generator.length`."""
        return self._tokens(prompt).length

    def margin(self, prompt: Prompt) -> float:
        """See `Generator.margin`; the better of each word's two spellings counts."""
        logits = self._ask(self._tokens(prompt), prompt)
        best_yes = max(float(logits[token]) for token in self._yes)
        return best_yes - max(float(logits[token]) for token in self._no)

    def stream(self, prompt: Prompt, max_tokens: int) -> Iterator[str]:
        """See `Generator.stream`."""
        read = self._tokens(prompt)
        assert not read.check, "a check is answered yes or no"
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        for token in self._written(read, self._ask(read, prompt), max_tokens):
            yield decoder.decode(self._model.detokenize([token]))

    def _written(self, read: _Read, logits: Logits, most: int) -> Iterator[int]:
        """The tokens behind `read`, whose last one's `logits` are given, greedy, at most `most`."""
        text = [*chain(*read.before, read.request, read.begun)]
        end = len(text) + most
        token = int(logits.argmax())
        while len(text) < end and not self._context.ends(token):
            yield token
            at = len(text)
            text.append(token)
            if len(text) == end:
                break
            guessed = self._guess(text, min(end - 1, self.context_tokens) - len(text))
            with self._careful():
                likeliest = self._context.evaluate_each([token, *guessed], at).argmax(axis=-1)
                right = _alike(guessed, likeliest.tolist())
                if right < len(guessed) and not self._context.cut(at + 1 + right):
                    raise RuntimeError("llama.cpp cannot take back what was guessed")
                self._given(token, *guessed[:right])
            for kept in guessed[:right]:
                yield kept
                text.append(kept)
            token = int(likeliest[right])

    def _guess(self, text: Sequence[int], most: int) -> Sequence[int]:
        """What may come next, without the end of a reply: nothing follows that."""
        if self._shortest_match is None:
            return ()
        guessed = lookup.guess(text, self._shortest_match, most)
        return [*takewhile(lambda token: not self._context.ends(token), guessed)]

    def has_read(self, prompt: Prompt) -> bool:
        """See `Generator.has_read`."""
        read = self._tokens(prompt)
        if self._states is None or not any(read.before):
            return False
        return self._states.has(self._key(read.before))

    def read_ahead(self, prompt: Prompt, stopped: Callable[[], bool] | None = None) -> bool:
        """See `Generator.read_ahead`; it takes the place of no state used in the last week."""
        read = self._tokens(prompt)
        if self._states is None or not any(read.before):
            return False
        with self._careful():
            try:
                with self._context.interruptible(stopped) if stopped else nullcontext():
                    self._bring(read, keep=False)
            except StoppedError:
                self._cut(len(self._cached))  # the parts that were read whole stay
                return False
            key = self._key(read.before)
            return self._states.put(key, self._state(), displace=False)

    def close(self) -> None:
        """See `Generator.close`."""
        self._context.close()

    def _ask(self, read: _Read, prompt: Prompt) -> Logits:
        """The logits behind `prompt`, which is `read` as tokens."""
        with self._careful():
            writes, checks = (WRITES, CHECKS) if prompt.adapted else (NONE, NONE)
            known = self._known(read, adapted=prompt.adapted)
            if known is None:
                self._bring(read, keep=not prompt.transient)
                self._context.switch(writes)
                at = read.asked - len(read.request)
                logits = self._context.evaluate(read.request, at)
                self._asked, known = _Asked(read.request, prompt.adapted, logits), 0
            assert self._asked is not None
            logits = self._asked.logits
            self._context.switch(writes)
            if rest := read.begun[known:]:
                logits = self._context.evaluate(rest, read.asked + known)
                self._given(*rest)
            if read.check:
                self._context.switch(checks)
                logits = self._context.evaluate(read.check, read.length - len(read.check))
            return logits

    def _known(self, read: _Read, *, adapted: bool) -> int | None:
        """How much of the begun reply the cache holds, and now nothing behind it.

        None where it does not hold all up to the reply. Only a check goes on behind a reply that
        is there: it was written just now.
        """
        asked = self._asked
        if asked is None or asked[:2] != (read.request, adapted) or read.before != self._cached:
            return None
        known = _alike(asked.given, read.begun) if read.check else 0
        if not self._context.cut(read.asked + known):
            self._cached, self._asked = (), None
            return None
        self._asked = asked._replace(given=asked.given[:known])
        return known

    def _given(self, *tokens: int) -> None:
        """Note that the cache holds these behind the request and what was noted before."""
        if self._asked is not None:
            self._asked = self._asked._replace(given=self._asked.given + tokens)

    def _bring(self, read: _Read, *, keep: bool) -> None:
        """Have the cache hold all before the request alone: as it does, by a state, or by reading.

        What it holds of it already, part by part, is not read again.
        """
        parts = read.before
        if (parts == self._cached and self._cut(len(parts))) or self._restore(parts):
            return
        self._read(parts)
        if keep and self._states is not None:
            self._states.put(self._key(parts), self._state())

    def _read(self, parts: tuple[Tokens, ...]) -> None:
        """Have the cache hold `parts`, of which it may hold some already."""
        alike = _alike(parts, self._cached)
        if not self._cut(alike):
            alike = 0
        self._context.switch(NONE)
        for part in parts[alike:]:
            self._context.evaluate(part, sum(map(len, self._cached)))
            self._cached += (part,)

    def _state(self) -> bytes:
        """The state of what is in the cache, but for its first part, which all prompts share."""
        return self._context.save(len(self._cached[0]))

    def _restore(self, parts: tuple[Tokens, ...]) -> bool:
        """Bring back what was read earlier; false when there is no state of it, or none of use."""
        state = self._states.get(self._key(parts)) if self._states is not None else None
        if state is None:
            return False
        self._read(parts[:1])
        restored = self._context.restore(state, len(parts[0]))
        self._cached, self._asked = (parts if restored else ()), None
        return restored

    def _cut(self, parts: int) -> bool:
        """Have the cache hold its first `parts` alone; false, and none left, if it cannot."""
        kept = self._context.cut(sum(map(len, self._cached[:parts])))
        self._cached, self._asked = (self._cached[:parts] if kept else ()), None
        return kept

    def _key(self, parts: tuple[Tokens, ...]) -> str:
        """Names a state by all that it was made from: the model's file and the parts read."""
        hashed = hashlib.sha256(self._identity)
        for part in parts:
            hashed.update(array("i", (len(part), *part)).tobytes())
        return hashed.hexdigest()

    @contextmanager
    def _careful(self) -> Iterator[None]:
        """Whatever goes wrong in between leaves an empty cache rather than a wrong one."""
        try:
            yield
        except BaseException:
            self._cut(0)
            raise

    def _tokens(self, prompt: Prompt) -> _Read:
        """The prompt in parts, their boundaries the same whatever is cached."""
        text = self._render(prompt)
        before, request, after = (
            text.rpartition(prompt.request) if prompt.request else (text, "", "")
        )
        head, material, between = before.rpartition(prompt.material)
        opening = prompt.opening if material.startswith(prompt.opening) else ""
        rest = material.removeprefix(opening) + between
        parts = [self._split(part) for part in (head, opening, rest) if part] or [()]
        if self._model.add_bos_token() and not (self._bos and text.startswith(self._bos)):
            parts[0] = (self._model.token_bos(), *parts[0])
        asked = self._split(request + after)
        if not asked:  # logits are asked for behind at least one token
            parts[-1], asked = parts[-1][:-1], parts[-1][-1:]
        begun, check = self._split(prompt.begun), self._split(prompt.check)
        return _Read(tuple(parts), asked, begun, check)

    def _split(self, text: str) -> Tokens:
        return tuple(self._model.tokenize(text.encode("utf-8"), add_bos=False, special=True))

    def _format(self, messages: list[Any]) -> str:
        assert self._formatter is not None
        return str(self._formatter(messages=messages).prompt)

    def _word(self, token: int) -> str:
        if token < 0:
            return ""
        return str(self._model.detokenize([token], special=True).decode("utf-8", "replace"))

    def _ids(self, *spellings: str) -> list[int]:
        return [self._split(word)[0] for word in spellings]


class _Asked(NamedTuple):
    """A request that was evaluated."""

    request: Tokens
    adapted: bool
    logits: Logits  # behind it
    given: Tokens = ()  # of the reply, as far as it was evaluated


def _alike(one: Sequence[object], other: Sequence[object]) -> int:
    """How much of both is the same from the start."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _identity(file: Path, layout: str) -> bytes:
    """Stands for a model's file and for what its states depend on besides."""
    found = file.stat()
    return f"{file.resolve()} {found.st_size} {found.st_mtime_ns} {layout}".encode()
