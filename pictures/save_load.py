"""Pictures of exercises/save_load.py."""

import numpy as np


def draw_resuming(impl, figure):
    """The losses of a training that was saved after eight epochs: resumed with its state, and with its weights alone"""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(120, 4))
    y = np.sin(2 * x[:, :1]) + x[:, 1:2] * x[:, 2:3]
    impl.seed(5)
    model = impl.build(4, 32, 1)
    training = impl.Training(model, 0.02, impl.rng(5))
    before = training.run(x, y, 8, 20)
    where = impl.write({"kept/.keep": b""}) + "/kept"
    training.save(f"{where}/training")
    impl.save_weights(model, f"{where}/model.weights.h5")
    fresh = impl.build(4, 32, 1)
    resumed = impl.resume(f"{where}/training", fresh).run(x, y, 12, 20)
    only = impl.build(4, 32, 1)
    impl.load_weights(only, f"{where}/model.weights.h5")
    weights = impl.Training(only, 0.02, impl.rng(6)).run(x, y, 12, 20)
    axes = figure.subplots()
    axes.semilogy(range(1, 9), before, marker=".", label="before saving")
    axes.semilogy(range(9, 21), resumed, marker=".", label="resumed")
    axes.semilogy(range(9, 21), weights, ":", marker=".", label="weights alone, a new Adam")
    axes.set(xlabel="epoch", ylabel="mean squared error", xticks=range(0, 21, 4))
    axes.legend(fontsize="small")
