"""Hidden checks of exercises/multi_dimensional_nn.py. `impl` takes and returns NumPy arrays."""

from functools import partial
from itertools import pairwise
from math import prod

import numpy as np
import pytest

from katagrad.authoring import oracle
from katagrad.authoring.adam import expect_epsilon, expect_history
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.expect import (
    between,
    close,
    dtype,
    equal,
    holds,
    normal,
    same_inputs,
)
from katagrad.authoring.minibatches import expect_epochs, visited
from katagrad.authoring.states import expect_frozen, old_gradients
from katagrad.authoring.structure import every_epoch, recorded
from katagrad.authoring.threshold import Threshold

MOVE = (
    "Move the axis to the end, multiply by w and add b, and move it back. A reshape moves nothing."
)
SHAPES = [((5,), (3,)), ((4, 3), (2, 5)), ((3, 2, 4), (2, 1, 3)), ((2, 3, 1, 2), (4,))]

AXES = [((3,), 0), ((4, 3), 1), ((4, 3), 0), ((2, 3, 4), 1), ((2, 3, 4), -1), ((1, 3, 4), -2)]
AXES += [((2, 3, 4, 5), 2), ((2, 3, 2, 4, 2), -4)]


# -- the oracle ------------------------------------------------------------------------------------


def dense_along(x, w, b, axis):
    return np.moveaxis(np.moveaxis(x, axis, -1) @ w + b, -1, axis)


def forward(layers, x):
    """The input of every layer, and the output as rows."""
    inputs = [x.reshape(len(x), -1)]
    for layer in layers[:-1]:
        inputs.append(np.maximum(inputs[-1] @ layer["kernel"] + layer["bias"], 0))
    return inputs, inputs[-1] @ layers[-1]["kernel"] + layers[-1]["bias"]


def gradients(layers, x, y):
    """d mean squared error / d (kernel, bias), layer by layer."""
    inputs, z = forward(layers, x)
    signal = 2 * (z - y.reshape(z.shape)) / z.size
    found = []
    for layer, a in zip(layers[::-1], inputs[::-1], strict=True):
        found.insert(0, {"kernel": a.T @ signal, "bias": signal.sum(0)})
        signal = (signal @ layer["kernel"].T) * (a > 0)
    return found


def trained(layers, x, y, epochs, lr, batch_size, epsilon=1e-7, corrected=True):
    """The layers after Adam with batches in the order of the examples, and the error of each epoch."""
    layers = [dict(layer) for layer in layers]
    losses, adam = [], oracle.Adam(lr, epsilon, corrected)
    for _ in range(epochs):
        total = 0.0
        for i in range(0, len(x), batch_size):
            bx, by = x[i : i + batch_size], y[i : i + batch_size]
            total += len(bx) * ((forward(layers, bx)[1] - by.reshape(len(by), -1)) ** 2).mean()
            for k, step in enumerate(gradients(layers, bx, by)):
                for key, g in step.items():
                    layers[k][key] = adam.moved((k, key), layers[k][key], g)
        losses.append(total / len(x))
    return layers, losses


def random_layers(*sizes):
    return [
        {"kernel": normal(a, b, scale=a**-0.5), "bias": normal(b, scale=0.3)}
        for a, b in pairwise(sizes)
    ]


def problem(impl, n, in_shape=(4, 3), out_shape=(2, 5), hidden=(6,)):
    """A model with random weights, these weights, inputs and targets."""
    layers = random_layers(prod(in_shape), *hidden, prod(out_shape))
    model = impl.build(in_shape, out_shape, hidden)
    impl.assign(model, layers)
    return model, layers, normal(n, *in_shape), normal(n, *out_shape, scale=2.0)


def exact(layers):
    return [{key: layer[key].astype(float) for key in ("kernel", "bias")} for layer in layers]


def weights(layers):
    return np.concatenate([layer[key].ravel() for layer in layers for key in ("kernel", "bias")])


def settled(found, *plan):
    """(found, expected) weights, where Adam's epsilon decides a step taken as found: see `authoring.oracle`."""
    return oracle.settled(found, lambda size: weights(trained(*plan, epsilon=size)[0]))


# -- the checks ------------------------------------------------------------------------------------


@pytest.mark.grade(points=2, hint="Keep the first size; -1 stands for the product of all others.")
@pytest.mark.parametrize(
    "size", [(4, 3), (1, 5), (3, 2, 4), (1, 2, 3), (2, 3, 1, 4), (2, 1, 3, 2, 2)], ids=str
)
def test_flatten_keep_batch_keeps_the_batch(impl, size):
    """flatten_keep_batch gives one row an example, read in row-major order"""
    x = normal(*size)
    mistakes = {
        "one row of all examples": x.reshape(1, -1),
        "the examples read in column-major order": np.stack([e.ravel(order="F") for e in x]),
        "the last axis kept, the others flattened": x.reshape(-1, size[-1]),
        "the flattened examples without their batch axis": x.reshape(-1),
    }
    found = same_inputs(impl, "flatten_keep_batch", x)
    close(
        found, x.reshape(size[0], -1), of=f"flatten_keep_batch of shape {size}", mistakes=mistakes
    )
    dtype(impl.float64.flatten_keep_batch(x), "float64", of="flatten_keep_batch of float64")


@pytest.mark.grade(points=4, hint=MOVE)
@pytest.mark.parametrize(("size", "axis"), AXES, ids=str)
def test_dense_along_works_on_its_axis(impl, size, axis):
    """dense_along multiplies the vectors along its axis, and leaves every other position where it is"""
    n, m = size[axis], 6
    x, w, b = normal(*size), normal(n, m), normal(m)
    expected = dense_along(x, w, b, axis)
    wrong = {"the product without b": dense_along(x, w, 0 * b, axis)}
    if axis not in (-1, len(size) - 1):  # along the last axis, there is nothing to move
        moved = np.moveaxis(x, axis, -1)
        left, reshaped = moved @ w + b, x.reshape(moved.shape) @ w + b
        wrong["the result with the new axis left at the end"] = left
        wrong["that of a reshape in place of moving the axis back"] = left.reshape(expected.shape)
        wrong["that of a reshape in place of moving the axis"] = np.moveaxis(reshaped, -1, axis)
        wrong["that of two reshapes in place of moving the axis"] = reshaped.reshape(expected.shape)
    found = same_inputs(impl, "dense_along", x, w, b, axis)
    close(found, expected, of=f"dense_along of shape {size}, {axis=}", mistakes=wrong)
    # An axis of size 1 stays an axis, before and after.
    found = impl.dense_along(x, w[:, :1], b[:1], axis)
    of = f"dense_along of shape {size}, {axis=}, w ({n}, 1)"
    close(found, dense_along(x, w[:, :1], b[:1], axis), of=of)
    thin = np.take(x, [0], axis)
    of = f"dense_along of shape {thin.shape}, {axis=}"
    close(impl.dense_along(thin, w[:1], b, axis), dense_along(thin, w[:1], b, axis), of=of)


@pytest.mark.grade(points=1)
def test_dense_along_takes_the_last_axis_by_default(impl):
    """without an axis, dense_along works on the last one, and keeps float64"""
    x, w, b = normal(3, 4, 4), normal(4, 4), normal(4)
    first = dense_along(x, w, b, 1)
    found = impl.dense_along(x, w, b)
    close(
        found,
        dense_along(x, w, b, -1),
        of="dense_along(x, w, b)",
        mistakes={"that of axis 1": first},
    )
    close(impl.float64.dense_along(x, w, b, 1), first, of="dense_along(x, w, b, 1) in float64")


@pytest.mark.grade(points=2, hint=MOVE)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_dense_along_passes_gradients(impl, axis):
    """gradients reach x, w and b: the vector-Jacobian products of the definition"""
    x, m = normal(3, 4, 2), 5
    w, b = normal(x.shape[axis], m), normal(m)
    c = normal(*dense_along(x, w, b, axis).shape)
    by_x, by_w, by_b = impl.grad("dense_along", x, w, b, axis, wrt=[0, 1, 2], cotangent=c)
    last_x, last_c = np.moveaxis(x, axis, -1), np.moveaxis(c, axis, -1)
    close(by_x, np.moveaxis(last_c @ w.T, -1, axis), of=f"d dense_along / d x, {axis=}")
    close(
        by_w,
        last_x.reshape(-1, len(w)).T @ last_c.reshape(-1, m),
        of=f"d dense_along / d w, {axis=}",
    )
    close(by_b, last_c.reshape(-1, m).sum(0), of=f"d dense_along / d b, {axis=}")


@pytest.mark.grade(
    points=3,
    hint="Flatten, dense layers with ReLU between them, and the output's shape at the end.",
)
@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.parametrize("hidden", [(), (7, 6), (6, 6, 6)], ids=str)
@pytest.mark.parametrize(("in_shape", "out_shape"), SHAPES, ids=str)
def test_build_maps_shape_to_shape(impl, n, hidden, in_shape, out_shape):
    """with given weights, the model maps (B, *in_shape) to (B, *out_shape) as matrix products do"""
    sizes = [prod(in_shape), *hidden, prod(out_shape)]
    model = impl.build(in_shape, out_shape, hidden)
    of = f"build({in_shape}, {out_shape}, {hidden})"
    kernels = [layer["kernel"].shape for layer in impl.layers(model)]
    equal(kernels, [*pairwise(sizes)], of=f"the (inputs, outputs) of the layers of {of}")
    layers = random_layers(*sizes)
    impl.assign(model, layers)
    x = normal(n, *in_shape)
    z = forward(layers, x)[1]
    expected = z.reshape(n, *out_shape)
    linear = x.reshape(n, -1)
    for layer in layers:
        linear = linear @ layer["kernel"] + layer["bias"]
    mistakes = {
        "a result that is not brought into shape": z,
        "a result without its batch axis": expected[0],
        "the network without ReLU": linear.reshape(expected.shape),
        "a ReLU on the output": np.maximum(expected, 0),
        "the entries in column-major order": np.stack([r.reshape(out_shape, order="F") for r in z]),
        "inputs read in column-major order": forward(
            layers, np.stack([e.ravel(order="F") for e in x])
        )[1].reshape(expected.shape),
    }
    if expected.ndim == 2 and z.shape == expected.shape:
        del mistakes["a result that is not brought into shape"]
    close(model(x), expected, of=f"{of}(x) for {n} examples", mistakes=mistakes)
    far = forward(layers, 40 * x)[1].reshape(expected.shape)
    of = f"{of}(x) for {n} examples, where the largest entry is {np.abs(far).max():.3g}"
    close(model(40 * x), far, of=of, rtol=1e-3, atol=1e-4 * np.abs(far).max())


@pytest.mark.grade(
    points=1, hint="The layers draw their own first weights; leave them as they are."
)
def test_build_leaves_the_default_initialisation(impl):
    """kernels and biases of every layer are drawn as the framework's dense layers draw them, for each model anew"""
    kernels = [impl.layers(impl.build((3, 2), (4,), (5,)))[0]["kernel"] for _ in range(2)]
    holds(
        not np.allclose(*kernels),
        "two models of build((3, 2), (4,), (5,)) have the same first kernel, but each should draw its own",
    )
    alike = impl.layers(impl.build((3, 2), (4,), (9, 9, 9)))
    holds(
        not np.allclose(alike[1]["kernel"], alike[2]["kernel"]),
        "layers 1 and 2 of build((3, 2), (4,), (9, 9, 9)) start with the same weights, but each should draw its own",
    )
    call = ((10, 15), (12, 10), (400, 200))
    layers = impl.layers(impl.build(*call))
    equal(len(layers), 3, of=f"the number of layers of build{call}")
    for i, layer in enumerate(layers):
        n, m = layer["kernel"].shape
        # Both draw uniformly up to a bound: PyTorch 1 / sqrt(n), for biases, too; Keras Glorot's, and biases of 0.
        bound = n**-0.5 if impl.framework == "torch" else np.sqrt(6 / (n + m))
        shown = f"of the kernel of layer {i} of build{call}, over that of the default,"
        # 24,000 draws or more: five standard errors of a deviation are 1.5 % of it, of a mean 0.02 of the bound.
        between(layer["kernel"].std() / bound * 3**0.5, 0.98, 1.02, of=f"the deviation {shown}")
        between(
            np.abs(layer["kernel"]).max() / bound, 0.995, 1.0001, of=f"the largest size {shown}"
        )
        of = f"the mean of the kernel of layer {i} of build{call}, over the bound of the default,"
        between(layer["kernel"].mean() / bound, -0.02, 0.02, of=of)
        holds("bias" in layer, f"layer {i} of build{call} has no bias, but should have one")
        low, high = (0.8, 1.0001) if impl.framework == "torch" else (0.0, 0.0)
        of = f"the largest bias of layer {i} of build{call}, over the bound of the default,"
        between(np.abs(layer["bias"]).max() / bound, low, high, of=of)


@pytest.mark.grade(points=2, hint="An example must not see its neighbours.")
def test_build_treats_examples_alone(impl):
    """other orders of the examples give the same results in that order"""
    model, _, x, _ = problem(impl, 6)
    order = [3, 0, 5, 1, 4, 2]
    close(model(x[order]), model(x)[order], of="model(x in another order)")
    close(model(x[:1]), model(x)[:1], of="model(the first example alone)")


@pytest.mark.grade(
    seconds=60,
    points=3,
    hint="The mean over all entries of (model(x) - y)**2, of two tensors of one shape.",
)
def test_train_makes_the_steps_of_adam(impl):
    """with one batch of all examples, three epochs end where Adam's steps on the mean squared error end, each time"""
    model, layers, x, y = problem(impl, 9)
    old_gradients(impl, model, x)
    found, after = impl.after("train", model, x, y, 3, 0.05, 16)
    _, losses = trained(layers, x, y, 3, 0.05, 16)
    mistakes = {"the sum over the entries of an example": 10 * losses[0]}
    recorded(found, losses, of="train", rtol=1e-2, atol=1e-3, mistakes=mistakes)
    close(
        *settled(weights(impl.layers(model)), layers, x, y, 3, 0.05, 16),
        of="the weights after train",
        rtol=1e-2,
        atol=5e-3,
        mistakes={
            "the weights before it": weights(layers),
            "those of one epoch": weights(trained(layers, x, y, 1, 0.05, 16)[0]),
        },
    )
    close(after[1], x, of="x after train")
    close(after[2], y, of="y after train")
    layers = exact(impl.layers(model))
    found = impl.train(model, x, y, 3, 0.05, 16)
    of = "the second train"
    recorded(found, trained(layers, x, y, 3, 0.05, 16)[1], of=of, rtol=1e-2, atol=1e-3)
    close(
        *settled(weights(impl.layers(model)), layers, x, y, 3, 0.05, 16),
        of=f"the weights after {of}",
        rtol=1e-2,
        atol=5e-3,
    )


@pytest.mark.grade(points=1, hint="beta1, beta2, the rate and the error, as the stub has them.")
def test_train_makes_large_steps_as_well(impl):
    """at a rate of 0.5, every epoch is that of Adam: where errors of hundreds fall fast, and where they rise at once"""
    model, layers, x, y = problem(impl, 9, hidden=())
    nothing = [{key: 0 * value for key, value in layer.items()} for layer in layers]
    # From weights that are nearly right, the first error stays the smallest: neither the rate nor the weights that
    # are left may depend on it.
    for start, target, epochs, words in (
        (layers, 10 * y, 6, ""),
        (nothing, 0.01 * y, 16, ", from weights that are nearly right"),
    ):
        impl.assign(model, [start[0] | {"name": impl.layers(model)[0]["name"]}])
        plan = (x, target, epochs, 0.5, 16)
        run = partial(trained, start, *plan)
        of = f"train(model, x, y, {epochs}, 0.5, 16){words}"
        found = impl.train(model, *plan)
        form = expect_history(found, lambda corrected, run=run: run(corrected=corrected)[1], of)
        expected = weights(run(corrected=form)[0])
        of = f"the weights after {of}"
        close(weights(impl.layers(model)), expected, of=of, rtol=1e-3, atol=1e-3)


@pytest.mark.grade(points=1, hint="Frameworks have other defaults for epsilon than 1e-7.")
def test_train_uses_the_epsilon_asked_for(impl):
    """where gradients are as small as epsilon, the first step is that of epsilon 1e-7"""
    model = impl.build((4,), (5,), ())
    zero = [{"kernel": np.zeros((4, 5)), "bias": np.zeros(5)}]
    impl.assign(model, zero)
    x, y = normal(6, 4), normal(6, 5, scale=2e-6)
    impl.train(model, x, y, 1, 1.0, 6)
    found = weights(impl.layers(model))
    g = weights(gradients(zero, x, y))
    of = "the weights after train(model, x, y, 1, 1.0, 6), y near 2e-6, from weights of 0"
    expect_epsilon(found, np.zeros_like(g), g, 1.0, of)


@pytest.mark.grade(
    points=2,
    hint="Each epoch trains. A smaller batch counts for less in the mean; it is not left out.",
)
def test_train_takes_every_batch(impl):
    """every batch makes a step, and the loss of an epoch is the mean over all examples"""
    # Equal examples: whatever the order of the batches, each step is known.
    model, layers, x, y = problem(impl, 1)
    x, y = np.repeat(x, 10, axis=0), np.repeat(y, 10, axis=0)
    found = impl.train(model, x, y, 2, 0.02, 4)
    _, losses = trained(layers, x, y, 2, 0.02, 4)
    recorded(found, losses, of="train", rtol=1e-2, atol=1e-3)
    of = "the weights after two epochs of 4 + 4 + 2 equal examples"
    close(
        *settled(weights(impl.layers(model)), layers, x, y, 2, 0.02, 4), of=of, rtol=1e-2, atol=5e-3
    )
    nothing = [{key: 0 * value for key, value in layer.items()} for layer in layers]
    model = impl.build((4, 3), (2, 5), (6,))
    impl.assign(model, nothing)
    of = "train(model, x, y, 4, 0.02, 4) from weights of 0, where every target is 0"
    every_epoch(impl.train(model, x, 0 * y, 4, 0.02, 4), 4, of)


@pytest.mark.grade(
    seconds=60, points=2, hint="Draw a new order of the examples, and take x and y in that order."
)
@pytest.mark.parametrize(("rows", "batch_size"), [(41, 4), (70, 40), (2500, 500)])
def test_train_shuffles_the_examples(impl, rows, batch_size):
    """each epoch takes every example once, in batches of the size asked for, in a new order, with its own target"""
    model, layers, x, y = problem(impl, rows, hidden=())
    batches = visited(impl, model, x, lambda: impl.train(model, x, y, 3, 1e-4, batch_size))
    of = f"train on {rows} examples with epochs=3, {batch_size=}"
    expect_epochs(batches, rows, batch_size, epochs=3, of=of)
    impl.assign(model, [layers[0] | {"name": impl.layers(model)[0]["name"]}])
    found = impl.train(model, x, y, 2, 1e-9, batch_size)
    error = ((forward(layers, x)[1] - y.reshape(rows, -1)) ** 2).mean()
    recorded(found, [error] * 2, of=f"train at a rate of 1e-9 on {rows} examples")


RECOVERY = Threshold(
    "mean squared error of a linear map that was learnt",
    at_most=0.001,
    torch=[9e-15, 8e-15, 2e-14, 7e-15, 8e-15, 1e-14, 1e-14, 1e-14, 1e-14, 1e-14],
    tensorflow=[2e-14, 1e-14, 2e-14, 1e-14, 2e-14, 2e-14, 1e-14, 2e-14, 2e-14, 2e-14],
)


@RECOVERY.measured_by
def recovery(impl, seed):
    impl.seed(seed)
    rng = np.random.default_rng(seed)
    law = rng.normal(size=(4, 3, 2, 5)) / np.sqrt(12)
    x, new_x = rng.normal(size=(400, 4, 3)), rng.normal(size=(100, 4, 3))
    model = impl.build((4, 3), (2, 5), ())
    impl.train(model, x, np.einsum("nij,ijkl->nkl", x, law), 40, 0.02, 20)
    found = model(new_x)
    equal(found.shape, (100, 2, 5), of="the shape of model(x)")
    of = "model(x) after train"
    own = forward(exact(impl.layers(model)), new_x)[1].reshape(found.shape)
    close(found, own, of=of, rtol=1e-3, atol=1e-4)
    return float(((found - np.einsum("nij,ijkl->nkl", new_x, law)) ** 2).mean())


@pytest.mark.grade(points=2, seconds=240)
def test_train_recovers_a_linear_map(impl):
    """the median mean squared error of three trainings on a random linear map is at most 0.001"""
    RECOVERY.expect(impl)


@pytest.mark.grade(points=1)
def test_tensors_keep_the_contracts_words(impl):
    """flatten_keep_batch and dense_along keep what docs/contract.md says of every function"""

    def flatten(x):
        return x.reshape(len(x), -1)

    options = {"expected": flatten, "rows": [0], "rowwise": True, "without": ["shared"]}
    conform(impl, "flatten_keep_batch", [normal(5, 2, 3)], **options)
    given = [normal(2, 4, 3), normal(4, 5), normal(5), 1]
    conform(impl, "dense_along", given, expected=dense_along)


@pytest.mark.grade(points=1, seconds=120)
def test_models_keep_the_contracts_words(impl):
    """build and train keep what docs/contract.md says of every function"""
    given = [(4, 3), (2, 5), (6,)]
    rules = ["settings", "untouched", "keywords"]
    conform(impl, "build", given, gives="anything", seeded=True, only=rules)
    given = [anew("build", (2, 2), (3,), (4,)), normal(9, 2, 2), normal(9, 3), 2, 0.1, 9]
    rules = ["result", "untouched", "settings", "keywords"]
    conform(impl, "train", given, changes=[0], gives="anything", only=rules)
    model = impl.fed(impl.build((2, 2), (3,), (4,)), 2, 2)
    run = lambda: impl.train(model, *given[1:3], 1, 0.1, 9)  # noqa: E731
    expect_frozen(impl, model, run, "train(model, x, y, 1, 0.1, 9)")
