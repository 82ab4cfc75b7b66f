"""Adapters: a few megabytes that teach a model to judge, to answer, to check and to rewrite.

An adapter is a LoRA (Hu et al. 2021) for one model file, named by its SHA-256, and for the words
that it is asked with, named by their fingerprint; for others it is not used. It lies beside this
module as safetensors, which hold numbers and nothing that runs. `benchmarks/adapter` trains one.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import prompts

FOLDER = Path(__file__).with_name("adapters")
CHECK = "check."  # before the names of its matrices
_PROMPTS = (
    "system",
    "evidence",
    "judge",
    "answer",
    "check",
    "system_rewrite",
    "rewrite",
    "rewrite_request",
)


@dataclass(frozen=True, slots=True)
class Adapter:
    """A file of matrices `blk.N.NAME.lora_a` (rank, in) and `.lora_b` (out, rank).

    Those of `check.blk.N...` are for the check of what was written, beside the others.
    """

    path: Path
    architecture: str  # as GGUF names it
    model_sha256: str
    prompts: str
    rank: int
    check_rank: int  # 0 where it has not learned to check
    scale: float  # what the product of the two matrices is multiplied by

    @property
    def fingerprint(self) -> str:
        """Short SHA-256 of the file: a calibration holds for it alone."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()[:12]


def words() -> str:
    """The fingerprint of the prompts that an adapter is trained with."""
    return prompts.fingerprint(*_PROMPTS)


def find(model_sha256: str) -> Adapter | None:
    """The bundled adapter of a model file under today's prompts."""
    for adapter in _bundled():
        if (adapter.model_sha256, adapter.prompts) == (model_sha256, words()):
            return adapter
    return None


@contextmanager
def as_gguf(adapter: Adapter, part: str = "") -> Iterator[Path]:
    """The adapter, or its part `CHECK`, as llama.cpp reads it: a GGUF, while the block lasts."""
    import gguf
    from safetensors.numpy import load_file

    with tempfile.TemporaryDirectory(prefix="footnote-") as folder:
        path = Path(folder) / "adapter.gguf"
        writer = gguf.GGUFWriter(path, adapter.architecture)
        writer.add_type("adapter")
        writer.add_string("adapter.type", "lora")
        rank = adapter.check_rank if part else adapter.rank
        writer.add_float32("adapter.lora.alpha", adapter.scale * rank)
        for name, matrix in sorted(load_file(adapter.path).items()):
            if name.startswith(f"{part}blk."):
                layer, side = name.removeprefix(part).rsplit(".", 1)
                writer.add_tensor(f"{layer}.weight.{side}", matrix)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        yield path


def read(path: Path) -> Adapter:
    """The adapter in a safetensors file, by what its header notes."""
    from safetensors import safe_open

    with safe_open(path, "numpy") as file:
        noted = file.metadata()
    return Adapter(
        path,
        noted["architecture"],
        noted["model_sha256"],
        noted["prompts"],
        int(noted["rank"]),
        int(noted.get("check_rank", 0)),
        float(noted["scale"]),
    )


@cache
def _bundled() -> tuple[Adapter, ...]:
    return tuple(read(path) for path in sorted(FOLDER.glob("*.safetensors")))
