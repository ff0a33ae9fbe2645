"""Default weights of dense layers are told from other draws, in either framework."""

import numpy as np
import pytest

from katagrad.authoring.initial import default_dense
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


def test_each_framework_has_its_own_default():
    with pytest.raises(Failure, match="kernel"):
        default_dense("tensorflow", layer("torch"), "build(40, 30)")
