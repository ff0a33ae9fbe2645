"""Pictures of exercises/batch_norm.py."""

import numpy as np


def draw_channels(impl, figure):
    """The values of three channels, before and after batch normalisation with gamma 1 and beta 0"""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(4000, 3)) * (0.5, 1.0, 3.0) + (-3.0, 0.0, 4.0)
    y, _ = impl.batch_norm(x, np.ones(3), np.zeros(3), (np.zeros(3), np.ones(3)))
    edges = np.arange(-8, 14.5, 0.5)
    shown = {"before": x, "after": y}
    for axes, (title, values) in zip(
        figure.subplots(1, 2, sharey=True), shown.items(), strict=True
    ):
        for channel in range(3):
            rows, _ = np.histogram(values[:, channel], edges)
            axes.plot(edges[:-1] + 0.25, rows, drawstyle="steps-mid", label=f"channel {channel}")
        axes.set(title=title, xlabel="value", ylabel="rows")
    axes.legend(fontsize="small")


def draw_running(impl, figure):
    """The running mean over 60 batches of 16 values, by the momentum; the data have a mean of 2"""
    batches = np.random.default_rng(5).normal(2, 1, (60, 16, 1))
    axes = figure.subplots()
    for momentum in (0.5, 0.9, 0.98):
        running, means = (np.zeros(1), np.ones(1)), [0.0]
        for x in batches:
            _, running = impl.batch_norm(x, np.ones(1), np.zeros(1), running, momentum)
            means.append(float(running[0][0]))
        axes.plot(means, label=f"momentum {momentum}")
    axes.axhline(2.0, color="#808080", linestyle=":", label="mean of the data")
    axes.set(xlabel="batch", ylabel="running mean")
    axes.legend(fontsize="small")
