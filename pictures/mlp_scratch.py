"""Pictures of exercises/mlp_scratch.py."""

import numpy as np

from katagrad.data import digits

SIZES, EPOCHS = (64, 32, 10), 15


def draw_training(impl, figure):
    """The loss of each epoch on digits by the activation, and the share of new digits that is told right"""
    split = digits()
    left, right = figure.subplots(1, 2)
    for activation in ("relu", "sigmoid"):
        params = impl.init_params(SIZES, impl.rng(5))
        losses, shares = [], []
        for epoch in range(EPOCHS):
            rng = impl.rng(epoch)
            params, history = impl.train(
                params, split.train_x, split.train_y, 0.3, 1, 50, rng, activation
            )
            found = impl.forward(params, split.test_x, activation).argmax(1)
            losses += history
            shares.append(np.mean(found == split.test_y))
        left.semilogy(range(1, EPOCHS + 1), losses, label=activation)
        right.plot(range(1, EPOCHS + 1), shares, label=activation)
    ticks = range(0, EPOCHS + 1, 5)
    left.set(xlabel="epoch", ylabel="mean loss in nats", xticks=ticks)
    right.set(xlabel="epoch", ylabel="accuracy on the test digits", xticks=ticks)
    right.legend(fontsize="small")
