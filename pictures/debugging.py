"""Pictures of exercises/debugging.py."""

import numpy as np

from katagrad.data import digits


def draw_losses(impl, figure):
    """The losses of the first two loops on digits, beside the loss of a fair guess"""
    split, rng = digits(), np.random.default_rng(5)
    x, y = split.train_x[:400], split.train_y[:400]
    params = [
        np.sqrt(2 / 64) * rng.normal(size=(64, 32)),
        np.zeros(32),
        np.sqrt(1 / 32) * rng.normal(size=(32, 10)),
        np.zeros(10),
    ]
    orders = [rng.permutation(len(x)) for _ in range(8)]
    losses = {
        "train_full_batch": impl.train_full_batch(params, x, y, 80, 0.2)[1],
        "train_batches": impl.train_batches(params, x, y, orders, 40, 0.2)[1],
    }
    for axes, (name, found) in zip(figure.subplots(1, 2, sharey=True), losses.items(), strict=True):
        axes.plot(range(1, len(found) + 1), found)
        axes.axhline(np.log(10), color="#808080", linestyle=":", label="a fair guess, ln 10")
        axes.set(xlabel=f"step of {name}", ylabel="loss in nats")
    axes.legend(fontsize="small")
