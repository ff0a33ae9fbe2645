"""Pictures of exercises/rnn.py."""

import numpy as np

from katagrad.authoring.expect import opaque

STEPS, UNITS = 40, 16


def draw_gradients(impl, figure):
    """The gradient of the last state by each state: by the size of the recurrent weights, it vanishes or explodes"""
    rng = np.random.default_rng(5)
    # Small inputs, so that the states stay where tanh is nearly straight.
    xs, wx = 1e-3 * rng.normal(size=(8, STEPS, 1)), rng.normal(size=(1, UNITS))
    rotation, _ = np.linalg.qr(rng.normal(size=(UNITS, UNITS)))
    last = rng.normal(size=(8, UNITS))
    axes = figure.subplots()
    for scale in (1.1, 1.0, 0.8):
        start, b = np.zeros((8, UNITS)), np.zeros(UNITS)
        _, cache = impl.rnn_forward(xs, start, wx, scale * rotation, b, returns=(None, opaque))
        norms = impl.gradient_by_step(last, cache)
        label = f"{scale} times a rotation"
        axes.semilogy(range(1, STEPS + 1), norms / norms[-1], marker=".", label=label)
    axes.set(xlabel="step", ylabel="norm of the gradient, last step = 1")
    axes.legend(fontsize="small")
