"""The real encoder, with the adapter that Footnote has for it."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from index.embed import SentenceTransformerEmbedder, Vectors
from rag import models
from rag.errors import ModelError
from rag.interaction import by_interaction
from rag.settings import DEFAULT_EMBEDDER
from rag.types import Evidence

pytestmark = pytest.mark.real

QUESTION = "Who headed the Iraqi delegation to Qom?"
TEXT = "Ali al-Adeeb headed the delegation that went to Qom."
WEIGHTS = "model.safetensors"


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
    vectors = embedder.encode([TEXT, QUESTION, *[TEXT] * 100])
    assert sorted(seen) == sorted([TEXT, QUESTION])
    assert vectors.shape == (102, embedder.dimension)
    assert np.array_equal(vectors[0], vectors[101])
    assert not np.array_equal(vectors[0], vectors[1])
    assert embedder.encode([]).shape == (0, embedder.dimension)


def test_threads_may_share_the_embedder(embedder: SentenceTransformerEmbedder) -> None:
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
    assert np.array_equal(again.vectors, asked.vectors)
    (alone,) = embedder.tokens([QUESTION])
    assert np.array_equal(alone.ids, asked.ids)
    assert np.allclose(alone.vectors, asked.vectors, atol=1e-4)


def test_an_encoder_that_has_no_vectors_of_tokens_says_so(
    embedder: SentenceTransformerEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    assert lazy._loaded is None
    assert lazy.encode([TEXT]).shape == (1, lazy.dimension)
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
