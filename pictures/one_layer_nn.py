"""Pictures of exercises/one_layer_nn.py."""

import numpy as np

from katagrad.data import moons

# The light middle of the colours, on which points of the full colours show by day and by night.
REGIONS = {"levels": 10, "cmap": "RdBu", "vmin": -0.6, "vmax": 1.6}


def draw_regions(impl, figure):
    """Two moons, and the probability of class 1 after 20 and after 600 steps of one hidden layer"""
    x, y = moons(200, np.random.default_rng(5))
    columns, rows = (np.linspace(v.min() - 0.3, v.max() + 0.3, 30) for v in x.T)
    grid = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    params = impl.init(2, 16, impl.rng(5))
    for axes, steps in zip(figure.subplots(1, 2, sharey=True), (20, 580), strict=True):
        params, history = impl.fit(params, x, y, 1.0, steps)
        p, _ = impl.forward(params, grid)
        axes.contourf(columns, rows, p.reshape(30, 30), **REGIONS)
        axes.scatter(*x.T, c=y, cmap="RdBu", s=10, edgecolors="#808080", linewidths=0.4)
        axes.set(xlabel="first feature", ylabel="second feature")
        after = 20 if steps == 20 else 600
        axes.set_title(f"{after} steps, loss {history[-1]:.2f} nats", fontsize="small")
