"""Pictures of exercises/multiple_linear_regression.py."""

import numpy as np

from katagrad.data import diabetes


def draw_descent(impl, figure):
    """The loss of gradient descent on diabetes, by its step size, above the least there is; and the predictions"""
    split = diabetes()
    train, test = impl.standardize(split.train_x, split.test_x)
    y, scale = split.train_y, split.train_y.std()
    best_w, best_b = impl.fit_closed_form(train, y)
    best = np.mean((train @ best_w + best_b - y) ** 2)
    epochs = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256]
    left, right = figure.subplots(1, 2)
    for lr in (0.01, 0.1, 0.2):
        fits = [impl.fit_gd(train, y, lr, n) for n in epochs]
        losses = [np.mean((train @ w + b - y) ** 2) for w, b in fits]
        left.plot(epochs, (np.array(losses) - best) / scale**2, marker=".", label=f"{lr:g}")
    left.set_xscale("symlog", linthresh=1)
    left.set_yscale("log")
    left.set(xlabel="steps", ylabel="loss above the least, in variances")
    left.legend(title="step size", fontsize="small")
    found = test @ best_w + best_b
    right.scatter(split.test_y, found, s=8)
    ends = [split.test_y.min(), split.test_y.max()]
    right.plot(ends, ends, ":", color="#808080")
    right.set(xlabel="target", ylabel="prediction")
    right.set_title(
        f"R2 {float(impl.r2(split.test_y, found)):.2f} on the test rows", fontsize="small"
    )
