"""Pictures of exercises/softmax_classifier.py."""

import numpy as np

from katagrad.data import digits


def draw_weights(impl, figure):
    """The weights of each class after training on digits: ink speaks for a class where they are blue"""
    split = digits()
    params = impl.init(64, 10, impl.rng(5))
    params, _ = impl.train(params, split.train_x, split.train_y, 0.5, 10, 50, impl.rng(5))
    w = np.asarray(params["w"]).reshape(8, 8, 10)
    for k, axes in enumerate(figure.subplots(2, 5, sharex=True, sharey=True).flat):
        axes.imshow(w[..., k], cmap="RdBu", vmin=-abs(w).max(), vmax=abs(w).max())
        axes.set_title(f"class {k}", fontsize="small")
        axes.set_xlabel("column", fontsize="x-small")
        axes.set_ylabel("row", fontsize="x-small")
        axes.xaxis.label.set_visible(k >= 5)
        axes.yaxis.label.set_visible(k % 5 == 0)
