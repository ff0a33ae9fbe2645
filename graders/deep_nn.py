"""Hidden checks of exercises/deep_nn.py. `impl` takes and returns NumPy arrays."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import expit, logsumexp

from katagrad import data
from katagrad.authoring import structure, unmet
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.expect import (
    at_most,
    between,
    close,
    dtype,
    equal,
    holds,
    integers,
    normal,
    number,
    opaque,
    raises,
    shape,
)
from katagrad.authoring.minibatches import expect_epochs, visited
from katagrad.authoring.oracle import softmax
from katagrad.authoring.states import expect_frozen, old_gradients
from katagrad.authoring.structure import every_epoch, recorded
from katagrad.authoring.threshold import Threshold

# (activation, its slope as a function of its value)
ACTIVATIONS = {
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0) * 1.0),
    "tanh": (np.tanh, lambda a: 1 - a**2),
    "sigmoid": (expit, lambda a: a * (1 - a)),
}


# -- the oracle ------------------------------------------------------------------------------------


def forward(layers, x, activation="relu"):
    """The input of every layer, and the logits."""
    inputs = [x]
    for layer in layers[:-1]:
        z = inputs[-1] @ layer["kernel"] + layer["bias"]
        inputs.append(ACTIVATIONS[activation][0](z))
    return inputs, inputs[-1] @ layers[-1]["kernel"] + layers[-1]["bias"]


def loss(layers, x, y):
    z = forward(layers, x)[1]
    return (logsumexp(z, axis=1) - z[np.arange(len(y)), y]).mean()


def gradients(layers, x, y, activation="relu"):
    """d mean cross-entropy / d (kernel, bias), layer by layer."""
    inputs, z = forward(layers, x, activation)
    signal = (softmax(z) - np.eye(z.shape[1])[y]) / len(y)
    found = []
    for layer, a in zip(layers[::-1], inputs[::-1], strict=True):
        found.insert(0, {"kernel": a.T @ signal, "bias": signal.sum(0)})
        signal = (signal @ layer["kernel"].T) * ACTIVATIONS[activation][1](a)
    return found


def norms(arrays):
    return np.array([np.sqrt((array**2).sum()) for array in arrays])


def trained(layers, x, y, epochs, lr, batch_size, momentum=0.9):
    """The layers after training with batches in the order of the rows, and the mean loss of each epoch."""
    layers = [dict(layer) for layer in layers]
    velocity = [{"kernel": 0.0, "bias": 0.0} for _ in layers]
    losses = []
    for _ in range(epochs):
        total = 0.0
        for i in range(0, len(x), batch_size):
            bx, by = x[i : i + batch_size], y[i : i + batch_size]
            total += loss(layers, bx, by) * len(by)
            for k, step in enumerate(gradients(layers, bx, by)):
                for key, g in step.items():
                    velocity[k][key] = momentum * velocity[k][key] + g
                    layers[k][key] = layers[k][key] - lr * velocity[k][key]
        losses.append(total / len(x))
    return layers, losses


def random_layers(*sizes):
    return [
        {"kernel": normal(a, b, scale=1.5 * a**-0.5), "bias": normal(b, scale=0.3)}
        for a, b in pairwise(sizes)
    ]


def build(impl, layers, **options):
    """The submission's model with the weights of `layers`."""
    widths = [len(layer["bias"]) for layer in layers]
    model = impl.build(layers[0]["kernel"].shape[0], tuple(widths[:-1]), widths[-1], **options)
    impl.assign(model, layers)
    return model


def exact(layers):
    return [{key: layer[key].astype(float) for key in ("kernel", "bias")} for layer in layers]


def left_gradients(impl, model):
    """How many parameters have a .grad other than 0. Models of TensorFlow keep none."""
    if impl.framework != "torch":
        return 0
    own = [p.get("grad") for p in model.parameters(returns=opaque).take(50, returns=opaque)]
    return sum(grad is not None and bool(np.any(grad)) for grad in own)


def weights(layers):
    return np.concatenate([layer[key].ravel() for layer in layers for key in ("kernel", "bias")])


# -- the checks ------------------------------------------------------------------------------------


@pytest.mark.grade(
    points=2, hint="Make a new layer for each width; each takes what the one before gives."
)
@pytest.mark.parametrize("widths", [(), (5,), (7, 4, 6), (9, 8, 7, 6, 5, 4, 3, 2, 3, 4)], ids=len)
def test_build_makes_a_layer_for_each_width(impl, widths):
    """build makes as many dense layers as asked, of the widths asked, none of them twice"""
    found = impl.layers(impl.build(6, widths, 3))
    of = f"build(6, {widths}, 3)"
    equal(
        [layer["type"] for layer in found], ["dense"] * (len(widths) + 1), of=f"the layers of {of}"
    )
    for i, (layer, size) in enumerate(zip(found, pairwise([6, *widths, 3]), strict=True)):
        equal(
            list(layer["kernel"].shape),
            list(size),
            of=f"the (inputs, outputs) of layer {i} of {of}",
        )
        holds("bias" in layer, f"layer {i} of {of} has no bias, but should have one")


@pytest.mark.grade(
    points=2,
    hint="One activation after each hidden layer, the last hidden one too; none on the logits.",
)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("widths", [(5,), (7, 4, 6)], ids=len)
def test_build_gives_the_logits_of_the_network(impl, activation, widths):
    """with given weights, the model computes what matrix products and the activation compute"""
    layers = random_layers(6, *widths, 3)
    x = normal(5, 6)
    z = forward(layers, x, activation)[1]
    mistakes = {"the activation of the logits": ACTIVATIONS[activation][0](z)}
    for other in ACTIVATIONS:
        mistakes[f"the network with {other}"] = forward(layers, x, other)[1]
    last = forward(layers[:-1], x, activation)[1]
    mistakes["the network without the activation before the logits"] = (
        last @ layers[-1]["kernel"] + layers[-1]["bias"]
    )
    of = f"model(x) with {activation}"
    model = build(impl, layers, activation=activation)
    close(model(x), z, of=of, mistakes=mistakes)
    impl.assign(model, [layer | {"name": own["name"], "kernel": 50 * layer["kernel"]}
                        for layer, own in zip(layers, impl.layers(model), strict=True)])  # fmt: skip
    far = forward([layer | {"kernel": 50 * layer["kernel"]} for layer in layers], x, activation)[1]
    of = f"{of}, where the largest logit is {np.abs(far).max():.3g}"
    close(model(x), far, of=of, rtol=1e-3, atol=1e-3 * np.abs(far).max())


@pytest.mark.grade(
    points=2, hint="He: 2 / inputs. Glorot: 2 / (inputs + outputs). Set every layer, and its bias."
)
@pytest.mark.parametrize(
    ("init", "activation"),
    [("he", "relu"), ("glorot", "tanh"), ("he", "sigmoid"), ("glorot", "relu"), ("he", "tanh")],
)
def test_build_draws_kernels_of_the_right_variance(impl, init, activation):
    """kernels have mean 0 and the variance of their initialisation, biases are 0, layers differ"""
    layers = impl.layers(impl.build(300, (200, 200, 200), 100, activation=activation, init=init))
    sizes = [layer["kernel"].shape for layer in layers]
    of = "the list of the kernels' sizes"
    equal(sizes, [(300, 200), (200, 200), (200, 200), (200, 100)], of=of)
    for i, layer in enumerate(layers):
        kernel = layer["kernel"]
        inputs, outputs = kernel.shape
        wanted = 2 / inputs if init == "he" else 2 / (inputs + outputs)
        # The variance of n normal draws varies by sqrt(2 / n) of itself, of other shapes by less.
        number(
            kernel.var(),
            wanted,
            of=f"the variance of kernel {i} by {init}",
            rtol=5 * np.sqrt(2 / kernel.size),
            atol=0,
            mistakes={
                "2 / outputs": 2 / outputs,
                "1 / inputs": 1 / inputs,
                "1 / (3 inputs), PyTorch's default": 1 / (3 * inputs),
                "2 / (inputs + outputs), Glorot's": 2 / (inputs + outputs),
            },
        )
        bound = 5 * np.sqrt(wanted / kernel.size)
        number(kernel.mean(), 0, of=f"the mean of kernel {i}", rtol=0, atol=bound)
        # Within a deviation lie 0.68 of normal draws, 0.66 if cut off at two of them, and 0.58 of uniform ones.
        within = float((np.abs(kernel) < kernel.std()).mean())
        of = f"the share of kernel {i} within one deviation of 0, 0.58 to 0.68 where it is uniform or normal,"
        between(within, 0.55, 0.71, of=of)
        close(layer["bias"], np.zeros(outputs), of=f"bias {i} of a new model")
    holds(
        not np.allclose(layers[1]["kernel"], layers[2]["kernel"]),
        "two hidden layers have the same kernel, but each should be drawn on its own",
    )


@pytest.mark.grade(
    points=1, hint="Draw from the generator that torch.manual_seed or Keras's seed sets."
)
def test_build_draws_anew_from_the_frameworks_generator(impl):
    """two models differ, unless the framework's generator began at the same seed"""
    kernels = []
    for seed in (3, 3, 4):
        impl.seed(seed)
        kernels += [impl.layers(impl.build(6, (5,), 3))[0]["kernel"] for _ in range(2)]
    first, second, again, _, other, _ = kernels
    close(again, first, of="the first kernel of build(6, (5,), 3), after the same seed")
    for wrong in (second, other):
        holds(
            not np.allclose(wrong, first),
            "build(6, (5,), 3) drew the same first kernel twice, but should draw each time anew",
        )


@pytest.mark.grade(points=1)
@pytest.mark.parametrize(
    "options",
    [
        {"activation": "cosine"},
        {"init": "zeros"},
        {"activation": "ReLU"},
        {"init": "normal"},
        # The framework knows these names.
        {"activation": "elu"},
        {"activation": "softplus"},
        {"activation": "linear"},
        {"init": "he_normal"},
        {"init": "glorot_uniform"},
    ],
    ids=str,
)
def test_build_refuses_unknown_names(impl, options):
    """build raises ValueError for an activation or an init that it does not know, without hidden layers, too"""
    for widths in ((3,), ()):
        impl.build(4, widths, 2)
        with raises("ValueError", of=f"build(4, {widths}, 2, {options})"):
            impl.build(4, widths, 2, **options)


@pytest.mark.grade(
    points=3,
    hint="Differentiate the mean loss by every kernel; then the root of the sum of squares.",
)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_norms_measures_every_kernel(impl, activation):
    """gradient_norms gives the norm of the gradient by each kernel, first layer first"""
    # Large inputs make gradients of 10 and more in the first layer; it has more rows than a usual batch.
    layers = random_layers(6, 7, 4, 5, 3)
    layers[0]["kernel"] = layers[0]["kernel"] / 20
    x, y = normal(40, 6, scale=20.0), integers(3, 40)
    model = build(impl, layers, activation=activation)
    steps = gradients(layers, x, y, activation)
    kernels = norms(step["kernel"] for step in steps)
    close(
        impl.gradient_norms(model, x, y),
        kernels,
        of="gradient_norms(model, x, y)",
        mistakes={
            "the norms of the kernels themselves": norms(layer["kernel"] for layer in layers),
            "the norms with the last layer first": kernels[::-1],
            "the squared norms": kernels**2,
            "the norms of the gradients by the biases": norms(step["bias"] for step in steps),
            "the norms by kernel and bias together": np.sqrt(
                kernels**2 + norms(step["bias"] for step in steps) ** 2
            ),
            "the gradients of the summed loss": 40 * kernels,
            "the largest entries": np.array([np.abs(step["kernel"]).max() for step in steps]),
        },
    )
    single = random_layers(6, 3)
    x, y = x[:1], y[:1]
    close(
        impl.gradient_norms(build(impl, single, activation=activation), x, y),
        norms(step["kernel"] for step in gradients(single, x, y)),
        of="gradient_norms(build(6, (), 3), one row, its class)",
    )


@pytest.mark.grade(
    points=2, hint="Gradients must not add up from call to call, nor be left over from training."
)
def test_gradient_norms_leaves_the_model_as_it_is(impl):
    """gradient_norms neither steps nor accumulates, before training and after it"""
    layers = random_layers(6, 7, 5, 3)
    x, y = normal(8, 6), integers(3, 8)
    model = build(impl, layers)
    expected = norms(step["kernel"] for step in gradients(layers, x, y))
    for call in ("first", "second"):
        of = f"the {call} gradient_norms(model, x, y)"
        close(
            impl.gradient_norms(model, x, y),
            expected,
            of=of,
            mistakes={"twice the right norms": 2 * expected},
        )
        left = left_gradients(impl, model)
        holds(
            not left,
            f"{of} left gradients in the model (.grad of {left} parameters is not 0), but none should stay; "
            "torch.autograd.grad returns gradients without storing them",
        )
    close(weights(impl.layers(model)), weights(layers), of="the weights after gradient_norms")
    impl.train(model, x, y, 1, 0.05, 8)
    after = exact(impl.layers(model))
    expected = norms(step["kernel"] for step in gradients(after, x, y))
    close(impl.gradient_norms(model, x, y), expected, of="gradient_norms after train", rtol=1e-3)
    old_gradients(impl, model, x)
    of = "gradient_norms of a model that holds gradients of an earlier backward()"
    close(impl.gradient_norms(model, x, y), expected, of=of, rtol=1e-3)


def flow(impl, activation, init):
    """The first hidden layer's gradient norm over the last hidden layer's, at depth ten on digits."""
    digits = data.digits()
    model = impl.build(64, (64,) * 10, 10, activation=activation, init=init)
    x, y = digits.train_x[:128], digits.train_y[:128]
    found = impl.gradient_norms(model, x, y)
    of = f"gradient_norms of ten hidden layers with {activation}"
    right = norms(step["kernel"] for step in gradients(exact(impl.layers(model)), x, y, activation))
    # Norms of a billionth are norms, too.
    close(found, right, of=of, rtol=1e-2, atol=1e-3 * float(right.min()))
    return float(found[0]) / float(found[9])


@pytest.mark.grade(points=1, hint="The slope of the sigmoid is at most 1/4, ten times over.")
def test_sigmoid_lets_gradients_vanish(impl):
    """ten layers of sigmoid leave the first less than a thousandth of the last one's gradient"""
    ratio = flow(impl, "sigmoid", "glorot")
    at_most(ratio, 1e-3, of="first over last gradient norm of ten sigmoid layers")


@pytest.mark.grade(points=2, hint="Does the initialisation suit the activation, in every layer?")
@pytest.mark.parametrize(("activation", "init"), [("relu", "he"), ("tanh", "glorot")])
def test_initialisation_lets_gradients_flow(impl, activation, init):
    """ReLU with He's and tanh with Glorot's initialisation carry the gradient through ten layers"""
    ratio = flow(impl, activation, init)
    of = f"first over last gradient norm of ten {activation} layers by {init}"
    between(ratio, 1e-2, 1e2, of=of)


@pytest.mark.grade(
    points=3,
    hint="v = 0.9 v + gradient of the mean loss; all layers take part; gradients are cleared.",
)
@pytest.mark.parametrize("scale", [1.0, 50.0])
def test_train_makes_the_steps_of_momentum(impl, scale):
    """with one batch of all rows, three epochs end where the stated steps end, in every layer, in each call anew"""
    # Gradients of large inputs are large, too; without ReLU no unit comes near a kink.
    layers = random_layers(5, 3) if scale > 1 else random_layers(5, 6, 4, 3)
    x, y = normal(9, 5, scale=scale), integers(3, 9)
    model = build(impl, layers)
    old_gradients(impl, model, x)
    for call in ("first", "second"):
        expected, losses = trained(layers, x, y, 3, 0.1, 16)
        found, after = impl.after("train", model, x, y, 3, 0.1, 16)
        close(
            weights(impl.layers(model)),
            weights(expected),
            of=f"the weights after the {call} train",
            rtol=1e-3,
            atol=2e-4 * scale,
            mistakes={
                "the weights before it": weights(layers),
                "descent without momentum": weights(
                    trained(layers, x, y, 3, 0.1, 16, momentum=0)[0]
                ),
                "training of the last layer alone": weights([*layers[:-1], expected[-1]]),
                "gradients of the summed loss": weights(trained(layers, x, y, 3, 0.9, 16)[0]),
            },
        )
        recorded(found, losses, of=f"the {call} train")
        close(after[1], x, of="x after train")
        equal(after[2], y, of="y after train")
        layers = exact(impl.layers(model))


@pytest.mark.grade(
    points=2, hint="A smaller batch counts for less in the mean; it is not left out."
)
def test_train_takes_every_batch(impl):
    """every batch makes a step, and the loss of an epoch is the mean over all rows"""
    # Equal rows: whatever the order of the batches, each step is known.
    layers = random_layers(5, 6, 3)
    x, y = np.repeat(normal(1, 5), 9, axis=0), np.full(9, 1)
    model = build(impl, layers)
    found = impl.train(model, x, y, 2, 0.05, 4)
    expected, losses = trained(layers, x, y, 2, 0.05, 4)
    recorded(found, losses, of="train")
    # The first step is so long that the logits overflow, whatever the start.
    flat = build(impl, [{"kernel": np.zeros((5, 3)), "bias": np.zeros(3)}])
    found = impl.train(flat, np.full((9, 5), 1e6), y, 4, 1e30, 4)
    of = "train(model, x, y, 4, 1e30, 4), in which the loss becomes NaN"
    structure.losses(found, 4, of, "float", finite=False)
    *rest, last = layers
    certain = [*rest, last | {"bias": np.array([0.0, 1000.0, 0.0])}]
    sure = build(impl, certain)
    of = "train(model, x, y, 4, 0.05, 4), where the model is sure of every class"
    every_epoch(impl.train(sure, x, y, 4, 0.05, 4), 4, of)
    close(
        weights(impl.layers(sure)),
        weights(certain),
        of=f"the weights, whose gradients are 0, after {of}",
        rtol=1e-6,
        atol=1e-6,
    )
    close(
        weights(impl.layers(model)),
        weights(expected),
        of="the weights after two epochs of 4 + 4 + 1 equal rows",
        rtol=1e-3,
        mistakes={
            "those without the smaller last batch": weights(
                trained(layers, x[:8], y[:8], 2, 0.05, 4)[0]
            )
        },
    )


@pytest.mark.grade(points=2, hint="Draw a new order of the rows, and take x and y in that order.")
@pytest.mark.parametrize(("rows", "batch_size"), [(41, 4), (70, 40)])
def test_train_shuffles_the_rows(impl, rows, batch_size):
    """each epoch takes every row once, in batches of the size asked for, in a new order, each with its class"""
    layers = random_layers(5, 3)
    x, y = normal(rows, 5), integers(3, rows)
    model = build(impl, layers)
    batches = visited(impl, model, x, lambda: impl.train(model, x, y, 3, 1e-3, batch_size))
    of = f"train on {rows} rows with epochs=3, {batch_size=}"
    expect_epochs(batches, rows, batch_size, epochs=3, of=of)
    model = build(impl, layers)
    found = impl.train(model, x, y, 2, 1e-9, batch_size)
    recorded(found, [loss(layers, x, y)] * 2, of=f"train at a rate of 1e-9 on {rows} rows")


@pytest.mark.grade(points=1)
def test_predict_takes_the_largest_logit(impl):
    """predict gives the class of the largest logit, for one row and for several"""
    layers = random_layers(6, 5, 4)
    model = build(impl, layers)
    for rows in (1, 30):
        x = normal(rows, 6, scale=2.0)
        found = impl.predict(model, x)
        dtype(found, "int64", of="predict(model, x)")
        z = forward(layers, x)[1]
        equal(
            found,
            z.argmax(1),
            of="predict(model, x)",
            mistakes={"the class of the smallest logit": z.argmin(1)},
        )
    for classes, scale in ((4, 1e3), (60, 1e-2)):
        layers = random_layers(6, classes)
        model, x = build(impl, layers), normal(30, 6, scale=scale)
        layers[0]["bias"] *= scale
        impl.assign(model, [layers[0] | {"name": impl.layers(model)[0]["name"]}])
        z = forward(layers, x)[1]
        of = f"predict(model, x) where the logits are about {scale:g}"
        unmet.agree(impl.predict(model, x), z, of=of)


ACCURACY = Threshold(
    "test accuracy of five hidden layers on digits",
    at_least=0.94,
    torch=[0.9667, 0.9667, 0.9711, 0.9778, 0.9733, 0.9844, 0.9756, 0.9733, 0.9711, 0.9733],
    tensorflow=[0.98, 0.9778, 0.9689, 0.96, 0.96, 0.96, 0.9711, 0.9556, 0.9822, 0.9622],
)


@ACCURACY.measured_by
def accuracy(impl, seed):
    impl.seed(seed)
    digits = data.digits()
    p = unmet.alphabet(10)
    model = impl.build(64, (64,) * 5, 10)
    impl.train(model, digits.train_x, p[digits.train_y], 20, 0.01, 32)
    layers = impl.layers(model)
    for how, images in unmet.images(digits.test_x[:200], 8):
        found = impl.predict(model, images)
        shape(found, (len(images),), of="predict(model, x)")
        unmet.agree(found, forward(layers, images)[1], of=f"predict of {how}")
    return float((forward(layers, digits.test_x)[1].argmax(1) == p[digits.test_y]).mean())


@pytest.mark.grade(points=2, seconds=240)
def test_train_learns_digits(impl):
    """five hidden layers learn: the median of three trainings reaches 0.94 on test images of digits"""
    ACCURACY.expect(impl)


@pytest.mark.grade(points=1, seconds=60)
def test_models_keep_the_contracts_words(impl):
    """build, gradient_norms and predict keep what docs/contract.md says of every function"""
    model = anew("build", 4, (5, 3), 3, "tanh")
    rules = ["settings", "untouched", "keywords", "defaults"]
    conform(impl, "build", [4, (5, 3), 3, "tanh"], gives="anything", seeded=True, only=rules)
    # A call of backward() may reach x: it is data.
    given = [model, normal(7, 4), integers(3, 7)]
    conform(impl, "gradient_norms", given, tolerance=1e-3, without=["gradients"])
    conform(impl, "predict", [model, normal(7, 4)], rows=[1], rowwise=True)


@pytest.mark.grade(points=1, seconds=120)
def test_train_keeps_the_contracts_words(impl):
    """train takes labels of every width, and leaves x, y and all settings as they were"""
    given = [anew("build", 4, (5,), 3), normal(9, 4), integers(3, 9), 2, 0.1, 9]
    rules = ["result", "untouched", "settings", "integers", "keywords"]
    conform(impl, "train", given, changes=[0], gives="anything", only=rules)
    model = impl.build(4, (5,), 3)
    run = lambda: impl.train(model, *given[1:3], 1, 0.1, 9)  # noqa: E731
    expect_frozen(impl, model, run, "train(model, x, y, 1, 0.1, 9)")
