"""Pictures of exercises/pruning.py."""

import numpy as np


def draw_schedule(impl, figure):
    """The sparsity of gradual pruning, step by step, and the weights that are left at its end"""
    left, right = figure.subplots(1, 2)
    steps = range(121)
    left.plot(steps, [impl.schedule(step, 20, 100, 0.8) for step in steps])
    left.set(xlabel="step", ylabel="share of weights that are 0")
    weights = np.random.default_rng(5).normal(size=(60, 60))
    params = {"w": weights}
    kept = impl.apply_masks(params, impl.magnitude_masks(params, 0.8))["w"]
    bins = np.linspace(-4, 4, 65)
    for name, some in {"before": weights, "left of them": kept[kept != 0]}.items():
        counts, _ = np.histogram(some, bins)
        right.plot(bins[:-1], counts, drawstyle="steps-post", label=name)
    right.set(xlabel="weight", ylabel="number of weights")
    right.legend(fontsize="small")


def draw_clusters(impl, figure):
    """The weights of a layer with as many values as 2, 3 and 4 bits number"""
    weights = np.sort(np.random.default_rng(5).normal(size=400))
    axes = figure.subplots()
    axes.plot(weights, color="#808080", linestyle=":", label="weights")
    for bits in (2, 3, 4):
        shared = impl.restore(*impl.cluster(weights, 2**bits))
        size = impl.clustered_bytes(400, 2**bits)
        axes.plot(shared, label=f"{2**bits} values, {size} bytes in place of 1600")
    axes.set(xlabel="weight, from the smallest to the largest", ylabel="value")
    axes.legend(fontsize="small")
