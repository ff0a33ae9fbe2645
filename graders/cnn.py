"""Hidden checks of exercises/cnn.py. Images are (N, H, W, C) here, kernels (H, W, in, out)."""

import math
from functools import lru_cache

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring import convnet, normalisation, unmet
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.convnet import cross_entropy
from katagrad.authoring.expect import (
    at_least,
    close,
    dtype,
    equal,
    full_size,
    holds,
    image,
    integers,
    normal,
    number,
    opaque,
    raises,
    shape,
    uniform,
)
from katagrad.authoring.influence import each_matters
from katagrad.authoring.minibatches import (
    expect_at_most,
    expect_epochs,
    expect_rng_decides,
    visited,
)
from katagrad.authoring.states import expect_frozen, old_gradients
from katagrad.authoring.structure import every_epoch, losses, recorded
from katagrad.authoring.threshold import Threshold

ORDER = "Convolution, normalisation, ReLU, maximum; in a row; dense, ReLU, dropout, dense."
MODE = "In PyTorch, switch with model.train() and model.eval(); in TensorFlow, with training=."
# Arguments of build after in_shape and classes, by what they try.
BUILDS = {
    "one block": ((6, 5, 2), ((3,), 4)),
    "two blocks": ((9, 6, 1), ((2, 3), 5)),
    "three blocks": ((8, 11, 3), ((2, 4, 3), 6)),
}


def made(impl, in_shape, *settings, classes=4, **options):
    """(a model with given layers, those layers)."""
    model = impl.build(in_shape, classes, *settings, **options)
    layers = given(impl.layers(model))
    impl.assign(model, layers)
    return model, [exact(layer) for layer in layers]


def exact(layer):
    return {
        key: np.asarray(v, float) if isinstance(v, np.ndarray) else v for key, v in layer.items()
    }


def given(layers):
    """The same layers with numbers drawn at random, far from symmetric."""
    drawn = []
    for layer in layers:
        new = {key: layer[key] for key in ("name", "type")}
        for key, value in layer.items():
            if key == "kernel":
                new[key] = normal(*value.shape, scale=1.2 / np.sqrt(np.prod(value.shape[:-1])))
            elif key in ("scale", "variance"):
                new[key] = uniform(*value.shape, low=0.5, high=2.0)
            elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
                new[key] = normal(*value.shape, scale=0.5)
        drawn.append(new)
    return drawn


def weights(layers):
    keys = ("kernel", "bias", "scale", "offset", "mean", "variance")
    return np.concatenate(
        [np.ravel(layer[key]) for layer in layers for key in keys if key in layer]
    )


# -- build -----------------------------------------------------------------------------------------


@pytest.mark.grade(points=2, hint=ORDER)
@pytest.mark.parametrize("norm", [False, True], ids=["plain", "norm"])
@pytest.mark.parametrize("case", BUILDS)
def test_build_makes_the_layers_asked_for(impl, case, norm):
    """a convolution of 3 by 3 for each number of filters, normalised if asked, and two dense layers, all with bias"""
    in_shape, (filters, units) = BUILDS[case]
    model = impl.build(in_shape, 5, filters, units, norm=norm)
    of = f"build({in_shape}, 5, {filters}, {units}, {norm=})"
    found = [
        layer for layer in impl.layers(model) if layer["type"] in ("conv", "batch_norm", "dense")
    ]
    kinds = ["conv", "batch_norm"] if norm else ["conv"]
    asked = [*kinds * len(filters), "dense", "dense"]
    equal(
        sorted(layer["type"] for layer in found),
        sorted(asked),
        of=f"the layers with weights of {of}",
    )
    blocks = len(filters)
    flat = (in_shape[0] >> blocks) * (in_shape[1] >> blocks) * filters[-1]
    sizes = [(3, 3, a, b) for a, b in zip((in_shape[2], *filters), filters, strict=False)]
    sizes += [(flat, units), (units, 5)]
    with_kernel = [layer for layer in found if "kernel" in layer]
    for layer, size in zip(with_kernel, sizes, strict=True):
        equal(list(layer["kernel"].shape), list(size), of=f"the shape of a kernel of {of}")
        holds(
            "bias" in layer, f"the layer of shape {size} of {of} has no bias, but should have one"
        )
        holds(layer["kernel"].std() > 1e-4, f"the kernel of shape {size} of {of} is constant")
    defaults = [
        layer["kernel"].shape
        for layer in impl.layers(impl.build((8, 8, 1), 3))
        if "kernel" in layer
    ]
    equal(
        defaults,
        [(3, 3, 1, 16), (3, 3, 16, 32), (128, 64), (64, 3)],
        of="the shapes of the kernels of build((8, 8, 1), 3)",
    )


@pytest.mark.grade(points=3, hint=ORDER)
@pytest.mark.parametrize("norm", [False, True], ids=["plain", "norm"])
@pytest.mark.parametrize("case", BUILDS)
def test_network_computes_what_its_layers_say(impl, case, norm):
    """from given weights and statistics, the logits are those of the blocks and the dense layers"""
    in_shape, (filters, units) = BUILDS[case]
    model, layers = made(impl, in_shape, filters, units, 0.0, norm)
    framework = impl.framework
    for count in (5, 1):
        x = normal(count, *in_shape, scale=2.0)
        z = convnet.forward(layers, x, framework)[0]
        other = "tensorflow" if framework == "torch" else "torch"
        close(
            impl.logits(model, image(x)),
            z,
            of=f"logits(build({in_shape}, 4, {filters}, {units}, {norm=}), x)",
            rtol=1e-3,
            atol=1e-4 * float(np.abs(z).max()),
            mistakes={
                "those of means in place of maxima": convnet.forward(
                    layers, x, framework, pool=np.mean
                )[0],
                "those of a network without ReLU": convnet.forward(
                    layers, x, framework, relu=lambda s: s
                )[0],
                "those of the other framework's order of the row": convnet.forward(
                    layers, x, other
                )[0],
                "those normalised by the statistics of the batch": convnet.forward(
                    layers, x, framework, batch=True
                )[0],
                "those with 1e-3 added to the variance": convnet.forward(
                    normalisation.with_epsilon(layers, 1e-3), x, framework
                )[0],
                "the probabilities": convnet.softmax(z),
            },
        )
    if not norm:
        return
    small = normalisation.faint(layers)
    impl.assign(model, small)
    normalisation.expect_epsilon(
        impl, model, small, in_shape, f"build({in_shape}, 4, {filters}, {units}, {norm=})"
    )


@pytest.mark.grade(points=1)
def test_build_refuses_images_that_are_too_small(impl):
    """an image that the poolings leave nothing of raises ValueError; a single pixel that is left does not"""
    shape(
        impl.logits(impl.build((4, 5, 1), 2, (2, 2), 3), image(normal(1, 4, 5, 1))),
        (1, 2),
        of="logits of images of 4 by 5",
    )
    for in_shape, filters in [
        ((3, 8, 1), (2, 2)),
        ((8, 3, 1), (2, 2)),
        ((1, 4, 2), (3,)),
        ((7, 16, 1), (2, 2, 2)),
    ]:
        with raises("ValueError", of=f"build({in_shape}, 2, {filters})"):
            impl.build(in_shape, 2, filters)


@pytest.mark.grade(points=1)
def test_build_keeps_the_contracts_words(impl):
    """build takes its arguments by name and by position, and changes no setting"""
    conform(impl, "build", [(8, 9, 2), 3, (2, 3), 4, 0.2, True], gives="anything", seeded=True,
            only=["settings", "untouched", "keywords", "defaults"])  # fmt: skip


# -- shapes and receptive field --------------------------------------------------------------------


@pytest.mark.grade(
    points=2, hint="In PyTorch, the layers one after the other; (height, width, channels)."
)
@pytest.mark.parametrize("norm", [False, True], ids=["plain", "norm"])
@pytest.mark.parametrize("case", BUILDS)
def test_shapes_follow_the_images_through_the_layers(impl, case, norm):
    """each convolution keeps height and width, each pooling halves them, rounded down; the model stays as it was"""
    in_shape, (filters, units) = BUILDS[case]
    model, layers = made(impl, in_shape, filters, units, 0.5, norm)
    height, width, _ = in_shape
    expected = []
    for i, count in enumerate(filters):
        expected += [(height >> i, width >> i, count), (height >> (i + 1), width >> (i + 1), count)]
    of = f"shapes(build({in_shape}, 4, {filters}), x)"
    x = image(normal(3, *in_shape))
    found = impl.shapes(model, x)
    holds(isinstance(found, list), f"{of} is {type(found).__name__}, but should be a list")
    equal(found, expected, of=of)
    holds(
        all(isinstance(n, int) for one in found for n in one)
        and all(isinstance(one, tuple) for one in found),
        f"{of} is {found!r}, but should hold tuples of Python integers",
    )
    close(
        weights(impl.layers(model)),
        weights(layers),
        of=f"the weights and statistics after {of}",
        rtol=1e-6,
        atol=0,
    )
    first = impl.logits(model, x)
    kept = impl.shapes(model, x, returns=opaque)
    close(impl.logits(model, x), first, of=f"logits(model, x) after {of}")
    equal(kept.fetch(), expected, of=f"the list of {of}, after the model was used again,")


@pytest.mark.grade(
    points=2, hint="Each layer adds (kernel - 1) times the product of the strides before it."
)
def test_receptive_field_counts_pixels(impl):
    """each layer widens the field by kernel - 1 steps of the strides of all layers before it"""
    cases = [
        [],
        [(1, 1)],
        [(5, 3)],
        [(3, 1)] * 4,
        [(3, 2), (3, 2), (3, 1)],
        [(2, 2)] * 5,
        [(3, 1), (1, 2), (3, 1)],
        [(7, 2), (3, 2), *[(3, 1)] * 4, (3, 2), (1, 1), (5, 3), (2, 1)],
    ]
    for layers in cases:
        span = np.array([0])  # the pixels that one number depends on, layer by layer from the last
        for taps, stride in reversed(layers):
            span = np.unique(span[:, None] * stride + np.arange(taps))
        expected = int(span.max() - span.min() + 1)
        plain = 1 + sum(taps - 1 for taps, _ in layers)
        found = impl.receptive_field(layers)
        equal(
            found,
            expected,
            of=f"receptive_field({layers})",
            mistakes={"that without strides": plain},
        )
        holds(
            isinstance(found, int),
            f"receptive_field({layers}) is {found!r}, but should be a Python integer",
        )
    conform(impl, "receptive_field", [[(3, 2), (2, 2)]], expected=lambda layers: 5)  # noqa: ARG005


# -- train -----------------------------------------------------------------------------------------


def problem(count, in_shape=(4, 5, 1)):
    return normal(count, *in_shape), integers(4, count)


def compare(impl, model, expected, of):
    found = [layer for layer in impl.layers(model) if "kernel" in layer]
    for i, (one, wanted) in enumerate(zip(found, expected, strict=True)):
        for key in ("kernel", "bias"):
            close(
                one[key], wanted[key], of=f"the {key} of layer {i} after {of}", rtol=2e-3, atol=2e-4
            )


@pytest.mark.grade(points=3, seconds=30)
def test_train_steps_with_momentum(impl):
    """with whole batches, losses and weights are those of momentum 0.9, in each call anew"""
    model, layers = made(impl, (8, 5, 2), (2, 3), 4)
    x, y = problem(6, (8, 5, 2))
    old_gradients(impl, model, image(x))
    # A batch of 20 rows would hold more than there are.
    for call, batch in (("first", 6), ("second", 20)):
        of = f"train(model, x, y, 3, {batch}, 0.1, rng)"
        layers, history = convnet.descent(layers, [(x, y)] * 3, 0.1, impl.framework)
        seen = impl.train(model, image(x), y, 3, batch, 0.1, impl.rng())
        recorded(
            seen,
            history,
            of=f"the {call} {of}",
            mistakes={"the sum over the batch": 6 * history[0]},
        )
        compare(impl, model, layers, f"the {call} {of}")
    # Gradients of any length are taken as they are.
    model, layers = made(impl, (8, 5, 2), (2, 3), 4)
    layers, history = convnet.descent(layers, [(100 * x, y)], 1e-4, impl.framework)
    of = "train(model, 100 * x, y, 1, 6, 0.0001, rng)"
    recorded(impl.train(model, image(100 * x), y, 1, 6, 1e-4, impl.rng()), history, of)
    compare(impl, model, layers, of)
    # Where all layers are 0, only the bias of the head has a gradient; its steps are so large that the loss rises.
    still = [
        {key: 0 * v if isinstance(v, np.ndarray) else v for key, v in layer.items()}
        for layer in given(impl.layers(model))
    ]
    impl.assign(model, still)
    y, of = (
        np.array([0, 0, 0, 0, 0, 1]),
        "train(model, x, y, 3, 6, 20.0, rng), where the loss rises",
    )
    still = [exact(layer) for layer in still]
    layers, history = convnet.descent(still, [(x, y)] * 3, 20.0, impl.framework)
    recorded(impl.train(model, image(x), y, 3, 6, 20.0, impl.rng()), history, of)
    compare(impl, model, layers, of)


@pytest.mark.grade(points=2, seconds=30, hint="Draw rng.permutation inside the loop over epochs.")
def test_train_takes_every_row_in_new_orders(impl):
    """each epoch takes every row once, in batches as asked for, in an order of its own that follows from rng"""
    x, y = problem(13)  # the last batch has one row
    model, _ = made(impl, (4, 5, 1), (2,), 3)

    def run(seed):
        return visited(
            impl, model, x, lambda: impl.train(model, image(x), y, 3, 4, 1e-3, impl.rng(seed))
        )

    of = "train(model, x, y, 3, 4, 0.001, rng)"
    expect_epochs(run(1), rows=13, batch=4, epochs=3, of=of)
    expect_rng_decides(run, of=of)


@pytest.mark.grade(points=1, seconds=30)
def test_train_weighs_every_row(impl):
    """at a learning rate near 0, the loss of each epoch is the mean over all rows, each with its own class"""
    model, layers = made(impl, (4, 5, 1), (2, 3), 4)
    x, y = problem(11)
    expected = float(cross_entropy(convnet.forward(layers, x, impl.framework)[0], y).mean())
    of = "train(model, x, y, 3, 4, 1e-9, rng) of 11 rows"
    recorded(impl.train(model, image(x), y, 3, 4, 1e-9, impl.rng()), [expected] * 3, of)
    *first, last = layers
    wrong = [*first, last | {"bias": np.array([400.0, 0.0, 0.0, 0.0])}]
    impl.assign(model, wrong)
    expected = float(cross_entropy(convnet.forward(wrong, x, impl.framework)[0], 0 * y + 1).mean())
    of = "train(model, x, y, 1, 4, 1e-9, rng), where the model is sure of wrong classes"
    recorded(impl.train(model, image(x), 0 * y + 1, 1, 4, 1e-9, impl.rng()), [expected], of)


@pytest.mark.grade(points=2, seconds=30, hint=MODE)
def test_train_normalises_by_the_batch_and_moves_the_statistics(impl):
    """in every epoch, means and variances are those of the batch, and the running ones move by a tenth towards them"""
    model, layers = made(impl, (6, 8, 2), (3,), 4, 0.0, True)
    norms = [i for i, layer in enumerate(layers) if "variance" in layer]
    equal(
        len(norms), 1, of="the number of normalisations of build((6, 8, 2), 4, (3,), 4, 0.0, True)"
    )
    x, y = 1.5 * normal(20, 6, 8, 2) + 0.5, integers(4, 20)
    z, trace = convnet.forward(layers, x, impl.framework, batch=True)
    running = cross_entropy(convnet.forward(layers, x, impl.framework)[0], y).mean()
    of = "train(model, x, y, 3, 20, 1e-9, rng) with normalisation"
    impl.logits(model, image(x))  # in use, just before
    if impl.framework == "torch":
        model.eval()
    seen = impl.train(model, image(x), y, 3, 20, 1e-9, impl.rng())
    recorded(
        seen,
        [cross_entropy(z, y).mean()] * 3,
        of,
        mistakes={"the loss by the running statistics": running},
    )
    after, before = (found[norms[0]] for found in (impl.layers(model), layers))
    sums = trace[0][1].reshape(-1, 3)
    for key, batch in (("mean", sums.mean(0)), ("variance", sums.var(0))):
        close(
            after[key],
            0.9**3 * before[key] + (1 - 0.9**3) * batch,
            of=f"the running {key} after {of}",
            rtol=5e-3,
            atol=1e-4,
            mistakes={
                "its value before training": before[key],
                "the value of the batch": batch,
                "steps of 0.01": 0.99**3 * before[key] + (1 - 0.99**3) * batch,
                "one step for all three epochs": 0.9 * before[key] + 0.1 * batch,
            },
        )
    now = [exact(layer) for layer in impl.layers(model)]
    close(
        impl.logits(model, image(x)),
        convnet.forward(now, x, impl.framework)[0],
        of="logits(model, x) after train",
        rtol=1e-3,
        atol=1e-3,
    )


@pytest.mark.grade(points=2, seconds=30, hint=MODE)
@pytest.mark.parametrize(
    ("norm", "follows"),
    [(False, True), (True, True), (False, False)],
    ids=["plain", "norm", "constant units"],
)
def test_dropout_works_in_training_alone(impl, norm, follows):
    """in training the losses are those of dropout, drawn anew in each epoch; in use nothing is dropped"""
    # Six epochs, since two lose equally many units once in sixty times.
    rate, images, epochs, batch = 0.4, 1200, 6, 400
    # The map is 1 everywhere, whatever the image, and so is each unit. If it follows the map, dropping the map, too,
    # shows; if it does not, dropping the map instead. Of several units, each is drawn by itself.
    units = 1 if follows else 2
    model = impl.build((2, 2, 1), 2, (1,), units, rate, norm)
    values = {"kernel": 0.0, "bias": 1.0, "scale": 1.0, "offset": 1.0, "mean": 1.0, "variance": 1.0}
    layers = [
        {key: np.full(np.shape(v), values[key]) if key in values else v for key, v in one.items()}
        for one in (exact(layer) for layer in impl.layers(model))
    ]
    dense = [layer for layer in layers if layer["type"] == "dense"]
    equal(len(dense), 2, of=f"the number of dense layers of build((2, 2, 1), 2, (1,), {units})")
    hidden, last = dense
    hidden["kernel"][:], hidden["bias"][:] = (1.0, 0.0) if follows else (0.0, 1.0)
    last["kernel"][:], last["bias"][:] = [[1 / units, 0.0]], 0.0
    impl.assign(model, layers)
    x, y = normal(images, 2, 2, 1), np.zeros(images, np.int64)
    wanted = np.tile([1.0, 0.0], (images, 1))
    close(impl.logits(model, image(x)), wanted, of="logits(model, x) before train", atol=1e-4)
    if impl.framework == "torch":
        model.eval()  # in use, as whoever used the model may have left it
    of = f"train(model, x, y, {epochs}, {batch}, 1e-9, rng) where all units ({units}) are 1, at {rate=}"
    seen = losses(
        impl.train(model, image(x), y, epochs, batch, 1e-9, impl.rng()), epochs, of, kind="float"
    )
    kept = np.arange(units + 1)
    chances = (
        np.array([math.comb(units, k) for k in kept]) * (1 - rate) ** kept * rate ** (units - kept)
    )
    each = np.log1p(np.exp(-kept / units / (1 - rate)))
    mean = chances @ each
    deviation = np.sqrt(chances @ (each - mean) ** 2)
    mistakes = {"the loss without dropout": np.log1p(np.exp(-1))}
    if units > 1:
        mistakes["the loss of dropout of whole images"] = rate * each[0] + (1 - rate) * each[-1]
    for epoch, value in enumerate(seen):
        number(value, mean, of=f"the loss of epoch {epoch} of {of}", rtol=0, atol=5 * deviation / np.sqrt(images),
               mistakes=mistakes)  # fmt: skip
    at_least(float(np.ptp(seen)), 1e-7, of=f"how much the losses of {of} differ")
    close(impl.logits(model, image(x)), wanted, of="logits(model, x) after train", atol=1e-4)


@pytest.mark.grade(points=1, seconds=30)
def test_train_heeds_every_argument(impl):
    """epochs, batch, lr and rng change what comes out; 0 epochs leave the model as it is and return []"""
    x, y = problem(11)
    template = given(impl.layers(impl.build((4, 5, 1), 4, (2,), 3)))
    usual = {"epochs": 2, "batch": 4, "lr": 0.02, "rng": impl.rng(1)}

    def fresh(given=template):
        model = impl.build((4, 5, 1), 4, (2,), 3)
        names = [layer["name"] for layer in impl.layers(model)]
        impl.assign(
            model, [layer | {"name": name} for layer, name in zip(given, names, strict=True)]
        )
        return model

    def run(**settings):
        model = fresh()
        impl.train(model, image(x), y, **settings)
        return weights(impl.layers(model))

    other = {"epochs": 3, "batch": 5, "lr": 0.05, "rng": impl.rng(2)}
    each_matters(run, usual, other, of="train(model, x, y, ...)")
    *rest, last = template
    sure = np.array([1000.0, 0.0, 0.0, 0.0])
    model = fresh([*rest, last | {"bias": sure}])
    of = "train(model, x, y, 4, 4, 10.0, rng), where the model is sure of every class"
    before = weights(impl.layers(model))
    every_epoch(impl.train(model, image(x), 0 * y, 4, 4, 10.0, impl.rng()), 4, of)
    # All gradients are 0, so that a decay of the weights shows.
    after = weights(impl.layers(model))
    close(after, before, of=f"the weights, which have no gradient, after {of}", rtol=1e-6)
    model = fresh()
    equal(impl.train(model, image(x), y, 0, 4, 0.1, impl.rng()), [], of="train with epochs=0")
    close(
        weights(impl.layers(model)),
        weights(template),
        of="the weights after train with epochs=0",
        rtol=1e-6,
    )


@pytest.mark.grade(points=1, seconds=120)
def test_train_keeps_the_contracts_words(impl):
    """train leaves x and y as they were, takes integers of every width, and changes no setting"""
    x, y = problem(10)
    conform(
        impl,
        "train",
        [anew("build", (4, 5, 1), 4, (2,), 3), image(x), y, 1, 4, 0.05, impl.rng(1)],
        changes=[0],
        gives="anything",
        only=["result", "untouched", "settings", "integers", "rng", "keywords"],
    )
    model, _ = made(impl, (4, 5, 1), (2,), 3)
    run = lambda: impl.train(model, image(x), y, 1, 4, 0.05, impl.rng())  # noqa: E731
    expect_frozen(impl, model, run, "train(model, x, y, 1, 4, 0.05, rng)")


# -- in use ----------------------------------------------------------------------------------------


@pytest.mark.grade(points=1, seconds=30, hint="The last batch may be shorter.")
def test_logits_do_not_depend_on_the_batch(impl):
    """logits are the same whatever the batch, and leave weights and statistics as they were"""
    model, layers = made(impl, (6, 5, 2), (2,), 4, 0.5, True)
    x = normal(10, 6, 5, 2)
    z = convnet.forward(layers, x, impl.framework)[0]
    for batch in (1, 4, 10, 256):
        found = impl.logits(model, image(x), batch)
        close(found, z, of=f"logits(model, x, {batch=}) of 10 images", rtol=1e-3, atol=1e-4)
        equal(
            impl.predict(model, image(x), batch),
            z.argmax(1),
            of=f"predict(model, x, {batch=}) of 10 images",
        )
    dtype(impl.predict(model, image(x)), "int64", of="predict(model, x)")
    size = (2, 6, 5) if impl.framework == "torch" else (6, 5, 2)
    many = normal(257, 6, 5, 2)
    for name in ("logits", "predict"):
        of = f"{name}(model, x, batch=4) of 10 images"
        expect_at_most(impl, model, size, 4, lambda: impl.call(name, model, image(x), 4), of)  # noqa: B023
        of = f"{name}(model, x) of 257 images"
        expect_at_most(impl, model, size, 256, lambda: impl.call(name, model, image(many)), of)  # noqa: B023
    close(
        weights(impl.layers(model)),
        weights(layers),
        of="the weights and statistics after logits",
        rtol=1e-6,
        atol=0,
    )
    for scale in (1e-3, 1e6):
        *first, last = layers
        impl.assign(model, [*first, last | {key: scale * last[key] for key in ("kernel", "bias")}])
        of = f"logits(model, x), where they are about {scale:g}"
        close(impl.logits(model, image(x)), scale * z, of=of, rtol=1e-3, atol=1e-4 * scale)
    *first, last = layers
    # So large that the sigmoid of each is 1, and the first is the least.
    high = [*first, last | {"bias": last["bias"] + [100, 200, 200, 200]}]
    impl.assign(model, high)
    scores = convnet.forward(high, x, impl.framework)[0]
    of = "predict(model, x), where all logits are from 100 to 200"
    unmet.agree(impl.predict(model, image(x)), scores, of=of)


@pytest.mark.grade(points=1, seconds=60)
def test_use_keeps_the_contracts_words(impl):
    """logits and predict leave their arguments as they were, and give each image its own answer"""
    for name in ("logits", "predict"):
        model = anew("build", (6, 5, 2), 4, (2,), 3, 0.5, True)
        conform(
            impl,
            name,
            [model, image(normal(5, 6, 5, 2)), 2],
            rows=[1],
            rowwise=True,
            tolerance=1e-3,
        )


# -- outcome ---------------------------------------------------------------------------------------


def outcome(impl, seed, split, calls, filters, *settings):
    """Accuracy on `split`'s test images, after calls of train with (epochs, lr) each, in batches of 32."""
    p = unmet.alphabet(10)
    impl.seed(seed)
    size = split.train_x.shape[1:]
    model = impl.build(size, 10, filters, 64, *settings)
    for i, (epochs, lr) in enumerate(calls):
        known = image(split.train_x), p[split.train_y]
        impl.train(model, *known, epochs, 32, lr, impl.rng(seed + i))
    layers = impl.layers(model)
    numbers = [exact(layer) for layer in layers]
    for how, flat in unmet.images(split.test_x[:200].reshape(200, -1).astype(float), size[0]):
        x = flat.reshape(-1, *size)
        scores = convnet.forward(numbers, x, impl.framework)[0]
        unmet.agree(impl.predict(model, image(x)), scores, of=f"predict of {how}")
    # In float32, which takes half the time; in parts, for the sake of memory.
    parts = np.array_split(split.test_x, math.ceil(len(split.test_x) / 500))
    z = np.concatenate([convnet.forward(layers, part, impl.framework)[0] for part in parts])
    return float((z.argmax(1) == p[split.test_y]).mean())


PLAIN = Threshold(
    "test accuracy on digits",
    at_least=0.94,
    torch=[0.96, 0.9644, 0.9756, 0.9667, 0.9778, 0.9622, 0.9622, 0.9756, 0.9778, 0.9689],
    tensorflow=[0.9711, 0.9778, 0.98, 0.96, 0.9733, 0.9778, 0.9822, 0.9733, 0.9756, 0.9911],
)
NORMALISED = Threshold(
    "test accuracy on digits, with normalisation and dropout",
    at_least=0.95,
    torch=[0.9822, 0.9889, 0.9867, 0.9867, 0.9778, 0.9889, 0.9844, 0.9933, 0.9822, 0.98],
    tensorflow=[0.9844, 0.9889, 0.9733, 0.9844, 0.9889, 0.9844, 0.9933, 0.9844, 0.9667, 0.9711],
)


MNIST = Threshold(
    "test accuracy on MNIST",
    at_least=0.98,
    torch=[0.9859, 0.9863, 0.9837, 0.985, 0.9867, 0.9863, 0.9857, 0.9846, 0.9857, 0.9834],
    tensorflow=[0.9854, 0.9866, 0.9845, 0.984, 0.987, 0.984, 0.987, 0.9847, 0.9863, 0.9881],
)
FASHION = Threshold(
    "test accuracy on Fashion-MNIST, with normalisation and dropout",
    at_least=0.88,
    torch=[0.8953, 0.8986, 0.8966, 0.8992, 0.8947, 0.8953, 0.8978, 0.897, 0.8934, 0.8971],
    tensorflow=[0.8936, 0.8934, 0.8911, 0.8914, 0.8895, 0.8921, 0.8887, 0.8943, 0.8928, 0.8981],
)

CIFAR = Threshold(
    "test accuracy on CIFAR-10, with normalisation and dropout",
    at_least=0.5,
    torch=[0.5841, 0.6002, 0.6009, 0.5844, 0.5916, 0.5772, 0.5961, 0.5968, 0.6008, 0.5778],
    tensorflow=[0.5485, 0.5354, 0.5549, 0.5682, 0.5218, 0.5333, 0.5667, 0.5601, 0.5198, 0.5467],
)


@lru_cache(1)
def colour_photos():
    """CIFAR-10, kept: where it is JPEG files, they take several seconds to decode."""
    return data.cifar10()


@PLAIN.measured_by
def plain_accuracy(impl, seed):
    return outcome(impl, seed, data.digits(images=True), [(12, 0.03)], (16, 32))


@NORMALISED.measured_by
def normalised_accuracy(impl, seed):
    return outcome(impl, seed, data.digits(images=True), [(12, 0.03)], (16, 32), 0.2, True)


@MNIST.measured_by
def mnist_accuracy(impl, seed):
    mnist = convnet.sample(data.mnist(), 30_000)
    return outcome(impl, seed, mnist, [(2, 0.05), (1, 0.005)], (8, 16))


@FASHION.measured_by
def fashion_accuracy(impl, seed):
    fashion = convnet.sample(data.fashion_mnist(), 40_000)
    return outcome(impl, seed, fashion, [(2, 0.02), (1, 0.002)], (8, 16), 0.1, True)


@CIFAR.measured_by
def cifar_accuracy(impl, seed):
    photos = convnet.sample(colour_photos(), 10_000)
    return outcome(impl, seed, photos, [(4, 0.02), (1, 0.002)], (16, 32), 0.1, True)


@pytest.mark.grade(points=2, seconds=360)
def test_network_learns_to_classify(impl):
    """the median of the runs reaches 0.94 on digits, or 0.98 on MNIST where that is present"""
    (MNIST if full_size("mnist") else PLAIN).expect(impl)


@pytest.mark.grade(points=2, seconds=600)
def test_network_learns_with_normalisation_and_dropout(impl):
    """with both, the median reaches 0.95 on digits, or on full sets: 0.88 on Fashion-MNIST, and 0.5 on CIFAR-10"""
    (FASHION if full_size("fashion_mnist") else NORMALISED).expect(impl)
    if full_size("cifar10"):
        CIFAR.expect(impl)
