"""Pictures of exercises/dropout.py."""

import numpy as np


def draw_sums(impl, figure):
    """The sum of 100 ones after dropout, in 2,000 rows: the mean stays, and the spread grows with p"""
    x = np.ones((2000, 100))
    edges = np.arange(-5, 210, 10)
    axes = figure.subplots()
    for p in (0.1, 0.5, 0.8):
        mask = impl.make_mask(x.shape, p, impl.rng(5))
        sums = impl.dropout(x, p, np.asarray(mask, float)).sum(axis=1)
        rows, _ = np.histogram(sums, edges)
        label = f"p = {p}, mean {sums.mean():.1f}"
        axes.plot(edges[:-1] + 5, rows, drawstyle="steps-mid", label=label)
    axes.set(xlabel="sum of a row", ylabel="rows")
    axes.legend(fontsize="small")
