"""The encoder's adapter: a megabyte that teaches it what a sentence that answers looks like.

An adapter is a LoRA (Hu et al. 2021) for the encoder whose weights have the SHA-256 that its header
names; others go without one. It lies beside this module as safetensors, which hold numbers and
nothing that runs: for a layer NAME of the encoder, `NAME.lora_a` of shape (rank, in) and
`NAME.lora_b` of shape (out, rank). `benchmarks/adapter/encoder.py` trains one.
"""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).with_name("adapters")


def find(weights_sha256: str) -> Path | None:
    """The bundled adapter of an encoder's weights."""
    return _bundled().get(weights_sha256)


def products(path: Path) -> dict[str, NDArray[np.float32]]:
    """What the adapter adds to the weights of each layer, by the layer's name."""
    from safetensors.numpy import load_file

    matrices = {key: matrix.astype(np.float32) for key, matrix in load_file(path).items()}
    names = sorted({key.rsplit(".", 1)[0] for key in matrices})
    return {name: matrices[f"{name}.lora_b"] @ matrices[f"{name}.lora_a"] for name in names}


def merge(path: Path, encoder: Any) -> None:
    """Add the adapter's products of matrices to the layers of `encoder`, a torch module."""
    import torch

    with torch.no_grad():
        for name, product in products(path).items():
            encoder.get_submodule(name).weight += torch.from_numpy(product)


@cache
def _bundled() -> dict[str, Path]:
    from safetensors import safe_open

    found = {}
    for path in sorted(FOLDER.glob("*.safetensors")):
        with safe_open(path, "numpy") as file:
            found[file.metadata()["weights_sha256"]] = path
    return found
