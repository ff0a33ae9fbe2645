"""What graders compute alike: judged by definitions, since every submission is judged by it."""

import numpy as np
import pytest

from katagrad.authoring.oracle import Adam, relu_network, relu_network_gradients, slopes, softmax


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def test_softmax_is_its_definition_and_stands_large_logits(rng):
    z = rng.normal(size=(3, 4, 5))
    assert softmax(z) == pytest.approx(np.exp(z) / np.exp(z).sum(-1, keepdims=True))
    assert softmax(z + 1e4) == pytest.approx(softmax(z))


def test_slopes_are_those_of_a_known_function_and_leave_its_argument(rng):
    w = rng.normal(size=(2, 3))
    kept = w.copy()
    assert slopes(lambda: float((w**3).sum()), w) == pytest.approx(3 * kept**2, abs=1e-6)
    assert (w == kept).all()


def test_gradients_of_the_network_are_the_slopes_of_its_loss(rng):
    layers = [
        {"kernel": rng.normal(size=(a, b)), "bias": rng.normal(size=b)}
        for a, b in ((4, 6), (6, 5), (5, 3))
    ]
    x, y = rng.normal(size=(7, 4)), rng.integers(3, size=7)

    def loss():
        z = relu_network(layers, x)[1]
        return float((np.log(np.exp(z).sum(1)) - z[np.arange(7), y]).mean())

    for layer, found in zip(layers, relu_network_gradients(layers, x, y), strict=True):
        for key, value in layer.items():
            assert found[key] == pytest.approx(slopes(loss, value), abs=1e-6)


def test_the_first_step_of_adam_is_the_rate_and_the_second_is_by_the_book():
    adam = Adam(0.1, epsilon=0.0)
    first = adam.moved("w", np.zeros(2), np.array([3.0, -0.5]))
    assert first == pytest.approx([-0.1, 0.1])
    second = adam.moved("w", first, np.array([1.0, -0.5]))
    m, v = 0.9 * 0.1 * 3.0 + 0.1 * 1.0, 0.999 * 0.001 * 9.0 + 0.001 * 1.0
    wanted = -0.1 - 0.1 * (m / (1 - 0.81)) / np.sqrt(v / (1 - 0.999**2))
    assert second == pytest.approx([wanted, 0.2])
