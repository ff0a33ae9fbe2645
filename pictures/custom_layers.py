"""Pictures of exercises/custom_layers.py."""

import numpy as np


def draw_layers(impl, figure):
    """What two of the layers do to points of the plane: L2Normalize, and RBF with three centres"""
    rng = np.random.default_rng(5)
    left, right = figure.subplots(1, 2)
    points = rng.normal(size=(80, 2))
    found = impl.L2Normalize()(points)
    for before, after in zip(points, found, strict=True):
        left.plot(*np.stack([before, after]).T, color="#808080", linewidth=0.5)
    left.scatter(*points.T, s=8, label="x")
    left.scatter(*found.T, s=8, label="L2Normalize()(x)")
    left.set(xlabel="first feature", ylabel="second feature", aspect="equal")
    left.legend(fontsize="x-small")
    axis = np.linspace(-3, 3, 40)
    grid = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    impl.seed(5)
    heights = impl.RBF(2, 3)(grid).reshape(40, 40, 3)
    for k, colour in enumerate(("#3070b0", "#d06020", "#309050")):
        right.contour(axis, axis, heights[..., k], levels=5, colors=colour, linewidths=0.8)
    right.set(xlabel="first feature", ylabel="second feature", aspect="equal")
    right.set_title("RBF(2, 3)", fontsize="small")
