"""Pictures of exercises/export_onnx.py."""

import numpy as np

from katagrad.authoring.oracle import softmax, trained_network
from katagrad.authoring.plots import boxes
from katagrad.data import digits

SHOWN = 80


def exported(impl):
    """(path, layers) of a network on digits, whose dropout the export leaves out."""
    split = digits()
    layers = trained_network((64, 32, 10), split.train_x, split.train_y, np.random.default_rng(5))
    first, last = ({"type": "dense", **layer} for layer in layers)
    model = impl.sequential(first, "relu", {"type": "dropout", "rate": 0.5}, last)
    path = impl.write({"onnx/.keep": b""}) + "/onnx/model.onnx"
    impl.to_onnx(model, 64, path)
    return path, layers


def draw_graph(impl, figure):
    """The graph in the exported file of a network with dropout, and its probabilities over the network's"""
    path, (first, last) = exported(impl)
    about = impl.describe(path)
    ends = {}
    for end in ("inputs", "outputs"):
        shapes = {name: ", ".join(map(str, shape)) for name, shape in about[end].items()}
        ends[end] = [f"{name}\n({shape})" for name, shape in shapes.items()]
    upper, lower = figure.subfigures(2, 1, height_ratios=(2, 5))
    axes = upper.subplots()
    said = [*ends["inputs"], *about["operators"], *ends["outputs"]]
    boxes(axes, said, across=min(len(said), 7))
    axes.set(xlabel=f"opset {about['opset']}, {about['parameters']:,} parameters in the file")
    axes.set(ylabel="operators")
    x = digits().test_x
    hidden = np.maximum(x @ first["kernel"] + first["bias"], 0)
    own, found = softmax(hidden @ last["kernel"] + last["bias"]), impl.run_onnx(path, x)
    left, right = lower.subplots(1, 2)
    left.plot([0, 1], [0, 1], color="#808080", linewidth=0.8)
    left.scatter(own[:SHOWN], found[:SHOWN], s=8)
    left.set(xlabel="probability by the network", ylabel="by the file")
    agree = 100 * impl.same_labels(found, own.astype(np.float32))
    # What does not differ is drawn at the axis's lower end.
    off = np.maximum(np.abs(found - own).max(1), 1e-10)
    right.semilogy(np.sort(off))
    right.set(xlabel=f"{len(x)} test digits, {agree:g} % of the same class", ylabel="difference")
