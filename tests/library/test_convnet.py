"""The gradients and steps of `convnet` with normalisation, against differences of its own forward pass."""

import numpy as np
import pytest

from katagrad.authoring import convnet
from katagrad.authoring.context import CheckContext, running
from katagrad.authoring.layers import exact, put
from katagrad.data import Split

LEARNED = ("kernel", "bias", "scale", "offset")


def network(rng):
    layers, channels = [], 2
    for count in (3, 4):
        layers.append(
            {"kernel": rng.normal(size=(3, 3, channels, count)), "bias": rng.normal(size=count)}
        )
        norm = {key: rng.normal(size=count) for key in ("offset", "mean")}
        norm |= {key: rng.uniform(0.5, 2.0, count) for key in ("scale", "variance")}
        layers.append(norm)
        channels = count
    return [*layers, {"kernel": rng.normal(size=(8, 3)), "bias": rng.normal(size=3)}]


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
@pytest.mark.parametrize("frozen", [0, 1, 2])
def test_gradients_through_normalisation_are_differences(framework, frozen):
    rng = np.random.default_rng(frozen)
    layers, x, y = network(rng), rng.normal(size=(5, 8, 4, 2)), rng.integers(3, size=5)

    def loss():
        z, _ = convnet.forward(layers, x, framework, batch=True, frozen=frozen)
        return float(convnet.cross_entropy(z, y).mean())

    _, slopes = convnet.gradients(layers, x, y, framework, frozen)
    for layer, slope in zip(layers, slopes, strict=True):
        for key in LEARNED:
            if key not in layer:
                continue
            place = tuple(rng.integers(n) for n in layer[key].shape)
            before = layer[key][place]
            layer[key][place] = before + 1e-6
            up = loss()
            layer[key][place] = before - 1e-6
            expected = (up - loss()) / 2e-6
            layer[key][place] = before
            assert slope[key][place] == pytest.approx(expected, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("frozen", [0, 1, 2])
def test_descent_leaves_frozen_blocks_and_moves_the_rest(frozen):
    rng = np.random.default_rng(1)
    layers, x, y = network(rng), rng.normal(size=(5, 8, 4, 2)), rng.integers(3, size=5)
    after, losses = convnet.descent(layers, [(x, y)] * 2, 1e-4, "torch", frozen=frozen)
    assert losses[1] < losses[0]
    for i, (old, new) in enumerate(zip(layers, after, strict=True)):
        for key in old.keys() - {"bias"}:  # whose gradient before normalisation is 0
            assert (old[key] == new[key]).all() == (i < 2 * frozen), (i, key)
    if frozen == 0:
        once, _ = convnet.descent(layers, [(x, y)], 0.0, "torch")
        sums = convnet.convolution(x, layers[0]["kernel"]) + layers[0]["bias"]
        moved = 0.9 * layers[1]["mean"] + 0.1 * sums.mean((0, 1, 2))
        assert once[1]["mean"] == pytest.approx(moved)


def test_layers_that_a_model_holds_by_kind_are_put_in_blocks():
    layers = network(np.random.default_rng(2))
    held = [layers[0], layers[2], layers[1], layers[3], {"weight": np.zeros(3)}, layers[4]]
    assert [id(one) for one in convnet.in_blocks(held)] == [id(one) for one in layers]


def test_layers_of_the_same_name_are_put_where_they_belong():
    """Layers inside two blocks of Keras may have one name."""
    named = [
        {"name": "conv" if "kernel" in one else "norm", "type": "", **one}
        for one in network(np.random.default_rng(3))
    ]
    values = exact(network(np.random.default_rng(4)))

    class Held:
        """What `put` asks an implementation for."""

        def layers(self, _):
            return [{**one} for one in named]

        def assign(self, _, given):
            self.given = given

    impl = Held()
    put(impl, None, values)
    for one, value in zip(exact(impl.given), values, strict=True):
        for key in value:
            assert (one[key] == value[key]).all(), key


@pytest.mark.parametrize("colours", [(), (3,)], ids=["grey", "colour"])
def test_sample_draws_rows_with_their_labels_and_keeps_the_test_images(colours):
    x = np.arange(40, dtype=np.uint8).reshape(40, 1, 1, *[1] * len(colours))
    x = x * np.ones((1, 3, 2, *colours), np.uint8)
    whole = Split(x, np.arange(40), x[:7], np.arange(7), "forty", ("a", "b"))
    drawn = []
    for seed in (1, 2):
        with running(CheckContext(seed)):
            found = convnet.sample(whole, 9)
        assert found.train_x.shape == (9, 3, 2, *(colours or (1,)))
        assert found.train_x.dtype == np.float32
        assert len(set(found.train_y.tolist())) == 9
        np.testing.assert_allclose(found.train_x[:, 0, 0, 0] * 255, found.train_y, rtol=1e-6)
        np.testing.assert_allclose(found.test_x[:, 0, 0, 0] * 255, found.test_y, rtol=1e-6)
        drawn.append(found.train_y.tolist())
    assert drawn[0] != drawn[1]
