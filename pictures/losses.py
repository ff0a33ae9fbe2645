"""Pictures of exercises/losses.py."""

import numpy as np


def draw_regression(impl, figure):
    """Losses of a single error: squared, absolute and Huber's"""
    error = np.linspace(-3, 3, 121)
    target = np.zeros_like(error)
    axes = figure.subplots()
    for name in ("mse", "mae", "huber"):
        axes.plot(error, impl.call(name, error, target, reduction="none"), label=name)
    axes.set(xlabel="error", ylabel="loss", ylim=(0, 4))
    axes.legend()


def draw_binary(impl, figure):
    """Binary cross-entropy from logits, for both labels"""
    logits = np.linspace(-6, 6, 121)
    axes = figure.subplots()
    for label in (0.0, 1.0):
        loss = impl.bce_with_logits(logits, np.full_like(logits, label), reduction="none")
        axes.plot(logits, loss, label=f"label {label:g}")
    axes.set(xlabel="logit", ylabel="loss")
    axes.legend()
