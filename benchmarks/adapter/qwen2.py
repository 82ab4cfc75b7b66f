"""Qwen2 in torch, read from a GGUF, with a LoRA that is in force behind a prefix only.

The architecture is that of Qwen2.5 (Qwen Team 2024): pre-normalised layers, rotary positions
(Su et al. 2021), grouped queries (Ainslie et al. 2023), SwiGLU. Weights are what llama.cpp computes
with, taken out of their quantisation, so that the adapter learns to live with its rounding.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader
from gguf.quants import dequantize
from torch import Tensor
from torch.nn import functional

ADAPTED = ("attn_q", "attn_k", "attn_v", "attn_output")
_READ = 6  # texts read at a time before writing: of more, too much of the mask is empty

Lora = dict[tuple[int, str], tuple[Tensor, Tensor]]
"""(layer, matrix) -> (a of shape (rank, in), b of shape (out, rank))."""

Cache = list[tuple[Tensor, Tensor]]
"""Keys and values of each layer, of shape (key heads, tokens, head size)."""


@dataclass(frozen=True)
class Read:
    """Texts that were read side by side, none seeing another."""

    lengths: list[int]
    cache: Cache
    seen: Tensor  # (texts, tokens) which of the tokens are a text's own


@dataclass(frozen=True)
class _Row:
    """Token sequences side by side."""

    tokens: Tensor  # (length,)
    places: Tensor  # (length,) the position of each token in its own sequence
    mask: Tensor  # (length, tokens before + length) what each token sees

    @classmethod
    def of(cls, rows: Sequence[list[int]], starts: Sequence[int], before: Tensor) -> "_Row":
        """`rows`, the first token of each at its position of `starts`.

        `before` (rows, tokens before) says what each sees of what was read already.
        """
        lengths = torch.tensor([len(row) for row in rows])
        row_of = torch.arange(len(rows)).repeat_interleave(lengths)
        places = [
            torch.arange(start, start + len(row)) for start, row in zip(starts, rows, strict=True)
        ]
        own = (row_of[:, None] == row_of[None]).tril()
        return cls(
            torch.tensor([*chain.from_iterable(rows)]),
            torch.cat(places),
            torch.cat([before[row_of], own], dim=1),
        )


_Attend = Callable[[int, Tensor, Tensor, Tensor], Tensor]
"""(layer, queries, keys, values of shape (heads, tokens, size)) -> (tokens, heads, size)."""


@dataclass
class _Room:
    """Sequences that grow by a token at a time, each with what it sees of its own."""

    cache: Cache  # (rows, key heads, room, size)
    filled: Tensor  # (rows,) how much of the room

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """An `_Attend` for the next token of each."""
        rows, room = torch.arange(len(self.filled)), int(self.filled.max()) + 1
        keys, values = self.cache[layer]
        keys[rows, :, self.filled], values[rows, :, self.filled] = (
            k.transpose(0, 1),
            v.transpose(0, 1),
        )
        mask = torch.arange(room)[None] <= self.filled[:, None]
        seen = functional.scaled_dot_product_attention(
            q.transpose(0, 1)[:, :, None],
            keys[:, :, :room],
            values[:, :, :room],
            mask[:, None, None],
            enable_gqa=True,
        )
        return seen[:, :, 0]


class Qwen2:
    """The model, frozen; in bfloat16, for two cores."""

    def __init__(self, file: Path, scale: float, positions: int = 4096) -> None:
        """Read `file`; a LoRA's product is multiplied by `scale`."""
        reader = GGUFReader(file)

        def value(name: str) -> int | float:
            return reader.fields[f"qwen2.{name}"].contents()

        self.scale = scale
        self.layers = int(value("block_count"))
        self._heads = int(value("attention.head_count"))
        self._key_heads = int(value("attention.head_count_kv"))
        self._size = int(value("embedding_length")) // self._heads
        self._epsilon = value("attention.layer_norm_rms_epsilon")
        self._weights = {
            tensor.name: torch.from_numpy(
                np.array(dequantize(tensor.data, tensor.tensor_type))
            ).bfloat16()
            for tensor in reader.tensors
        }
        self.words = self._weights["token_embd.weight"]
        self.head = self._weights.get("output.weight", self.words)
        steps = torch.arange(0, self._size, 2).float() / self._size
        angles = torch.outer(torch.arange(positions).float(), value("rope.freq_base") ** -steps)
        angles = torch.cat([angles, angles], dim=-1)
        self._cos, self._sin = angles.cos().bfloat16(), angles.sin().bfloat16()

    def new_lora(self, rank: int, first: int, seed: int) -> Lora:
        """A LoRA for the layers from `first` on; b is zero, so that it changes nothing yet."""
        random = torch.Generator().manual_seed(seed)
        lora: Lora = {}
        for layer in range(first, self.layers):
            for name in ADAPTED:
                outer, inner = self._weights[f"blk.{layer}.{name}.weight"].shape
                a = (torch.rand(rank, inner, generator=random) * 2 - 1) / math.sqrt(inner)
                lora[layer, name] = (a.requires_grad_(), torch.zeros(outer, rank).requires_grad_())
        return lora

    def read(self, texts: Sequence[list[int]]) -> Read:
        """Keys and values of `texts`, which no LoRA has a part in."""
        nothing = Read([0] * len(texts), [], torch.ones(len(texts), 0, dtype=torch.bool))
        return self.grow(texts, range(len(texts)), nothing, None)

    def follow(
        self, rows: Sequence[list[int]], behind: Sequence[int], read: Read, lora: Lora | None
    ) -> tuple[Tensor, ...]:
        """Hidden states (length, size) of each of `rows`, which follows the text `behind[row]`.

        They lie side by side in one pass, so that none is padded.
        """
        hidden = self._behind(rows, behind, read, lora, None)
        return hidden.split([len(row) for row in rows])

    def grow(
        self, rows: Sequence[list[int]], behind: Sequence[int], read: Read, lora: Lora | None
    ) -> Read:
        """Each of `rows` behind its text, as texts that something may follow; no gradients."""
        own: Cache = []
        with torch.no_grad():
            self._behind(rows, behind, read, lora, own)
        if read.cache:
            own = [
                (torch.cat([keys, more_keys], dim=1), torch.cat([values, more_values], dim=1))
                for (keys, values), (more_keys, more_values) in zip(read.cache, own, strict=True)
            ]
        lengths = [read.lengths[text] + len(row) for text, row in zip(behind, rows, strict=True)]
        row_of = torch.arange(len(rows)).repeat_interleave(torch.tensor([*map(len, rows)]))
        mine = torch.arange(len(rows))[:, None] == row_of[None]
        return Read(lengths, own, torch.cat([read.seen[[*behind]], mine], dim=1))

    def write(
        self,
        texts: Sequence[list[int]],
        asked: Sequence[Sequence[list[int]]],
        lora: Lora | None,
        steps: int,
        end: int,
    ) -> list[list[int] | None]:
        """What the model writes, greedy, up to `end`; None where that takes more than `steps`.

        It does so behind each row that is `asked` of each of `texts`, in their order.
        """
        rows = [row for of_text in asked for row in of_text]
        most = max(map(len, texts)) + max(map(len, rows)) + steps
        lasts, caches, filled = [], [], []
        with torch.no_grad():
            for first in range(0, len(texts), _READ):
                some, read = slice(first, first + _READ), self.read(texts[first : first + _READ])
                behind = [at for at, of_text in enumerate(asked[some]) for _ in of_text]
                follow, own = [row for of_text in asked[some] for row in of_text], []
                if follow:
                    hidden = self._behind(follow, behind, read, lora, own)
                    lengths = torch.tensor([*map(len, follow)])
                    lasts.append(hidden[lengths.cumsum(0) - 1])
                    caches.append(self._padded(follow, behind, read, own, most))
                    filled.append(torch.tensor(read.lengths)[behind] + lengths)
            layers = [zip(*layer, strict=True) for layer in zip(*caches, strict=True)]
            cache = [(torch.cat(keys), torch.cat(values)) for keys, values in layers]
            room = _Room(cache, torch.cat(filled))
            last = torch.cat(lasts)
            written: list[list[int]] = [[] for _ in rows]
            for step in range(steps):
                tokens = (last @ self.head.T).argmax(1)
                for reply, token in zip(written, tokens.tolist(), strict=True):
                    if not reply or reply[-1] != end:
                        reply.append(token)
                if step + 1 == steps or all(reply[-1] == end for reply in written):
                    break
                last = self._run(tokens, room.filled, lora, room.attend)
                room.filled += 1
        return [reply[:-1] if reply[-1] == end else None for reply in written]

    def _padded(
        self, rows: Sequence[list[int]], behind: Sequence[int], read: Read, own: Cache, most: int
    ) -> Cache:
        """For each of `rows` what it sees, the text and itself: (rows, key heads, most, size)."""
        starts = torch.tensor([0, *read.lengths]).cumsum(0).tolist()
        begins = torch.tensor([0, *map(len, rows)]).cumsum(0).tolist()
        padded: Cache = []
        for texts, follows in zip(read.cache, own, strict=True):
            both = []
            for text, follow in zip(texts, follows, strict=True):
                room = text.new_zeros(len(rows), self._key_heads, most, self._size)
                for at, of in enumerate(behind):
                    seen = text[:, starts[of] : starts[of + 1]]
                    seen = torch.cat([seen, follow[:, begins[at] : begins[at + 1]]], dim=1)
                    room[at, :, : seen.shape[1]] = seen
                both.append(room)
            padded.append((both[0], both[1]))
        return padded

    def _behind(
        self,
        rows: Sequence[list[int]],
        behind: Sequence[int],
        read: Read,
        lora: Lora | None,
        keep: Cache | None,
    ) -> Tensor:
        row = _Row.of(rows, [read.lengths[text] for text in behind], read.seen[[*behind]])
        return self._beside(row, read.cache, lora, keep)

    def _beside(self, row: _Row, prefix: Cache, lora: Lora | None, keep: Cache | None) -> Tensor:
        """Hidden states of sequences side by side, behind `prefix`."""

        def attend(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            if keep is not None:
                keep.append((k, v))
            if prefix:
                k, v = (
                    torch.cat([old, new], dim=1)
                    for old, new in zip(prefix[layer], (k, v), strict=True)
                )
            seen = functional.scaled_dot_product_attention(
                q[None], k[None], v[None], row.mask, enable_gqa=True
            )
            return seen[0].transpose(0, 1)

        return self._run(row.tokens, row.places, lora, attend)

    def _run(self, tokens: Tensor, places: Tensor, lora: Lora | None, attend: _Attend) -> Tensor:
        length = len(tokens)
        x = functional.embedding(tokens, self.words)
        for layer in range(self.layers):
            h = self._norm(x, f"blk.{layer}.attn_norm")

            def heads(name: str, count: int, h: Tensor = h, layer: int = layer) -> Tensor:
                flat = self._linear(h, layer, name, lora)
                return flat.view(length, count, self._size).transpose(0, 1)

            q = self._rotate(heads("attn_q", self._heads), places)
            k = self._rotate(heads("attn_k", self._key_heads), places)
            seen = attend(layer, q, k, heads("attn_v", self._key_heads)).reshape(length, -1)
            x = x + self._linear(seen, layer, "attn_output", lora)
            h = self._norm(x, f"blk.{layer}.ffn_norm")
            gate = functional.silu(self._linear(h, layer, "ffn_gate", lora))
            inner = gate * self._linear(h, layer, "ffn_up", lora)
            x = x + self._linear(inner, layer, "ffn_down", lora)
        return self._norm(x, "output_norm")

    def _norm(self, x: Tensor, name: str) -> Tensor:
        wide = x.float()
        scaled = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self._epsilon)
        return scaled.bfloat16() * self._weights[f"{name}.weight"]

    def _rotate(self, x: Tensor, places: Tensor) -> Tensor:
        half = self._size // 2
        turned = torch.cat([-x[..., half:], x[..., :half]], dim=-1)
        return x * self._cos[places] + turned * self._sin[places]

    def _linear(self, x: Tensor, layer: int, name: str, lora: Lora | None) -> Tensor:
        stem = f"blk.{layer}.{name}"
        y = functional.linear(x, self._weights[f"{stem}.weight"], self._weights.get(f"{stem}.bias"))
        if lora is not None and (layer, name) in lora:
            a, b = (matrix.bfloat16() for matrix in lora[layer, name])
            y = y + functional.linear(functional.linear(x, a), b) * self.scale
        return y
