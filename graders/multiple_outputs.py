"""Hidden checks of exercises/multiple_outputs.py. `impl` takes and returns NumPy arrays."""

from itertools import pairwise

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring import oracle
from katagrad.authoring.adam import expect_epsilon
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.expect import (
    close,
    equal,
    holds,
    integers,
    normal,
    number,
    opaque,
    shape,
)
from katagrad.authoring.initial import default_dense
from katagrad.authoring.minibatches import expect_epochs, visited
from katagrad.authoring.oracle import softmax
from katagrad.authoring.states import expect_frozen
from katagrad.authoring.structure import every_epoch
from katagrad.authoring.threshold import Threshold

SUM = (
    "total = weights[0] * cross-entropy + weights[1] * squared error: a sum, with both terms in it."
)


# -- the oracle ------------------------------------------------------------------------------------
# A network is a dict: "trunk", a list of (kernel, bias), and "label" and "amount", one (kernel, bias) each.


def draw(n_in, hidden, n_classes):
    def layer(a, b):
        return normal(a, b, scale=a**-0.5), normal(b, scale=0.3)

    sizes = [n_in, *hidden]
    trunk = [layer(a, b) for a, b in pairwise(sizes)]
    return {"trunk": trunk, "label": layer(sizes[-1], n_classes), "amount": layer(sizes[-1], 1)}


def flat(network):
    """All layers in one list: the trunk, the head of the labels, that of the amount."""
    return [*network["trunk"], network["label"], network["amount"]]


def forward(network, x):
    """The inputs of every layer of the trunk and of the heads, the logits and the amounts."""
    inputs = [x]
    for kernel, bias in network["trunk"]:
        inputs.append(np.maximum(inputs[-1] @ kernel + bias, 0))
    heads = [inputs[-1] @ kernel + bias for kernel, bias in (network["label"], network["amount"])]
    return inputs, heads[0], heads[1][:, 0]


def losses(outputs, targets):
    (z, amounts), (labels, wanted) = outputs, targets
    lowered = z - z.max(-1, keepdims=True)
    log_p = lowered - np.log(np.exp(lowered).sum(-1, keepdims=True))
    entropy = -log_p[np.arange(len(z)), labels].mean()
    return np.array([entropy, ((amounts - wanted) ** 2).mean()])


def output_gradients(outputs, targets, weights):
    (z, amounts), (labels, wanted) = outputs, targets
    by_logits = weights[0] * (softmax(z) - np.eye(z.shape[1])[labels]) / len(z)
    return by_logits, weights[1] * 2 * (amounts - wanted) / len(z)


def gradients(network, x, targets, weights, taught_by=(1, 1)):
    """d total / d (kernel, bias) in the order of `flat`. taught_by: whether each head's signal reaches the trunk."""
    inputs, z, amounts = forward(network, x)
    by_logits, by_amounts = output_gradients((z, amounts), targets, weights)
    signals = by_logits, by_amounts[:, None]
    found, signal = [], 0.0
    for head, one, taught in zip(("label", "amount"), signals, taught_by, strict=True):
        found.append((inputs[-1].T @ one, one.sum(0)))
        signal = signal + taught * one @ network[head][0].T
    for (kernel, _), a, out in zip(
        network["trunk"][::-1], inputs[-2::-1], inputs[:0:-1], strict=True
    ):
        signal = signal * (out > 0)
        found.insert(0, (a.T @ signal, signal.sum(0)))
        signal = signal @ kernel.T
    return found


def trained(network, x, targets, weights, epochs, lr, batch_size, taught_by=(1, 1), epsilon=1e-7):
    """The network after Adam with batches in the order of the rows, and (total, label, amount) of each epoch."""
    history, adam = [], oracle.Adam(lr, epsilon)
    for _ in range(epochs):
        sums = np.zeros(3)
        for i in range(0, len(x), batch_size):
            bx, by = x[i : i + batch_size], [t[i : i + batch_size] for t in targets]
            parts = losses(forward(network, bx)[1:], by)
            sums += len(bx) * np.array([parts @ weights, *parts])
            steps = gradients(network, bx, by, weights, taught_by)
            moved = [
                tuple(adam.moved((k, key), layer[key], step[key]) for key in (0, 1))
                for k, (layer, step) in enumerate(zip(flat(network), steps, strict=True))
            ]
            network = {"trunk": moved[:-2], "label": moved[-2], "amount": moved[-1]}
        history.append(sums / len(x))
    return network, np.array(history)


def build(impl, network):
    """The submission's model with the weights of `network`, whose kernels all differ in shape."""
    n_in = flat(network)[0][0].shape[0]
    hidden = tuple(len(bias) for _, bias in network["trunk"])
    model = impl.build(n_in, hidden, len(network["label"][1]))
    by_shape = {kernel.shape: (kernel, bias) for kernel, bias in flat(network)}
    found = impl.layers(model)
    shapes = sorted(tuple(layer["kernel"].shape) for layer in found if "kernel" in layer)
    equal(shapes, sorted(by_shape), of="the (inputs, outputs) of the dense layers of the model")
    given = [by_shape[layer["kernel"].shape] for layer in found]
    impl.assign(model, [{"kernel": kernel, "bias": bias} for kernel, bias in given])
    return model


def numbers(impl, model, network):
    """The model's weights as one row of numbers in the order of `flat`, the trunk's apart from the heads'."""
    found = {layer["kernel"].shape: layer for layer in impl.layers(model)}
    return join([(found[k.shape]["kernel"], found[k.shape]["bias"]) for k, _ in flat(network)])


def join(layers):
    return np.concatenate([part.ravel() for layer in layers for part in layer])


def problem(n, n_in=6, hidden=(7, 5), n_classes=3):
    """A network with random weights, rows, and targets of both kinds."""
    targets = integers(n_classes, n), normal(n, scale=2.0, shift=1.0)
    return draw(n_in, hidden, n_classes), normal(n, n_in), targets


def settled(found, *plan):
    """(found, expected) weights, where Adam's epsilon decides a step taken as found: see `authoring.oracle`."""
    return oracle.settled(found, lambda size: join(flat(trained(*plan, epsilon=size)[0])))


# -- the checks ------------------------------------------------------------------------------------


@pytest.mark.grade(points=1, seconds=60)
def test_forward_keeps_the_contracts_words(impl):
    """forward keeps what docs/contract.md says of every function"""
    given = [anew("build", 4, (5,), 3), normal(6, 4, scale=3.0)]
    conform(impl, "forward", given, rows=[1], rowwise=True)


@pytest.mark.grade(points=1)
def test_joint_loss_keeps_the_contracts_words(impl):
    """joint_loss keeps what docs/contract.md says of every function, and losses of large logits are finite"""

    def joint_loss(outputs, targets, weights):
        parts = losses(outputs, targets)
        return parts @ weights, tuple(parts)

    for scale in (2.0, 300.0):
        outputs = normal(7, 4, scale=scale), normal(7)
        given = [outputs, (integers(4, 7), normal(7, shift=1.0)), (0.5, 2.0)]
        conform(impl, "joint_loss", given, expected=joint_loss)


@pytest.mark.grade(points=1, seconds=120)
def test_train_keeps_the_contracts_words(impl):
    """train keeps what docs/contract.md says of every function"""
    targets = integers(3, 8), normal(8)
    given = [anew("build", 4, (5,), 3), normal(8, 4), targets, (1.0, 0.5), 2, 0.01, 8]
    rules = ["result", "untouched", "settings", "integers", "views", "keywords"]
    options = {"changes": [0], "seeded": True, "gives": "anything"}
    conform(impl, "train", given, only=rules, tolerance=1e-2, **options)


@pytest.mark.grade(
    points=2, hint="Both heads are layers of their own, and stand on the last layer of the trunk."
)
@pytest.mark.parametrize("hidden", [(), (5,), (7, 4)], ids=str)
def test_build_puts_two_heads_on_one_trunk(impl, hidden):
    """build makes one dense layer a width and one a head, all with biases of their own"""
    sizes = [6, *hidden]
    kernels = [*pairwise(sizes), (sizes[-1], 3), (sizes[-1], 1)]
    found = impl.layers(impl.build(6, hidden, 3))
    of = f"the (inputs, outputs) of the dense layers of build(6, {hidden}, 3), sorted"
    equal(sorted(tuple(layer["kernel"].shape) for layer in found), sorted(kernels), of=of)
    holds(all("bias" in layer for layer in found), "a dense layer has no bias, but should have one")
    # Two layers of one shape show whether each draws its own weights.
    wide = (70, 70, 70) if len(hidden) == 2 else tuple(10 * width for width in hidden)
    start, again = (impl.layers(impl.build(60, wide, 50)) for _ in range(2))
    default_dense(impl.framework, start, f"build(60, {wide}, 50)", again)


@pytest.mark.grade(
    points=2, hint="Trunk once, then each head on its features; the amount loses its second axis."
)
@pytest.mark.parametrize("n", [1, 6])
@pytest.mark.parametrize("hidden", [(), (7, 5)], ids=str)
def test_forward_gives_logits_and_amounts(impl, n, hidden):
    """with given weights, forward gives what matrix products give, (B, K) and (B,)"""
    network, x, _ = problem(n, hidden=hidden)
    _, z, amounts = forward(network, x)
    found = impl.forward(build(impl, network), x)
    equal(len(found), 2, of="the number of results of forward(model, x)")
    close(found[0], z, of="the logits of forward(model, x)", mistakes={"probabilities": softmax(z)})
    close(
        found[1],
        amounts,
        of="the amounts of forward(model, x)",
        mistakes={"amounts of shape (B, 1)": amounts[:, None], "a ReLU": np.maximum(amounts, 0)},
    )


@pytest.mark.grade(points=1, hint="Neither detach nor stop the gradient: train calls forward, too.")
@pytest.mark.parametrize("hidden", [(), (7, 5)], ids=str)
def test_forward_lets_gradients_through(impl, hidden):
    """the gradient of both outputs of forward reaches its input"""
    network, x, _ = problem(6, hidden=hidden)
    model = build(impl, network)
    inputs, z, amounts = forward(network, x)
    for output, (head, result) in enumerate((("label", z), ("amount", amounts))):
        c = normal(*result.shape)
        found = impl.grad("forward", model, x, wrt=1, output=output, cotangent=c)
        expected = c.reshape(6, -1) @ network[head][0].T
        for (kernel, _), out in zip(network["trunk"][::-1], inputs[:0:-1], strict=True):
            expected = (expected * (out > 0)) @ kernel.T
        close(found, expected, of=f"d sum(c * the {head} output of forward) / dx")


@pytest.mark.grade(points=3, hint=SUM)
@pytest.mark.parametrize(
    "weights", [(1.0, 1.0), (0.3, 2.0), (0.0, 1.5), (2.0, 0.0), (50.0, 300.0)], ids=str
)
def test_joint_loss_is_the_weighted_sum(impl, weights):
    """the total is the sum of weight times loss over both heads, and the parts are the losses"""
    outputs = normal(7, 4, scale=2.0), normal(7)
    targets = integers(4, 7), normal(7, shift=1.0)
    total, parts = impl.joint_loss(outputs, targets, weights)
    expected = losses(outputs, targets)
    equal(len(parts), 2, of="the number of parts of joint_loss")
    close(
        parts[0],
        expected[0],
        of="the label's part",
        mistakes={
            "the weighted loss": weights[0] * expected[0],
            "the sum over the rows": 7 * expected[0],
        },
    )
    pairs = (outputs[1][:, None] - targets[1]) ** 2
    close(
        parts[1],
        expected[1],
        of="the amount's part",
        mistakes={
            "the weighted loss": weights[1] * expected[1],
            "the sum over the rows": 7 * expected[1],
            "the mean over all pairs": pairs.mean(),
            "half of the right value": expected[1] / 2,
        },
    )
    wanted = expected @ weights
    close(
        total,
        wanted,
        of=f"the total with the weights {weights}",
        mistakes={
            "the sum without weights": expected.sum(),
            "half of the sum, their average": wanted / 2,
            "the sum divided by the weights": wanted / sum(weights),
            "the label's loss alone": weights[0] * expected[0],
            "the amount's loss alone": weights[1] * expected[1],
            "the sum with exchanged weights": expected @ weights[::-1],
        },
    )


@pytest.mark.grade(points=2, hint=SUM)
@pytest.mark.parametrize("weights", [(0.3, 2.0), (0.0, 1.5), (2.0, 0.0)], ids=str)
def test_joint_loss_sends_gradients_to_both_heads(impl, weights):
    """the gradient of the total reaches both outputs in proportion to their weights"""
    outputs = normal(7, 4, scale=2.0), normal(7)
    targets = integers(4, 7), normal(7, shift=1.0)
    found = impl.grad("joint_loss", outputs, targets, weights, output=0, cotangent=np.array(0.7))
    for name, gradient, expected, weight in zip(
        ("logits", "amounts"),
        found,
        output_gradients(outputs, targets, weights),
        weights,
        strict=True,
    ):
        if gradient is None and weight == 0:
            continue  # a head of weight 0 may be left out of the sum
        close(gradient, 0.7 * expected, of=f"d total / d {name} with the weights {weights}")


@pytest.mark.grade(
    points=4, hint="One backward pass of the total: the trunk's gradient is the sum over the heads."
)
@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.4, 1.5)], ids=str)
def test_train_teaches_the_trunk_by_both_heads(impl, weights):
    """with one batch of all rows, three epochs end where Adam's steps on the total end, in every layer"""
    network, x, targets = problem(9)
    model = build(impl, network)
    if impl.framework == "torch":  # gradients of an earlier call of backward()
        _, amounts = impl.forward(model, x, returns=(opaque, opaque))
        amounts.sum(returns=opaque).backward()
    found, after = impl.after("train", model, x, targets, weights, 3, 0.05, 16)
    plan = (network, x, targets, weights, 3, 0.05, 16)
    _, history = trained(*plan)
    close(
        *settled(numbers(impl, model, network), *plan),
        of="the weights after train",
        rtol=1e-2,
        atol=5e-3,
        mistakes={
            "the weights before it": join(flat(network)),
            "training whose trunk learns from the label alone": join(
                flat(trained(*plan, (1, 0))[0])
            ),
            "training whose trunk learns from the amount alone": join(
                flat(trained(*plan, (0, 1))[0])
            ),
            "training of the heads alone": join(flat(trained(*plan, (0, 0))[0])),
            "training with both weights 1": join(
                flat(trained(network, x, targets, (1.0, 1.0), 3, 0.05, 16)[0])
            ),
        },
    )
    recorded(found, history)
    close(after[1], x, of="x after train")
    equal(after[2][0], targets[0], of="the labels after train")
    # Without a trunk no rounding grows, so that each setting of Adam shows: a beta2 of 0.99 moves 0.01.
    # Where frameworks add epsilon moves less than 0.001.
    network = draw(6, (), 3)
    model = build(impl, network)
    impl.train(model, x, targets, weights, 20, 0.5, 9)
    plan = (network, x, targets, weights, 20, 0.5, 9)
    of = "the weights of a model without a trunk after 20 steps with lr=0.5"
    close(*settled(numbers(impl, model, network), *plan), of=of, rtol=1e-4, atol=3e-3)
    # Gradients that begin large and end small: Adam remembers the large ones, unless they are clipped.
    network = draw(6, (), 3)
    model, far = build(impl, network), (targets[0], 100.0 * targets[1])
    impl.train(model, x, far, weights, 40, 10.0, 9)
    plan = (network, x, far, weights, 40, 10.0, 9)
    of = "the weights of a model without a trunk after 40 steps with lr=10 towards amounts of hundreds"
    close(*settled(numbers(impl, model, network), *plan), of=of, rtol=1e-3, atol=3e-2)


@pytest.mark.grade(
    points=1, seconds=60, hint="Frameworks have other defaults for epsilon than 1e-7."
)
def test_train_uses_the_epsilon_asked_for(impl):
    """where gradients are as small as epsilon, the first step is that of epsilon 1e-7"""
    model = impl.build(4, (), 3)
    shapes = [layer["kernel"].shape for layer in impl.layers(model)]
    impl.assign(model, [{"kernel": np.zeros(s), "bias": np.zeros(s[1])} for s in shapes])
    x, tiny = np.array([[1.0, -2.0, 3.0, 0.5]]), 3e-7
    impl.train(model, x, (np.array([1]), np.array([tiny])), (1.0, 1.0), 1, 1.0, 1)
    (found,) = (layer for layer in impl.layers(model) if layer["kernel"].shape == (4, 1))
    of = "the amount's head after train(model, x, ([1], [3e-7]), (1.0, 1.0), 1, 1.0, 1) from weights of 0"
    expect_epsilon(found["kernel"], np.zeros((4, 1)), -2 * tiny * x.T, 1.0, of)


def recorded(found, history):
    """Compare the history that train returned with (total, label, amount) of each epoch."""
    holds(
        isinstance(found, dict), f"train returned {type(found).__name__}, but should return a dict"
    )
    equal(sorted(found), ["amount", "label", "total"], of="the keys of the history")
    for key, expected in zip(("total", "label", "amount"), history.T, strict=True):
        values = found[key]
        holds(
            isinstance(values, list) and all(isinstance(value, float) for value in values),
            f'history["{key}"] should be a list of Python floats',
        )
        equal(len(values), len(expected), of=f'the length of history["{key}"]')
        for epoch, (value, wanted) in enumerate(zip(values, expected, strict=True)):
            number(value, wanted, of=f'history["{key}"][{epoch}]', rtol=1e-2, atol=1e-3)


@pytest.mark.grade(
    points=2, hint="A smaller batch counts for less in the mean; it is not left out."
)
def test_train_takes_every_batch(impl):
    """every batch makes a step, the losses of an epoch are means over all rows, and each training starts Adam anew"""
    # Equal rows: whatever the order of the batches, each step is known.
    network, x, targets = problem(1)
    x, targets = np.repeat(x, 9, axis=0), tuple(np.repeat(t, 9) for t in targets)
    model = build(impl, network)
    start = impl.layers(model)
    impl.train(model, x, targets, (0.5, 1.0), 1, 0.02, 9)
    impl.assign(model, start)
    found = impl.train(model, x, targets, (0.5, 1.0), 2, 0.02, 4)
    _, history = trained(network, x, targets, (0.5, 1.0), 2, 0.02, 4)
    recorded(found, history)
    of = "the weights after two epochs of 4 + 4 + 1 equal rows"
    plan = (network, x, targets, (0.5, 1.0), 2, 0.02, 4)
    close(*settled(numbers(impl, model, network), *plan), of=of, rtol=1e-2, atol=5e-3)
    # Weights of 0, and a logit of 500 for the class of all rows: both losses are 0 from the start.
    sure = {"trunk": [(0 * kernel, 0 * bias) for kernel, bias in network["trunk"]]}
    sure |= {head: (0 * network[head][0], 0 * network[head][1]) for head in ("label", "amount")}
    sure["label"][1][targets[0][0]] = 500.0
    right = targets[0], 0 * targets[1]
    found = impl.train(build(impl, sure), x, right, (0.5, 1.0), 4, 0.02, 4)
    for key in ("total", "label", "amount"):
        of = f'train(..., epochs=4) on labels and amounts that the model predicts, ["{key}"],'
        every_epoch(found[key], 4, of)


@pytest.mark.grade(
    points=1, hint="A head of weight 0 has no gradient: neither at itself nor through the trunk."
)
@pytest.mark.parametrize("silent", ["label", "amount"])
def test_train_leaves_a_head_of_weight_zero_alone(impl, silent):
    """a head whose loss weighs nothing stays as it was, while the rest learns"""
    network, x, targets = problem(8)
    model = build(impl, network)
    weights = (0.0, 1.0) if silent == "label" else (1.0, 0.0)
    impl.train(model, x, targets, weights, 10, 0.1, 4)
    kernel, bias = network[silent]
    after = {layer["kernel"].shape: layer for layer in impl.layers(model)}
    # Adam's step by a gradient of 0 is 0, without rounding.
    for key, value in (("kernel", kernel), ("bias", bias)):
        of = f"the {key} of the {silent} head, of weight 0,"
        close(after[kernel.shape][key], value, of=of, rtol=1e-6, atol=1e-7)
    trunk = network["trunk"][0][0]
    moved = np.abs(after[trunk.shape]["kernel"] - trunk).max()
    holds(moved > 1e-4, "the trunk did not learn, but the other head should teach it")
    impl.train(model, x, targets, (1.0, 1.0), 1, 0.1, 8)
    after = {layer["kernel"].shape: layer for layer in impl.layers(model)}
    holds(
        (after[kernel.shape]["bias"] != bias).any(),
        f"after a training with the weight 0 for the {silent} head, another one with the weights (1.0, 1.0) left "
        "that head as it was, but should train it: which parameters learn should be left as it was",
    )
    expect_frozen(
        impl,
        model,
        lambda: impl.train(model, x, targets, weights, 1, 0.1, 8),
        f"train(model, x, targets, {weights}, 1, 0.1, 8)",
    )


@pytest.mark.grade(
    points=1, hint="Draw a new order of the rows, and take x and all targets in that order."
)
def test_train_shuffles_the_rows(impl):
    """every epoch takes each row once, in batches of the size asked for, in a new random order"""
    network, x, targets = problem(21)
    model = build(impl, network)
    run = lambda: impl.train(model, x, targets, (1.0, 0.5), 6, 0.01, 5)  # noqa: E731
    batches = visited(impl, model, x, run)
    if not batches:  # the weights are used by hand, so no layer is called
        ordered = join(flat(trained(network, x, targets, (1.0, 0.5), 6, 0.01, 5)[0]))
        apart = np.abs(numbers(impl, model, network) - ordered).max()
        holds(apart > 2e-3, "train took the rows in their order, but should shuffle them")
        return
    expect_epochs(batches, rows=21, batch=5, epochs=6, of="train(..., epochs=6, batch_size=5)")


LABEL = Threshold(
    "test accuracy of the label head on digits",
    at_least=0.94,
    torch=[0.9667, 0.9667, 0.9644, 0.9622, 0.9756, 0.9689, 0.9756, 0.9689, 0.9711, 0.9689],
    tensorflow=[0.9644, 0.9689, 0.9822, 0.9667, 0.9733, 0.9756, 0.9711, 0.98, 0.9778, 0.9622],
)
AMOUNT = Threshold(
    "R squared of the amount head on digits",
    at_least=0.88,
    torch=[0.9614, 0.9488, 0.929, 0.9568, 0.9486, 0.9534, 0.9462, 0.9497, 0.9577, 0.9539],
    tensorflow=[0.9309, 0.9407, 0.931, 0.9123, 0.9452, 0.9192, 0.9564, 0.933, 0.9211, 0.9528],
)


def learnt(impl, seed):
    """What a trained model gives for the test images, the labels, and the ink, standardised by the training images."""
    impl.seed(seed)
    digits = data.digits()
    ink = digits.train_x.sum(1)
    amounts, wanted = ((x.sum(1) - ink.mean()) / ink.std() for x in (digits.train_x, digits.test_x))
    model = impl.build(64, (64,), 10)
    impl.train(model, digits.train_x, (digits.train_y, amounts), (1.0, 0.5), 20, 0.003, 32)
    logits, found = impl.forward(model, digits.test_x)
    shape(logits, (len(wanted), 10), of="the logits of the test images")
    shape(found, (len(wanted),), of="the amounts of the test images")
    return logits, digits.test_y, found, wanted


@LABEL.measured_by
def label(impl, seed):
    logits, labels, _, _ = learnt(impl, seed)
    return float((logits.argmax(1) == labels).mean())


@AMOUNT.measured_by
def amount(impl, seed):
    _, _, found, wanted = learnt(impl, seed)
    return float(1 - ((found - wanted) ** 2).mean() / wanted.var())


@pytest.mark.grade(points=2, seconds=300)
def test_train_learns_digits(impl):
    """the median accuracy of three trainings on test images of digits is at least 0.94"""
    LABEL.expect(impl)


@pytest.mark.grade(points=2, seconds=300)
def test_train_learns_the_ink(impl):
    """the median R squared of three trainings for the ink of test images is at least 0.88"""
    AMOUNT.expect(impl)
