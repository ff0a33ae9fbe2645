"""Pictures of exercises/perceptron.py."""

import numpy as np

EPOCHS = 40


def points(gap, rng):
    """(points (120, 2), their classes): two clouds, `gap` deviations to either side of a slanted line."""
    y = rng.integers(0, 2, 120)
    return rng.normal(size=(120, 2)) + gap * (2 * y[:, None] - 1) * np.array([1.0, 0.6]), y


def draw_line(impl, figure):
    """The line between the classes, and the mistakes of each epoch: with clouds that meet, they do not end"""
    rng = np.random.default_rng(5)
    for (left, right), gap in zip(figure.subplots(2, 2), (2.3, 1.2), strict=True):
        x, y = points(gap, rng)
        w, b, mistakes = impl.perceptron_fit(x, y, EPOCHS)
        for k, colour in enumerate(("#3070b0", "#d06020")):
            left.scatter(*x[y == k].T, s=8, color=colour)
        across = np.array([x[:, 0].min(), x[:, 0].max()])
        left.plot(across, -(w[0] * across + b) / w[1], color="#808080")
        left.set(xlabel="first feature", ylabel="second feature")
        left.set_ylim(x[:, 1].min() - 0.5, x[:, 1].max() + 0.5)
        right.plot(range(1, len(mistakes) + 1), mistakes, marker=".")
        right.set(xlabel="epoch", ylabel="mistakes")
        right.set_xlim(0, EPOCHS + 1)
