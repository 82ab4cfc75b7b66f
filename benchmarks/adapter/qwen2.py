"""Qwen2 in torch, read from a GGUF, with a LoRA that is in force behind a prefix only.

The architecture is that of Qwen2.5 (Qwen Team 2024): pre-normalised layers, rotary positions
(Su et al. 2021), grouped queries (Ainslie et al. 2023), SwiGLU. Weights are what llama.cpp computes
with, taken out of their quantisation, so that the adapter learns to live with its rounding.
"""

import math
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader
from gguf.quants import dequantize
from torch import Tensor
from torch.nn import functional

ADAPTED = ("attn_q", "attn_k", "attn_v", "attn_output")

Lora = dict[tuple[int, str], tuple[Tensor, Tensor]]
"""(layer, matrix) -> (a of shape (rank, in), b of shape (out, rank))."""
Cache = list[tuple[Tensor, Tensor]]
"""Keys and values of each layer, of shape (key heads, tokens, head size)."""


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

    def read(self, tokens: list[int]) -> Cache:
        """Keys and values of a prefix, which no LoRA has a part in."""
        cache: Cache = []
        with torch.no_grad():
            self._run(torch.tensor([tokens]), [], None, cache)
        return cache

    def follow(self, tokens: Tensor, prefix: Cache, lora: Lora | None) -> Tensor:
        """Hidden states (batch, length, size) of `tokens` (batch, length) behind `prefix`."""
        return self._run(tokens, prefix, lora, None)

    def _run(self, tokens: Tensor, prefix: Cache, lora: Lora | None, keep: Cache | None) -> Tensor:
        batch, length = tokens.shape
        before = prefix[0][0].shape[1] if prefix else 0
        places = torch.arange(before, before + length)
        mask = torch.ones(length, before + length, dtype=torch.bool).tril(before)
        x = functional.embedding(tokens, self.words)
        for layer in range(self.layers):
            h = self._norm(x, f"blk.{layer}.attn_norm")

            def heads(name: str, count: int, h: Tensor = h, layer: int = layer) -> Tensor:
                flat = self._linear(h, layer, name, lora)
                return flat.view(batch, length, count, self._size).transpose(1, 2)

            q = self._rotate(heads("attn_q", self._heads), places)
            k = self._rotate(heads("attn_k", self._key_heads), places)
            v = heads("attn_v", self._key_heads)
            if keep is not None:
                keep.append((k[0], v[0]))
            if prefix:
                k, v = (
                    torch.cat([old.expand(batch, -1, -1, -1), new], dim=2)
                    for old, new in zip(prefix[layer], (k, v), strict=True)
                )
            seen = functional.scaled_dot_product_attention(q, k, v, mask, enable_gqa=True)
            seen = seen.transpose(1, 2).reshape(batch, length, -1)
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
