"""Pictures of exercises/logistic_regression.py."""

import numpy as np

from katagrad.data import moons

# The light middle of the colours, on which points of the full colours show by day and by night.
REGIONS = {"levels": 10, "cmap": "RdBu", "vmin": -0.6, "vmax": 1.6}


def draw_regions(impl, figure):
    """The probability of class 1 in the plane, with the points, and the loss on the way"""
    x, y = moons(120, np.random.default_rng(5))
    w, b, history = impl.fit(x, y, lr=0.5, epochs=150)
    left, right = figure.subplots(1, 2)
    columns, rows = (np.linspace(v.min() - 0.3, v.max() + 0.3, 50) for v in x.T)
    grid = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    probabilities = impl.predict_proba(grid, w, b).reshape(50, 50)
    left.contourf(columns, rows, probabilities, **REGIONS)
    left.scatter(*x.T, c=y, cmap="RdBu", s=12, edgecolors="#808080", linewidths=0.4)
    left.set(xlabel="first feature", ylabel="second feature")
    right.plot(history)
    right.set(xlabel="epoch", ylabel="loss")
