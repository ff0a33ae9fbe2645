"""Hidden checks of exercises/perceptron.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_most,
    close,
    dtype,
    equal,
    holds,
    integers,
    normal,
    same_inputs,
    uniform,
)
from katagrad.authoring.functions import cos, function, maximum, tanh
from katagrad.authoring.structure import items

ZERO = np.array(0.0)
CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
ONLY = "Where prediction and class agree, y - predicted is 0, and nothing moves."
AT_ONCE = "The next row is judged by the weights that the last mistake left behind."


def fit(x, y, epochs=100, lr=1.0, rule=None):
    """Rosenblatt's rule; another `rule(y, predicted)` makes it a wrong one."""
    rule = rule or (lambda label, predicted: label - predicted)
    w, b, mistakes = np.zeros(x.shape[1]), 0.0, []
    for _ in range(epochs):
        wrong = 0
        for row, label in zip(x, y, strict=True):
            predicted = int(row @ w + b >= 0)
            w = w + lr * rule(label, predicted) * row
            b = b + lr * rule(label, predicted)
            wrong += int(predicted != label)
        mistakes.append(wrong)
        if wrong == 0:
            break
    return w, b, mistakes


def strict_step(x, y, epochs):
    """The weights if a sum of exactly 0 were class 0."""
    w, b = np.zeros(x.shape[1]), 0.0
    for _ in range(epochs):
        for row, label in zip(x, y, strict=True):
            error = label - int(row @ w + b > 0)
            w, b = w + error * row, b + error
    return w


def by_batch(x, y, epochs):
    """The weights if all rows of an epoch were judged by the weights at its start."""
    w, b = np.zeros(x.shape[1]), 0.0
    for _ in range(epochs):
        error = y - (x @ w + b >= 0)
        w, b = w + error @ x, b + error.sum()
    return w


def mixed(n, d):
    """Points on a grid of eighths, on which float32 adds exactly, and labels that no line explains."""
    x = np.round(normal(n, d) * 8) / 8
    y = integers(2, n)
    y[:3] = 0, 1, 0  # both classes occur, and the first row is a mistake: 0 . x + 0 >= 0
    return x, y


def separable(n, d, margin=0.5):
    """Points on a grid of eighths, at least `margin` (in units of |w|) from a plane off the origin."""
    w, b = normal(d), 0.4
    w = w / np.linalg.norm(w)
    x = np.round(normal(40 * n, d, scale=1.5) * 8) / 8
    x = x[np.abs(x @ w + b) > margin][:n]
    return x, (x @ w + b > 0).astype(np.int64), w, b


@pytest.mark.grade(points=2, hint="Weigh, sum over the inputs, add the bias, then the function.")
@pytest.mark.parametrize("size", [(5, 3), (3, 3), (1, 4), (4, 1)], ids=str)
def test_neuron_weighs_adds_and_activates(impl, size):
    """neuron is activation(x . w + b), one number a row, for any activation"""
    x, w, b = normal(*size), normal(size[1]), normal()
    z = x @ w + b
    for of, activation in {
        "tanh": function(lambda z: tanh(z)),
        "relu": function(lambda z: maximum(z, 0.0 * z)),
        "cos": function(lambda z: cos(z) * 2.0),
    }.items():
        close(
            same_inputs(impl, "neuron", x, w, b, activation),
            activation(z),
            of=f"neuron(x of shape {size}, w, b, {of})",
            mistakes={
                "the sum without the activation": z,
                "the neuron without its bias": activation(x @ w),
                "the bias added after the activation": activation(x @ w) + b,
                "one column too many, (N, 1)": activation(z)[:, None],
            },
        )
    result = impl.float64.neuron(x, w, b, activation)
    dtype(result, "float64", of="neuron of float64 tensors")


@pytest.mark.grade(points=1)
def test_neuron_passes_gradients(impl):
    """gradients flow through a neuron to its weights"""
    x, w, b, c = normal(5, 3), normal(3), normal(), normal(5)
    slope = c * (1 - np.tanh(x @ w + b) ** 2)
    squash = function(lambda z: tanh(z))
    gradients = impl.grad("neuron", x, w, b, squash, wrt=[1, 2], cotangent=c)
    close(gradients[0], slope @ x, of="d neuron / d w")
    close(gradients[1], slope.sum(), of="d neuron / d b")


@pytest.mark.grade(points=2, hint="Compare x . w + b with 0, and make the truth an integer.")
@pytest.mark.parametrize("size", [(12, 3), (1, 4), (6, 1)], ids=str)
def test_predict_steps_at_zero(impl, size):
    """predict is 1 where x . w + b >= 0, else 0, as int64"""
    x, w, b = normal(*size), normal(size[1]), normal()
    expected = (x @ w + b >= 0).astype(np.int64)
    result = same_inputs(impl, "predict", x, w, b)
    equal(
        result,
        expected,
        of=f"predict(x of shape {size}, w, b)",
        mistakes={
            "-1 and 1 for the classes": 2 * expected - 1,
            "the classes swapped": 1 - expected,
            "the classes without the bias": (x @ w >= 0).astype(np.int64),
        },
    )
    dtype(result, "int64", of="predict(x, w, b)")


@pytest.mark.grade(points=1, hint="A sum of exactly 0 belongs to class 1: use >=.")
def test_predict_gives_zero_to_class_one(impl):
    """predict says 1 where x . w + b is exactly 0"""
    x = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 1.0], [-1.0, 0.0]])
    result = impl.predict(x, np.array([2.0, -1.0]), np.float64(0.0))
    equal(result, np.array([1, 1, 1, 0]), of="predict(rows with the sums 0, 0, 3, -2)")


@pytest.mark.grade(points=3, hint=ONLY)
@pytest.mark.parametrize("epochs", [1, 4])
def test_fit_follows_the_rule_exactly(impl, epochs):
    """perceptron_fit ends at exactly the weights and bias of Rosenblatt's rule"""
    x, y = mixed(20, 3)
    x[11:14], y[11:14] = x[:3], y[:3]  # rows that come twice count twice
    w, b, _ = fit(x, y, epochs)
    result = same_inputs(impl, "perceptron_fit", x, y, epochs=epochs)
    items(result, "perceptron_fit(x, y)", ("w", "b", "mistakes"))
    every = fit(x, y, epochs, rule=lambda label, _: 2 * label - 1)[0]
    labels = fit(x, y, epochs, rule=lambda label, p: label if label != p else 0)[0]
    signs = fit(x, y, epochs, rule=lambda label, p: 2 * (label - p))[0]
    close(
        result[0],
        w,
        of=f"w (after {epochs=})",
        mistakes={
            "an update by every row, not only after mistakes": every,
            "lr * y * x, which does nothing for class 0": labels,
            "steps twice as long, as with classes -1 and 1": signs,
            "the weights if all rows of an epoch are judged by its first weights": by_batch(
                x, y, epochs
            ),
            "the weights if a sum of 0 is class 0": strict_step(x, y, epochs),
            "a walk away from the mistakes: the sign is wrong": -w,
        },
    )
    close(
        result[1],
        b,
        of=f"b (after {epochs=})",
        mistakes={"a bias that never moves": 0.0 if b else 1.0},
    )


@pytest.mark.grade(points=2, hint="Count within one epoch, and start again from 0 for the next.")
def test_fit_counts_mistakes_by_epoch(impl):
    """mistakes holds the number of mistakes of each epoch that was run"""
    x, y = mixed(80, 3)
    expected = fit(x, y, 6)[2]
    result = impl.perceptron_fit(x, y, epochs=6)[2]
    holds(
        isinstance(result, list) and all(type(n) is int for n in result),
        f"mistakes is {result!r:.80}, but should be a list of ints",
    )
    equal(
        result,
        expected,
        of="mistakes",
        mistakes={
            "the sum over the epochs so far": np.cumsum(expected).tolist(),
            "the number of right answers": [len(x) - n for n in expected],
            "the last epoch alone": expected[-1:],
        },
    )


@pytest.mark.grade(
    points=1,
    hint="lr scales every step of w and of b. Compare sums with 0 itself, however small they are.",
)
@pytest.mark.parametrize("lr", [0.5, 0.125, 2.0**-40, 8.0])
def test_fit_scales_its_steps_by_lr(impl, lr):
    """from a start at 0, lr scales w and b and changes no prediction; it is 1 by default"""
    x, y = mixed(15, 2)
    w, b, mistakes = fit(x, y, 3)
    result = impl.perceptron_fit(x, y, epochs=3, lr=lr)
    plain = {"the weights of lr=1": w}
    close(result[0], lr * w, of=f"w with {lr=:.4g}", mistakes=plain)
    close(result[1], lr * b, of=f"b with {lr=:.4g}")
    # Divided, since the weights of a tiny lr are near 0.
    close(result[0] / lr, w, of=f"w / lr with {lr=:.4g}")
    close(np.asarray(result[1] / lr), b, of=f"b / lr with {lr=:.4g}")
    equal(result[2], mistakes, of=f"mistakes with {lr=:.4g}")


@pytest.mark.grade(points=1)
def test_fit_keeps_the_dtype(impl):
    """w and b have the dtype of x and its digits, and their shapes"""
    for inputs in (3, 1):
        x, y = mixed(8, inputs)
        for submission, name in ((impl, "float32"), (impl.float64, "float64")):
            w, b, _ = submission.perceptron_fit(x, y, epochs=2)
            dtype(w, name, of=f"w for a {name} x of {inputs} columns")
            dtype(b, name, of=f"b for a {name} x of {inputs} columns")
            equal(w.shape, (inputs,), of=f"the shape of w for x of {inputs} columns")
            equal(b.shape, (), of=f"the shape of b for x of {inputs} columns")
    # Two mistakes, the second by a score below -0.5, of rows that float32 cannot hold.
    x = uniform(2, 3, low=0.1, high=1.0) / 3
    w, b, mistakes = impl.float64.perceptron_fit(x, np.array([0, 1]), epochs=1, lr=0.5)
    equal(mistakes, [2], of="mistakes of two positive rows of the classes 0 and 1")
    close(w, 0.5 * (x[1] - x[0]), of="w after a row of class 0 and one of class 1, float64, lr=0.5")
    close(b, 0.0, of="b after a row of class 0 and one of class 1, float64, lr=0.5")


@pytest.mark.grade(points=2, hint=AT_ONCE)
@pytest.mark.parametrize("gate", ["and", "or", "nand"])
def test_fit_learns_logic_gates(impl, gate):
    """AND, OR and NAND are learned without a mistake, and learning stops there"""
    labels = {"and": [0, 0, 0, 1], "or": [0, 1, 1, 1], "nand": [1, 1, 1, 0]}[gate]
    y = np.array(labels)
    expected = fit(CORNERS, y)
    w, b, mistakes = impl.perceptron_fit(CORNERS, y)
    equal(mistakes, expected[2], of=f"mistakes on {gate.upper()}")
    close(w, expected[0], of=f"w on {gate.upper()}")
    close(b, expected[1], of=f"b on {gate.upper()}")
    equal(impl.predict(CORNERS, w, b), y, of=f"predict on {gate.upper()}, with w and b learned")


@pytest.mark.grade(points=2, hint=AT_ONCE)
def test_fit_separates_what_a_line_can(impl):
    """separable points are learned to the last one, within Novikoff's bound on mistakes"""
    x, y, w, b = separable(30, 2)
    learned_w, learned_b, mistakes = impl.perceptron_fit(x, y, epochs=1000)
    equal(impl.predict(x, learned_w, learned_b), y, of="predict on the training points")
    equal(mistakes[-1], 0, of="the mistakes of the last epoch")
    # With the bias as a weight of a constant input 1: (largest norm / margin)**2.
    margin = (np.abs(x @ w + b) / np.sqrt(1 + b**2)).min()
    bound = (1 + (x**2).sum(1).max()) / margin**2
    at_most(int(sum(mistakes)), float(bound), of="the sum of all mistakes")


@pytest.mark.grade(points=1, hint="Give up after `epochs`, and after 100 if nobody says otherwise.")
def test_fit_never_learns_xor(impl):
    """XOR keeps its mistakes until the epochs are over, 100 by default"""
    y = np.array([0, 1, 1, 0])
    w, b, mistakes = impl.perceptron_fit(CORNERS, y)
    equal(len(mistakes), 100, of="the number of epochs on XOR")
    holds(min(mistakes) > 0, f"an epoch on XOR has {min(mistakes)} mistakes: no line separates it")
    last = fit(CORNERS, y)
    best = fit(CORNERS, y, 1)
    mistakes = {"those of the epoch with the fewest mistakes": best[0]}
    close(w, last[0], of="w after 100 epochs on XOR", mistakes=mistakes)
    mistakes = {"that of the epoch with the fewest mistakes": best[1]}
    close(b, last[1], of="b after 100 epochs on XOR", mistakes=mistakes)
    right = int((np.asarray(impl.predict(CORNERS, w, b)) == y).sum())
    at_most(right, 3, of="the corners of XOR that are right")
    scale = float(uniform(low=2.0, high=4.0))
    equal(len(impl.perceptron_fit(CORNERS * scale, y, epochs=7)[2]), 7, of="epochs with epochs=7")


@pytest.mark.grade(
    points=1, hint="Stop after an epoch without a mistake, and keep its 0 in the list."
)
def test_fit_stops_when_all_is_right(impl):
    """one epoch without a mistake is the last one, and it is counted"""
    x = np.abs(normal(5, 2))
    w, b, mistakes = impl.perceptron_fit(x, np.ones(5, np.int64))
    equal(mistakes, [0], of="mistakes where the start is right")
    close(w, np.zeros(2), of="w where the start is right")
    close(b, 0.0, of="b where the start is right")
    # The first epoch has one mistake among many rows.
    x, y = np.full((150, 1), 2.0), np.ones(150, np.int64)
    x[-1], y[-1] = 1.0, 0
    mistakes = impl.perceptron_fit(x, y, epochs=20)[2]
    stopped = {"the history of a fit that stops while one row is wrong": [1]}
    of = "mistakes of 150 rows, of which the first epoch gets one wrong,"
    equal(mistakes, fit(x, y, 20)[2], of=of, mistakes=stopped)


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("name", ["neuron", "predict", "perceptron_fit"])
def test_functions_keep_the_contracts_words(impl, name):
    """each function keeps what docs/contract.md says of every function"""
    if name == "perceptron_fit":
        x, y = mixed(9, 3)

        def oracle(x, y, epochs, lr):
            w, b, mistakes = fit(x, y, epochs, lr)
            return w, np.float64(b), mistakes

        options = {"rows": [0, 1], "large": [0], "without": ["integers", "gradients"]}
        given = {"epochs": 3, "lr": 0.5}
        conform(impl, name, [x, y], given, expected=oracle, **options)
        return
    given = [normal(5, 3), normal(3), normal()]
    if name == "neuron":
        bend = function(lambda z: z + tanh(z))
        options = {"rows": [0], "rowwise": True, "large": [0, 2]}

        def expected(x, w, b, activation):
            return activation(x @ w + b)

        conform(impl, name, [*given, bend], expected=expected, **options)
    else:
        options = {"expected": lambda x, w, b: (x @ w + b >= 0).astype(np.int64)}
        conform(impl, name, given, rows=[0], rowwise=True, **options)


@pytest.mark.grade(points=1, hint="Compare x . w + b with 0 itself, in the dtype of x.")
def test_predict_tells_tiny_sums_from_zero(impl):
    """predict is 0 for a sum of -1e-12, and 1 for a sum of 1e-12"""
    x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    for submission, kind in ((impl, "float32"), (impl.float64, "float64")):
        result = submission.predict(x, np.array([1e-12, 1e-30]), ZERO)
        equal(result, np.array([1, 0, 1, 0]), of=f"predict of {kind} sums of 1e-12 and 1e-30")
        # The next sums are as small, and x, w or b needs the digits of its dtype for that.
        gap = 2.0**-20 if kind == "float32" else 2.0**-40
        for b in (-1.0 - gap, -1.0 + gap):
            result = submission.predict(x, np.array([1.0, 2.0]), np.array(b))
            expected = np.array([int(b > -1.0), 0, 1, 0])
            equal(result, expected, of=f"predict of {kind} sums 1 + b, -1 + b, 2 + b, -2 + b, {b=}")
        result = submission.predict(x, np.array([1.0 - gap, 1.0 + gap]), np.array(-1.0))
        of = f"predict of {kind} sums -d, d - 2, d, -d - 2, where w = [1 - d, 1 + d], d = {gap:.3g}"
        equal(result, np.array([0, 0, 1, 0]), of=of)
        near = np.array([[1.0 - gap], [1.0 + gap]])
        of = f"predict of {kind} sums -d, d, where x = [[1 - d], [1 + d]], d = {gap:.3g}"
        equal(submission.predict(near, np.ones(1), np.array(-1.0)), np.array([0, 1]), of=of)


@pytest.mark.grade(points=1, hint="The loop over the epochs may run no times.")
def test_fit_may_run_no_epochs(impl):
    """no epochs leave w and b at 0, and no mistakes to report"""
    x, y = mixed(6, 2)
    w, b, mistakes = impl.perceptron_fit(x, y, epochs=0)
    close(w, np.zeros(2), of="w after no epochs")
    close(b, 0.0, of="b after no epochs")
    equal(mistakes, [], of="mistakes of no epochs")
    w, b, _ = impl.float64.perceptron_fit(x, y, epochs=0)
    close(w, np.zeros(2), of="w after no epochs on float64 tensors", dtype="float64")
    close(b, 0.0, of="b after no epochs on float64 tensors", dtype="float64")


@pytest.mark.grade(
    points=1, seconds=60, hint="The weights that are returned are those of the last update."
)
def test_fit_returns_its_last_weights(impl):
    """130 epochs of points that no line separates end at the weights of the last update"""
    x, y = mixed(12, 2)
    y[3:6], x[3:6] = 1 - y[:3], x[:3]  # each of three points in both classes
    w, b, mistakes = impl.perceptron_fit(x, y, epochs=130, lr=2.0)
    right = fit(x, y, 130, 2.0)
    equal(len(mistakes), 130, of="the number of epochs")
    close(w, right[0], of="w after 130 epochs with lr=2")
    close(b, right[1], of="b after 130 epochs with lr=2")
