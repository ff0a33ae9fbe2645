"""Hidden checks of exercises/gradient_descent.py. `impl` takes and returns NumPy arrays."""

from itertools import pairwise

import numpy as np
import pytest

from katagrad.authoring import structure
from katagrad.authoring.companion import plant
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_most,
    between,
    close,
    dtype,
    equal,
    from_scratch,
    function,
    holds,
    integers,
    normal,
    number,
    raises,
    same_inputs,
)
from katagrad.authoring.functions import exp, log
from katagrad.authoring.threshold import Threshold

ORDER = "Draw one permutation an epoch, and cut it at multiples of `batch`."
MEAN = "Differentiate the mean loss of the batch's own rows, of however many there are."


def squared_error(params, x, y):
    return ((x @ params["w"] + params["b"] - y) ** 2).mean()


LINE = function(squared_error)
PROJECTION = function(lambda params, x, y: (((x * params["w"]).sum(1) - y) ** 2).mean())
TABLES = function(lambda params, x, y: (((x * params["w"]).sum(2).sum(1) - y) ** 2).mean())
# With lr 1 and one row a step, w becomes w / 8 + x: w holds the rows as octal digits, the last one first.
DIGITS = function(lambda params, x, y: (params["w"] * params["w"] * 0.4375 - x * params["w"] + y).mean())  # fmt: skip


def epoch(impl, *args, **kwargs):
    """One epoch of minibatches, as a list; iter() first, since a generator has no length for list() to ask."""
    return list(iter(impl.minibatches(*args, **kwargs)))


def sizes(batches):
    return [int(rows.size) for rows in batches]


@pytest.mark.grade(points=1)
def test_minibatches_keeps_the_contracts_words(impl):
    """minibatches keeps what docs/contract.md says of every function"""
    conform(impl, "minibatches", [13, 4, impl.rng()], exhaust=True)


@pytest.mark.grade(points=1)
def test_sgd_step_keeps_the_contracts_words(impl):
    """sgd_step keeps what docs/contract.md says of every function"""

    def step(params, grads, lr):
        return {name: w - lr * grads[name] for name, w in params.items()}

    params = {"w": normal(3, 2), "b": normal(2)}
    grads = {"b": normal(2, scale=50.0), "w": normal(3, 2, scale=50.0)}
    conform(impl, "sgd_step", [params, grads, 0.03], expected=step, large=[0, 1])
    # Where nothing moves, the result is new even so.
    still = {name: np.zeros(w.shape) for name, w in params.items()}
    for given in ([params, grads, 0.0], [params, still, 0.03]):
        conform(impl, "sgd_step", given, expected=step, only=["result", "shared"])


@pytest.mark.grade(points=1, seconds=120)
def test_fit_keeps_the_contracts_words(impl):
    """fit keeps what docs/contract.md says of every function"""
    params = {"w": normal(3, 2), "b": normal(2)}
    given = [LINE, params, normal(10, 3), normal(10, 2), 4, 0.03, 2, impl.rng()]
    options = {"gives": "anything", "fresh": True}
    conform(impl, "fit", given, rows=[2, 3], data=[2, 3], **options)
    given = [TABLES, {"w": normal(2, 3)}, normal(10, 2, 3), normal(10), 10, 0.03, 1, impl.rng()]
    conform(impl, "fit", given, gives="anything", only=["result", "views", "settings"])


@pytest.mark.grade(points=2, hint=ORDER)
@pytest.mark.parametrize(("n", "batch"), [(10, 4), (12, 4), (5, 1), (3, 8), (1, 1)])
def test_minibatches_have_the_size_asked_for(impl, n, batch):
    """every batch has `batch` rows but the last, which is short, or left out if drop_last"""
    whole, rest = divmod(n, batch)
    expected = [batch] * whole + [rest] * (rest > 0)
    found = epoch(impl, n, batch, impl.rng())
    equal(sizes(found), expected, of=f"the sizes of minibatches({n}, {batch}, rng)")
    for rows in found:
        dtype(rows, "int64", of=f"a batch of minibatches({n}, {batch}, rng)")
        close(rows * 0, np.zeros(rows.size), of="0 * the row numbers of a batch")
    dropped = epoch(impl, n, batch, impl.rng(), drop_last=True)
    equal(sizes(dropped), [batch] * whole, of=f"the sizes of minibatches({n}, {batch}, rng, True)")


@pytest.mark.grade(points=2, hint=ORDER)
@pytest.mark.parametrize(("n", "batch"), [(29, 5), (12, 12), (7, 1)])
def test_minibatches_hold_every_row_once(impl, n, batch):
    """every row number from 0 to n - 1 occurs once"""
    rows = np.concatenate(epoch(impl, n, batch, impl.rng()))
    equal(np.sort(rows), np.arange(n), of="the sorted row numbers of an epoch")
    part = np.concatenate([np.zeros(0, np.int64), *epoch(impl, n, batch, impl.rng(), True)])
    equal(len(set(part.tolist())), n - n % batch, of="how many rows occur with drop_last")


@pytest.mark.grade(points=1, hint=ORDER)
def test_minibatches_come_in_random_order(impl):
    """the order is drawn from rng: the same seed repeats it, another seed gives another"""
    first, again, other = (np.concatenate(epoch(impl, 40, 7, impl.rng(seed))) for seed in (5, 5, 6))
    equal(again, first, of="the order of a second call with rng(5)")
    holds((first != np.arange(40)).any(), "minibatches(40, 7, rng) is in the order of the rows")
    holds((first != other).any(), "minibatches has the same order for rng(5) and rng(6)")
    # In a random order about two rows are followed by a neighbour; more than 20 have a chance of 1e-13.
    order = np.concatenate(epoch(impl, 300, 7, impl.rng()))
    neighbours = int((np.abs(np.diff(order)) == 1).sum())
    at_most(neighbours, 20, of="how many of 300 rows come right after a neighbour,")
    # So much for rows that come together in two orders, where an order is one of few, or begins elsewhere.
    second = np.concatenate(epoch(impl, 300, 7, impl.rng()))
    pairs = [{frozenset(pair) for pair in pairwise(rows.tolist())} for rows in (order, second)]
    common = len(pairs[0] & pairs[1])
    at_most(common, 20, of="how many of 299 pairs of rows follow each other in two orders,")
    # A shuffle buffer takes early rows early. In a random order the correlation has a deviation of 0.007.
    order = np.concatenate(epoch(impl, 20_000, 500, impl.rng()))
    of = "the correlation of the 20,000 rows of minibatches(20000, 500, rng) with their places"
    between(float(np.corrcoef(order, np.arange(20_000))[0, 1]), -0.05, 0.05, of=of)
    # One batch of all rows has an order, too.
    for batch in (40, 64):
        first, other = (np.concatenate(epoch(impl, 40, batch, impl.rng(s))) for s in (5, 6))
        holds(
            (first != other).any(), f"minibatches(40, {batch}, rng) has the same order for two rngs"
        )
    # Which rows the dropped batch would have held must be chance, too.
    kept = [epoch(impl, 9, 4, impl.rng(seed), True) for seed in range(12)]
    left = {36 - int(np.concatenate(batches).sum()) for batches in kept}  # 0 + 1 + ... + 8 is 36
    holds(len(left) > 1, "drop_last leaves out the same row for twelve different seeds")


@pytest.mark.grade(points=1)
@pytest.mark.parametrize(("n", "batch"), [(0, 4), (5, 0), (5, -1)])
def test_minibatches_refuses_nothing(impl, n, batch):
    """n or batch below 1 is a ValueError"""
    with raises("ValueError", of=f"minibatches({n}, {batch}, rng)"):
        epoch(impl, n, batch, impl.rng())


@pytest.mark.grade(points=1)
def test_sgd_step_moves_against_the_gradient(impl):
    """sgd_step subtracts lr times the gradient, in a new dict"""
    params = {"w": normal(3, 2), "b": normal(2), "scale": normal()}
    grads = {name: normal(*w.shape) for name, w in params.items()}
    moved = same_inputs(impl, "sgd_step", params, grads, 0.3)
    expected = {name: w - 0.3 * grads[name] for name, w in params.items()}
    close(moved, expected, of="sgd_step(params, grads, 0.3)")
    dtype(moved["w"], "float32", of="sgd_step(...)['w'] of a float32 parameter")
    dtype(impl.float64.sgd_step(params, grads, 0.3)["w"], "float64", of="... of a float64 one")


def descend(params, x, y, lr, steps):
    """Full-batch descent on the mean squared error of x @ w + b, in closed form."""
    w, b, history = params["w"], params["b"], []
    for _ in range(steps):
        slope = 2 * (x @ w + b - y) / y.size
        w, b = w - lr * x.T @ slope, b - lr * slope.sum(0)
        history.append(((x @ w + b - y) ** 2).mean())
    return {"w": w, "b": b}, history


@pytest.mark.grade(
    points=2, hint="Take params anew after each step; append the loss after each epoch."
)
@pytest.mark.parametrize("batch", [9, 50])
def test_fit_full_batch_follows_the_gradient(impl, batch):
    """with all rows in a batch, fit gives the parameters and losses of exact descent"""
    x, y = normal(9, 3), normal(9, 2)
    params = {"w": normal(3, 2), "b": normal(2)}
    for epochs in (1, 5):
        found, history = same_inputs(
            impl, "fit", LINE, params, x, y, batch, 0.1, epochs, impl.rng()
        )
        expected, losses = descend(params, x, y, 0.1, epochs)
        close(found, expected, of=f"the parameters of fit(..., {batch=}, {epochs=})")
        equal(len(history), epochs, of=f"len(history) of {epochs} epochs")
        holds(
            all(isinstance(loss, float) for loss in history),
            f"history holds {type(history[0]).__name__}, but should hold Python floats",
        )
        for i, loss in enumerate(losses):
            number(history[i], loss, of=f"history[{i}]", rtol=1e-4)
    # A rate at which the loss rises: the parameters and the rate do not follow it.
    expected, losses = descend(params, x, y, 4.0, 4)
    found, history = impl.float64.fit(LINE, params, x, y, batch, 4.0, 4, impl.rng())
    of = f"fit(loss_fn, params, x, y, {batch}, 4.0, 4, rng), in which the loss rises"
    structure.recorded(history, losses, of, rtol=1e-6)
    close(found, expected, of=f"the parameters of {of}", rtol=1e-6)
    # A rate that float32 holds exactly: tf.cast(lr, x.dtype) rounds it to float32.
    expected, _ = descend(params, x, y, 0.125, 12)
    for size in (1e-6, 1e6):
        start = {name: size * value for name, value in params.items()}
        of = f"the parameters of 12 epochs where x @ w and y are near {size:g}, divided by {size:g}"
        found, _ = impl.float64.fit(LINE, start, x, size * y, batch, 0.125, 12, impl.rng())
        close({name: value / size for name, value in found.items()}, expected, of=of)


@pytest.mark.grade(points=1)
def test_fit_of_no_epochs_changes_nothing(impl):
    """0 epochs give the parameters of the start and an empty history"""
    params = {"w": normal(3), "b": normal()}
    found, history = impl.fit(LINE, params, normal(6, 3), normal(6), 2, 0.1, 0, impl.rng())
    close(found, params, of="the parameters after no epoch")
    equal(list(history), [], of="the history of no epoch")


@pytest.mark.grade(points=1, hint="Take `epochs` epochs, whatever the losses are.")
def test_fit_takes_all_its_epochs(impl):
    """a loss of 0 from the start, or one that overflows, ends nothing: the history has `epochs` losses"""
    start, x, y = {"w": np.zeros(3)}, normal(6, 3), np.zeros(6)
    _, history = impl.fit(PROJECTION, start, x, y, 2, 0.1, 4, impl.rng())
    of = "the history of 4 epochs whose losses are 0"
    equal(list(history), [0.0] * 4, of=of)
    _, history = impl.fit(PROJECTION, {"w": normal(3)}, x, y, 6, 1e4, 15, impl.rng())
    of = "fit with lr=1e4, where the losses overflow,"
    structure.losses(history, 15, of, "float", finite=False)


@pytest.mark.grade(points=1, hint="Call loss_fn with all rows after the last step of an epoch.")
@pytest.mark.parametrize("batch", [3, 5, 7])
def test_fit_records_the_loss_over_all_rows(impl, batch):
    """the last loss is that of the returned parameters, in which every row weighs alike"""
    # Of 8 rows, one batch is short; and the rows differ much, so it matters how they are weighed.
    x, y = normal(8, 3), normal(8, 2) * np.arange(1, 9)[:, None]
    params = {"w": normal(3, 2), "b": normal(2)}
    given = [LINE, params, x, y, batch, 0.03, 2, impl.rng()]
    found, history = impl.fit(*given)
    number(
        history[-1],
        squared_error(found, x, y),
        of=f"history[-1] of fit with 8 rows, {batch=}",
        rtol=1e-4,
    )


# A loss that notes whether x and y are integers, and depends on w alone.
NOTED = """
GIVEN = []

def loss(params, x, y):
    GIVEN.append(["int" in str(rows.dtype) for rows in (x, y)])
    return (params["w"] - 3.0) ** 2
"""


@pytest.mark.grade(points=1, hint="Give loss_fn the rows of x and y as they are.")
def test_fit_hands_on_rows_as_they_are(impl):
    """x and y may be integers, and are integers in the loss then"""
    for x, y, kinds in (
        (integers(9, 6, 2), normal(6), [True, False]),
        (normal(6, 2), integers(3, 6), [False, True]),
    ):
        module = plant(impl, "noted.py", NOTED)
        found, _ = impl.fit(module.get("loss"), {"w": np.zeros(())}, x, y, 4, 0.25, 1, impl.rng())
        close(found["w"], np.array(2.25), of="w after two steps of 0.25 on (w - 3)^2")
        given = module.get("GIVEN")
        of = (
            f"[x is integer, y is integer] in loss_fn, given an integer {'x' if kinds[0] else 'y'},"
        )
        for one in given if isinstance(given, list) else given.fetch():
            equal(list(one), kinds, of=of)


@pytest.mark.grade(points=2, hint=MEAN)
@pytest.mark.parametrize("batch", [1, 2, 3, 4, 7])
def test_fit_steps_by_the_mean_of_each_batch(impl, batch):
    """every row moves the parameters once an epoch, by lr times its share in its own batch's mean"""
    n, lr, target = 8, 0.2, normal(8, shift=3.0)
    # One-hot rows: row i alone moves w[i], so its distance to the target shrinks by 1 - 2 lr / B.
    found, _ = impl.fit(PROJECTION, {"w": np.zeros(n)}, np.eye(n), target, batch, lr, 1, impl.rng())
    kept = 1 - found["w"] / target
    rest = n % batch
    expected = np.r_[
        np.full(rest, 1 - 2 * lr / max(rest, 1)), np.full(n - rest, 1 - 2 * lr / batch)
    ]
    close(
        np.sort(kept),
        np.sort(expected),
        of=f"the shares of the error that one epoch leaves, sorted, with {batch=} and 8 rows",
        rtol=1e-3,
        mistakes={
            "steps by the sum over the batch": np.full(n, 1 - 2 * lr),
            "a short batch averaged over the full size": np.full(n, 1 - 2 * lr / batch),
            "a remainder that was dropped": np.sort(np.where(np.arange(n) < rest, 1.0, expected)),
        },
    )
    if rest == 0:
        found, _ = impl.fit(
            PROJECTION, {"w": np.zeros(n)}, np.eye(n), target, batch, lr, 3, impl.rng()
        )
        close(1 - found["w"] / target, expected**3, of="the shares after three epochs", rtol=1e-3)
        return
    found, _ = impl.float64.fit(
        PROJECTION, {"w": np.zeros(n)}, np.eye(n), target, batch, lr, 24, impl.rng()
    )
    # How often each row came in the short batch, of `rest` rows: about 24 * rest / n times.
    full, short = np.log(1 - 2 * lr / batch), np.log(1 - 2 * lr / rest)
    often = (np.log(1 - found["w"] / target) - 24 * full) / (short - full)
    of = f"the number of 24 epochs that have one and the same of 8 rows in the short batch, with {batch=},"
    # That any row comes there more than 20 times has a chance below 1e-7.
    at_most(float(often.max()), 20.5, of=of)


def copies(order):
    """The orders that begin at another row of this one, and those that go backwards through it."""
    both = (order, order[::-1])
    return [one[i:] + one[:i] for one in both for i in range(len(order))]


@pytest.mark.grade(
    points=2, hint="Call minibatches inside the loop over epochs, with the same rng."
)
def test_fit_draws_a_new_order_each_epoch(impl):
    """stochastic descent uses every row once an epoch, in an order that changes"""
    rows, orders = np.arange(1.0, 8.0), []
    for _ in range(4):
        found, history = impl.float64.fit(
            DIGITS, {"w": np.zeros(())}, rows, np.zeros(7), 1, 1.0, 2, impl.rng()
        )
        w, digits = float(found["w"]), []
        number(history[-1], 0.4375 * w * w - 4 * w, of="history[-1], the loss of the last w")
        for _ in range(14):
            digits.append(int(w))
            w = (w - int(w)) * 8
        for epoch, order in enumerate((digits[13:6:-1], digits[6::-1])):
            equal(sorted(order), list(range(1, 8)), of=f"the rows of epoch {epoch}, sorted")
            orders.append(order)
    holds(
        any(orders[i] != orders[i + 1] for i in range(0, 8, 2)),
        f"fit used the rows in the order {orders[0]} in both epochs, but should draw a new one",
    )
    # The second of two orders is one of the 14 turned or mirrored copies of the first once in 360 times.
    holds(
        any(orders[i + 1] not in copies(orders[i]) for i in range(0, 8, 2)),
        f"fit used the rows in the order {orders[0]}, and then in the order {orders[1]}, and in all other runs also "
        "in an order that begins at another row or goes backwards, but should draw a new one in each epoch",
    )
    holds(
        any(order != list(range(1, 8)) for order in orders),
        "fit used the rows in their own order in every epoch, but should draw one",
    )


@pytest.mark.grade(points=1)
def test_fit_descends_on_any_loss(impl):
    """fit differentiates whatever loss it is given"""
    x, y, w = normal(6, 2), np.array([1.0, -1.0, -1.0, 1.0, 1.0, 1.0]), normal(2)
    logistic = function(lambda p, x, y: log(exp((x * p["w"]).sum(1) * y * -1.0) + 1.0).mean())
    found, history = impl.fit(logistic, {"w": w}, x, y, 6, 0.5, 1, impl.rng())
    share = 1 / (1 + np.exp(y * (x @ w)))  # of the wrong class
    expected = w + 0.5 * (x.T @ (share * y)) / 6
    close(found["w"], expected, of="w after one step on the logistic loss")
    number(history[0], np.log1p(np.exp(-y * (x @ expected))).mean(), of="its loss after the step")


# Start, batches and data follow from NumPy generators, so the frameworks agree to four digits.
EXCESS = Threshold(
    "loss above that of least squares, as a share",
    at_most=0.01,
    torch=[
        0.0008917,
        0.0002837,
        0.001362,
        0.0006321,
        0.0002428,
        0.0002862,
        0.001935,
        0.0003767,
        0.0001122,
        0.001395,
    ],
    tensorflow=[
        0.0008917,
        0.0002837,
        0.001362,
        0.0006321,
        0.0002428,
        0.0002862,
        0.001935,
        0.0003767,
        0.0001122,
        0.001395,
    ],
)


@EXCESS.measured_by
def excess(impl, seed, batch=24, lr=0.05, epochs=20, n=240):
    impl.seed(seed)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    y = x @ rng.normal(size=(3, 1)) + 1.0 + 0.5 * rng.normal(size=(n, 1))
    columns = np.c_[x, np.ones(n)]
    best = np.mean((columns @ np.linalg.lstsq(columns, y, rcond=None)[0] - y) ** 2)
    start = {"w": np.zeros((3, 1)), "b": np.zeros(1)}
    found, _ = impl.fit(LINE, start, x, y, batch, lr, epochs, impl.rng(seed))
    return float(squared_error(found, x, y) / best - 1)


@pytest.mark.grade(points=2, seconds=60)
def test_fit_reaches_least_squares(impl):
    """mini-batch descent ends within 1 % of the least-squares loss, in the median of three runs"""
    EXCESS.expect(impl)


@pytest.mark.grade(points=1)
def test_descent_is_written_from_scratch(impl):
    """the steps are written from arithmetic"""
    from_scratch(impl, "minibatches", "sgd_step", "fit")
