"""Pictures of exercises/optimizers.py."""

import numpy as np

OPTIMIZERS = {
    "SGD": ("SGD", {"lr": 0.02}),
    "momentum": ("SGD", {"lr": 0.02, "momentum": 0.8}),
    "RMSprop": ("RMSprop", {"lr": 0.15}),
    "Adam": ("Adam", {"lr": 0.3}),
}


def draw_paths(impl, figure):
    """The paths of four optimizers, 40 steps each, in a valley that is 20 times steeper one way than the other"""
    scales = np.array([1.0, 20.0])
    columns, rows = np.linspace(-9, 3, 60), np.linspace(-3, 3, 60)
    heights = (columns**2)[None] * scales[0] / 2 + (rows**2)[:, None] * scales[1] / 2
    axes = figure.subplots()
    levels = np.geomspace(0.1, 130, 12)
    axes.contour(columns, rows, heights, levels=levels, colors="#808080", linewidths=0.5)
    for name, (kind, settings) in OPTIMIZERS.items():
        optimizer = getattr(impl, kind)(**settings)
        path = [np.array([-8.0, 2.0])]
        for _ in range(40):
            moved = optimizer.step({"w": path[-1]}, {"w": scales * path[-1]})
            path.append(moved["w"])
        axes.plot(*np.array(path).T, marker=".", label=name)
    axes.plot([0], [0], marker="*", color="#d06020", linestyle="")
    axes.set(xlabel="first parameter", ylabel="second parameter")
    axes.legend(fontsize="small")
