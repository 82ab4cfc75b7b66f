"""Adapters: which one is used, and what llama.cpp is given."""

from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFReader
from safetensors.numpy import load_file, save_file

import prompts
from index import adapter as encoders
from index.bert import WEIGHTS
from rag import adapter, models
from rag.catalogue import CATALOGUE
from rag.settings import DEFAULT_EMBEDDER, DEFAULT_MODEL

SHA256 = models.pinned_sha256(DEFAULT_MODEL)
NOTED = {
    "architecture": "qwen2",
    "model_sha256": SHA256,
    "prompts": adapter.words(),
    "rank": "2",
    "scale": "1.5",
}


def write(path: Path, **noted: str) -> Path:
    random = np.random.default_rng(0)
    matrices = {
        "blk.3.attn_q.lora_a": random.standard_normal((2, 8)).astype(np.float16),
        "blk.3.attn_q.lora_b": random.standard_normal((4, 2)).astype(np.float16),
    }
    save_file(matrices, path, NOTED | noted)
    return path


def test_the_default_model_has_an_adapter_trained_with_the_prompts_of_today() -> None:
    found = adapter.find(SHA256)
    assert found is not None, "train it again: benchmarks/README.md"
    assert found.path.stat().st_size <= 5_000_000
    matrices = load_file(found.path)
    ranks = {
        (name.startswith(adapter.CHECK), matrix.shape[name.endswith("_b")])
        for name, matrix in matrices.items()
    }
    assert ranks == {(False, found.rank), (True, found.check_rank)}
    assert all(np.isfinite(matrix).all() and matrix.any() for matrix in matrices.values())


def test_no_other_model_and_no_model_without_a_hash_gets_it() -> None:
    assert adapter.find("0" * 64) is None
    assert adapter.find(models.pinned_sha256("/somebody/elses.gguf")) is None


def test_other_words_go_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "words", lambda: "0" * 12)
    assert adapter.find(SHA256) is None
    assert prompts.fingerprint("judge") != adapter.words()


def test_llama_cpp_is_given_the_same_numbers_and_no_file_stays(tmp_path: Path) -> None:
    made = adapter.read(write(tmp_path / "a.safetensors"))
    with adapter.as_gguf(made) as file:
        reader = GGUFReader(file)
        tensors = {tensor.name: np.array(tensor.data) for tensor in reader.tensors}
        noted = {name: reader.fields[name].contents() for name in reader.fields}
    assert not file.exists()
    assert {name.replace(".weight", "") for name in tensors} == set(load_file(made.path))
    for name, matrix in load_file(made.path).items():
        layer, side = name.rsplit(".", 1)
        assert np.array_equal(tensors[f"{layer}.weight.{side}"], matrix)
    # llama.cpp scales by alpha / rank
    assert noted["adapter.lora.alpha"] / made.rank == made.scale
    assert (noted["general.architecture"], noted["general.type"]) == ("qwen2", "adapter")


def test_the_check_is_a_part_by_itself(tmp_path: Path) -> None:
    file = write(tmp_path / "a.safetensors")
    assert adapter.read(file).check_rank == 0
    check = {
        "check.blk.5.attn_k.lora_a": np.ones((1, 8), np.float16),
        "check.blk.5.attn_k.lora_b": np.full((4, 1), 2, np.float16),
    }
    save_file(load_file(file) | check, file, NOTED | {"check_rank": "1"})
    made = adapter.read(file)
    for part, layer, rank in (("", "3.attn_q", 2), (adapter.CHECK, "5.attn_k", 1)):
        with adapter.as_gguf(made, part) as written:
            reader = GGUFReader(written)
            assert {tensor.name for tensor in reader.tensors} == {
                f"blk.{layer}.weight.lora_{side}" for side in "ab"
            }
            alpha = reader.fields["adapter.lora.alpha"].contents()
            assert alpha / rank == made.scale


def test_a_fingerprint_follows_the_numbers(tmp_path: Path) -> None:
    one = adapter.read(write(tmp_path / "a.safetensors"))
    other = adapter.read(write(tmp_path / "b.safetensors", seed="1"))
    assert one.fingerprint == adapter.read(one.path).fingerprint != other.fingerprint


# The encoder's


def test_the_default_encoder_has_an_adapter() -> None:
    pinned = {file.path: file.sha256 for file in CATALOGUE[DEFAULT_EMBEDDER].files}
    found = encoders.find(pinned[WEIGHTS])
    assert found is not None, "train it again: benchmarks/README.md"
    assert found.stat().st_size <= 1_400_000
    matrices = load_file(found)
    assert {name.rsplit("_", 1)[1] for name in matrices} == {"a", "b"}
    assert all(np.isfinite(matrix).all() and matrix.any() for matrix in matrices.values())


def test_no_other_encoder_gets_it() -> None:
    assert encoders.find("0" * 64) is None
    assert encoders.find("") is None


def test_an_encoders_layers_gain_the_product_of_the_matrices(tmp_path: Path) -> None:
    import torch

    encoder = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 3))
    first, second = (layer.weight.detach().clone() for layer in encoder)
    a, b = np.arange(8.0).reshape(2, 4), np.array([[1.0, 0], [0, 1], [2, 2]])
    given = {"0.lora_a": a.astype(np.float16), "0.lora_b": b.astype(np.float16)}
    save_file(given, tmp_path / "e.safetensors")
    encoders.merge(tmp_path / "e.safetensors", encoder)
    gained = (encoder[0].weight.detach() - first).numpy()
    assert np.allclose(gained, [[0, 1, 2, 3], [4, 5, 6, 7], [8, 12, 16, 20]], atol=1e-5)
    assert torch.equal(encoder[1].weight, second)
