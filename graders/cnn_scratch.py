"""Hidden checks of exercises/cnn_scratch.py. Images are (N, H, W, C) here, kernels (H, W, in, out)."""

import math

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring import convnet, unmet
from katagrad.authoring.conformance import conform
from katagrad.authoring.convnet import cross_entropy
from katagrad.authoring.expect import (
    at_least,
    at_most,
    chance,
    close,
    dtype,
    equal,
    from_scratch,
    full_size,
    generator,
    holds,
    image,
    integers,
    kernel,
    normal,
    number,
    shape,
)
from katagrad.authoring.footprint import largest
from katagrad.authoring.influence import each_matters
from katagrad.authoring.minibatches import expect_new_orders
from katagrad.authoring.oracle import softmax
from katagrad.authoring.structure import every_epoch, keys, losses, pair, recorded
from katagrad.authoring.threshold import Threshold

NAMES = ("k1", "b1", "k2", "b2", "w3", "b3", "w4", "b4")
STEPS = "Follow the numbered list: convolution, bias, ReLU, maximum; twice; then two products."
ANEW = "Draw rng.permutation inside the loop over epochs."
# Images whose sides differ, with a rest that fills no window, and of the size of digits.
SIZES = [(8, 8, 1), (7, 10, 2), (4, 6, 3)]


# -- oracle ----------------------------------------------------------------------------------------


def layers(params):
    return [
        {"kernel": params[k], "bias": params[b]}
        for k, b in zip(NAMES[::2], NAMES[1::2], strict=True)
    ]


def forward(params, x, framework, **options):
    return convnet.forward(layers(params), x, framework, **options)[0]


def plan(params, batches, lr, framework):
    """(parameters, the loss of each step) of momentum 0.9 on `batches`, a list of (x, y)."""
    found, each = convnet.descent(layers(params), batches, lr, framework)
    return dict(
        zip(NAMES, [one[key] for one in found for key in ("kernel", "bias")], strict=True)
    ), each


# -- inputs ----------------------------------------------------------------------------------------


def weights(size, filters=(2, 3), units=4, classes=5):
    """Parameters far from symmetric, with biases."""
    height, width, channels = size
    flat = (height // 4) * (width // 4) * filters[1]
    return {
        "k1": normal(3, 3, channels, filters[0], scale=0.6), "b1": normal(filters[0], scale=0.5),
        "k2": normal(3, 3, *filters, scale=0.4), "b2": normal(filters[1], scale=0.5),
        "w3": normal(flat, units, scale=0.5), "b3": normal(units, scale=0.5),
        "w4": normal(units, classes, scale=0.7), "b4": normal(classes, scale=0.5),
    }  # fmt: skip


def sent(params):
    return {name: kernel(one) if one.ndim == 4 else one for name, one in params.items()}


def trained(impl, params, x, y, *settings):
    """(parameters, history) as the submission's `train` returns them."""
    found = impl.train(sent(params), image(x), y, *settings, returns="kernel")
    after, history = pair(found, "train(params, x, y, ...)", ("params", "history"))
    return keys(after, "the parameters that train returned", NAMES), history


def problem(count, size=(4, 5, 1)):
    """(params, x, y) of a network small enough to be computed exactly many times."""
    params = weights(size)
    return params, normal(count, *size), integers(5, count)


def compare(found, expected, of, rtol=2e-3):
    for name in NAMES:
        close(found[name], expected[name], of=f"{name} after {of}", rtol=rtol, atol=rtol / 10)


# -- parameters ------------------------------------------------------------------------------------


@pytest.mark.grade(points=2, hint="fan-in: 9 numbers of each input channel for a kernel.")
@pytest.mark.parametrize("size", [(16, 12, 3), (9, 23, 2)], ids=str)
def test_params_have_their_shapes_and_variances(impl, size):
    """kernels and matrices are normal with variance 2 / fan-in, each from draws of its own; biases are 0"""
    height, width, channels = size
    flat = (height // 4) * (width // 4) * 24
    asked = {
        "k1": (3, 3, channels, 20), "b1": (20,), "k2": (3, 3, 20, 24), "b2": (24,),
        "w3": (flat, 30), "b3": (30,), "w4": (30, 40), "b4": (40,),
    }  # fmt: skip
    of = f"init_params({size}, (20, 24), 30, 40, rng)"
    found = keys(impl.init_params(size, (20, 24), 30, 40, impl.rng(), returns="kernel"), of, NAMES)
    for name, wanted in asked.items():
        one = found[name]
        dtype(one, "float32", of=f"{name} of {of}")
        shape(one, wanted, of=f"{name} of {of}")
        if name[0] == "b":
            close(one, np.zeros(wanted), of=f"{name} of {of}")
            continue
        z = one / np.sqrt(2 / math.prod(wanted[:-1]))
        # Of n draws, the deviation scatters by 1 / sqrt(2 n), and the mean by 1 / sqrt(n).
        number(
            z.std(),
            1,
            of=f"the deviation of {name}, over sqrt(2 / fan-in),",
            rtol=0,
            atol=5 / np.sqrt(2 * z.size),
        )
        number(z.mean(), 0, of=f"the mean of {name}, over its deviation,", atol=5 / np.sqrt(z.size))
        inside = float((np.abs(z) < 0.6745).mean())
        chance(inside, 0.5, z.size, of=f"the share of {name} within 0.6745 deviations of 0")
        if (
            z.size > 4000
        ):  # 50 of them lie beyond 2.5 deviations; of draws cut at two and spread out again, none does
            of_largest = f"the largest number of {name}, over sqrt(2 / fan-in),"
            at_least(float(np.abs(z).max()), 2.5, of=of_largest)
        other = found["w3" if name != "w3" else "k2"]
        first, other = (np.ravel(one)[: min(z.size, 500)] for one in (z, other))
        together = abs(float(np.corrcoef(first, other)[0, 1]))
        at_most(together, 0.25, of=f"the correlation of the draws of {name} with those of another")
        different = len(np.unique(one)) / one.size
        at_least(different, 0.99, of=f"the share of different numbers in {name} of {of}")


@pytest.mark.grade(points=1)
def test_init_params_keeps_the_contracts_words(impl):
    """init_params draws from rng alone, and from nothing else"""
    arguments = [(8, 9, 2), (3, 4), 5, 3, impl.rng(1)]
    conform(impl, "init_params", arguments, returns="kernel")


# -- forward ---------------------------------------------------------------------------------------


@pytest.mark.grade(points=4, hint=STEPS)
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_forward_is_the_network(impl, size, scale):
    """from given parameters, the logits are those of the two convolutions and the two products"""
    params, x = weights(size), scale * normal(4, *size)
    framework = impl.framework
    z = forward(params, x, framework)
    no_bias = params | {name: 0 * params[name] for name in ("b1", "b2", "b3", "b4")}
    other = "tensorflow" if framework == "torch" else "torch"
    # A dict has no places: the names tell which is which.
    turned = dict(reversed(params.items()))
    close(
        impl.forward(sent(turned), image(x)),
        z,
        of=f"forward(params, x) of images of {size}",
        rtol=1e-3,
        atol=1e-4 * float(np.abs(z).max()),
        mistakes={
            "the probabilities, softmax of the logits": softmax(z),
            "the network without biases": forward(no_bias, x, framework),
            "the network with means in place of maxima": forward(params, x, framework, pool=np.mean),
            "the network with the other framework's order of the row": forward(params, x, other),
            "the network with flipped kernels": forward(
                params | {k: params[k][::-1, ::-1] for k in ("k1", "k2")}, x, framework
            ),
            "the network without ReLU": forward(params, x, framework, relu=lambda z: z),
        },
    )  # fmt: skip


@pytest.mark.grade(points=1)
def test_forward_keeps_the_contracts_words(impl):
    """forward keeps dtypes and views, and leaves its arguments as they were"""
    params, x, _ = problem(3, (8, 5, 2))
    framework = impl.framework
    conform(
        impl,
        "forward",
        [sent(params), image(x)],
        expected=lambda params, x: forward(params, x, framework),
        rows=[1],
        rowwise=True,
    )
    conform(
        impl,
        "forward",
        [sent(weights((8, 5, 2), units=40)), image(normal(9, 8, 5, 2)), 0.5, impl.rng(1)],
        only=["untouched", "rng", "float64", "settings", "keywords"],
    )


def plain(units, classes=2):
    """Parameters with which every unit is 1 before dropout, whatever the image, and logit 0 counts those kept."""
    params = {
        name: 0 * one for name, one in weights((4, 4, 1), units=units, classes=classes).items()
    }
    params["b3"][:] = 1.0
    params["w4"] = np.eye(units, classes)
    return params


@pytest.mark.grade(
    points=2, hint="hidden * (rng.random(hidden.shape) >= rate) / (1 - rate), if there is an rng."
)
@pytest.mark.parametrize("rate", [0.2, 0.6])
def test_forward_drops_units_with_an_rng(impl, rate):
    """a share of the units is 0 and the others are scaled, by rng alone; without an rng nothing is dropped"""
    images, units = 300, 20
    # The logits are the units, each of which depends on its image, and is far above 0.
    params = weights((8, 5, 2), units=units, classes=units)
    params |= {"w3": 0.05 * params["w3"], "b3": 5 + normal(units, scale=0.1)}
    params |= {"w4": np.eye(units), "b4": np.zeros(units)}
    x = normal(images, 8, 5, 2)
    whole = forward(params, x, impl.framework)
    found = impl.forward(sent(params), image(x), rate, impl.rng())
    of = f"forward(params, x, {rate=}, rng=rng) where the logits are the units"
    shape(found, (images, units), of=of)
    zero = np.abs(found) < 1e-6
    kept = np.where(zero, 0, whole)
    close(
        found,
        kept / (1 - rate),
        of=of,
        rtol=1e-4,
        mistakes={"units that are not scaled": kept},
    )
    share = float(zero.mean())
    # Before the share is judged: units that are dropped together are few draws, whose share is off.
    for axis, alike in (
        (0, "every unit is 0 in equally many images"),
        (1, "every image loses equally many units"),
    ):
        holds(
            share in (0, 1) or np.ptp(zero.mean(axis)) > 0,
            f"in {of}, {alike}, but each unit of each image should be drawn by itself",
        )
    chance(share, rate, zero.size, of=f"the share of units that are 0 with {rate=}")
    of = f"forward(params, x, {rate=}) without an rng"
    close(impl.forward(sent(params), image(x), rate), whole, of=of, rtol=1e-4)
    of = "forward(params, x, rate=0.0, rng=rng)"
    close(impl.forward(sent(params), image(x), 0.0, impl.rng()), whole, of=of, rtol=1e-4)
    of = "forward(params, x, rng=rng), where the rate is 0.0 by default"
    close(impl.forward(sent(params), image(x), rng=impl.rng()), whole, of=of, rtol=1e-4)


# -- train -----------------------------------------------------------------------------------------


@pytest.mark.grade(points=3, seconds=30)
def test_train_steps_with_momentum(impl):
    """with whole batches and no dropout, losses and parameters are those of momentum 0.9, in each call anew"""
    params, x, y = problem(6, (8, 5, 2))
    after, of = params, "train(params, x, y, 3, 6, 0.1, 0.0, rng)"
    for call in ("first", "second"):
        expected, history = plan(after, [(x, y)] * 3, 0.1, impl.framework)
        # In float64, where a little decay of the weights or clipping cannot hide in rounding.
        found, seen = trained(impl.float64, after, x, y, 3, 6, 0.1, 0.0, impl.rng())
        recorded(
            seen,
            history,
            of=f"the {call} {of}",
            mistakes={"the sum over the batch": 6 * history[0]},
        )
        compare(found, expected, f"the {call} {of}", 1e-6)
        after = {name: np.asarray(found[name], float) for name in NAMES}
    # Where all parameters are 0, only b4 has a gradient; its steps are so large that each loss is above the one before.
    start = {name: 0 * one for name, one in weights((8, 5, 2), classes=2).items()}
    y = np.array([0, 0, 0, 0, 0, 1])
    first, _ = plan(start, [(x, y)], 20.0, impl.framework)
    expected, history = plan(start, [(x, y)] * 3, 20.0, impl.framework)
    of = "train(params, x, y, 3, 6, 20.0, 0.0, rng) from parameters of 0, where the loss rises"
    found, seen = trained(impl.float64, start, x, y, 3, 6, 20.0, 0.0, impl.rng())
    recorded(seen, history, of=of)
    best = {"b4 after the epoch with the smallest loss": first["b4"]}
    close(found["b4"], expected["b4"], of=f"b4 after {of}", rtol=1e-6, mistakes=best)


@pytest.mark.grade(points=1, seconds=30, hint="range(0, N, batch), the last batch included.")
@pytest.mark.parametrize("batch", [3, 20])
def test_train_takes_batches_of_the_size_asked_for(impl, batch):
    """seven rows in batches of 3 are three steps an epoch, the last of one row; rows are alike here"""
    params, x, y = problem(1)
    steps = -(-7 // batch)
    sizes = np.minimum(batch, 7 - batch * np.arange(steps))
    expected, each = plan(params, [(x, y)] * steps * 2, 0.05, impl.framework)
    history = [float(np.average(each[k * steps : (k + 1) * steps], weights=sizes)) for k in (0, 1)]
    of = f"train(params, x, y, 2, {batch}, 0.05, 0.0, rng) on 7 equal rows"
    found, seen = trained(
        impl, params, x.repeat(7, 0), y.repeat(7), 2, batch, 0.05, 0.0, impl.rng()
    )
    recorded(seen, history, of)
    compare(found, expected, of)


@pytest.mark.grade(points=1, seconds=30)
def test_train_uses_and_weighs_every_row(impl):
    """at a learning rate near 0, the loss of each epoch is the mean over all rows, each with its own class"""
    params, x, y = problem(11)
    expected = float(cross_entropy(forward(params, x, impl.framework), y).mean())
    of = "train(params, x, y, 3, 4, 1e-9, 0.0, rng) of 11 rows"
    recorded(trained(impl, params, x, y, 3, 4, 1e-9, 0.0, impl.rng())[1], [expected] * 3, of)
    sure = params | {"b4": np.array([1000.0, 0.0, 0.0, 0.0, 0.0])}
    wrong = params | {"b4": np.array([400.0, 0.0, 0.0, 0.0, 0.0])}
    expected = float(cross_entropy(forward(wrong, x, impl.framework), 0 * y + 1).mean())
    of = "train(params, x, y, 2, 4, 1e-9, 0.0, rng), where the network is sure of wrong classes"
    recorded(trained(impl, wrong, x, 0 * y + 1, 2, 4, 1e-9, 0.0, impl.rng())[1], [expected] * 2, of)
    of = "train(params, x, y, 4, 4, 0.05, 0.0, rng), where the network is sure of every class"
    every_epoch(trained(impl, sure, x, 0 * y, 4, 4, 0.05, 0.0, impl.rng())[1], 4, of)


@pytest.mark.grade(points=1, seconds=30, hint=ANEW)
def test_train_draws_a_new_order_each_epoch(impl):
    """the order of the rows follows from rng, and is another in each epoch"""
    params, x, _ = problem(2)
    y, epochs, lr = np.array([1, 3]), 24, 0.003

    def run(seed):
        return trained(impl, params, x, y, epochs, 1, lr, 0.0, impl.rng(seed))[1]

    def follow(orders):
        batches = [(x[[i]], y[[i]]) for order in orders for i in order]
        each = plan(params, batches, lr, impl.framework)[1]
        return np.reshape(each, (epochs, 2)).mean(1)

    expect_new_orders(
        run, follow, epochs, of=f"train(params, x, y, {epochs}, 1, {lr}, 0.0, rng) of 2 rows"
    )


@pytest.mark.grade(points=2, seconds=60, hint="Hand rate and rng on to forward, batch by batch.")
@pytest.mark.parametrize("batch", [1, 200, 1000])
def test_train_drops_units(impl, batch):
    """the losses are those of dropout: units of 1 count 0 or 1 / (1 - rate), drawn anew in each batch and epoch"""
    # Six epochs, since two lose equally many units once in forty times.
    images, rate, epochs = 100 if batch == 1 else 600, 0.4, 6
    params, x = plain(1), normal(images, 4, 4, 1)
    y = np.zeros(images, np.int64)
    _, seen = trained(impl, params, x, y, epochs, batch, 1e-9, rate, impl.rng())
    of = f"train(params, x, y, {epochs}, {batch}, 1e-9, {rate}, rng) of {images} rows where every unit is 1"
    seen = losses(seen, epochs, of, kind="float")
    high, low = np.log(2), np.log1p(np.exp(-1 / (1 - rate)))
    mean, deviation = rate * high + (1 - rate) * low, np.sqrt(rate * (1 - rate)) * (high - low)
    mistakes = {
        "the loss without dropout": np.log1p(np.exp(-1)),
        "the loss with rate as the share that is kept": (1 - rate) * high
        + rate * np.log1p(np.exp(-1 / rate)),
    }
    for epoch, value in enumerate(seen):
        within = 5 * deviation / np.sqrt(images)
        number(
            value,
            mean,
            of=f"the loss of epoch {epoch} of {of}",
            rtol=0,
            atol=within,
            mistakes=mistakes,
        )
    holds(np.ptp(seen) > 1e-7, f"all losses of {of} are the same, but dropout should be drawn anew")


@pytest.mark.grade(points=1, seconds=30)
def test_train_heeds_every_argument(impl):
    """epochs, batch, lr, rate and rng change what comes out; 0 epochs give the parameters as they are, and []"""
    params, x, y = problem(11)
    usual = {"epochs": 2, "batch": 4, "lr": 0.02, "rate": 0.3, "rng": impl.rng(1)}

    def run(**settings):
        return dict(trained(impl, params, x, y, *settings.values())[0])

    other = {"epochs": 3, "batch": 5, "lr": 0.05, "rate": 0.6, "rng": impl.rng(2)}
    each_matters(run, usual, other, of="train(params, x, y, ...)")
    found, seen = trained(impl, params, x, y, 0, 4, 0.1, 0.3, impl.rng())
    equal(seen, [], of="the history of train with epochs=0")
    compare(found, params, "train with epochs=0")
    large = {name: 1e6 * one for name, one in params.items()}
    found, _ = trained(impl, large, x, y, 0, 4, 0.1, 0.3, impl.rng())
    compare(found, large, "train with epochs=0, of parameters about 1e6")


@pytest.mark.grade(points=1, seconds=120)
def test_train_keeps_the_contracts_words(impl):
    """train keeps dtypes, takes integers of every width, and leaves its arguments as they were"""
    params, x, y = problem(10)
    conform(
        impl,
        "train",
        [sent(params), image(x), y, 1, 4, 0.05, 0.2, impl.rng(1)],
        returns="kernel",
        gives="anything",
        data=[1],
    )


# -- predict and evaluate --------------------------------------------------------------------------


@pytest.mark.grade(points=1, seconds=30)
def test_predict_takes_the_largest_logit(impl):
    """predict gives the class of the largest logit, whatever the batch, also of no images"""
    params, x, _ = problem(10, (6, 8, 2))
    z = forward(params, x, impl.framework)
    for batch in (1, 4, 10, 256):
        found = impl.predict(sent(params), image(x), batch)
        dtype(found, "int64", of="predict(params, x)")
        equal(found, z.argmax(1), of=f"predict(params, x, {batch=}) of 10 images")
    # So large that the sigmoid of each is 1, and the first is the least.
    high = params | {"b4": params["b4"] + [100, 200, 200, 200, 200]}
    scores = forward(high, x, impl.framework)
    of = "predict(params, x), where all logits are from 100 to 200"
    unmet.agree(impl.predict(sent(high), image(x)), scores, of=of)
    conform(
        impl,
        "predict",
        [sent(params), image(x), 3],
        expected=lambda params, x, batch: forward(params, x, impl.framework).argmax(1),  # noqa: ARG005
        rows=[1],
        rowwise=True,
        empty=True,
    )


@pytest.mark.grade(points=1, seconds=30, hint="range(0, N, batch), and x[i : i + batch].")
@pytest.mark.parametrize("name", ["predict", "evaluate"])
def test_use_computes_batch_by_batch(impl, name):
    """predict and evaluate compute the feature maps of no more than `batch` images at once"""
    images, size = 257, (8, 8, 1)
    # Maps of a batch are larger than all images together, and than all parameters.
    params, x, y = weights(size, filters=(24, 4)), normal(images, *size), integers(5, images)
    shown = "params, x, y" if name == "evaluate" else "params, x"

    def made(count, *batch):
        given = [image(x[:count]), y[:count]] if name == "evaluate" else [image(x[:count])]
        return largest(impl, lambda: impl.call(name, sent(params), *given, *batch))

    for count, batch in ((11, 4), (images, None)):
        given, limit = ((), 256) if batch is None else ((batch,), batch)
        one, all_ = made(limit, *given), made(count, *given)
        of = f"{name}({shown}{'' if batch is None else f', {batch=}'})"
        holds(
            all_ <= one,
            f"{of} of {count} images makes a tensor of {all_:,} numbers, and one of {one:,} for {limit} images, but "
            f"should compute no more than {limit} images at once",
        )


@pytest.mark.grade(
    points=2, seconds=30, hint="The last batch may be shorter: weigh rows, not batches."
)
def test_evaluate_averages_over_the_images(impl):
    """loss and accuracy are means over all images, whatever the batch, as Python floats"""
    params, x, _ = problem(11, (6, 8, 2))
    z = forward(params, x, impl.framework)
    y = np.where(generator().random(11) < 0.6, z.argmax(1), integers(5, 11))
    y[0] = z[0].argmin()
    each = cross_entropy(z, y)
    for batch in (1, 4, 256):
        of = f"evaluate(params, x, y, {batch=})"
        # In float64, where no rounding of the result hides.
        found = impl.float64.evaluate(sent(params), image(x), y, batch)
        found = keys(found, of, ("loss", "accuracy"))
        for name, wanted in (("loss", each.mean()), ("accuracy", (z.argmax(1) == y).mean())):
            holds(
                isinstance(found[name], float),
                f"{of}[{name!r}] is {found[name]!r}, but should be a Python float",
            )
            number(found[name], wanted, of=f"{of}[{name!r}]", rtol=1e-6, atol=1e-7)
    sure = params | {"b4": np.array([400.0, 0.0, 0.0, 0.0, 0.0])}
    wanted = cross_entropy(forward(sure, x, impl.framework), 0 * y + 1).mean()
    found = impl.evaluate(sent(sure), image(x), 0 * y + 1)
    of = "evaluate(params, x, y) where the network is sure of wrong classes"
    number(keys(found, of, ("loss", "accuracy"))["loss"], wanted, of=f"{of}['loss']", rtol=1e-4)

    def evaluate(params, x, y, batch):  # noqa: ARG001
        z = forward(params, x, impl.framework)
        return {
            "loss": float(cross_entropy(z, y).mean()),
            "accuracy": float((z.argmax(1) == y).mean()),
        }

    conform(
        impl,
        "evaluate",
        [sent(params), image(x), y, 4],
        expected=evaluate,
        rows=[1, 2],
        gives="anything",
    )


@pytest.mark.grade(points=1)
def test_all_is_written_from_scratch(impl):
    """no layer and no model of the framework"""
    from_scratch(impl, "init_params", "forward", "train", "predict", "evaluate")


# -- outcome ---------------------------------------------------------------------------------------


def outcome(impl, seed, split, filters, calls):
    """Accuracy on `split`'s test images, after calls of train with (epochs, lr) each, in batches of 32."""
    p = unmet.alphabet(10)
    impl.seed(seed)
    size = split.train_x.shape[1:]
    after = impl.init_params(size, filters, 64, 10, impl.rng(seed), returns="kernel")
    known = split.train_x, p[split.train_y]
    for i, (epochs, lr) in enumerate(calls):
        after, _ = trained(impl, after, *known, epochs, 32, lr, 0.1, impl.rng(seed + 1 + i))
    exact = {name: np.asarray(after[name], float) for name in NAMES}
    for how, flat in unmet.images(split.test_x[:200].reshape(200, -1).astype(float), size[0]):
        x = flat.reshape(-1, *size)
        scores = forward(exact, x, impl.framework)
        unmet.agree(impl.predict(sent(after), image(x)), scores, of=f"predict of {how}")
    # In float32, which takes half the time; in parts, for the sake of memory.
    parts = np.array_split(split.test_x, math.ceil(len(split.test_x) / 500))
    z = np.concatenate([forward(after, part, impl.framework) for part in parts])
    return float((z.argmax(1) == p[split.test_y]).mean())


DIGITS = Threshold(
    "test accuracy on digits",
    at_least=0.94,
    torch=[0.9689, 0.98, 0.9667, 0.9778, 0.9889, 0.9622, 0.9578, 0.9733, 0.9733, 0.9867],
    tensorflow=[0.9733, 0.9778, 0.9778, 0.9756, 0.98, 0.9578, 0.9778, 0.98, 0.9644, 0.9867],
)
MNIST = Threshold(
    "test accuracy on MNIST",
    at_least=0.98,
    torch=[0.9842, 0.985, 0.9846, 0.9836, 0.9864, 0.9842, 0.985, 0.985, 0.9835, 0.9843],
    tensorflow=[0.9841, 0.9851, 0.984, 0.9828, 0.9836, 0.9858, 0.9838, 0.9852, 0.9821, 0.986],
)


@DIGITS.measured_by
def digits_accuracy(impl, seed):
    return outcome(impl, seed, data.digits(images=True), (16, 32), [(12, 0.03)])


@MNIST.measured_by
def mnist_accuracy(impl, seed):
    mnist = convnet.sample(data.mnist(), 30_000)
    return outcome(impl, seed, mnist, (8, 16), [(2, 0.05), (1, 0.005)])


@pytest.mark.grade(points=3, seconds=360)
def test_network_learns_to_classify(impl):
    """the median of the runs reaches 0.94 on digits, or 0.98 on MNIST where that is present"""
    (MNIST if full_size("mnist") else DIGITS).expect(impl)
