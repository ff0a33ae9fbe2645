"""Pictures of exercises/deep_nn.py."""

import numpy as np

from katagrad.data import digits

NETWORKS = {"sigmoid": "glorot", "tanh": "glorot", "relu": "he"}


def draw_gradients(impl, figure):
    """The size of the gradient in each of eleven layers before training: with the sigmoid, it vanishes"""
    split = digits()
    axes = figure.subplots()
    for activation, init in NETWORKS.items():
        model = impl.build(64, (64,) * 10, 10, activation=activation, init=init)
        norms = impl.gradient_norms(model, split.train_x[:200], split.train_y[:200])
        layers = np.arange(1, len(norms) + 1)
        axes.semilogy(layers, norms, marker="o", label=f"{activation}, {init}")
    axes.set(xlabel="layer, the first beside the input", ylabel="norm of the gradient")
    axes.set_xticks(range(1, 12))
    axes.legend()
