"""Pictures of exercises/softmax.py."""

import numpy as np


def draw_temperature(impl, figure):
    """Large temperatures flatten the probabilities of four logits, small ones sharpen them"""
    logits = np.array([2.0, 1.0, 0.0, -1.0])
    temperatures = np.geomspace(0.2, 20, 40)
    rows = np.array([impl.softmax(logits, temperature=float(t)) for t in temperatures])
    axes = figure.subplots()
    for logit, row in zip(logits, rows.T, strict=True):
        axes.plot(temperatures, row, label=f"logit {logit:g}")
    axes.set(xscale="log", xlabel="temperature", ylabel="probability")
    axes.legend()
