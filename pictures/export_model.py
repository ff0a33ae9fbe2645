"""Pictures of exercises/export_model.py."""

import numpy as np

from katagrad.authoring.oracle import softmax, trained_network
from katagrad.data import wine

EPOCHS = {1: 1, 2: 3, 3: 10, 4: 30}
FEATURE = 12


def versions(impl):
    """({version: path}, the last network's layers, mean, std) of a classifier of wines, exported as it learns."""
    split = wine()
    mean, std = split.train_x.mean(0), split.train_x.std(0)
    x = (split.train_x - mean) / std
    folder, paths, layers = impl.write({}) + "/models", {}, []
    for version, epochs in EPOCHS.items():
        rng = np.random.default_rng(5)
        layers = trained_network((13, 16, 3), x, split.train_y, rng, epochs, 0.05)
        first, last = ({"type": "dense", **layer} for layer in layers)
        model = impl.sequential(first, "relu", last)
        paths[version] = impl.export(model, mean, std, folder, version)
    return paths, layers, mean, std


def probabilities(layers, x):
    """What the network alone says."""
    first, last = layers
    hidden = np.maximum(x @ first["kernel"] + first["bias"], 0)
    return softmax(hidden @ last["kernel"] + last["bias"])


def draw_versions(impl, figure):
    """A classifier of wines takes raw features once it is exported with its scaler; how far versions differ"""
    paths, layers, mean, std = versions(impl)
    latest = max(impl.latest([str(version) for version in paths]), 1)
    runtimes = {version: impl.load_runtime(path) for version, path in paths.items()}
    left, right = figure.subplots(1, 2)
    x = np.repeat(mean[None], 60, 0)
    x[:, FEATURE] = np.linspace(250, 1700, 60)
    found = runtimes[latest](x)[:, 0]
    own = probabilities(layers, (x - mean) / std)[:, 0]
    wide = {"linewidth": 6, "alpha": 0.6}
    left.plot(x[:, FEATURE], own, **wide, label="the network of scaled features")
    left.plot(x[:, FEATURE], found, label="the exported version, of raw ones")
    left.plot(x[:, FEATURE], probabilities(layers, x)[:, 0], ":", label="the network of raw ones")
    left.set(xlabel="proline in mg/l, all else at its mean", ylabel="probability of class 0")
    left.legend(fontsize="x-small")
    test = wine().test_x
    off = [impl.max_difference(runtimes[latest], runtimes[version], test) for version in paths]
    names = [f"{version} ({epochs})" for version, epochs in EPOCHS.items()]
    right.plot(names, off, marker="o")
    right.set(
        xlabel="version (epochs of training)",
        ylabel=f"largest difference from version {latest}",
        ylim=(0, 1.05),
    )
