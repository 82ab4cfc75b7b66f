"""The encoder run by OpenVINO instead of torch: the same vectors, sooner.

OpenVINO is the extra `openvino` of the package. Its calls home are off: the package that
makes them counts as not installed, for which OpenVINO has a stand-in that does nothing.
"""

import sys
import warnings
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from index.errors import ModelError

if TYPE_CHECKING:  # torch, which takes seconds to import
    from sentence_transformers import SentenceTransformer

_TRACED = ["Two texts show what the encoder does,", "and one of them is longer than the other."]
_CHECKED = ["", "Three others, of all lengths,", "are embedded both ways. " * 400]
_EQUAL = 1e-4  # difference between two vectors' parts that rounding does not reach
_EXACT = {"INFERENCE_PRECISION_HINT": "f32"}  # some CPUs would round to 16 bits
_INSTEAD = "Set embedder_backend to torch"


def installed() -> bool:
    """Whether OpenVINO is here."""
    return find_spec("openvino") is not None


def compile_encoder(model: "SentenceTransformer") -> None:
    """Have OpenVINO run the encoder of `model` from now on.

    Raises ModelError for an encoder that it cannot run, or not to the same vectors.
    """
    embed = partial(model.encode, _CHECKED, normalize_embeddings=True, show_progress_bar=False)
    before = embed()
    try:
        encoder: Any = model[0].auto_model
        encoder.forward = _compiled(encoder, model.preprocess(_TRACED))
        after = embed()
    except Exception as error:  # its own classes differ from version to version
        raise ModelError(
            f"OpenVINO cannot run the embedding model ({error}). {_INSTEAD}, or install it again."
        ) from error
    if not np.allclose(before, after, atol=_EQUAL):
        raise ModelError(
            f"OpenVINO makes other vectors of the embedding model than torch. {_INSTEAD}."
        )


def _compiled(encoder: Any, example: dict[str, Any]) -> Any:
    """What takes the inputs that `example` has, and returns what `encoder` would of them."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # as not installed
    import openvino
    import torch
    from transformers.modeling_outputs import BaseModelOutput
    from transformers.utils import logging

    inputs = {name: value for name, value in example.items() if torch.is_tensor(value)}

    class Tokens(torch.nn.Module):
        """The encoder, of which nothing but the tokens' vectors is asked."""

        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, *values: torch.Tensor) -> Any:
            return self.encoder(**dict(zip(inputs, values, strict=True))).last_hidden_state

    told = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of what a trace cannot see
            converted = openvino.convert_model(Tokens(), example_input=tuple(inputs.values()))
    finally:
        logging.set_verbosity(told)
    run = openvino.Core().compile_model(converted, "CPU", _EXACT)

    def forward(**values: Any) -> BaseModelOutput:
        try:  # a request of its own: two threads may embed at once
            found = run.create_infer_request().infer([values[name].numpy() for name in inputs])
        except Exception as error:
            raise ModelError(f"OpenVINO has failed ({error}). {_INSTEAD}.") from error
        return BaseModelOutput(last_hidden_state=torch.from_numpy(found[0]))

    return forward
