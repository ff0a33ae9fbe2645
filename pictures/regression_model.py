"""Pictures of exercises/regression_model.py."""

import numpy as np

from katagrad.data import sine


def draw_curve(impl, figure):
    """Noisy points of a sine, and what networks of no, one and two hidden layers make of them"""
    x, y = sine(200, np.random.default_rng(5), noise=0.2)
    line = np.linspace(x.min(), x.max(), 150)[:, None]
    axes = figure.subplots()
    axes.scatter(x, y, s=8, color="#808080", label="points")
    for hidden in ((), (8,), (32, 32)):
        found = impl.regress(x.reshape(-1, 1), y, line, hidden, 30, 0.01, 20)
        axes.plot(
            line[:, 0], found, label=f"hidden layers: {', '.join(map(str, hidden)) or 'none'}"
        )
    axes.set(xlabel="x", ylabel="y")
    axes.legend(fontsize="small")
