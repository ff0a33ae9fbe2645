"""Pictures of exercises/functional_model.py."""

import numpy as np

from katagrad.data import digits


def draw_values(impl, figure):
    """How the values at five places of the graph are spread, before and after training on digits"""
    split = digits(images=True)
    images = np.rint(split.train_x[..., 0] * 255).astype(np.uint8)
    impl.seed(5)
    model = impl.build((8, 8), 10, (64, 32))
    every = figure.subplots(2, 5, sharey="row")
    for axes_of, when in zip(every, ("before", "after"), strict=True):
        if when == "after":
            impl.train(model, images, split.train_y, 10)
        found = impl.activations(model, images[:200])
        for axes, name in zip(axes_of, ("relu", "tanh", "skip", "selu", "logits"), strict=True):
            counts, edges = np.histogram(found[name], 25)
            middles = (edges[1:] + edges[:-1]) / 2
            axes.fill_between(middles, 100 * counts / counts.sum(), step="mid")
            axes.set(xlabel=name, ylabel=f"{when}: % of values")
            axes.yaxis.label.set_visible(name == "relu")
            axes.xaxis.label.set_visible(when == "after")
            axes.tick_params(labelsize="x-small")
