"""A BERT encoder in numpy: the vectors of a few texts at once, without the seconds torch loads for.

The architecture is that of BERT (Devlin et al. 2019), as sentence-transformers runs it with the
mean of its tokens: what this computes differs from that by less than 0.000002. Whole folders are
embedded by sentence-transformers; a question, and the windows found for it, by this. An encoder
that would differ in anything is left to sentence-transformers altogether.
"""

import json
import math
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from index import adapter

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Matrix = NDArray[np.float32]

WEIGHTS = "model.safetensors"
_PLAIN = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
# How an encoder has to be, by the files in its folder; what a file leaves out is so.
_CONFIG = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "is_decoder": False,
}
_OUTER = {"do_lower_case": False}
_STATED = {"default_prompt_name": None, "truncate_dim": None}
_TOKENIZER = {"truncation_side": "right"}
_NORMALIZER = {  # of the tokenizer: as its settings state, which transformers goes by
    "lowercase": ("do_lower_case", True),
    "strip_accents": ("strip_accents", None),
    "handle_chinese_chars": ("tokenize_chinese_chars", True),
}
_WORDS = "embeddings.word_embeddings.weight"
_PLACES = "embeddings.position_ids"  # no weight, though it is among them in some files
# Abramowitz and Stegun (1964), 7.1.26: the error function within 0.00000015
_ERF = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
_ERF_P = 0.3275911
_ROWS = 64  # of tokens, whose inner values stay near the processor
_KEPT = 64_000_000  # bytes of states that are kept


class TokenVectors(NamedTuple):
    """A text's tokens, in its order, without those that only mark where it begins and ends."""

    ids: NDArray[np.int64]  # shape (tokens,); equal tokens have equal ids
    vectors: Matrix  # shape (tokens, dimension), each of length 1: a token where it stands


_Pair = tuple[Matrix, Matrix]  # weight (out, in) or (dimension,), and bias


class _Layer(NamedTuple):
    asking: _Pair  # query, key and value, one below the other
    seen: _Pair
    seen_norm: _Pair
    inner: _Pair
    outer: _Pair
    norm: _Pair

    @classmethod
    def of(cls, weights: dict[str, Matrix], stem: str) -> "_Layer":
        """The layer whose names in transformers begin with `stem`."""
        looking = f"{stem}.attention"
        asking = [_pair(weights, f"{looking}.self.{name}") for name in ("query", "key", "value")]
        return cls(
            (np.concatenate([a for a, _ in asking]), np.concatenate([b for _, b in asking])),
            _pair(weights, f"{looking}.output.dense"),
            _pair(weights, f"{looking}.output.LayerNorm"),
            _pair(weights, f"{stem}.intermediate.dense"),
            _pair(weights, f"{stem}.output.dense"),
            _pair(weights, f"{stem}.output.LayerNorm"),
        )


class Bert:
    """The weights of one encoder, and what they are multiplied by."""

    def __init__(self, weights: dict[str, Matrix], layers: int, heads: int, epsilon: float) -> None:
        """`weights` by their names in transformers; raises KeyError where some are missing."""
        self._heads, self._epsilon = heads, np.float32(epsilon)
        self._words = weights[_WORDS]
        self._places = (
            weights["embeddings.position_embeddings.weight"]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self._norm = _pair(weights, "embeddings.LayerNorm")
        self._layers = [_Layer.of(weights, f"encoder.layer.{row}") for row in range(layers)]

    def states(self, texts: Sequence[NDArray[np.int64]]) -> list[Matrix]:
        """The last layer's states (tokens, dimension) of each text, given as ids (tokens,).

        There is at least one text, and at least one token in each.
        """
        ends = np.cumsum([len(text) for text in texts])[:-1]
        places = np.concatenate([np.arange(len(text)) for text in texts])
        x = self._normed(self._words[np.concatenate(texts)] + self._places[places], self._norm)
        for layer in self._layers:
            asked = _linear(x, layer.asking)
            looked = np.concatenate([self._look(part) for part in np.split(asked, ends)])
            x = self._normed(x + _linear(looked, layer.seen), layer.seen_norm)
            x = self._normed(x + _between(x, layer), layer.norm)
        return np.split(x, ends)

    def _look(self, asked: Matrix) -> Matrix:
        """What each token of one text takes from all of them (tokens, dimension)."""
        tokens = len(asked)
        q, k, v = asked.reshape(tokens, 3, self._heads, -1).transpose(1, 2, 0, 3)
        scores = q @ k.transpose(0, 2, 1) / np.float32(math.sqrt(q.shape[-1]))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        found: Matrix = (scores @ v).transpose(1, 0, 2).reshape(tokens, -1)
        return found

    def _normed(self, x: Matrix, pair: _Pair) -> Matrix:
        x = x - x.mean(axis=-1, keepdims=True)
        x /= np.sqrt((x * x).mean(axis=-1, keepdims=True) + self._epsilon)
        normed: Matrix = x * pair[0] + pair[1]
        return normed


class _Read(NamedTuple):
    """A text as the encoder has read it, its marks included."""

    ids: NDArray[np.int64]  # shape (tokens,)
    states: Matrix  # shape (tokens, dimension)


class Encoder:
    """An encoder of sentence-transformers, as far as it is a BERT with the mean of its tokens.

    A text is read once: a question is compared with passages, windows and sentences in turn, and
    windows are found again. Those read last are kept in memory.
    """

    def __init__(self, bert: Bert, tokenizer: "Tokenizer") -> None:
        self._bert, self._tokenizer = bert, tokenizer
        self._keeping = threading.Lock()
        self._kept: OrderedDict[str, _Read] = OrderedDict()  # that asked for last is last
        added = tokenizer.get_added_tokens_decoder().items()
        self._marks = [number for number, token in added if token.special]

    @classmethod
    def load(cls, folder: Path, taught: Path | None) -> "Encoder | None":
        """The encoder in `folder`, with the adapter `taught`; None for one of another kind.

        None, too, where files are missing or damaged: sentence-transformers says what is wrong.
        """
        from safetensors import SafetensorError

        try:
            encoder = cls._load(folder, taught)
            if encoder is not None:
                encoder.vectors(["", "a"])  # what its files state may not fit together
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            IndexError,
            SafetensorError,
        ):
            return None
        return encoder

    @classmethod
    def _load(cls, folder: Path, taught: Path | None) -> "Encoder | None":
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        config = _read(folder / "config.json")
        if not _usual(folder, config):
            return None
        weights = load_file(folder / WEIGHTS)
        if any(weight.dtype != np.float32 for name, weight in weights.items() if name != _PLACES):
            return None
        for name, product in adapter.products(taught).items() if taught else ():
            weights[f"{name}.weight"] += product
        layers, heads = config["num_hidden_layers"], config["num_attention_heads"]
        bert = Bert(weights, layers, heads, config["layer_norm_eps"])
        text = (folder / "tokenizer.json").read_text(encoding="utf-8")
        try:
            tokenizer = Tokenizer.from_str(text)
        except Exception as error:  # of no narrower class
            raise ValueError(str(error)) from error
        length = _read(folder / "sentence_bert_config.json")["max_seq_length"]
        tokenizer.no_padding()
        tokenizer.enable_truncation(min(length, config["max_position_embeddings"]))
        return cls(bert, tokenizer)

    def vectors(self, texts: Sequence[str], *, keep: bool = True) -> Matrix:
        """Vectors of shape (texts, dimension), each of length 1, of at least one text.

        With `keep`, what was read may be kept for the next time.
        """
        read = self._read(texts, keep=keep)
        return unit(np.stack([each.states.mean(axis=0) for each in read]))

    def tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The tokens of each text, as far as they are read."""
        return [own_tokens(read.ids, read.states, self._marks) for read in self._read(texts)]

    def _read(self, texts: Sequence[str], *, keep: bool = True) -> list[_Read]:
        with self._keeping:
            found = {text: self._kept[text] for text in texts if text in self._kept}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        if new:
            encoded = self._tokenizer.encode_batch(new)
            ids = [np.array(text.ids, dtype=np.int64) for text in encoded]
            for text, own, states in zip(new, ids, self._bert.states(ids), strict=True):
                found[text] = _Read(own, states.copy())  # no part of what holds them all
        if keep:
            self._keep(found)
        return [found[text] for text in texts]

    def _keep(self, found: Mapping[str, _Read]) -> None:
        with self._keeping:
            for text, read in found.items():
                self._kept[text] = read
                self._kept.move_to_end(text)
            size = sum(read.states.nbytes for read in self._kept.values())
            while size > _KEPT:
                _, oldest = self._kept.popitem(last=False)
                size -= oldest.states.nbytes


def unit(vectors: Matrix) -> Matrix:
    """`vectors` (rows, dimension), each brought to length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: Matrix = vectors / lengths
    return found


def own_tokens(ids: NDArray[np.int64], states: Matrix, marks: Sequence[int]) -> TokenVectors:
    """A text's tokens (tokens,) and their states (tokens, dimension), without `marks`."""
    own = ~np.isin(ids, marks)
    return TokenVectors(ids[own], unit(states[own]))


def _usual(folder: Path, config: dict[str, Any]) -> bool:
    """Whether it is a BERT with the mean of its tokens, and nothing more or less."""
    modes, _ = pooling(folder)
    stated = folder / "config_sentence_transformers.json"
    settings = _read(folder / "tokenizer_config.json")
    normalizer = _read(folder / "tokenizer.json")["normalizer"]
    return (
        modes == ["pooling_mode_mean_tokens"]
        and not _read(folder / "modules.json")[0]["path"]
        and _agree(config, _CONFIG)
        and config.get("dtype", config.get("torch_dtype")) in (None, "float32")
        and _agree(_read(folder / "sentence_bert_config.json"), _OUTER)
        and (not stated.is_file() or _agree(_read(stated), _STATED))
        and _agree(settings, _TOKENIZER)
        and settings.get("tokenizer_class") in (None, "BertTokenizer", "BertTokenizerFast")
        and normalizer["type"] == "BertNormalizer"
        and all(
            normalizer[own] == settings.get(name, usual)
            for own, (name, usual) in _NORMALIZER.items()
        )
    )


def _agree(stated: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(stated.get(name, value) == value for name, value in wanted.items())


def pooling(folder: Path) -> tuple[list[str], int]:
    """How an encoder of the usual kind makes one vector of its tokens', and their dimension.

    Raises ValueError for one of another kind, and OSError, KeyError, TypeError or AttributeError
    where the files are no statement of it.
    """
    modules = _read(folder / "modules.json")
    kinds = [str(module["type"]).rsplit(".", 1)[-1] for module in modules]
    if kinds not in _PLAIN:
        raise ValueError(f"no usual encoder: {kinds}")
    stated = _read(folder / modules[1]["path"] / "config.json")
    modes = [key for key, value in stated.items() if key.startswith("pooling_") and value is True]
    return modes, int(stated["word_embedding_dimension"])


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _pair(weights: dict[str, Matrix], name: str) -> _Pair:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _between(x: Matrix, layer: _Layer) -> Matrix:
    """What the two outer matrices of a layer make of each token, some tokens at a time."""
    parts = [x[first : first + _ROWS] for first in range(0, len(x), _ROWS)]
    return np.concatenate(
        [_linear(_gelu(_linear(part, layer.inner)), layer.outer) for part in parts]
    )


def _linear(x: Matrix, pair: _Pair) -> Matrix:
    y: Matrix = x @ pair[0].T
    y += pair[1]
    return y


def _gelu(x: Matrix) -> Matrix:
    """x times the share of a normal distribution below it (Hendrycks and Gimpel 2016)."""
    z = np.abs(x) * np.float32(math.sqrt(0.5))
    t = 1 / (1 + np.float32(_ERF_P) * z)
    above = np.full_like(t, _ERF[0])
    for factor in _ERF[1:]:
        above *= t
        above += np.float32(factor)
    above *= t
    above *= np.exp(-z * z)  # 1 - erf(z)
    above *= np.float32(0.5)
    found: Matrix = np.where(x < 0, x * above, x - x * above)
    return found
