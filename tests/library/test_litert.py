"""katagrad.authoring.litert: the files run in the interpreter, which computes what the oracle says."""

import numpy as np
import pytest

from katagrad.authoring.litert import (
    CLASSES,
    FEATURES,
    float_file,
    integer_file,
    integer_outputs,
)

interpreter = pytest.importorskip("ai_edge_litert.interpreter")


def computed(content, x):
    opened = interpreter.Interpreter(model_content=content)
    (given,), (returned,) = opened.get_input_details(), opened.get_output_details()
    assert given["shape_signature"].tolist() == [-1, FEATURES]
    opened.resize_tensor_input(given["index"], x.shape)
    opened.allocate_tensors()
    opened.set_tensor(given["index"], x)
    opened.invoke()
    return opened.get_tensor(returned["index"]), given["quantization"], returned["quantization"]


def test_floats_are_those_of_a_dense_layer():
    rng = np.random.default_rng(0)
    w, b = rng.normal(size=(FEATURES, CLASSES)), rng.normal(size=CLASSES)
    x = rng.normal(size=(3, FEATURES)).astype(np.float32)
    found, given, returned = computed(float_file(w, b), x)
    np.testing.assert_allclose(found, x @ w + b, rtol=1e-5, atol=1e-5)
    assert given == returned == (0.0, 0)


@pytest.mark.parametrize("seed", range(20))
def test_integers_are_those_of_the_oracle(seed):
    rng = np.random.default_rng(seed)
    w, step = rng.integers(-127, 128, (FEATURES, CLASSES)), float(np.float32(0.01))
    given, returned = (float(np.float32(0.05)), -77), (float(np.float32(0.125)), 31)
    x = rng.normal(size=(9, FEATURES)) * 5
    q = np.clip(np.round(x / given[0]) + given[1], -128, 127).astype(np.int8)
    found, *rulers = computed(integer_file(w, step, given, returned), q)
    assert rulers == [given, returned]
    expected = integer_outputs(x, w, step, given, returned)
    found = (found.astype(float) - returned[1]) * returned[0]
    # A product of scales may be rounded the other way at a tie.
    np.testing.assert_allclose(found, expected, atol=1.01 * returned[0])
    assert len(np.unique(expected)) > 10
