"""Pictures of exercises/autoencoder.py."""

import numpy as np

from katagrad.authoring.plots import unmarked
from katagrad.data import digits

PLAN = {"code": 16, "hidden": (64,), "quantile": 0.95, "epochs": 8, "batch": 32, "lr": 0.004}


def odd(x, rng):
    """The images with a square of 3 by 3 pixels inverted."""
    found = x.reshape(-1, 8, 8).copy()
    for one, (i, j) in zip(found, rng.integers(0, 6, (len(found), 2)), strict=True):
        one[i : i + 3, j : j + 3] = 1 - one[i : i + 3, j : j + 3]
    return found.reshape(-1, 64)


def draw_reconstructions(impl, figure):
    """Digits through a code of 16 numbers: three as they are, and three with an inverted square"""
    rng = np.random.default_rng(5)
    split = digits()
    x = np.concatenate([split.test_x[:3], odd(split.test_x[3:6], rng)])
    model, _, _ = impl.find_anomalies(split.train_x, x, **PLAN, rng=impl.rng(5))
    restored = impl.reconstruct(model, x)
    shown = {"image": x, "restored": restored, "error": (restored - x) ** 2}
    for row, (name, images) in zip(figure.subplots(3, 6), shown.items(), strict=True):
        for axes, pixels in zip(row, images, strict=True):
            axes.imshow(
                pixels.reshape(8, 8), vmin=0, vmax=0.5 if name == "error" else 1, cmap="gray"
            )
            axes.set(title=name, xlabel="column", ylabel="row")
            unmarked(axes)


def draw_errors(impl, figure):
    """The reconstruction errors of untouched digits and of those with an inverted square, and the threshold"""
    rng = np.random.default_rng(5)
    split = digits()
    changed = odd(split.test_x, rng)
    model, threshold, _ = impl.find_anomalies(split.train_x, changed, **PLAN, rng=impl.rng(5))
    axes = figure.subplots()
    for name, x in {"untouched": split.test_x, "inverted square": changed}.items():
        errors = np.sort(impl.reconstruction_error(model, x))
        axes.plot(errors, np.arange(1, len(errors) + 1) / len(errors), label=name)
    axes.axvline(float(threshold), linestyle=":", color="#808080", label="threshold")
    axes.set(xlabel="reconstruction error", ylabel="share of images with at most this error")
    axes.legend()
