"""Pictures of exercises/activations.py."""

import numpy as np

NAMES = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "softplus")


def draw_functions(impl, figure):
    """Activation functions (lines) and their derivatives (dashes)"""
    x = np.linspace(-4, 4, 161)
    for axes, name in zip(figure.subplots(2, 4).flat, NAMES, strict=True):
        axes.plot(x, impl.call(name, x), label="value")
        axes.plot(x, impl.call(f"{name}_grad", x), "--", label="derivative")
        axes.set(title=name, xlabel="x", ylabel="value")
