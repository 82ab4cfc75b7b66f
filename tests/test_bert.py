"""The encoder in numpy against the same architecture in torch, at random weights."""

import math

import numpy as np
import pytest

from index.bert import Bert, _gelu


def test_states_are_those_of_transformers() -> None:
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50,
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=3,
        intermediate_size=40,
        max_position_embeddings=30,
        initializer_range=0.5,
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    weights = {name: weight.numpy() for name, weight in model.state_dict().items()}
    bert = Bert(weights, 2, 3, config.layer_norm_eps)
    random = np.random.default_rng(0)
    texts = [random.integers(50, size=length) for length in (1, 30, 7, 30, 2)]
    for text, states in zip(texts, bert.states(texts), strict=True):
        with torch.no_grad():
            expected = model(torch.tensor(text)[None]).last_hidden_state[0].numpy()
        assert states.shape == (len(text), 24)
        assert np.allclose(states, expected, atol=1e-5)


def test_a_layer_without_weights_is_an_error() -> None:
    with pytest.raises(KeyError):
        Bert({}, 1, 1, 1e-12)


def test_the_share_of_a_normal_distribution_below_a_number() -> None:
    numbers = np.linspace(-8, 8, 4001, dtype=np.float32)
    exact = [x * 0.5 * math.erfc(-x / math.sqrt(2)) for x in numbers.tolist()]
    assert np.allclose(_gelu(numbers), exact, rtol=0, atol=1e-6)
    assert _gelu(np.array([-1e4, 0.0, 1e4], dtype=np.float32)).tolist() == [0.0, 0.0, 1e4]
