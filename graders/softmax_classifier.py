"""Hidden checks of exercises/softmax_classifier.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_least,
    between,
    close,
    dtype,
    equal,
    finite,
    from_scratch,
    full_size,
    holds,
    integers,
    normal,
    number,
    same_inputs,
    shape,
)
from katagrad.authoring.minibatches import expect_four_and_two, expect_new_batches, followed
from katagrad.authoring.oracle import softmax
from katagrad.authoring.structure import every_epoch, keys, losses, pair
from katagrad.authoring.threshold import Threshold
from katagrad.boundary.implementation import exact

STABLE = "-log softmax(z)[y] is logsumexp(z) - z[y], and logsumexp can be had without overflow."
STEP = "d loss / d logits is (softmax - one_hot) / n; the tape finds the rest."
BATCHES = "Each epoch: one permutation of all rows, cut into batches; keep the last, shorter one."


def cross_entropy(z, y):
    shifted = z - z.max(-1, keepdims=True)
    return (np.log(np.exp(shifted).sum(-1)) - shifted[np.arange(len(y)), y]).mean()


def gradients(params, x, y, error=None):
    if error is None:
        error = softmax(x @ params["w"] + params["b"]) - np.eye(len(params["b"]))[y]
    return {"w": x.T @ error / len(x), "b": error.mean(0)}


def train_step(params, x, y, lr):
    slopes = gradients(params, x, y)
    loss = cross_entropy(x @ params["w"] + params["b"], y)
    return {name: params[name] - lr * slopes[name] for name in params}, loss


def train(params, x, y, lr, epochs, batch):
    """Mini-batches in the order of the rows."""
    history = []
    for _ in range(epochs):
        losses = []
        for start in range(0, len(x), batch):
            rows = slice(start, start + batch)
            params, loss = train_step(params, x[rows], y[rows], lr)
            losses.append(loss)
        history.append(np.mean(losses))
    return params, history


def problem(n, n_in, k):
    """Parameters, rows and unbalanced labels."""
    params = {"w": normal(n_in, k), "b": normal(k)}
    return params, normal(n, n_in), np.minimum(integers(k, n), integers(k, n))


def two(result, of):
    """The parameters and the loss or losses."""
    found = pair(result, of, ("params", "the loss or losses"))
    keys(found[0], f"params of {of}", ("w", "b"))
    return found


@pytest.mark.grade(points=1)
@pytest.mark.parametrize(("n_in", "k"), [(5, 3), (1, 2), (64, 10)])
def test_init_has_its_shapes(impl, n_in, k):
    """init gives float32 tensors w (n_in, k) and b (k,), b all 0, drawn from rng alone"""
    seed = int(integers(1000))
    params = impl.init(n_in, k, impl.rng(seed))
    equal(sorted(params), ["b", "w"], of="the keys of init(...)")
    shape(params["w"], (n_in, k), of=f"w of init({n_in}, {k}, rng)")
    dtype(params["w"], "float32", of=f"w of init({n_in}, {k}, rng)")
    close(params["b"], np.zeros(k), of=f"b of init({n_in}, {k}, rng)")
    dtype(params["b"], "float32", of=f"b of init({n_in}, {k}, rng)")
    again = impl.init(n_in, k, impl.rng(seed))
    close(again["w"], params["w"], of="w of a second init with an rng of the same seed")
    other = impl.init(n_in, k, impl.rng(seed + 1))
    holds(
        not np.allclose(other["w"], params["w"], atol=1e-6),
        "w of init is the same for two seeds of rng, but should be drawn from rng",
    )


@pytest.mark.grade(points=1, hint="rng.normal(0.0, 0.01, size).")
def test_init_draws_small_weights(impl):
    """w has mean 0 and standard deviation 0.01"""
    w = impl.init(200, 100, impl.rng())["w"]
    share = len(np.unique(w)) / w.size
    of = "the share of different numbers in w of init(200, 100, rng)"
    at_least(share, 0.99, of=of)
    # 20,000 draws: five standard errors are 0.00035 for the mean, 0.00025 for the deviation.
    between(w.mean(), -0.00036, 0.00036, of="the mean of w of init(200, 100, rng)")
    between(w.std(), 0.00974, 0.01026, of="the standard deviation of w of init(200, 100, rng)")
    share = float((np.abs(w) < 0.01).mean())
    between(share, 0.66, 0.705, of="the share of w within one deviation, 0.683 if normal,")


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("size", [(4, 3, 5), (1, 2, 2), (3, 1, 4)])
def test_forward_is_affine(impl, size):
    """forward is x w + b"""
    params, x, _ = problem(*size)
    result = same_inputs(impl, "forward", params, x)
    z = x @ params["w"]
    mistakes = {"x w, without b": z, "softmax of the logits": softmax(z + params["b"])}
    close(result, z + params["b"], of=f"forward of x {x.shape}", mistakes=mistakes)
    # A dict has no places: the names tell which is which.
    of = f"forward of x {x.shape}, with b before w in params,"
    close(impl.forward(dict(reversed(params.items())), x), z + params["b"], of=of)


@pytest.mark.grade(points=2, hint=STABLE)
@pytest.mark.parametrize("size", [(6, 4), (1, 3), (5, 2), (4, 1000)])
def test_cross_entropy_follows_the_definition(impl, size):
    """cross_entropy is the mean over the rows of -log softmax at the label"""
    z, y = normal(*size, scale=2.0), integers(size[1], size[0])
    y[size[0] // 2 :] = size[1] - 1  # 999 does not fit into 8 bits
    right = cross_entropy(z, y)
    mistakes = {
        "the sum over the rows": right * size[0],
        "the mean over rows and classes": right / size[1],
        "the loss of softmax taken twice": cross_entropy(softmax(z), y),
        "the loss with its sign turned": -right,
        "the loss in bits": right / np.log(2),
    }
    found = same_inputs(impl, "cross_entropy", z, y)
    close(found, right, of=f"cross_entropy of logits {size}", mistakes=mistakes)
    exact = impl.float64.cross_entropy(z, y)
    close(exact, right, of=f"cross_entropy of logits {size} in float64", rtol=1e-9)


@pytest.mark.grade(points=1, hint=STABLE)
def test_cross_entropy_stays_finite(impl):
    """logits of 10,000 neither overflow nor give a logarithm of 0"""
    z = np.array([[1e4, 0.0, -1e4], [0.0, 1e4, 1e4]])
    for y, expected in (([1, 1], (1e4 + np.log(2)) / 2), ([0, 2], np.log(2) / 2)):
        result = impl.cross_entropy(z, np.array(y))
        finite(result, of="cross_entropy of logits of 10,000")
        # float32 knows numbers near 10,000 to within 0.001.
        close(result, expected, of="cross_entropy of logits of 10,000", atol=2e-3)
    result = impl.cross_entropy(z * 1e26, np.array([1, 1]))
    close(result, 5e29, of="cross_entropy of logits of 1e30")


@pytest.mark.grade(points=1, hint=STEP)
def test_cross_entropy_passes_gradients(impl):
    """the gradient of cross_entropy by the logits is (softmax - one_hot) / n"""
    z, y, c = normal(5, 4), integers(4, 5), normal()
    expected = c * (softmax(z) - np.eye(4)[y]) / 5
    found = impl.grad("cross_entropy", z, y, cotangent=c)
    close(
        found,
        expected,
        of="d cross_entropy / d logits",
        mistakes={"n times the right gradient": 5 * expected},
    )
    far = np.array([[1e4, 0.0, -1e4], [0.0, 1e4, 0.0]])
    found = impl.grad("cross_entropy", far, np.array([2, 1]), cotangent=np.array(1.0))
    expected = np.array([[0.5, 0.0, -0.5], [0.0, 0.0, 0.0]])
    close(found, expected, of="d cross_entropy / d logits of 10,000")


@pytest.mark.grade(points=1, hint="Small weights, a bias of 0, and the mean over the rows.")
@pytest.mark.parametrize("k", [2, 10])
def test_first_loss_is_ln_k(impl, k):
    """with the parameters of init, the loss is ln k to within 0.1"""
    x, y = normal(200, 20), integers(k, 200)
    params = impl.init(20, k, impl.rng())
    _, loss = two(impl.train_step(params, x, y, 0.1), "train_step")
    number(loss, np.log(k), of=f"the first loss for {k} classes", rtol=0, atol=0.1)


@pytest.mark.grade(points=3, hint=STEP)
@pytest.mark.parametrize(("size", "lr"), [((6, 3, 4), 0.5), ((1, 4, 2), 2.0)])
def test_train_step_is_exact(impl, size, lr):
    """train_step subtracts lr times the gradient of the batch's mean loss, and returns the loss before"""
    params, x, y = problem(*size)
    of = f"train_step(params, x {x.shape}, y, {lr=})"
    right, before = train_step(params, x, y, lr)
    p = softmax(x @ params["w"] + params["b"])
    hot = np.eye(size[2])[y]
    # softmax taken twice: the outer one's error goes back through the inner one's Jacobian
    outer = softmax(p) - hot
    twice = gradients(params, x, y, p * (outer - (p * outer).sum(-1, keepdims=True)))
    every = {"w": np.tile(gradients(params, x, y)["w"].mean(1, keepdims=True), size[2])}
    likely = {
        "a step on the sum over the rows": train_step(params, x, y, lr * size[0])[0],
        "a step uphill": train_step(params, x, y, -lr)[0],
        "a step with softmax taken twice": {n: params[n] - lr * twice[n] for n in params},
        "the parameters before the step": params,
        "a step by one gradient for all classes": {"w": params["w"] - lr * every["w"]},
    }
    found, loss = two(same_inputs(impl, "train_step", params, x, y, lr), of)
    after = cross_entropy(x @ right["w"] + right["b"], y)
    mistakes = {"the loss after the step": after}
    number(loss, before, of=f"the loss of {of}", rtol=1e-4, atol=1e-5, mistakes=mistakes)
    for name in ("w", "b"):
        mistakes = {n: wrong[name] for n, wrong in likely.items() if name in wrong}
        close(found[name], right[name], of=f"{name} after {of}", mistakes=mistakes)
        dtype(found[name], "float32", of=f"{name} after {of}")
    turned = dict(reversed(params.items()))
    exact, _ = two(impl.float64.train_step(turned, x, y, lr), of)
    for name in ("w", "b"):
        shown = f"{name} after {of} in float64, with b before w in params,"
        close(exact[name], right[name], of=shown, rtol=1e-6, atol=1e-7)


@pytest.mark.grade(points=2, hint=BATCHES)
@pytest.mark.parametrize(("batch", "epochs"), [(7, 3), (20, 2)])
def test_train_on_whole_batches_is_descent(impl, batch, epochs):
    """with all rows in one batch, parameters and history are those of gradient descent from params"""
    params, x, y = problem(7, 3, 4)
    of = f"train on 7 rows with {batch=}, {epochs=}"
    found, history = two(
        same_inputs(impl, "train", params, x, y, 0.3, epochs, batch, impl.rng()), of
    )
    right, expected = train(params, x, y, 0.3, epochs, batch)
    history = losses(history, epochs)
    for i in range(epochs):
        mistakes = {"the loss at the start": expected[0]}
        if i + 1 < epochs:
            mistakes["the loss after the epoch"] = expected[i + 1]
        number(history[i], expected[i], of=f"history[{i}] of {of}", mistakes=mistakes)
    for name in ("w", "b"):
        close(
            found[name],
            right[name],
            of=f"{name} of {of}",
            mistakes={"the parameters before the step": params[name]},
        )


@pytest.mark.grade(points=2, hint=BATCHES)
@pytest.mark.parametrize(("rows", "batch"), [(5, 2), (6, 3), (9, 8)])
def test_train_takes_a_step_for_each_batch(impl, rows, batch):
    """an epoch takes one step for each batch, the short last one too, and reports the mean loss"""
    params, x, y = problem(1, 3, 4)
    # All rows alike: whatever the order, the result is known.
    x, y = np.repeat(x, rows, 0), np.repeat(y, rows)
    of = f"train on {rows} equal rows with {batch=}, 2 epochs"
    found, history = two(impl.train(params, x, y, 0.2, 2, batch, impl.rng()), of)
    right, expected = train(params, x, y, 0.2, 2, batch)
    whole = rows // batch * batch
    short, _ = train(params, x[:whole], y[:whole], 0.2, 2, batch)
    for name in ("w", "b"):
        mistakes = {"training without the last, shorter batch": short[name]} if whole < rows else {}
        mistakes["training on one batch an epoch"] = train(params, x, y, 0.2, 2, rows)[0][name]
        close(found[name], right[name], of=f"{name} of {of}", mistakes=mistakes)
    for i, loss in enumerate(losses(history, 2)):
        number(loss, expected[i], of=f"history[{i}] of {of}")


@pytest.mark.grade(points=1, hint=BATCHES)
def test_train_cuts_batches_of_the_size_asked_for(impl):
    """6 rows make a batch of 4 and one of 2, and not two of 3"""
    params, x, y = problem(6, 3, 4)
    _, history = two(impl.float64.train(params, x, y, 1e-9, 1, 4, impl.rng()), "train")
    found = losses(history, 1)[0]
    # With so small a step, the mean of the losses of both batches tells which rows were in which.
    each = np.array([train_step(params, x[i : i + 1], y[i : i + 1], 0.0)[1] for i in range(6)])
    expect_four_and_two(found, each, "history[0] of train on 6 rows with batch=4")


@pytest.mark.grade(points=3, hint=BATCHES)
@pytest.mark.parametrize("epochs", [1, 2])
def test_train_uses_every_row_once_an_epoch(impl, epochs):
    """over an epoch of tiny steps, the parameters move by the sum of the gradients of all batches"""
    params, x, y = problem(12, 3, 4)
    lr, batch = 1e-6, 3
    found, _ = two(impl.float64.train(params, x, y, lr, epochs, batch, impl.rng()), "train")
    # So small a step leaves the gradients as they were: four batches' means add up to four times the mean.
    slopes = gradients(params, x, y)
    for name in ("w", "b"):
        moved = (params[name] - found[name]) / lr
        of = f"(params - trained) / lr for {name}, {epochs} epochs of 4 batches"
        close(moved, 4 * epochs * slopes[name], of=of, rtol=1e-3, atol=1e-4)


@pytest.mark.grade(points=3, hint="Call rng.permutation anew in each epoch.")
def test_train_shuffles_in_each_epoch(impl):
    """each epoch cuts the rows into new batches, drawn from rng alone, and all settings are those asked for"""
    params, x, y = problem(5, 3, 4)
    lr, epochs, batch, seed = 0.25, 24, 2, int(integers(1000))
    of = f"train on 5 rows with {lr=}, {epochs=}, {batch=}"

    def step(now, rows):
        return train_step(now, x[rows], y[rows], lr)

    histories = []
    for draw in (seed, seed, seed + 1):
        found, history = two(
            impl.float64.train(params, x, y, lr, epochs, batch, impl.rng(draw)), of
        )
        histories.append(losses(history, epochs, of, "float"))
    order, right = followed(histories[2], params, step, 5, batch, of)
    expect_new_batches(order, of)
    for name in ("w", "b"):
        close(found[name], right[name], of=f"{name} of {of}", rtol=1e-5)
    first, again, other = histories
    holds(
        np.allclose(first, again, rtol=1e-9),
        f"{of} gave two histories for two rngs of the same seed, but should use rng alone",
    )
    holds(
        not np.allclose(first, other, rtol=1e-9),
        f"{of} gave the same history for rngs of different seeds, but should draw from rng",
    )
    starts = []
    for draw in range(seed, seed + 6):
        result = impl.float64.train(params, x, y, lr, 1, batch, impl.rng(draw))
        starts += losses(two(result, of)[1], 1, of, "float")
    # There are 30 ways to cut 5 rows into batches: that six rngs choose the same has a chance of 4e-8.
    holds(
        not np.allclose(starts, starts[0], rtol=1e-9),
        f"the first epoch of {of} took the same batches for six rngs, but should draw them, too",
    )


@pytest.mark.grade(points=2, hint="The largest logit of each row: argmax over the classes.")
@pytest.mark.parametrize("size", [(40, 3, 4), (4, 3, 4), (1, 2, 3)])
def test_evaluate_is_the_accuracy(impl, size):
    """evaluate is the share of rows whose largest logit is their class's, as a Python float"""
    params, x, y = problem(*size)
    z = x @ params["w"] + params["b"]
    y = np.where(np.arange(size[0]) % 3, z.argmax(-1), y)
    right = (z.argmax(-1) == y).mean()
    result = same_inputs(impl, "evaluate", params, x, y)
    mistakes = {"the share in percent": 100 * right, "the error rate": 1 - right}
    if size[0] == size[2]:
        mistakes["the share found by argmax over the rows"] = (z.argmax(0) == y).mean()
    number(result, right, of=f"evaluate of x {x.shape}", mistakes=mistakes)
    holds(
        isinstance(result, float),
        f"evaluate returned a {type(result).__name__}, but should return a Python float",
    )
    # The softmax of logits that small is the same for all classes.
    small = {"w": 1e-9 * params["w"], "b": 1e-9 * params["b"]}
    number(impl.evaluate(small, x, y), right, of="evaluate where the logits are about 1e-9")


@pytest.mark.grade(points=1)
def test_classifier_is_written_from_scratch(impl):
    """the classifier is written without layers, optimizers or a ready-made cross-entropy"""
    from_scratch(impl, "init", "forward", "cross_entropy", "train_step", "train")


def accuracy(impl, seed, train_x, train_y, test_x, test_y, **budget):
    k = int(train_y.max()) + 1
    params = impl.init(train_x.shape[1], k, impl.rng(seed))
    params, _ = two(impl.train(params, train_x, train_y, rng=impl.rng(seed + 1), **budget), "train")
    logits = impl.forward(params, test_x)
    shape(logits, (len(test_y), k), of="forward(params, test_x)")
    return float((logits.argmax(-1) == test_y).mean())


def standardized(split):
    mean, deviation = split.train_x.mean(0), split.train_x.std(0)
    return [(x - mean) / deviation for x in (split.train_x, split.test_x)]


DIGITS = Threshold(
    "test accuracy on digits",
    at_least=0.93,
    torch=[0.9556, 0.9556, 0.9578, 0.9489, 0.9444, 0.9578, 0.9533, 0.9578, 0.9578, 0.9578],
    tensorflow=[0.9556, 0.9556, 0.9578, 0.9489, 0.9444, 0.9578, 0.9533, 0.9578, 0.9578, 0.9578],
)


@DIGITS.measured_by
def digits_accuracy(impl, seed):
    s = data.digits()
    budget = {"lr": 0.2, "epochs": 25, "batch": 32}
    return accuracy(impl, seed, s.train_x, s.train_y, s.test_x, s.test_y, **budget)


MNIST = Threshold(
    "test accuracy on MNIST",
    at_least=0.90,
    torch=[0.9158, 0.9161, 0.914, 0.9158, 0.9156, 0.9158, 0.9147, 0.9153, 0.9142, 0.9155],
    tensorflow=[0.9158, 0.9161, 0.914, 0.9158, 0.9156, 0.9158, 0.9147, 0.9153, 0.9142, 0.9155],
)


@MNIST.measured_by
def mnist_accuracy(impl, seed):
    s = data.mnist()
    train_x, test_x = (x.reshape(len(x), -1) / np.float32(255) for x in (s.train_x, s.test_x))
    budget = {"lr": 0.2, "epochs": 2, "batch": 128}
    return accuracy(impl, seed, train_x, s.train_y, test_x, s.test_y, **budget)


@pytest.mark.grade(
    points=2, seconds=120, hint="Pass all other checks first; they say what is wrong."
)
def test_classifier_learns_digits(impl):
    """the median of three runs reaches 0.93 on digits, or 0.90 on MNIST where that is present"""
    (MNIST if full_size("mnist") else DIGITS).expect(impl)


WINE = Threshold(
    "test accuracy on wine",
    at_least=0.95,
    torch=[1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    tensorflow=[1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
)


@WINE.measured_by
def wine_accuracy(impl, seed):
    s = data.wine()
    train_x, test_x = standardized(s)
    budget = {"lr": 0.5, "epochs": 20, "batch": 32}
    return accuracy(impl, seed, train_x, s.train_y, test_x, s.test_y, **budget)


IRIS = Threshold(
    "test accuracy on iris",
    at_least=0.92,
    torch=[0.9737, 0.9737, 0.9737, 0.9737, 0.9737, 0.9737, 0.9737, 0.9737, 0.9737, 0.9737],
    tensorflow=[0.9737, 0.9737, 0.9737, 0.9737, 0.9737, 0.9737, 0.9737, 0.9737, 0.9737, 0.9737],
)


@IRIS.measured_by
def iris_accuracy(impl, seed):
    s = data.iris()
    train_x, test_x = standardized(s)
    budget = {"lr": 0.5, "epochs": 40, "batch": 32}
    return accuracy(impl, seed, train_x, s.train_y, test_x, s.test_y, **budget)


@pytest.mark.grade(points=1, seconds=30)
def test_classifier_learns_wine(impl):
    """the median of three runs reaches 0.95 on test wines"""
    WINE.expect(impl)


@pytest.mark.grade(points=1, seconds=30)
def test_classifier_learns_iris(impl):
    """the median of three runs reaches 0.92 on test irises"""
    IRIS.expect(impl)


@pytest.mark.grade(points=1, hint="Train on the rows that are handed over, for all the epochs.")
def test_training_lowers_the_loss(impl):
    """after 20 epochs on separable rows, the loss has fallen below a quarter of ln 3, and evaluate says 1"""
    y = np.arange(60) % 3
    x = 4.0 * np.eye(3)[y] + normal(60, 3, scale=0.3)
    start = impl.init(3, 3, impl.rng())
    params, history = two(impl.train(start, x, y, 0.2, 20, 16, impl.rng()), "train")
    final = cross_entropy(impl.forward(params, x), y)
    holds(
        final < np.log(3) / 4, f"the loss after training is {final:.4g}, but should be below 0.27"
    )
    history = losses(history, 20)
    holds(history[-1] < history[0], f"the losses run from {history[0]} to {history[-1]}, upwards")
    at_least(impl.evaluate(params, x, y), 1.0, of="evaluate(params, x, y) after training")


@pytest.mark.grade(points=2)
@pytest.mark.parametrize(
    "name", ["init", "forward", "cross_entropy", "train_step", "train", "evaluate"]
)
def test_functions_keep_the_contracts_words(impl, name):
    """each function keeps what docs/contract.md says of every function"""
    params, x, y = problem(9, 3, 4)
    if name == "init":
        conform(impl, name, [5, 3, impl.rng()])
    elif name == "forward":
        options = {"expected": lambda params, x: x @ params["w"] + params["b"]}
        conform(impl, name, [params, x], rows=[1], rowwise=True, **options)
    elif name == "cross_entropy":
        options = {"expected": lambda z, y: np.float64(cross_entropy(z, y))}
        # The places of 40 times 4 logits do not fit into int8.
        conform(impl, name, [normal(40, 4), integers(4, 40)], rows=[0, 1], **options)
    elif name == "train_step":

        def step(params, x, y, lr):
            moved, loss = train_step(params, x, y, lr)
            return moved, np.float64(loss)

        conform(impl, name, [params, x, y, 0.5], expected=step, rows=[1, 2], data=[1])
    elif name == "train":
        rules = ["result", "untouched", "settings", "twice", "rng", "float64", "integers", "shared"]
        given = [params, x, y, 0.5, 2, 4, impl.rng()]
        conform(impl, name, given, gives="anything", only=[*rules, "gradients"], data=[1])
    else:
        params, y = {"w": np.eye(4), "b": np.zeros(4)}, np.arange(9) % 4
        given = [params, np.eye(4)[y], np.append(y[:-1], 1)]
        conform(impl, name, given, gives="anything", rows=[1, 2], without=["float64", "digits"])


@pytest.mark.grade(points=1, hint=STABLE)
def test_cross_entropy_takes_rows_far_apart(impl):
    """a row of logits near 10,000 beside one near -10,000 costs what each of them costs"""
    z, y = normal(4, 3), np.array([0, 1, 2, 1])
    far = z + np.array([[1e4], [-1e4], [0.0], [200.0]])
    found = impl.float64.cross_entropy(far, y)
    close(
        found, cross_entropy(far, y), of="cross_entropy of rows near 10,000 and -10,000", rtol=1e-6
    )


@pytest.mark.grade(points=1, hint=STEP)
def test_train_step_takes_steps_of_any_size(impl):
    """gradients of 1,000 and more are neither clipped nor scaled, and each call stands alone"""
    params, x, y = problem(6, 3, 4)
    for factor in (1e3, 1.0, 1e-3):
        far = x * factor
        right, _ = train_step(params, far, y, 0.5)
        found, _ = two(impl.float64.train_step(params, far, y, 0.5), "train_step")
        for name in ("w", "b"):
            of = f"{name} after a step on x of size {factor:g}"
            close(found[name], right[name], of=of, rtol=1e-9, atol=1e-9)


@pytest.mark.grade(points=1, hint="batch is the number of rows of a step, whatever it is.")
def test_train_takes_batches_of_any_size(impl):
    """a batch of 100 rows is one step for 90 rows, no epochs are no steps, and no loss ends the training"""
    params, x, y = problem(90, 3, 4)
    of = "train on 90 rows of float64 with lr=0.5, epochs=2, batch=100"
    found, history = two(impl.float64.train(params, x, y, 0.5, 2, 100, impl.rng()), of)
    right, expected = train(params, x, y, 0.5, 2, 100)
    for i, loss in enumerate(losses(history, 2, of, "float")):
        number(loss, expected[i], of=f"history[{i}] of {of}", rtol=1e-9, atol=1e-9)
    for name in ("w", "b"):
        close(found[name], right[name], of=f"{name} of {of}")
    found, history = two(impl.train(params, x, y, 0.5, 0, 8, impl.rng()), "train with epochs=0")
    losses(history, 0, "train with epochs=0", "float")
    for name in ("w", "b"):
        close(found[name], params[name], of=f"{name} of train with epochs=0")
    of = "train on x of a million with lr=1e36, where the losses overflow,"
    _, history = two(impl.train(params, 1e6 * x, y, 1e36, 6, 100, impl.rng()), of)
    losses(history, 6, of, "float", finite=False)
    sure, y = {"w": 1000 * np.eye(3), "b": np.zeros(3)}, np.arange(6) % 3
    of = "train, where the classifier is sure of every class,"
    _, history = two(impl.train(sure, np.eye(3)[y], y, 0.5, 4, 4, impl.rng()), of)
    every_epoch(history, 4, of)


@pytest.mark.grade(points=1, hint="Every row counts, and the share is not rounded.")
def test_evaluate_counts_every_row(impl):
    """evaluate tells one wrong row in 700, wherever it is, and 8-bit labels from classes above 255"""
    params = {"w": np.eye(3), "b": np.zeros(3)}
    y = integers(3, 700)
    x = np.eye(3)[y]
    wrong = int(integers(700))
    for at in (0, wrong, 699):
        labels = y.copy()
        labels[at] = (labels[at] + 1) % 3
        of = f"evaluate where row {at} of 700 is wrong"
        number(impl.evaluate(params, x, labels), 699 / 700, of=of, rtol=1e-6)
    # In 8 bits, class 256 is class 0.
    many, x = {"w": np.eye(300), "b": np.zeros(300)}, np.eye(300)[[256, 299, 5, 7]]
    for width in ("uint8", "int8"):
        labels = np.array([0, 43, 5, 8])
        of = f"evaluate of rows of the classes 256, 299, 5 and 7 with {width} labels {labels}"
        number(impl.evaluate(many, x, exact(labels.astype(width))), 0.25, of=of)
