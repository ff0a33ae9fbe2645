"""Pictures of exercises/transfer_learning.py."""

import numpy as np

from katagrad.authoring.pretrained import digits_base
from katagrad.boundary.implementation import image
from katagrad.data import digits


def draw_gain(impl, figure):
    """Ten images of each digit from 5 to 9: what a base that knows 0 to 4 gains, by epochs of the head alone"""
    split, rng = digits(images=True), np.random.default_rng(5)
    few = [rng.choice(np.flatnonzero(split.train_y == k), 10, replace=False) for k in range(5, 10)]
    rows, test = np.concatenate(few), split.test_y >= 5
    x, y = image(split.train_x[rows]), split.train_y[rows] - 5
    epochs = 10
    left, right = figure.subplots(1, 2)
    for name in ("pretrained base", "random base"):
        impl.seed(5)
        base = impl.build((8, 8, 1), (16, 32), 5)
        if name == "pretrained base":
            impl.assign(base, [*digits_base(), {}])
        model, history = impl.replace_head(base, 5), []
        impl.freeze(model, 2)
        accuracy = []
        for epoch in range(epochs):
            history += impl.train(model, x, y, 1, 10, 0.02, impl.rng(epoch))
            found = impl.logits(model, image(split.test_x[test])).argmax(1)
            accuracy.append((found == split.test_y[test] - 5).mean())
        left.plot(range(1, epochs + 1), history, marker=".", label=name)
        right.plot(range(1, epochs + 1), accuracy, marker=".", label=name)
    left.set(xlabel="epoch", ylabel="mean loss in nats")
    right.set(xlabel="epoch", ylabel="accuracy on other images", ylim=(0, 1))
    right.legend(fontsize="small", loc="lower right")
