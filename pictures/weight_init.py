"""Pictures of exercises/weight_init.py."""

import numpy as np

WIDTH, DEPTH = 128, 12


def draw_signals(impl, figure):
    """The root mean square of a signal after each of twelve layers of ReLU, by how their weights begin"""
    x = np.random.default_rng(5).normal(size=(200, WIDTH))
    shape = (WIDTH, WIDTH)
    drawn = {
        "He": lambda rng: impl.he_normal(shape, rng),
        "Xavier": lambda rng: impl.xavier_normal(shape, rng),
        "twice Xavier": lambda rng: impl.xavier_normal(shape, rng, gain=2.0),
    }
    axes = figure.subplots()
    for name, draw in drawn.items():
        signal, sizes = x, [1.0]
        for layer in range(DEPTH):
            signal = np.maximum(signal @ draw(impl.rng(layer)), 0)
            sizes.append(np.sqrt(np.mean(signal**2)))
        axes.semilogy(sizes, marker="o", label=name)
    axes.set(xlabel="layer", ylabel="root mean square of the signal")
    axes.legend()
