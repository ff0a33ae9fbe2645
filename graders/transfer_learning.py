"""Hidden checks of exercises/transfer_learning.py. Images are (N, H, W, C) here, kernels (H, W, in, out)."""

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring import convnet, normalisation, unmet
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.convnet import cross_entropy
from katagrad.authoring.expect import (
    close,
    equal,
    holds,
    image,
    integers,
    normal,
    number,
    raises,
)
from katagrad.authoring.influence import each_matters
from katagrad.authoring.layers import KEYS, exact, put, redrawn
from katagrad.authoring.minibatches import expect_epochs, expect_rng_decides, visited
from katagrad.authoring.pretrained import digits_base
from katagrad.authoring.states import expect_frozen, old_gradients
from katagrad.authoring.structure import every_epoch, pair, recorded
from katagrad.authoring.threshold import Threshold

MODE = "In PyTorch, a frozen normalisation has to be in eval mode while the rest trains."
SMALL, FILTERS = (6, 9, 2), (2, 3)
# A model of three blocks, with the settings of build.
DEEP = ((8, 9, 1), (2, 3, 2), 4)


def made(impl, in_shape=SMALL, filters=FILTERS, classes=4):
    """(a model with given layers, those layers)."""
    model = impl.build(in_shape, filters, classes)
    impl.assign(model, redrawn(impl.layers(model)))
    return model, exact(impl.layers(model))


def problem(count, classes=4, in_shape=SMALL):
    return 1.5 * normal(count, *in_shape) + 0.3, integers(classes, count)


def names(place):
    kind = "convolution" if place % 2 == 0 else "normalisation"
    return f"the {kind} of block {place // 2 + 1}"


def same(impl, model, expected, of, blocks=None):
    """Expect the model's layers, or those of its first `blocks` blocks, to be exactly the expected ones."""
    for i, (one, wanted) in enumerate(zip(exact(impl.layers(model)), expected, strict=True)):
        if blocks is not None and i >= 2 * blocks:
            return
        for key, value in wanted.items():
            what = "the head" if i == len(expected) - 1 else names(i)
            close(one[key], value, of=f"the {key} of {what} {of}", rtol=0, atol=0)


def compare(impl, model, expected, of):
    """Expect the model's layers to be close to the expected ones."""
    for i, (one, wanted) in enumerate(zip(exact(impl.layers(model)), expected, strict=True)):
        for key, value in wanted.items():
            what = "the head" if i == len(expected) - 1 else names(i)
            # PyTorch divides the variance of a batch by one less than the count, for the running one.
            rtol = 2e-2 if key == "variance" else 5e-3
            close(one[key], value, of=f"the {key} of {what} {of}", rtol=rtol, atol=5e-4)


# -- build -----------------------------------------------------------------------------------------

BUILDS = {"one block": ((5, 4, 2), (3,)), "two": ((9, 6, 1), (2, 3)), "three": ((8, 11, 3), (2, 4, 3))}  # fmt: skip


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("case", BUILDS)
def test_build_makes_blocks_and_a_head(impl, case):
    """convolutions of 3 by 3 with normalisation, and one dense layer, of the sizes asked for"""
    in_shape, filters = BUILDS[case]
    model = impl.build(in_shape, filters, 5)
    of = f"build({in_shape}, {filters}, 5)"
    layers = [one for one in impl.layers(model) if one["type"] in ("conv", "batch_norm", "dense")]
    equal(
        sorted(one["type"] for one in layers),
        sorted([*["conv", "batch_norm"] * len(filters), "dense"]),
        of=f"the layers with weights of {of}",
    )
    layers = convnet.in_blocks(layers)
    blocks = len(filters)
    flat = (in_shape[0] >> blocks) * (in_shape[1] >> blocks) * filters[-1]
    sizes = [(3, 3, a, b) for a, b in zip((in_shape[2], *filters), filters, strict=False)]
    with_kernel = [one for one in layers if "kernel" in one]
    for layer, size in zip(with_kernel, [*sizes, (flat, 5)], strict=True):
        equal(list(layer["kernel"].shape), list(size), of=f"the shape of a kernel of {of}")
        holds(
            "bias" in layer, f"the layer of shape {size} of {of} has no bias, but should have one"
        )
        holds(layer["kernel"].std() > 1e-4, f"the kernel of shape {size} of {of} is constant")
    learned = sum(one[key].size for one in layers for key in KEYS[:4] if key in one)
    equal(impl.trainable_count(model), learned, of=f"trainable_count({of})")


@pytest.mark.grade(points=3)
@pytest.mark.parametrize("case", BUILDS)
def test_network_computes_what_its_layers_say(impl, case):
    """from given weights and statistics, logits are those of the blocks and the head, also of one image"""
    in_shape, filters = BUILDS[case]
    model, layers = made(impl, in_shape, filters)
    other = "tensorflow" if impl.framework == "torch" else "torch"
    for count in (5, 1):
        x = normal(count, *in_shape, scale=2.0)
        z = convnet.forward(layers, x, impl.framework)[0]
        close(
            impl.logits(model, image(x)),
            z,
            of=f"logits(build({in_shape}, {filters}, 4), x)",
            rtol=1e-3,
            atol=1e-4 * float(np.abs(z).max()),
            mistakes={
                "those of means in place of maxima": convnet.forward(
                    layers, x, impl.framework, pool=np.mean
                )[0],
                "those of a network without ReLU": convnet.forward(
                    layers, x, impl.framework, relu=lambda s: s
                )[0],
                "those of the other framework's order of the row": convnet.forward(
                    layers, x, other
                )[0],
                "those normalised by the statistics of the batch": convnet.forward(
                    layers, x, impl.framework, batch=True
                )[0],
                "those with 1e-3 added to the variance": convnet.forward(
                    normalisation.with_epsilon(layers, 1e-3), x, impl.framework
                )[0],
                "the probabilities": convnet.softmax(z),
            },
        )
    small = normalisation.faint(layers)
    put(impl, model, small)
    normalisation.expect_epsilon(impl, model, small, in_shape, f"build({in_shape}, {filters}, 4)")


# -- replace_head ----------------------------------------------------------------------------------


@pytest.mark.grade(points=2, hint="Copy the blocks: a layer that is shared learns for both models.")
def test_replace_head_keeps_the_blocks_and_starts_a_head_of_zeros(impl):
    """blocks are the same, the head is 0, nothing is frozen; again and again, from a frozen model, too"""
    model, layers = made(impl)
    x = normal(5, *SMALL)
    for classes in (3, 4, 1, 6):  # 4 as before, too
        impl.freeze(model, 2)
        count = impl.trainable_count(model)
        new = impl.replace_head(model, classes)
        of = f"replace_head(model, {classes})"
        head = {"kernel": np.zeros((6, classes)), "bias": np.zeros(classes)}
        same(impl, new, [*layers[:-1], head], f"of {of}")
        learned = sum(
            one[key].size for one in [*layers[:-1], head] for key in KEYS[:4] if key in one
        )
        equal(impl.trainable_count(new), learned, of=f"trainable_count({of})")
        equal(impl.trainable_count(model), count, of=f"trainable_count(model) after {of}")
        close(impl.logits(new, image(x)), np.zeros((5, classes)), of=f"logits({of}, x)", atol=0)
        same(impl, model, layers, f"of model after {of}")
        again = impl.replace_head(new, 4)
        same(
            impl,
            again,
            [*layers[:-1], {"kernel": np.zeros((6, 4)), "bias": np.zeros(4)}],
            f"of replace_head({of}, 4)",
        )


@pytest.mark.grade(points=2, seconds=30)
def test_replace_head_makes_a_model_of_its_own(impl):
    """training the new model leaves the old one exactly as it was, and the other way round; nothing new is frozen"""
    model, layers = made(impl)
    new = impl.replace_head(model, 4)
    before = exact(impl.layers(new))
    x, y = problem(8)
    impl.train(new, image(x), y, 2, 4, 0.1, impl.rng())
    same(impl, model, layers, "of model after train(replace_head(model, 4), ...)")
    impl.freeze(model, 2)
    thawed = impl.replace_head(model, 4)
    # One step: the head is 0, so it moves no block, but the running statistics move.
    wanted, history = convnet.descent(before, [(x, y)], 0.1, impl.framework)
    of = "train(replace_head(model, 4), ...), where the blocks of model are frozen,"
    recorded(impl.train(thawed, image(x), y, 1, 8, 0.1, impl.rng()), history, of)
    compare(impl, thawed, wanted, f"of the model after {of}")
    impl.freeze(model, 0)
    new = impl.replace_head(model, 4)
    impl.train(model, image(x), y, 2, 4, 0.1, impl.rng())
    same(impl, new, before, "of replace_head(model, 4) after train(model, ...)")


# -- freeze and trainable_count --------------------------------------------------------------------


@pytest.mark.grade(points=2)
def test_freeze_decides_what_is_counted(impl):
    """trainable_count is a Python integer without the frozen blocks; freeze again unfreezes the others"""
    model, layers = made(impl, *DEEP)
    for blocks in (3, 1, 2, 0, 3, 0):
        impl.freeze(model, blocks)
        learned = [one[key] for one in layers[2 * blocks :] for key in KEYS[:4] if key in one]
        found = impl.trainable_count(model)
        of = f"trainable_count(model) after freeze(model, {blocks})"
        everything = sum(v.size for one in layers[2 * blocks :] for v in one.values())
        number(
            found,
            sum(v.size for v in learned),
            of=of,
            mistakes={"the count with the statistics": everything},
        )
        holds(type(found) is int, f"{of} is {found!r}, but should be a Python integer")
        same(impl, model, layers, f"after freeze(model, {blocks})")


@pytest.mark.grade(points=1)
def test_freeze_refuses_blocks_that_are_not_there(impl):
    """fewer than no blocks, and more than there are, raise ValueError before anything changes"""
    model, _ = made(impl)
    impl.freeze(model, 1)
    count = impl.trainable_count(model)
    for blocks in (-1, 3, 7):
        with raises("ValueError", of=f"freeze(model, {blocks}) of a model of 2 blocks"):
            impl.freeze(model, blocks)
        equal(impl.trainable_count(model), count, of=f"trainable_count after freeze({blocks})")


# -- train -----------------------------------------------------------------------------------------


@pytest.mark.grade(points=4, seconds=60, hint=MODE)
@pytest.mark.parametrize("frozen", [0, 1, 2])
def test_train_steps_with_frozen_blocks(impl, frozen):
    """frozen blocks stay bit by bit, statistics too; the rest follows descent with momentum"""
    model, layers = made(impl)
    impl.logits(model, image(normal(3, *SMALL)))
    if impl.framework == "torch":
        model.eval()  # in use, as whoever used the model may have left it
    impl.freeze(model, 2)
    impl.freeze(model, frozen)
    x, y = problem(20)
    old_gradients(impl, model, image(x))
    # A batch of 32 rows would hold more than there are.
    for call, batch in (("first", 20), ("second", 32)):
        of = f"train(model, x, y, 3, {batch}, 0.05, rng) after freeze(model, 2) and freeze(model, {frozen})"
        wanted, history = convnet.descent(layers, [(x, y)] * 3, 0.05, impl.framework, frozen=frozen)
        other, _ = convnet.gradients(layers, x, y, impl.framework, frozen=2 * (frozen == 0))
        count = impl.trainable_count(model)
        seen = impl.train(model, image(x), y, 3, batch, 0.05, impl.rng())
        found = exact(impl.layers(model))
        same(impl, model, layers, f"after the {call} {of}", blocks=frozen)
        mistakes = {
            "the loss with the statistics of the other kind": other,
            "the sum over the batch": 20 * history[0],
        }
        recorded(seen, history, f"the {call} {of}", mistakes=mistakes)
        compare(impl, model, wanted, f"after the {call} {of}")
        equal(
            impl.trainable_count(model), count, of=f"trainable_count(model) after the {call} {of}"
        )
        # The next call begins where this one ended.
        layers = found
    x = normal(4, *SMALL)
    close(
        impl.logits(model, image(x)),
        convnet.forward(layers, x, impl.framework)[0],
        of=f"logits(model, x) after {of}",
        rtol=1e-3,
        atol=1e-3,
    )


@pytest.mark.grade(points=2, seconds=30, hint="Draw rng.permutation inside the loop over epochs.")
def test_train_takes_every_row_in_new_orders(impl):
    """each epoch takes every row once, in batches as asked for, in an order of its own that follows from rng"""
    in_shape = (4, 5, 1)  # one channel: the same order of numbers in both layouts
    x, y = problem(11, in_shape=in_shape)
    model, _ = made(impl, in_shape, (2,))

    def run(seed):
        return visited(
            impl, model, x, lambda: impl.train(model, image(x), y, 3, 4, 1e-3, impl.rng(seed))
        )

    of = "train(model, x, y, 3, 4, 0.001, rng)"
    expect_epochs(run(1), rows=11, batch=4, epochs=3, of=of)
    expect_rng_decides(run, of=of)


@pytest.mark.grade(points=1, seconds=30)
def test_train_weighs_every_row(impl):
    """at a learning rate near 0, the loss of each epoch is the mean over all rows, each with its own class"""
    model, layers = made(impl)
    impl.freeze(model, 2)
    # The last batch holds one row.
    x, y = problem(9)
    expected = float(cross_entropy(convnet.forward(layers, x, impl.framework)[0], y).mean())
    of = "train(model, x, y, 3, 4, 1e-9, rng) of 9 rows, all blocks frozen"
    recorded(impl.train(model, image(x), y, 3, 4, 1e-9, impl.rng()), [expected] * 3, of)
    *rest, last = exact(impl.layers(model))
    impl.assign(model, [*rest, last | {"bias": np.array([1000.0, 0.0, 0.0, 0.0])}])
    of = "train(model, x, y, 4, 4, 0.02, rng), where the model is sure of every class"
    every_epoch(impl.train(model, image(x), 0 * y, 4, 4, 0.02, impl.rng()), 4, of)
    # Where all layers are 0, only the bias of the head has a gradient; its steps are so large that the loss rises.
    still = [
        {key: 0 * v if isinstance(v, np.ndarray) else v for key, v in layer.items()}
        for layer in layers
    ]
    other, _ = made(impl)
    impl.assign(other, still)
    of = "after train(model, x, y, 3, 9, 20.0, rng), where the loss rises"
    rare = np.array([0] * 8 + [1])
    wanted, history = convnet.descent(still, [(x, rare)] * 3, 20.0, impl.framework)
    recorded(impl.train(other, image(x), rare, 3, 9, 20.0, impl.rng()), history, of)
    compare(impl, other, wanted, of)
    # A step is lr v and nothing else: what has no gradient stays.
    impl.freeze(model, 0)
    impl.train(model, image(0 * x), y, 2, 9, 0.5, impl.rng())
    of = "the kernel of the first convolution after train on black images, where its gradient is 0,"
    kernel, decayed = layers[0]["kernel"], (1 - 0.5 * 1e-4) ** 2 * layers[0]["kernel"]
    close(exact(impl.layers(model))[0]["kernel"], kernel, of=of, rtol=1e-6, atol=0,
          mistakes={"that of a weight decay of 1e-4": decayed})  # fmt: skip


@pytest.mark.grade(points=1, seconds=30)
def test_train_heeds_every_argument(impl):
    """epochs, batch, lr and rng change what comes out; 0 epochs leave the model as it is and return []"""
    x, y = problem(11)
    template = made(impl)[1]
    usual = {"epochs": 2, "batch": 4, "lr": 0.02, "rng": impl.rng(1)}

    def run(**settings):
        model = restored(impl, template)
        impl.freeze(model, 1)
        impl.train(model, image(x), y, **settings)
        return np.concatenate(
            [np.ravel(v) for one in exact(impl.layers(model)) for v in one.values()]
        )

    other = {"epochs": 3, "batch": 5, "lr": 0.05, "rng": impl.rng(2)}
    each_matters(run, usual, other, of="train(model, x, y, ...)")
    model = restored(impl, template)
    equal(impl.train(model, image(x), y, 0, 4, 0.1, impl.rng()), [], of="train with epochs=0")
    same(impl, model, template, "after train with epochs=0")


def restored(impl, layers):
    """A model with the given layers."""
    model = impl.build(SMALL, FILTERS, 4)
    put(impl, model, layers)
    return model


@pytest.mark.grade(points=1, seconds=120)
def test_train_keeps_the_contracts_words(impl):
    """train leaves x and y as they were, takes integers of every width, and changes no setting"""
    x, y = problem(10)
    conform(
        impl,
        "train",
        [anew("build", SMALL, (2,), 4), image(x), y, 1, 4, 0.05, impl.rng(1)],
        changes=[0],
        gives="anything",
        only=["result", "untouched", "settings", "integers", "rng", "keywords"],
    )
    model, _ = made(impl)
    run = lambda: impl.train(model, image(x), y, 1, 10, 0.05, impl.rng())  # noqa: E731
    expect_frozen(impl, model, run, "train(model, x, y, 1, 10, 0.05, rng)")


# -- transfer --------------------------------------------------------------------------------------


@pytest.mark.grade(
    points=4, seconds=60, hint="Two calls of train, and between them a call of freeze."
)
@pytest.mark.parametrize(
    ("thaw", "epochs"),
    [(None, (3, 2)), (None, (2, 0)), (0, (1, 2)), (2, (2, 1)), (3, (0, 2))],
    ids=str,
)
def test_transfer_trains_in_two_phases(impl, thaw, epochs):
    """first the head alone from zeros at lr, then also the last blocks, at lr / 10; the base stays as it was"""
    base, layers = made(impl, *DEEP)
    impl.freeze(base, 2)
    count = impl.trainable_count(base)
    x, y = problem(30, 3, DEEP[0])
    blocks, options = len(DEEP[1]), {} if thaw is None else {"thaw": thaw}
    head = {"kernel": np.zeros((2, 3)), "bias": np.zeros(3)}
    start = [*layers[:-1], head]
    more = "" if thaw is None else f", {thaw=}"
    of = f"transfer(base, x, y, 3, {epochs}, 30, 0.2, rng{more})"
    model, history = pair(
        impl.transfer(base, image(x), y, 3, epochs, 30, 0.2, impl.rng(), **options),
        of,
        ("model", "history"),
    )
    one, first = convnet.descent(start, [(x, y)] * epochs[0], 0.2, impl.framework, frozen=blocks)
    left = blocks - (1 if thaw is None else thaw)
    two, second = convnet.descent(one, [(x, y)] * epochs[1], 0.02, impl.framework, frozen=left)
    fast, _ = convnet.descent(one, [(x, y)] * epochs[1], 0.2, impl.framework, frozen=left)
    wanted = first + second
    mistakes = {"the losses of phase one": first, "the losses of phase two": second}
    recorded(history, wanted, f"the history of {of}", mistakes=mistakes)
    same(impl, model, layers, f"of the model of {of}", blocks=left)
    found = exact(impl.layers(model))
    close(
        found[-1]["kernel"],
        two[-1]["kernel"],
        of=f"the kernel of the head of {of}",
        rtol=5e-3,
        atol=5e-4,
        mistakes={
            "the kernel after phase one": one[-1]["kernel"],
            "the kernel of a phase two with lr in place of lr / 10": fast[-1]["kernel"],
        },
    )
    compare(impl, model, two, f"of the model of {of}")
    same(impl, base, layers, f"of base after {of}")
    equal(impl.trainable_count(base), count, of=f"trainable_count(base) after {of}")
    learned = sum(one[key].size for one in found[2 * left :] for key in KEYS[:4] if key in one)
    number(
        impl.trainable_count(model),
        learned,
        of=f"trainable_count(model) of the model of {of}",
        mistakes={
            "that of the head alone, as in phase one": sum(v.size for v in found[-1].values()),
            "that of a model without frozen blocks": sum(
                one[key].size for one in found for key in KEYS[:4] if key in one
            ),
        },
    )


@pytest.mark.grade(points=1, seconds=60)
@pytest.mark.parametrize("epochs", [(2, 0), (0, 2)], ids=str)
def test_transfer_heeds_batch_and_rng(impl, epochs):
    """batch and rng decide the result of each phase"""
    base, _ = made(impl, filters=(2,))
    x, y = problem(11)

    def run(**settings):
        model, _ = impl.transfer(base, image(x), y, 4, epochs, lr=0.5, **settings)
        return np.concatenate(
            [np.ravel(v) for one in exact(impl.layers(model)) for v in one.values()]
        )

    usual, other = {"batch": 4, "rng": impl.rng(1)}, {"batch": 5, "rng": impl.rng(2)}
    each_matters(run, usual, other, of=f"transfer(base, x, y, 4, {epochs}, ...)")


@pytest.mark.grade(points=1, seconds=120)
def test_transfer_keeps_the_contracts_words(impl):
    """transfer leaves base, x and y as they were, takes integers of every width, and changes no setting"""
    x, y = problem(10)
    conform(
        impl,
        "transfer",
        [anew("build", SMALL, (2,), 3), image(x), y, 4, (1, 1), 4, 0.05, impl.rng(1)],
        gives="anything",
        only=["untouched", "settings", "integers", "keywords", "defaults"],
    )


# -- in use ----------------------------------------------------------------------------------------


@pytest.mark.grade(points=1, seconds=60)
def test_logits_keep_the_contracts_words(impl):
    """logits leaves its arguments and the statistics as they were, and gives each image its own answer"""
    model, layers = made(impl)
    impl.freeze(model, 1)
    count = impl.trainable_count(model)
    x = normal(5, *SMALL)
    for _ in range(2):
        impl.logits(model, image(x))
        same(impl, model, layers, "after logits(model, x)")
    equal(impl.trainable_count(model), count, of="trainable_count(model) after logits(model, x)")
    *blocks, head = layers
    for size in (1e-3, 1e6):
        put(impl, model, [*blocks, {key: size * value for key, value in head.items()}])
        z = size * convnet.forward(layers, x, impl.framework)[0]
        of = f"logits(model, x), where they are about {size:g}"
        near = {"rtol": 1e-3, "atol": 1e-4 * size, "dtype": "float32"}
        close(impl.logits(model, image(x)), z, of=of, **near)
    conform(impl, "logits", [anew("build", SMALL, FILTERS, 4), image(x)], rows=[1], rowwise=True,
            tolerance=1e-3)  # fmt: skip


# -- outcome ---------------------------------------------------------------------------------------


def pretrained(impl):
    """A model of five classes with the base that was trained on the digits 0 to 4."""
    model = impl.build((8, 8, 1), (16, 32), 5)
    put(impl, model, [*digits_base(), {}])
    return model


def outcome(impl, seed, epochs, base):
    """Test accuracy on the digits 5 to 9, under other names, after training on ten of each."""
    digits, rng = data.digits(images=True), np.random.default_rng(seed)
    few = [rng.choice(np.flatnonzero(digits.train_y == k), 10, replace=False) for k in range(5, 10)]
    rows, test = np.concatenate(few), digits.test_y >= 5
    p = unmet.alphabet(5)
    x, y = digits.train_x[rows], p[digits.train_y[rows] - 5]
    impl.seed(seed)
    start = pretrained(impl) if base == "pretrained" else impl.build((8, 8, 1), (16, 32), 5)
    model, _ = impl.transfer(start, image(x), y, 5, epochs, 10, 0.02, impl.rng(seed))
    layers = exact(impl.layers(model))
    for how, flat in unmet.images(digits.test_x[test].reshape(-1, 64)[:50], 8):
        other = flat.reshape(-1, 8, 8, 1)
        scores = convnet.forward(layers, other, impl.framework)[0]
        limit = 1e-3 * float(np.abs(scores).max())
        close(
            impl.logits(model, image(other)), scores, of=f"logits of {how}", rtol=1e-3, atol=limit
        )
    z = convnet.forward(layers, digits.test_x[test], impl.framework)[0]
    return float((z.argmax(1) == p[digits.test_y[test] - 5]).mean())


ACCURACY = Threshold(
    "test accuracy on digits 5 to 9, with a base that knows 0 to 4",
    at_least=0.85,
    torch=[0.8884, 0.9107, 0.9152, 0.9196, 0.9241, 0.8973, 0.9241, 0.9062, 0.9241, 0.9062],
    tensorflow=[0.8884, 0.9107, 0.9152, 0.9196, 0.9241, 0.8973, 0.9241, 0.9062, 0.9241, 0.9062],
)
GAIN = Threshold(
    "gain of that accuracy by pretraining, after phase one",
    at_least=0.05,
    torch=[0.4509, 0.2188, 0.3839, 0.2589, 0.5536, 0.4375, 0.4866, 0.2768, 0.5134, 0.2991],
    tensorflow=[0.4286, 0.1652, 0.4554, 0.2589, 0.1384, 0.4911, 0.3884, 0.3125, 0.3973, 0.308],
)


@ACCURACY.measured_by
def accuracy(impl, seed):
    return outcome(impl, seed, (5, 3), "pretrained")


@GAIN.measured_by
def gain(impl, seed):
    return outcome(impl, seed, (5, 0), "pretrained") - outcome(impl, seed, (5, 0), "random")


@pytest.mark.grade(points=2, seconds=120)
def test_transfer_learns_new_digits_from_few(impl):
    """the median of the runs reaches 0.85 with ten images of each class"""
    ACCURACY.expect(impl)


@pytest.mark.grade(points=2, seconds=180)
def test_pretraining_gains_accuracy(impl):
    """pairs of runs with the pretrained and with a random base: the median gain is at least 0.05"""
    GAIN.expect(impl)
