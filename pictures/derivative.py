"""Pictures of exercises/derivative.py."""

import numpy as np

from katagrad.authoring.functions import exp, function, sin

FUNCTIONS = {
    "sum(exp(x))": (function(lambda x: exp(x).sum()), np.exp),
    "sum(sin(x))": (function(lambda x: sin(x).sum()), np.cos),
}


def draw_steps(impl, figure):
    """The error of central differences by their step: rounding decides on the left, the formula on the right"""
    x = np.array([0.5, 1.0, 1.5])
    steps = np.geomspace(1e-11, 1e-1, 41)
    axes = figure.subplots()
    for name, (f, exact) in FUNCTIONS.items():
        errors = [
            np.abs(impl.float64.numerical_grad(f, x, eps=step) - exact(x)).max() for step in steps
        ]
        axes.loglog(steps, np.maximum(errors, 1e-17), marker=".", label=name)
    axes.axvline(1e-5, color="#808080", linestyle=":", label="1e-5, as by default")
    axes.set(xlabel="step", ylabel="largest error of the gradient")
    axes.legend(fontsize="small")
