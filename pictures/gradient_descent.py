"""Pictures of exercises/gradient_descent.py."""

import numpy as np

from katagrad.authoring.functions import function

LOSS = function(lambda params, x, y: (((x * params["w"]).sum(1) - y) ** 2).mean())


def draw_batches(impl, figure):
    """Two slopes on their way down: the same ten passes over 200 rows, by batches of three sizes"""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(200, 2)) * [1.0, 0.5]
    y = x @ [2.0, -1.0] + rng.normal(0, 0.3, 200)
    grid = np.linspace(-0.5, 3, 60), np.linspace(-2, 0.5, 60)
    residuals = x[:, 0, None, None] * grid[0] + x[:, 1, None, None] * grid[1][:, None]
    heights = ((residuals - y[:, None, None]) ** 2).mean(0)
    left, right = figure.subplots(1, 2)
    left.contour(*grid, heights, levels=10, colors="#808080", linewidths=0.5)
    for batch in (200, 20, 1):
        params, path, losses = {"w": np.zeros(2)}, [np.zeros(2)], []
        for epoch in range(10):
            params, history = impl.fit(LOSS, params, x, y, batch, 0.05, 1, impl.rng(epoch))
            path.append(params["w"])
            losses += history
        left.plot(*np.array(path).T, marker=".", label=f"batches of {batch}")
        right.semilogy(range(1, 11), losses, marker=".", label=f"batches of {batch}")
    left.set(xlabel="first slope", ylabel="second slope")
    right.set(xlabel="epoch", ylabel="loss")
    right.legend(fontsize="small")
