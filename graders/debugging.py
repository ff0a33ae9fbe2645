"""Hidden checks of exercises/debugging.py. `impl` takes and returns NumPy arrays."""

import ast
import difflib
import math
from itertools import pairwise

import numpy as np
import pytest

from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    close,
    equal,
    function,
    generator,
    holds,
    integers,
    normal,
    number,
    raises,
    same_inputs,
    uniform,
)
from katagrad.authoring.functions import log
from katagrad.authoring.structure import recorded
from katagrad.errors import NotGraded, StudentError

BUDGET = 2  # lines of a loop that may be changed, added or removed
# Of data on which the stub's fault shall show; three of five do.
DRAWS = 1000


def forward(params, x, mask=None):
    for i in range(0, len(params) - 2, 2):
        x = np.maximum(x @ params[i] + params[i + 1], 0.0)
        x = x if mask is None or i else x * mask
    return x @ params[-2] + params[-1]


def loss_and_gradients(params, x, y, mask=None):
    """The mean cross-entropy, and its gradients by backpropagation."""
    inputs = [x]
    for i in range(0, len(params) - 2, 2):
        a = np.maximum(inputs[-1] @ params[i] + params[i + 1], 0.0)
        inputs.append(a if mask is None or i else a * mask)
    z = inputs[-1] @ params[-2] + params[-1]
    z = z - z.max(axis=-1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    loss = -np.log(p[np.arange(len(y)), y]).mean()
    dz = (p - np.eye(p.shape[-1])[y]) / len(y)
    gradients = []
    for i in range(len(params) - 2, -1, -2):
        a = inputs[i // 2]
        gradients = [a.T @ dz, dz.sum(axis=0), *gradients]
        dz = (dz @ params[i].T) * (a > 0)
        dz = dz * mask if i == 2 and mask is not None else dz
    return loss, gradients


def take(x, rows):
    return x[rows]


def network(*sizes):
    """Params of a network of these widths."""
    params = []
    for i, o in pairwise(sizes):
        params += [normal(i, o), normal(o, scale=0.5)]
    return params


def as_it_stood(impl, name):
    """The loop of the stub, fault and all, over the oracle's pieces."""
    source = ast.unparse(impl.source.contract[name])
    scope = {"forward": forward, "loss_and_gradients": loss_and_gradients, "take": take}
    exec(compile(source, f"{name} in the stub", "exec"), scope)
    return scope[name]


def body(node):
    """The lines of a function without its docstring, its comments and its layout."""
    statements = node.body
    if isinstance(statements[0], ast.Expr) and isinstance(statements[0].value, ast.Constant):
        statements = statements[1:]
    return ast.unparse(ast.Module(statements, [])).splitlines()


def expect_repair_only(impl, name):
    """Expect at most two lines of a loop to differ from the stub's."""
    found = impl.source.functions.get(name)
    holds(found is not None, f"{name} should be a function of this file, repaired where it stands")
    old, new = body(impl.source.contract[name]), body(found)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    edits = [e for e in matcher.get_opcodes() if e[0] != "equal"]
    changed = sum(max(e[2] - e[1], e[4] - e[3]) for e in edits)
    lines = "; ".join(line.strip() for e in edits for line in new[e[3] : e[4]])[:200]
    more = f": {lines}" if lines else ""
    holds(
        changed <= BUDGET,
        f"{changed} lines of {name} differ from the loop that was given, but only the fault may be repaired, "
        f"in at most {BUDGET}{more}",
    )


def expect_params(found, expected, broken, of):
    equal(len(found), len(expected), of=f"the number of params of {of}")
    for i, value in enumerate(expected):
        mistakes = {"the result of the loop as it was given, with its fault": broken[i]}
        close(found[i], value, of=f"{of}, params[{i}]", rtol=1e-6, atol=1e-9, mistakes=mistakes)


def descend(params, gradients, lr):
    return [p - lr * g for p, g in zip(params, gradients, strict=True)]


@pytest.mark.grade(points=1)
def test_pieces_keep_the_contracts_words(impl):
    """forward, loss_and_gradients and take keep what docs/contract.md says of every function"""
    params, x, y = network(3, 5, 4), normal(7, 3), integers(4, 7)
    mask = 2.0 * integers(2, 7, 5)
    options = {"expected": forward, "rows": [1, "mask"], "rowwise": True}
    conform(impl, "forward", [params, x], {"mask": mask}, **options)
    conform(impl, "loss_and_gradients", [params, x, y], expected=loss_and_gradients, rows=[1, 2])
    rows = np.array([5, 0, 0, 1, 6])
    conform(impl, "take", [normal(7, 2, 3), rows], expected=take, rows=[1], rowwise=True)
    conform(impl, "take", [y, rows], expected=take, without=["integers"])


@pytest.mark.grade(points=1)
def test_probes_keep_the_contracts_words(impl):
    """the four probes keep what docs/contract.md says of every function"""
    conform(impl, "check_first_loss", [2.5, 10], expected=True)
    conform(impl, "check_first_loss", [2.5, 10], {"tolerance": 0.01}, expected=False)
    step, start = function(STEPS["descends"][0]), uniform(3, low=-1.0, high=1.0)
    conform(impl, "overfit_one_batch", [step, start, 40, 0.01], expected=True)
    conform(impl, "overfit_one_batch", [step, start, 2, 1e-6], expected=False)
    params, x = network(4, 6, 5, 3), normal(7, 4)
    params[1][1:3] = -100.0
    conform(impl, "dead_relu_share", [params, x], expected=dead_share)
    conform(impl, "dead_relu_share", [network(4, 3), x], expected=0.0)
    given = [3, np.asarray(1.5), [normal(3, 4), normal(4)]]
    conform(impl, "nan_guard", given, gives="anything")


def dead_share(params, x):
    """The share of hidden units that are 0 for every row."""
    dead = []
    for w, b in zip(params[:-2:2], params[1:-2:2], strict=True):
        x = np.maximum(x @ w + b, 0)
        dead.append((x == 0).all(axis=0))
    return float(np.concatenate(dead).mean()) if dead else 0.0


@pytest.mark.grade(
    points=2, hint="ReLU behind every layer but the last; the mask behind the first."
)
@pytest.mark.parametrize("sizes", [(4, 3), (4, 6, 3), (3, 5, 4, 2), (3, 5, 5, 5, 2)])
def test_pieces_compute_the_network(impl, sizes):
    """forward, loss_and_gradients and take agree with the oracle, and leave what they are given alone"""
    params, x, y = network(*sizes), normal(7, sizes[0]), integers(sizes[-1], 7)
    close(
        impl.forward(params, x), forward(params, x), of="forward(params, x)", rtol=1e-3, atol=1e-4
    )
    masks = [None] if len(sizes) == 2 else [None, 2.0 * integers(2, 7, sizes[1])]
    for mask in masks:
        given = () if mask is None else (mask,)
        name = "" if mask is None else ", mask"
        expected = forward(params, x, mask)
        of = f"forward(params, x{name})"
        close(impl.float64.forward(params, x, *given), expected, of=of, rtol=1e-6)
        loss, gradients = same_inputs(impl.float64, "loss_and_gradients", params, x, y, *given)
        wanted, slopes = loss_and_gradients(params, x, y, mask)
        of = f"loss_and_gradients(params, x, y{name})"
        close(
            loss, wanted, of=f"{of}[0]", rtol=1e-6, mistakes={"the sum over the rows": 7 * wanted}
        )
        equal(len(gradients), len(params), of=f"the number of gradients of {of}")
        for i, slope in enumerate(slopes):
            close(gradients[i], slope, of=f"{of}[1][{i}]", rtol=1e-6, atol=1e-9)
    if len(sizes) == 2:
        # The loss of a row of which the network is sure is 0, and counts in the mean.
        sure = [np.eye(*sizes), np.zeros(sizes[1])]
        x[:3], y[:3] = 1000 * np.eye(sizes[0])[0], 0
        given = impl.float64.loss_and_gradients(sure, x, y)
        of = "loss_and_gradients(params, x, y), where the network is sure of 3 rows of 7"
        close(given, loss_and_gradients(sure, x, y), of=of, rtol=1e-6, atol=1e-9)
    if len(sizes) > 2:
        # A mask may hold any number, and ReLU comes before it.
        mask = normal(7, sizes[1])
        found = impl.float64.forward(params, x, mask)
        of = "forward(params, x, mask) of a mask with negative numbers"
        close(found, forward(params, x, mask), of=of, rtol=1e-6)
    rows = np.array([5, 0, 0, 6])
    close(impl.take(x, rows), x[rows], of="take(x, [5, 0, 0, 6])")
    equal(impl.take(y, rows), y[rows], of="take(y, [5, 0, 0, 6])")
    # The numbers of the rows do not fit into 8 bits.
    many, rows = normal(300, 2), np.array([299, 0, 43, 256])
    close(impl.take(many, rows), many[rows], of="take(x of 300 rows, [299, 0, 43, 256])")


@pytest.mark.grade(
    points=1, hint="A fair guess gives every class 1 / classes: the loss is ln(classes)."
)
def test_first_loss_is_compared_with_a_fair_guess(impl):
    """check_first_loss accepts ln(classes) within its tolerance, on both sides, and refuses NaN"""
    for classes in (2, 10, 1000):
        fair = math.log(classes)
        cases = [
            (1.0, True),
            (1.19, True),
            (0.81, True),
            (1.21, False),
            (0.79, False),
            (0.0, False),
        ]
        for factor, expected in cases:
            found = impl.check_first_loss(factor * fair, classes)
            equal(found, expected, of=f"check_first_loss({factor} * ln({classes}), {classes})")
        found = impl.check_first_loss(1.19 * fair, classes, tolerance=0.1)
        equal(found, False, of=f"check_first_loss(1.19 * ln({classes}), {classes}, tolerance=0.1)")
        found = impl.check_first_loss(1.4 * fair, classes, tolerance=0.5)
        equal(found, True, of=f"check_first_loss(1.4 * ln({classes}), {classes}, tolerance=0.5)")
        # As far off as allowed, and no number is rounded on the way.
        found = impl.check_first_loss(0.0, classes, tolerance=1.0)
        equal(found, True, of=f"check_first_loss(0.0, {classes}, tolerance=1.0)")
    equal(impl.check_first_loss(float("nan"), 10), False, of="check_first_loss(nan, 10)")


STEPS = {
    "descends": (lambda w: [w - 0.4 * (w - 3.0), ((w - 3.0) * (w - 3.0)).sum()], True),
    "does not move": (lambda w: [1.0 * w, ((w - 3.0) * (w - 3.0)).sum()], False),
    "ascends": (lambda w: [w + 0.4 * (w - 3.0), ((w - 3.0) * (w - 3.0)).sum()], False),
    "moves too little": (lambda w: [w - 1e-4 * (w - 3.0), ((w - 3.0) * (w - 3.0)).sum()], False),
    "has the wrong labels": (lambda w: [w - 0.4 * (w - 3.0), (w * w).sum()], False),
    "forgets what it learnt": (lambda w: [0.0 * w, ((w - 3.0) * (w - 3.0)).sum()], False),
}


@pytest.mark.grade(points=2, hint="Hand the state that a step returns to the next step.")
@pytest.mark.parametrize("kind", STEPS)
def test_overfitting_tells_good_steps_from_broken_ones(impl, kind):
    """overfit_one_batch says True for a step that learns its batch, and False for one that does not"""
    step, expected = STEPS[kind]
    start = uniform(3, low=-1.0, high=1.0)
    found = impl.overfit_one_batch(function(step), start, 40, 0.01)
    equal(found, expected, of=f"overfit_one_batch of a step that {kind}")


@pytest.mark.grade(points=1, hint="Compare each of `steps` losses with target, and stop at NaN.")
def test_overfitting_counts_its_steps(impl):
    """the loss of each of the `steps` steps counts, target itself suffices, and NaN never does"""
    countdown = function(lambda s: [s + 1.0, (5.0 - s).sum()])
    for steps, expected in ((3, False), (4, True), (9, True)):
        found = impl.overfit_one_batch(countdown, np.zeros(1), steps, 2.0)
        equal(
            found,
            expected,
            of=f"overfit_one_batch of the losses 5, 4, 3, 2, 1, ... in {steps} steps",
        )
    # The losses are NaN, NaN, and then far below the target.
    recovering = function(lambda s: [s + 1.0, log(s).sum() - 100.0])
    found = impl.overfit_one_batch(recovering, np.full(1, -1.5), 9, 0.0)
    equal(found, False, of="overfit_one_batch of losses that begin with NaN")
    # The losses are infinite, -log(1), -log(2), ...: infinity ends nothing.
    falling = function(lambda s: [s + 1.0, -log(s).sum()])
    found = impl.overfit_one_batch(falling, np.zeros(1), 9, -0.5)
    equal(found, True, of="overfit_one_batch of the losses inf, 0, -0.69, -1.1, ...")
    # The losses are log(3), log(2), 0, and later NaN, which no longer counts.
    ending = function(lambda s: [s + 1.0, log(3.0 - s).sum()])
    found = impl.overfit_one_batch(ending, np.zeros(1), 9, 0.7)
    equal(found, True, of="overfit_one_batch of losses that are NaN after one below the target")


@pytest.mark.grade(
    points=2, hint="A unit is dead if no row of x brings it above 0; count over all layers."
)
@pytest.mark.parametrize("seed", range(3))
def test_dead_units_are_counted(impl, seed):
    """dead_relu_share is the share of hidden units, of all layers together, that are 0 for every row"""
    params, x = network(4, 9, 5, 3), normal(6, 4)
    for layer, units in ((1, generator().permutation(9)[: 2 + seed]), (3, [seed])):
        params[layer][units] = -100.0
    hidden = [np.maximum(x @ params[0] + params[1], 0)]
    hidden.append(np.maximum(hidden[0] @ params[2] + params[3], 0))
    dead = np.concatenate([(h == 0).all(axis=0) for h in hidden])
    found = impl.dead_relu_share(params, x)
    holds(isinstance(found, float), f"dead_relu_share is {found!r}, but should be a Python float")
    zeros = np.concatenate([h.ravel() for h in hidden]) == 0
    mistakes = {
        "the share of zeros over all rows": float(zeros.mean()),
        "the share of living units": float(1 - dead.mean()),
        "the mean of the layers' shares": float(
            np.mean([(h == 0).all(axis=0).mean() for h in hidden])
        ),
        "the share in the first layer": float((hidden[0] == 0).all(axis=0).mean()),
    }
    number(found, float(dead.mean()), of="dead_relu_share(params, x)", mistakes=mistakes)
    params = network(4, 9, 3)
    params[1][:] = 0.0
    found = impl.dead_relu_share(params, 1e-6 * x)
    number(found, dead_share(params, x), of="dead_relu_share of units whose outputs are near 1e-6")
    params[0][:, :3] = 0.0
    found = impl.dead_relu_share(params, x)
    number(
        found, dead_share(params, x), of="dead_relu_share where three units of nine get exactly 0"
    )


@pytest.mark.grade(
    points=2, hint="Raise; do not repair. Look at the loss, and at every element of every gradient."
)
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_guard_raises_what_is_not_finite(impl, bad):
    """nan_guard raises FloatingPointError for NaN and infinity in the loss or any gradient, and names the step"""
    gradients = [normal(3, 4), normal(4), normal(4, 2)]
    fine = impl.nan_guard(3, np.asarray(normal()), gradients)
    equal(fine, None, of="nan_guard of finite numbers")
    huge = impl.nan_guard(3, np.asarray(3e38), [np.full((3, 4), 3e38), np.full(4, -3e38)])
    equal(huge, None, of="nan_guard of numbers that are finite, and whose sum is not")
    of = f"nan_guard of the loss {bad}"
    with raises("FloatingPointError", of=of):
        impl.nan_guard(3, np.asarray(bad), gradients)
    try:
        impl.nan_guard(4711, np.asarray(bad), gradients)
    except StudentError as error:
        named = "4711" in error.detail
        holds(named, f"the message of {of} is {error.detail!r}, but should name the step, 4711")
    for i in range(3):
        spoilt = [g.copy() for g in gradients]
        spoilt[i][(-1,) * spoilt[i].ndim] = bad
        of = f"nan_guard of a {bad} in gradient {i}"
        with raises("FloatingPointError", of=of):
            impl.nan_guard(3, np.asarray(1.0), spoilt)
        try:
            impl.nan_guard(4711, np.asarray(1.0), spoilt)
        except StudentError as error:
            named = "4711" in error.detail
            holds(named, f"the message of {of} is {error.detail!r}, but should name the step, 4711")


@pytest.mark.grade(
    points=2, hint="Which numbers of the last step are still there when the next begins?"
)
def test_full_batch_loop_is_repaired(impl):
    """train_full_batch takes exact steps of gradient descent, repaired in at most two lines"""
    params, x, y = network(4, 5, 3), normal(8, 4), integers(3, 8)
    params[1][0] = 0.0
    broken, _ = as_it_stood(impl, "train_full_batch")(params, x, y, 4, 0.3)
    found, losses = impl.float64.train_full_batch(params, x, y, 4, 0.3)
    expected, history = params, []
    for _ in range(4):
        loss, gradients = loss_and_gradients(expected, x, y)
        history.append(loss)
        expected = descend(expected, gradients, 0.3)
    expect_params(found, expected, broken, "train_full_batch after 4 steps")
    recorded(losses, history, of="train_full_batch", rtol=1e-5)
    expect_repair_only(impl, "train_full_batch")


@pytest.mark.grade(points=2, hint="Which label belongs to the first row of a batch?")
def test_batch_loop_is_repaired(impl):
    """train_batches learns every row with its own label, repaired in at most two lines"""
    params, x, y = network(3, 5, 4), normal(7, 3), integers(4, 7)
    orders = [generator().permutation(7) for _ in range(2)]
    broken, _ = as_it_stood(impl, "train_batches")(params, x, y, orders, 3, 0.2)
    found, losses = impl.float64.train_batches(params, x, y, orders, 3, 0.2)
    expected, history = params, []
    for order in orders:
        for rows in np.split(order, [3, 6]):
            loss, gradients = loss_and_gradients(expected, x[rows], y[rows])
            history.append(loss)
            expected = descend(expected, gradients, 0.2)
    expect_params(found, expected, broken, "train_batches after 2 epochs")
    recorded(losses, history, of="train_batches", rtol=1e-5)
    expect_repair_only(impl, "train_batches")


@pytest.mark.grade(points=2, hint="How old does the velocity become?")
def test_momentum_loop_is_repaired(impl):
    """train_with_momentum keeps its velocity from step to step, repaired in at most two lines"""
    params, x, y = network(4, 5, 3), normal(8, 4), integers(3, 8)
    params[1][0] = 0.0
    broken = as_it_stood(impl, "train_with_momentum")(params, x, y, 5, 0.1, 0.8)
    found = impl.float64.train_with_momentum(params, x, y, 5, 0.1, 0.8)
    expected, velocity = params, [0 * p for p in params]
    for _ in range(5):
        _, gradients = loss_and_gradients(expected, x, y)
        velocity = [0.8 * v + g for v, g in zip(velocity, gradients, strict=True)]
        expected = descend(expected, velocity, 0.1)
    expect_params(found, expected, broken, "train_with_momentum after 5 steps")
    expect_repair_only(impl, "train_with_momentum")


@pytest.mark.grade(points=2, hint="How often in an epoch does the rate change?")
def test_decay_loop_is_repaired(impl):
    """train_with_decay lowers its rate once an epoch, repaired in at most two lines"""
    params = network(3, 6, 2)
    for count in (8, 6):  # the second without a short batch
        x, y = normal(count, 3), integers(2, count)
        broken = as_it_stood(impl, "train_with_decay")(params, x, y, 3, 3, 0.3, 0.5)
        found = impl.float64.train_with_decay(params, x, y, 3, 3, 0.3, 0.5)
        expected = params
        for epoch in range(3):
            for rows in np.split(np.arange(count), range(3, count, 3)):
                _, gradients = loss_and_gradients(expected, x[rows], y[rows])
                expected = descend(expected, gradients, 0.3 * 0.5**epoch)
        of = f"train_with_decay after 3 epochs of {count} rows in batches of 3"
        expect_params(found, expected, broken, of)
    expect_repair_only(impl, "train_with_decay")


@pytest.mark.grade(points=2, hint="Training is over: what has no place in the scores any more?")
def test_dropout_loop_is_repaired(impl):
    """train_with_dropout trains with its masks and scores without, repaired in at most two lines"""
    params, x, y = network(4, 6, 5, 3), normal(8, 4), integers(3, 8)
    masks = [2.0 * integers(2, 8, 6) for _ in range(3)]
    _, broken_scores = as_it_stood(impl, "train_with_dropout")(params, x, y, masks, 0.2)
    found, scores = impl.float64.train_with_dropout(params, x, y, masks, 0.2)
    expected = params
    for mask in masks:
        _, gradients = loss_and_gradients(expected, x, y, mask)
        expected = descend(expected, gradients, 0.2)
    for i, value in enumerate(expected):
        close(found[i], value, of=f"train_with_dropout, params[{i}]", rtol=1e-6, atol=1e-9)
    mistakes = {"the scores of the loop as it was given, with its fault": broken_scores}
    of = "train_with_dropout's scores"
    close(scores, forward(expected, x), of=of, rtol=1e-6, atol=1e-9, mistakes=mistakes)
    expect_repair_only(impl, "train_with_dropout")


def validated(params, x, y, other_x, other_y, steps, lr):
    """The best params by validation loss, and that loss."""
    best, lowest = params, loss_and_gradients(params, other_x, other_y)[0]
    for _ in range(steps):
        params = descend(params, loss_and_gradients(params, x, y)[1], lr)
        loss = loss_and_gradients(params, other_x, other_y)[0]
        if loss < lowest:
            best, lowest = params, loss
    return best, lowest


@pytest.mark.grade(
    points=2, hint="What is the loss of an epoch compared with, from the third epoch on?"
)
def test_best_loop_is_repaired(impl):
    """train_until_best returns the params with the lowest validation loss, repaired in at most two lines"""
    params, x = network(3, 5, 3), normal(8, 3)
    scores = forward(params, x)
    # What training learns here is the opposite of what validation asks for: nothing beats the start.
    args = params, x, scores.argmin(-1), x, scores.argmax(-1), 3, 0.5
    (best, lowest), (broken, _) = validated(*args), validated(*args[:-2], 0, 0.5)
    found, loss = impl.float64.train_until_best(*args)
    expect_params(found, best, broken, "train_until_best where every step makes it worse")
    number(loss, lowest, of="the loss of train_until_best", rtol=1e-5)
    stood = as_it_stood(impl, "train_until_best")
    cases = 0
    for _ in range(DRAWS):
        # Too large a rate makes the loss go up and down; other labels than in training make it turn.
        args = (
            network(3, 5, 3),
            normal(8, 3),
            integers(3, 8),
            normal(8, 3),
            integers(3, 8),
            6,
            0.9,
        )
        (best, lowest), (broken, _) = validated(*args), stood(*args)
        if cases < 2 and all(np.array_equal(a, b) for a, b in zip(best, broken, strict=True)):
            continue  # the fault does not show
        cases += 1
        found, loss = impl.float64.train_until_best(*args)
        expect_params(found, best, broken, "train_until_best after 6 steps")
        number(loss, lowest, of="the loss of train_until_best", rtol=1e-5)
        if cases == 3:
            break
    else:
        raise NotGraded(f"the fault of train_until_best shows in fewer than two of {DRAWS} draws")
    expect_repair_only(impl, "train_until_best")
