"""Pictures of exercises/linear_regression.py."""

import numpy as np


def draw_line(impl, figure):
    """Points with noise, the line that was fitted, and the loss on the way"""
    rng = np.random.default_rng(5)
    x = rng.uniform(-1, 1, 40)
    y = 2 * x + 0.5 + rng.normal(scale=0.3, size=40)
    w, b, history = impl.fit(x, y, lr=0.1, epochs=60)
    left, right = figure.subplots(1, 2)
    at = np.array([-1.0, 1.0])
    left.plot(x, y, ".", label="points")
    left.plot(at, impl.predict(at, w, b), label="line")
    left.set(xlabel="x", ylabel="y")
    left.legend()
    right.plot(history)
    right.set(xlabel="epoch", ylabel="loss")
