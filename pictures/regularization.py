"""Pictures of exercises/regularization.py."""

import numpy as np

from katagrad.data import diabetes


def draw_path(impl, figure):
    """The weights of the lasso on the ten features of diabetes, by the price of L1: one after another becomes 0"""
    split = diabetes()
    x = (split.train_x - split.train_x.mean(0)) / split.train_x.std(0)
    y = (split.train_y - split.train_y.mean()) / split.train_y.std()
    prices = np.geomspace(0.01, 1.0, 12)
    paths = np.array([impl.fit_lasso(x, y, float(l1), 0.2, 300)[0] for l1 in prices])
    axes = figure.subplots()
    for feature, path in enumerate(paths.T):
        axes.semilogx(prices, path, marker=".", label=str(feature))
    axes.axhline(0.0, color="#808080", linewidth=0.5)
    axes.set(xlabel="l1", ylabel="weight")
    axes.legend(fontsize="x-small", ncols=2, title="feature", title_fontsize="x-small")
