"""The real encoder, with the adapter that Footnote has for it."""

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from index import compiled
from index.bert import WEIGHTS, Bert, Encoder, Matrix
from index.embed import SentenceTransformerEmbedder, Vectors
from rag import models
from rag.errors import ModelError
from rag.interaction import by_interaction
from rag.settings import DEFAULT_EMBEDDER
from rag.types import Evidence

pytestmark = pytest.mark.real

QUESTION = "Who headed the Iraqi delegation to Qom?"
TEXT = "Ali al-Adeeb headed the delegation that went to Qom."


@pytest.fixture(scope="module")
def folder(real_models: Path) -> Path:
    return models.resolve(DEFAULT_EMBEDDER, real_models, offline=True)


@pytest.fixture(scope="module")
def embedder(folder: Path) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(folder, DEFAULT_EMBEDDER)


@pytest.fixture(scope="module")
def plain(folder: Path) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(folder, DEFAULT_EMBEDDER, adapted=False)


def test_vectors_have_length_one_and_keep_the_order(embedder: SentenceTransformerEmbedder) -> None:
    texts = [QUESTION, "", "word " * 2000, TEXT, "誰が 🙂", "x", QUESTION]
    vectors = embedder.encode(texts)
    assert vectors.shape == (7, embedder.dimension) == (7, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)
    assert np.allclose(vectors[0], vectors[6], atol=1e-5)
    assert np.allclose(vectors[3], embedder.encode([TEXT])[0], atol=1e-4)
    assert vectors[0] @ vectors[3] > vectors[0] @ vectors[5]


def test_equal_texts_are_embedded_once(
    embedder: SentenceTransformerEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = embedder._model.encode
    seen: list[str] = []

    def counting(texts: list[str], **given: object) -> object:
        seen.extend(texts)
        return encode(texts, **given)

    monkeypatch.setattr(embedder._model, "encode", counting)
    numbers = [f"number {number}" for number in range(255)]
    vectors = embedder.encode([TEXT, QUESTION, *numbers, *[TEXT] * 100])
    assert sorted(seen) == sorted([TEXT, QUESTION, *numbers])
    assert vectors.shape == (357, embedder.dimension)
    assert np.array_equal(vectors[0], vectors[356])
    few = embedder.encode([TEXT, QUESTION, *numbers[:254]])
    assert len(seen) == 257, "so few are embedded otherwise"
    assert np.allclose(vectors[:256], few, atol=2e-6)
    assert not np.array_equal(vectors[0], vectors[1])
    assert embedder.encode([]).shape == (0, embedder.dimension)


@pytest.mark.parametrize("few", [True, False])
def test_threads_may_share_the_embedder(folder: Path, *, few: bool) -> None:
    embedder = SentenceTransformerEmbedder(folder, "e")
    embedder._tried = not few
    texts = [["word " * (7 * i + j) for j in range(1, 4)] for i in range(12)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(embedder.encode, texts))
    for some, vectors in zip(texts, together, strict=True):
        assert np.allclose(vectors, embedder.encode(some), atol=1e-4)


def test_a_text_s_tokens_are_its_own_whatever_stands_beside_it(
    embedder: SentenceTransformerEmbedder,
) -> None:
    asked, long, empty, again = embedder.tokens([QUESTION, "word " * 2000, "", QUESTION])
    assert asked.ids.shape == (9,), "who headed the iraqi delegation to qo ##m ?"
    assert asked.vectors.shape == (9, embedder.dimension)
    assert (long.ids.shape, empty.vectors.shape) == ((254,), (0, embedder.dimension))
    assert set(long.ids.tolist()) & set(asked.ids.tolist()) == set()
    for each in (asked, long):
        assert np.allclose(np.linalg.norm(each.vectors, axis=1), 1.0, atol=1e-4)
    # where a row stands in a product of matrices decides on some processors how it is rounded
    assert np.allclose(again.vectors, asked.vectors, rtol=0, atol=1e-6)
    (alone,) = embedder.tokens([QUESTION])
    assert np.array_equal(alone.ids, asked.ids)
    assert np.allclose(alone.vectors, asked.vectors, rtol=0, atol=1e-6)


HOSTILE = [
    QUESTION,
    "word " * 2000,
    "",
    " \t spaced \u00a0 out ",
    "誰が 🙂 Ünïcödé İstanbul",
    "[CLS] hello [SEP] [UNK] [MASK] [PAD]",
    "a" * 300,
    "\x00 \u202e \ufffd",
]


@pytest.mark.parametrize("adapted", [True, False])
def test_a_few_texts_are_embedded_as_sentence_transformers_does(
    folder: Path, *, adapted: bool
) -> None:
    few, many = (SentenceTransformerEmbedder(folder, "e", adapted=adapted) for _ in range(2))
    many._tried = True  # in vain
    assert few.dimension == many.dimension
    assert np.allclose(few.encode(HOSTILE), many.encode(HOSTILE), atol=2e-6)
    for one, other in zip(few.tokens(HOSTILE), many.tokens(HOSTILE), strict=True):
        assert np.array_equal(one.ids, other.ids)
        assert np.allclose(one.vectors, other.vectors, atol=2e-6)
    assert few._loaded is None
    assert many._for_few is None


def change(file: Path, **values: object) -> None:
    stated = json.loads(file.read_text())
    file.write_text(json.dumps(stated | values))


OTHERS: dict[str, Callable[[Path], None]] = {
    "cls": lambda e: change(
        e / "1_Pooling" / "config.json",
        pooling_mode_cls_token=True,
        pooling_mode_mean_tokens=False,
    ),
    "cls and mean": lambda e: change(e / "1_Pooling" / "config.json", pooling_mode_cls_token=True),
    "another activation": lambda e: change(e / "config.json", hidden_act="relu"),
    "another architecture": lambda e: change(e / "config.json", model_type="roberta"),
    "relative positions": lambda e: change(
        e / "config.json", position_embedding_type="relative_key"
    ),
    "lower case first": lambda e: change(e / "sentence_bert_config.json", do_lower_case=True),
    "no length": lambda e: (e / "sentence_bert_config.json").unlink(),
    "a decoder": lambda e: change(e / "config.json", is_decoder=True),
    "run in half": lambda e: change(e / "config.json", torch_dtype="float16"),
    "more layers than weights": lambda e: change(e / "config.json", num_hidden_layers=7),
    "heads that do not fit": lambda e: change(e / "config.json", num_attention_heads=7),
    "vectors cut off": lambda e: change(e / "config_sentence_transformers.json", truncate_dim=64),
    "cut at the left": lambda e: change(e / "tokenizer_config.json", truncation_side="left"),
    "capitals kept": lambda e: change(e / "tokenizer_config.json", do_lower_case=False),
    "another tokenizer": lambda e: change(e / "tokenizer_config.json", tokenizer_class="Roberta"),
    "a tokenizer that is none": lambda e: change(e / "tokenizer.json", model={"type": "None"}),
    "weights elsewhere": lambda e: (e / "modules.json").write_text(
        (e / "modules.json").read_text().replace('"path": ""', '"path": "0_Transformer"')
    ),
    "a prompt before each text": lambda e: change(
        e / "config_sentence_transformers.json", prompts={"q": "find: "}, default_prompt_name="q"
    ),
    "half numbers": lambda e: save_file(
        {
            name: weight.astype(np.float16) if weight.dtype == np.float32 else weight
            for name, weight in load_file(e / WEIGHTS).items()
        },
        e / WEIGHTS,
        {"format": "pt"},
    ),
}


@pytest.mark.parametrize("change_it", OTHERS.values(), ids=OTHERS.keys())
def test_encoders_of_other_kinds_are_left_to_sentence_transformers(
    folder: Path, tmp_path: Path, change_it: Callable[[Path], None]
) -> None:
    other = shutil.copytree(folder, tmp_path / "e")
    assert Encoder.load(other, None) is not None
    change_it(other)
    assert Encoder.load(other, None) is None


def test_a_text_is_read_once_whatever_is_asked_of_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.bert._KEPT", 9 * 384 * 4)  # three words between their marks
    embedder = SentenceTransformerEmbedder(folder, "e")
    afresh = SentenceTransformerEmbedder(folder, "e").encode(["three"])
    read = 0
    states = Bert.states

    def counting(bert: Bert, texts: Sequence[NDArray[np.int64]]) -> list[Matrix]:
        nonlocal read
        read += len(texts)
        return states(bert, texts)

    embedder.load()
    monkeypatch.setattr(Bert, "states", counting)
    tokens = embedder.tokens(["one", "two"])
    vectors = embedder.encode(["three", "one", "three"])
    assert read == 3
    assert np.allclose(vectors[0], afresh[0], atol=1e-6) and (vectors[0] == vectors[2]).all()
    assert (
        tokens is not None and vectors[1] @ tokens[0].vectors[0] > vectors[1] @ tokens[1].vectors[0]
    )
    embedder.encode(["four"])  # in the place of two, which was asked for longest ago
    embedder.tokens(["one", "three"])
    assert read == 4
    embedder.tokens(["two"])
    assert read == 5
    assert embedder.tokens([]) == []
    embedder.encode([str(number) for number in range(40)])  # an article's sentences, say
    assert read == 45
    embedder.tokens(["one", "two"])
    assert read == 45, "which do not take the place of what is asked for"
    assert embedder._few is not None
    kept = [each.states for each in embedder._few._kept.values()]
    assert all(states.base is None for states in kept), "what is kept holds nothing else in memory"


def test_an_encoder_that_has_no_vectors_of_tokens_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = SentenceTransformerEmbedder(folder, DEFAULT_EMBEDDER)
    embedder._tried = True  # to do without sentence-transformers, in vain
    encode = embedder._model.encode

    def without(texts: list[str], **given: object) -> object:
        return [
            {"sentence_embedding": text["sentence_embedding"]} for text in encode(texts, **given)
        ]

    monkeypatch.setattr(embedder._model, "encode", without)
    assert embedder.tokens([QUESTION]) is None
    found = [Evidence("a", "p", "", "a", "", "", (), t, 0, 3, 0.5) for t in ("one", "two")]
    assert by_interaction(QUESTION, found, embedder) == found


def test_other_words_for_what_is_asked_bring_a_window_forward(
    embedder: SentenceTransformerEmbedder,
) -> None:
    texts = [
        "The flood came on Monday. Many people of the valley had been warned of the flood.",
        "In the flood 31 villagers lost their lives.",
        "How people live after the flood is not known.",
    ]
    found = [Evidence("a", "p", "", "a", "", "", (), t, 0, len(t), 0.5) for t in texts]
    ordered = by_interaction("How many people died in the flood?", found, embedder)
    assert ordered[0].text == texts[1]


def without_weights(folder: Path, copy: Path) -> Path:
    return shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(f"{WEIGHTS}*"))


def test_an_embedder_without_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be loaded"):
        SentenceTransformerEmbedder(without_weights(folder, tmp_path / "e"), "e").load()


def test_an_embedder_with_half_its_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = without_weights(folder, tmp_path / "e")
    with (folder / WEIGHTS).open("rb") as whole:
        (copy / WEIGHTS).write_bytes(whole.read(1_000_000))
    with pytest.raises(ModelError, match="cannot be loaded"):
        SentenceTransformerEmbedder(copy, "e").load()


def test_an_embedder_is_not_loaded_before_it_is_needed(folder: Path, tmp_path: Path) -> None:
    lazy = SentenceTransformerEmbedder(folder, "e")
    assert not lazy.loaded
    assert lazy.encode([TEXT]).shape == (1, lazy.dimension)
    assert lazy.loaded
    unusual = shutil.copytree(folder, tmp_path / "e")
    (unusual / "1_Pooling" / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="cannot be loaded"):  # its files do not state it
        SentenceTransformerEmbedder(unusual, "e")


# Its adapter


def test_the_adapter_is_merged_and_told_by_the_fingerprint(
    embedder: SentenceTransformerEmbedder, plain: SentenceTransformerEmbedder
) -> None:
    assert embedder.fingerprint != plain.fingerprint
    cosines = np.sum(embedder.encode([TEXT]) * plain.encode([TEXT]))
    assert 0.2 < cosines < 0.99


def test_it_looks_for_the_answer_and_not_for_the_questions_words(
    embedder: SentenceTransformerEmbedder, plain: SentenceTransformerEmbedder
) -> None:
    question = "When did the bridge reopen to lorries?"
    answer = "Heavy traffic has been let across again since 3 May."
    echo = "Lorry drivers asked when the bridge would reopen to lorries."

    def lead(vectors: Vectors) -> float:
        return float(vectors[0] @ vectors[1] - vectors[0] @ vectors[2])

    texts = [question, answer, echo]
    assert lead(embedder.encode(texts)) > lead(plain.encode(texts))


def test_other_weights_go_without(folder: Path, tmp_path: Path) -> None:
    other = shutil.copytree(folder, tmp_path / "e")
    weights = load_file(other / WEIGHTS)
    weights["encoder.layer.5.output.LayerNorm.bias"] += 0.01
    save_file(weights, other / WEIGHTS, {"format": "pt"})
    one, two = (SentenceTransformerEmbedder(other, "e", adapted=on) for on in (True, False))
    assert one.fingerprint == two.fingerprint
    assert np.array_equal(one.encode([TEXT]), two.encode([TEXT]))


# OpenVINO instead of torch


def test_openvino_makes_the_vectors_that_torch_makes_and_calls_nobody(folder: Path) -> None:
    texts = [f"{TEXT} {'Nobody else was named. ' * (number % 40)}{number}" for number in range(300)]
    fast = SentenceTransformerEmbedder(folder, "e", backend="openvino")
    torch = SentenceTransformerEmbedder(folder, "e")
    assert fast.fingerprint == torch.fingerprint  # the index is the same
    assert np.allclose(fast.encode(texts), torch.encode(texts), atol=1e-5)
    assert "forward" in vars(fast._model[0].auto_model), "OpenVINO ran it"
    assert sys.modules["openvino"] is not None
    assert sys.modules["openvino_telemetry"] is None  # which would report the import


def test_two_threads_embed_at_once_by_openvino(folder: Path) -> None:
    fast = SentenceTransformerEmbedder(folder, "e", backend="openvino")
    halves = [[f"{name} {number}" for number in range(300)] for name in ("one", "two")]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(fast.encode, halves))
    for half, vectors in zip(halves, together, strict=True):
        assert np.array_equal(fast.encode(half), vectors)


def test_an_encoder_that_openvino_runs_otherwise_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = compiled._compiled

    def otherwise(*given: Any) -> Any:
        forward = run(*given)
        return lambda **values: {"last_hidden_state": -forward(**values).last_hidden_state}

    monkeypatch.setattr(compiled, "_compiled", otherwise)
    with pytest.raises(ModelError, match="other vectors of the embedding model than torch"):
        SentenceTransformerEmbedder(folder, "e", backend="openvino").encode(
            [f"text {number}" for number in range(300)]
        )


def test_an_encoder_that_openvino_cannot_run_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> Any:
        raise ImportError("libopenvino.so is missing")

    texts = [f"text {number}" for number in range(300)]
    with monkeypatch.context() as patch:
        patch.setattr(compiled, "_compiled", fails)
        with pytest.raises(ModelError, match=r"libopenvino.* Set embedder_backend to torch"):
            SentenceTransformerEmbedder(folder, "e", backend="openvino").encode(texts)
    fast = SentenceTransformerEmbedder(folder, "e", backend="openvino")
    encoder = fast._model[0].auto_model
    run = encoder.forward

    def flat(**values: Any) -> Any:
        return run(**{name: value[0] for name, value in values.items() if hasattr(value, "shape")})

    monkeypatch.setattr(encoder, "forward", flat)
    with pytest.raises(ModelError, match="OpenVINO has failed"):
        fast.encode(texts)


def test_openvino_that_is_not_installed_is_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "installed", lambda: False)
    with pytest.raises(ModelError, match="is not installed"):
        SentenceTransformerEmbedder(folder, "e", backend="openvino")
    SentenceTransformerEmbedder(folder, "e")
