"""Pictures of exercises/cnn_scratch.py."""

import numpy as np

from katagrad.boundary.implementation import image
from katagrad.data import digits


def draw_training(impl, figure):
    """The loss of each epoch with and without dropout, and how far the accuracy falls where digits are moved"""
    split = digits(images=True)
    left, right = figure.subplots(1, 2)
    moves = np.arange(-3, 4)
    for rate in (0.0, 0.5):
        params = impl.init_params((8, 8, 1), (8, 16), 32, 10, impl.rng(5))
        params, history = impl.train(
            params, image(split.train_x), split.train_y, 12, 32, 0.03, rate, impl.rng(5)
        )
        left.plot(range(1, len(history) + 1), history, marker=".", label=f"dropout {rate:g}")
        moved = (np.roll(split.test_x, move, axis=2) for move in moves)
        found = [impl.evaluate(params, image(x), split.test_y)["accuracy"] for x in moved]
        right.plot(moves, found, marker=".", label=f"dropout {rate:g}")
    left.set(xlabel="epoch", ylabel="mean loss in nats")
    right.set(xlabel="pixels by which the digits are moved", ylabel="accuracy on the test digits")
    right.legend(fontsize="small")
