"""Which rows training takes, in which order and in which batches: noted in the worker as the model is called.

batches = visited(impl, model, x, lambda: impl.train(model, x, y, epochs=3, batch=4))
expect_epochs(batches, rows=len(x), batch=4, epochs=3, of="train(model, x, y, 3, 4)")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, pairwise
from math import exp
from typing import Any

import numpy as np

from katagrad.authoring.structure import losses
from katagrad.authoring.visits import Batches

# Parts of this module for graders.
from katagrad.authoring.visits import expect_at_most as expect_at_most
from katagrad.authoring.visits import visited as visited
from katagrad.errors import Failure

# How often a right order may be taken for one that is not random, in one comparison; as standard errors of a mean.
CHANCE = 1e-8
SPREAD = 5.7

Step = Callable[[Any, np.ndarray], tuple[Any, float]]


def expect_epochs(
    batches: Batches, rows: int, batch: int, epochs: int, of: str, shuffled: bool = True
) -> None:
    """Expect each epoch to take each row once, in batches of the size asked for, in a new random order.

    shuffled: False where the stub asks for the order of the rows. Use at least 11 rows: that two of three right orders
    are equal, or each other's reverse, has a chance of 1 in 6 million. The batches are the calls of the model or, where
    these are not right and `visited` noted them, its steps.
    """
    steps = getattr(batches, "steps", batches)
    try:
        _expect_epochs(batches, rows, batch, epochs, of, shuffled)
    except Failure as failure:
        try:
            _expect_epochs(steps, rows, batch, epochs, of, shuffled)
        except Failure:
            raise failure from None  # the message about the calls is the plainer one


def _expect_epochs(
    batches: Batches, rows: int, batch: int, epochs: int, of: str, shuffled: bool
) -> None:
    if batch < rows and sum(map(len, batches)) > rows * epochs:
        # A loss over all rows, taken with gradients on, is slow and not wrong.
        batches = [numbers for numbers in batches if len(numbers) < rows]
    taken = sum(map(len, batches))
    if batches and taken - rows * epochs == len(batches[0]) < batch:
        # A first call on a few rows, which makes the weights of layers that wait for it, trains nothing.
        batches, taken = batches[1:], rows * epochs
    if taken != rows * epochs:
        raise Failure(
            f"{of} trained on {taken} rows in all, but should train on {rows * epochs}: "
            f"each of {rows} rows once in each of {epochs} epochs"
        )
    orders: list[np.ndarray] = []
    sizes = [batch] * (rows // batch) + [rows % batch] * (rows % batch > 0)
    rest = list(batches)
    for epoch in range(1, epochs + 1):
        own: Batches = []
        while sum(map(len, own)) < rows:
            own.append(rest.pop(0))
        found = [len(numbers) for numbers in own]
        if found != sizes:
            raise Failure(
                f"epoch {epoch} of {of} has batches of {_listed(found)} rows, "
                f"but should have batches of {_listed(sizes)}"
            )
        order = np.concatenate(own)
        counts = np.bincount(order, minlength=rows)
        if (counts != 1).any():
            twice, never = int(counts.argmax()), int(counts.argmin())
            raise Failure(
                f"epoch {epoch} of {of} took row {twice} {counts[twice]} times and row {never} not at all, "
                "but should take each row once"
            )
        orders.append(order)
    _in_order(orders, of, shuffled)
    if shuffled and rows >= 20:
        _at_random(orders, of)


def _at_random(orders: list[np.ndarray], of: str) -> None:
    """Expect orders of 20 rows or more to be mixed well: a right solution fails with a chance below 1e-7."""
    rows, epochs = len(orders[0]), len(orders)
    # An order has about one pair of rows that are neighbours in x, too, and one in common with another order.
    kept = sum(int((np.diff(order) == 1).sum()) for order in orders)
    if kept > _most(epochs):
        raise Failure(
            f"the {epochs} epochs of {of} keep {kept} of {epochs * (rows - 1)} pairs of neighbouring rows together, "
            f"but about {epochs} should stay: shuffle single rows"
        )
    pairs = [{(int(a), int(b)) for a, b in pairwise(order)} for order in orders]
    for (one, first), (two, second) in combinations(enumerate(pairs, 1), 2):
        turned = {(b, a) for a, b in second}
        common = len(first & second) + len(first & turned)
        if common > _most(2):
            raise Failure(
                f"epochs {one} and {two} of {of} have {common} of {rows - 1} pairs of neighbouring rows in common, "
                "but should have about 2: draw a new order for each epoch"
            )
    # The place of a row has no correlation with its number: the standard error is 1 / sqrt(epochs * (rows - 1)).
    correlation = np.mean([np.corrcoef(np.arange(rows), order)[0, 1] for order in orders])
    if abs(correlation) > SPREAD / (epochs * (rows - 1)) ** 0.5:
        raise Failure(
            f"the places of rows in the {epochs} epochs of {of} have a correlation of {correlation:.2f} with their "
            "numbers, but should have none: every row can come at every place"
        )


def _most(mean: float) -> int:
    """The number that a Poisson variable of this mean exceeds with a chance below CHANCE."""
    term = below = exp(-mean)
    count = 0
    while 1 - below > CHANCE:
        count += 1
        term *= mean / count
        below += term
    return count


def _in_order(orders: list[np.ndarray], of: str, shuffled: bool) -> None:
    rows = np.arange(len(orders[0]))
    for epoch, order in enumerate(orders, 1):
        if not shuffled and (order != rows).any():
            at = int(np.argmax(order != rows))
            raise Failure(
                f"epoch {epoch} of {of} took row {order[at]} at place {at}, but should keep the order of the rows"
            )
        if shuffled and (order == rows).all():
            raise Failure(
                f"epoch {epoch} of {of} took the rows in the order of x, but should shuffle them"
            )
        for before, other in enumerate(orders[: epoch - 1] if shuffled else [], 1):
            for way, words in ((other, "in the same order as"), (other[::-1], "in reverse to")):
                if (order == way).all():
                    raise Failure(
                        f"epoch {epoch} of {of} took the rows {words} epoch {before}, "
                        "but should draw a new order for each epoch"
                    )


def expect_rng_decides(run: Callable[[int], Batches], of: str) -> None:
    """Expect the order of the rows to follow from the seed of an rng alone. run: seed -> batches, all made anew."""
    first, again, other = (np.concatenate(run(seed)) for seed in (5, 5, 6))
    if len(first) != len(again) or (first != again).any():
        raise Failure(
            f"{of} took the rows in other orders for two rngs of the same seed, but should draw from rng alone"
        )
    if len(first) == len(other) and (first == other).all():
        raise Failure(f"{of} took the rows in the same order for two different rngs")


def expect_new_orders(
    run: Callable[[int], Any],
    oracle: Callable[[list[list[int]]], Sequence[float]],
    epochs: int,
    of: str,
) -> None:
    """Expect training on two rows, in batches of one, to draw their order anew in each epoch: for code without a model.

    run: seed -> the history. oracle: the order of the two rows in each epoch -> the history that it gives. A right
    solution keeps to one order, or takes both in turn, with a chance of 1 in 2 ** (epochs - 2): take 24 epochs.
    """
    assert epochs >= 20, "fewer epochs let chance decide"
    first, again = (np.array(losses(run(5), epochs, of)) for _ in range(2))
    if not np.allclose(first, again, rtol=1e-4):
        raise Failure(
            f"{of} gave two histories for two rngs of the same seed, but should draw from rng alone"
        )
    for order in ([0, 1], [1, 0]):
        for other, how in ((order, ""), (order[::-1], f" and {order[::-1]} in turn")):
            orders = [(order, other)[epoch % 2] for epoch in range(epochs)]
            if np.allclose(first, oracle(orders), rtol=1e-4):
                raise Failure(
                    f"all {epochs} epochs of {of} took the rows in the order {order}{how}, "
                    "but should draw a new order for each epoch"
                )


def followed(
    history: Sequence[float], start: Any, step: Step, rows: int, batch: int, of: str
) -> tuple[list[Batches], Any]:
    """(the batches of each epoch, the parameters at the end) of training without a model, from its history.

    history: the mean loss of the steps of each epoch, in float64. start: the parameters that it began with.
    step: the oracle, (parameters, row numbers) -> (parameters, loss). Every way to cut the rows into batches is
    tried, so take 5 rows and a batch of 2: 30 ways. Raises Failure where none of them gives the history.

    Two ways can give one loss within the tolerance, by chance. So the path is taken that is nearest to the history
    where it is farthest from it.
    """
    paths: list[tuple[float, list[Batches], Any]] = [(0.0, [], start)]
    for epoch, loss in enumerate(history, 1):
        longer = []
        for off, taken, params in paths:
            for batches in _ways(tuple(range(rows)), batch):
                moved, losses_of_steps = params, []
                for numbers in batches:
                    moved, one = step(moved, numbers)
                    losses_of_steps.append(one)
                apart = abs(float(np.mean(losses_of_steps)) - loss) / (1e-9 + 1e-6 * abs(loss))
                if apart <= 1:
                    longer.append((max(off, apart), [*taken, batches], moved))
        if not longer:
            raise Failure(
                f"the loss of epoch {epoch} of {of} is {loss:.6g}, which no order of the rows gives. An epoch should "
                f"take each of the {rows} rows once, in batches of {batch}, make a step for each batch, and report "
                "the mean of the batches' losses"
            )
        paths = sorted(longer, key=lambda path: path[0])[:20]
    return paths[0][1:]


def expect_new_batches(epochs: list[Batches], of: str) -> None:
    """Expect the rows of 5, in batches of 2, to be put together anew in each of 24 epochs.

    There are 15 ways to do so: that one of them comes in half of the epochs has a chance of 3 in 10 million, and
    that only six of them come one of 1.4 in a million.
    """
    assert len(epochs) == 24, "other numbers have other chances"
    kinds = [frozenset(tuple(sorted(numbers.tolist())) for numbers in own) for own in epochs]
    most = max(kinds, key=kinds.count)
    if kinds.count(most) >= len(epochs) / 2:
        shown = ", ".join(str(list(numbers)) for numbers in sorted(most))
        raise Failure(
            f"{kinds.count(most)} of {len(epochs)} epochs of {of} made the same batches of rows, {shown}, "
            "but each should draw a new order of the rows"
        )
    # Two epochs do so with a chance of 1 in 15, or 4 in 30; that 10 of 12 pairs do has one of 1 in 10 million.
    same = [one == other for one, other in pairwise(kinds)]
    turned = [_turned(one, other) for one, other in pairwise(epochs)]
    for pairs, words in ((same, "batches of rows"), (turned, "order of the rows, turned round,")):
        if (found := max(sum(pairs[::2]), sum(pairs[1::2]))) >= 10:
            raise Failure(
                f"{found} of {len(epochs)} epochs of {of} took the {words} of the epoch before, "
                "but each should draw a new order of the rows"
            )
    if len(set(kinds)) < 7:
        raise Failure(
            f"{len(epochs)} epochs of {of} put the rows together in only {len(set(kinds))} of 15 ways, "
            "but should mix single rows: every two rows may come into one batch"
        )


def _turned(one: Batches, other: Batches) -> bool:
    """Whether two epochs on 5 rows, in batches of 2, may be an order of the rows and its reverse."""
    begin, middle, end = (set(numbers.tolist()) for numbers in one)
    head, _, tail = (set(numbers.tolist()) for numbers in other)
    return end < head and len(head & middle) == 1 and tail < begin


def _ways(rows: tuple[int, ...], batch: int) -> Iterator[Batches]:
    """All ways to cut `rows` into batches, whose order counts while that of the rows in a batch does not."""
    if not rows:
        yield []
        return
    for own in combinations(rows, min(batch, len(rows))):
        for rest in _ways(tuple(row for row in rows if row not in own), batch):
            yield [np.array(own), *rest]


def _listed(sizes: list[int]) -> str:
    shown = ", ".join(map(str, sizes[:6]))
    return shown + ", ..." * (len(sizes) > 6)


def expect_four_and_two(found: float, each: np.ndarray, of: str) -> None:
    """Expect of an epoch on 6 rows with batches of 4 that it took a batch of 4 and one of 2, and not two of 3.

    found: the mean of the losses of the epoch's batches, at a learning rate near 0. each: the losses of the rows (6,).
    """
    rows = [list(four) for four in combinations(range(6), 4)]
    right = [(each[four].mean() + np.delete(each, four).mean()) / 2 for four in rows]
    if np.abs(np.array(right) - found).min() >= 1e-6:
        # Two other faults that give the same number.
        even = "; it equals that of two batches of 3, and that of a mean in which each row weighs alike"
        raise Failure(
            f"{of} is {found:.6g}, but should be the mean of two losses, of a batch of 4 rows and of one of 2"
            + even * bool(abs(each.mean() - found) < 1e-6)
        )
