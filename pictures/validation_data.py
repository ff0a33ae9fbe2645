"""Pictures of exercises/validation_data.py."""

import numpy as np

from katagrad.data import diabetes


def draw_curves(impl, figure):
    """Errors by the number of training rows, and by the penalty: the mean of five folds, and each fold"""
    split = diabetes()
    left, right = figure.subplots(1, 2)
    sizes = [15, 20, 30, 50, 80, 120, 200, len(split.train_x)]
    training, unseen = impl.learning_curve(
        split.train_x, split.train_y, split.test_x, split.test_y, sizes, 0.01
    )
    left.plot(sizes, training, marker=".", label="training rows")
    left.plot(sizes, unseen, marker=".", label="validation rows")
    left.set(xlabel="training rows", ylabel="mean squared error")
    left.legend(fontsize="small")
    few_x, few_y = split.train_x[:60], split.train_y[:60]
    folds = impl.kfold(60, 5, impl.rng(5))
    penalties = np.geomspace(1e-3, 1e2, 16)
    errors = np.array([impl.cross_validate(few_x, few_y, folds, l2) for l2 in penalties])
    right.semilogx(penalties, errors, color="#808080", linewidth=0.6)
    right.semilogx(penalties, errors.mean(1), marker=".", label="mean of five folds")
    chosen = float(impl.choose_l2(few_x, few_y, folds, tuple(float(v) for v in penalties)))
    right.axvline(chosen, linestyle=":", color="#d06020", label=f"chosen: {chosen:.2g}")
    right.set(xlabel="l2 (60 rows)", ylabel="mean squared error")
    right.legend(fontsize="small")
