"""Pictures of exercises/broadcasting.py."""

import numpy as np

from katagrad.authoring.plots import cells


def draw_stretch(impl, figure):
    """The shapes (4, 1) and (3,) become (4, 3): what is there once is used for each row or column, without a copy"""
    a, b = np.array([1.0, 2.0, 3.0, 4.0]), np.array([10.0, 20.0, 30.0])
    shape = impl.broadcast_shape((4, 1), (3,))
    products = impl.outer(a, b)
    whole = np.zeros(shape)
    left, middle, right = figure.subplots(1, 3)
    # What is stretched is faint.
    faint = np.full(shape, 0.35)
    faint[:, 0] = 1
    cells(left, a[:, None] + whole, alpha=faint, cmap="Blues", vmin=0, vmax=8)
    left.set_title("a[:, None], of shape (4, 1)", fontsize="small")
    faint = np.full(shape, 0.35)
    faint[0] = 1
    cells(middle, b + whole, alpha=faint, cmap="Oranges", vmin=0, vmax=60)
    middle.set_title("b, of shape (3,)", fontsize="small")
    cells(right, products)
    right.set_title(f"outer(a, b), of shape {tuple(shape)}", fontsize="small")
    for axes in (left, middle, right):
        axes.set(xlabel="column", ylabel="row")


def draw_distances(impl, figure):
    """Points of three groups, how far the plane is from the nearest one, and the squared distances of all pairs"""
    rng = np.random.default_rng(5)
    points = np.concatenate([rng.normal(at, 0.35, (12, 2)) for at in ((0, 0), (3, 1), (1, 3))])
    axis = np.linspace(-1.5, 4.5, 60)
    grid = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    nearest = np.sqrt(impl.pairwise_sqdist(grid, points).min(1)).reshape(60, 60)
    left, right = figure.subplots(1, 2)
    left.contour(axis, axis, nearest, levels=6, linewidths=0.8)
    left.scatter(*points.T, s=10, color="#d06020")
    left.set(xlabel="first feature", ylabel="second feature", aspect="equal")
    right.imshow(impl.pairwise_sqdist(points, points))
    right.set(xlabel="point", ylabel="point")
    right.set_title("squared distances: 0 is dark", fontsize="small")
