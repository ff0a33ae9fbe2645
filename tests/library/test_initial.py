"""Default weights of layers are distinguished from other draws, in either framework."""

import numpy as np
import pytest

from katagrad.authoring.initial import default_dense, default_embedding, default_lstm
from katagrad.errors import Failure


def layer(framework, scale=1.0, normal=False, bias=None):
    rng = np.random.default_rng(3)
    limit = 40**-0.5 if framework == "torch" else (6 / 70) ** 0.5
    draw = (
        rng.normal(0, limit / 3**0.5, (40, 30)) if normal else rng.uniform(-limit, limit, (40, 30))
    )
    start = rng.uniform(-limit, limit, 30) if framework == "torch" else np.zeros(30)
    return [{"kernel": scale * draw, "bias": start if bias is None else np.full(30, bias)}]


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_default_weights_pass_and_others_fall(framework):
    default_dense(framework, layer(framework), "build(40, 30)")
    for other in ({"scale": 0.5}, {"scale": 1.2}, {"normal": True}, {"bias": 0.3}):
        with pytest.raises(Failure, match="dense layer 0 of build"):
            default_dense(framework, layer(framework, **other), "build(40, 30)")


def test_a_single_bias_of_zero_falls_in_torch():
    rng = np.random.default_rng(3)
    start = {"kernel": rng.uniform(-0.1, 0.1, (100, 1)), "bias": np.full(1, 0.05)}
    default_dense("torch", [start], "build(100, 1)")
    with pytest.raises(Failure, match="starts at 0"):
        default_dense("torch", [start | {"bias": np.zeros(1)}], "build(100, 1)")


def test_a_second_model_draws_its_own_weights():
    start = layer("torch")
    default_dense("torch", start, "build(40, 30)", [{"kernel": -start[0]["kernel"]}])
    with pytest.raises(Failure, match="two models of build"):
        default_dense("torch", start, "build(40, 30)", layer("torch"))


def test_two_layers_of_one_model_draw_their_own_weights():
    first, (second,) = layer("torch"), layer("torch", scale=0.99)
    default_dense("torch", [*first, second], "build(40, 30)")
    with pytest.raises(Failure, match=r"dense layers 0 and 1 of build.* start with the same"):
        default_dense("torch", first * 2, "build(40, 30)")
    with pytest.raises(Failure, match=r"LSTM layers 0 and 1 of build.* start with the same"):
        default_lstm("torch", lstm_of("torch") * 2, "build(30)")


def test_each_framework_has_its_own_default():
    with pytest.raises(Failure, match="kernel"):
        default_dense("tensorflow", layer("torch"), "build(40, 30)")


def lstm_of(framework, **other):
    """An LSTM layer (40 to 30) as the framework starts it, with parts in `other` replaced."""
    rng = np.random.default_rng(4)
    if framework == "torch":
        a = 30**-0.5
        kernel, recurrent = rng.uniform(-a, a, (40, 120)), rng.uniform(-a, a, (30, 120))
        bias = rng.uniform(-a, a, (2, 120)).sum(axis=0)
    else:
        a = (6 / 160) ** 0.5
        kernel, recurrent = (
            rng.uniform(-a, a, (40, 120)),
            np.linalg.qr(rng.normal(size=(120, 30)))[0].T,
        )
        bias = np.repeat([0.0, 1.0, 0.0, 0.0], 30)
    return [{"kernel": kernel, "recurrent": recurrent, "bias": bias} | other]


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_default_lstms_pass_and_others_fall(framework):
    default_lstm(framework, lstm_of(framework), "build(30)")
    rng = np.random.default_rng(5)
    for other in (
        {"kernel": rng.normal(0, 0.1, (40, 120))},
        {"recurrent": rng.uniform(-0.2, 0.2, (30, 120))},
        {"recurrent": np.zeros((30, 120))},
        {"bias": np.zeros(120)},
        {"bias": np.repeat([1.0, 0.0, 0.0, 0.0], 30)},
    ):
        with pytest.raises(Failure, match="of LSTM layer 0 of build"):
            default_lstm(framework, lstm_of(framework, **other), "build(30)")


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_default_embeddings_pass_and_others_fall(framework):
    rng = np.random.default_rng(6)
    even, usual = rng.uniform(-0.05, 0.05, (50, 40)), rng.normal(size=(50, 40))
    right, wrong = (usual, even) if framework == "torch" else (even, usual)
    padded = right.copy()
    padded[0] = 0
    for table in (right, padded):
        default_embedding(framework, table, "build(50)")
    for table in (wrong, 2 * right, np.zeros((50, 40))):
        with pytest.raises(Failure, match=r"the table .* of the Embedding layer of build"):
            default_embedding(framework, table, "build(50)")
