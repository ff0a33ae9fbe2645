"""Pictures of exercises/export_litert.py."""

import numpy as np

from katagrad.authoring.oracle import trained_network
from katagrad.authoring.plots import boxes
from katagrad.data import digits

SHOWN = 80


def exported(impl):
    """The paths of a network on digits, {"float32": path, "int8": path}."""
    split = digits()
    layers = trained_network((64, 32, 10), split.train_x, split.train_y, np.random.default_rng(5))
    first, last = ({"type": "dense", **layer} for layer in layers)
    home = impl.write({"litert/.keep": b""}) + "/litert"
    paths = {}
    for kind, given in (("float32", ()), ("int8", (split.train_x[:200],))):
        model = impl.sequential(first, "relu", {"type": "dropout", "rate": 0.5}, last)
        paths[kind] = f"{home}/{kind}.tflite"
        impl.to_litert(model, 64, paths[kind], *given)
    return paths


def draw_graphs(impl, figure):
    """The operators of both files, and for 8 bits what the integers of the ends stand for"""
    for axes, (kind, path) in zip(figure.subplots(2, 1), exported(impl).items(), strict=True):
        with impl.open("litert", {"model.tflite": impl.read(path)}, "model.tflite") as runtime:
            about = runtime.about
        ends = [*about["inputs"], *about["outputs"]]
        given, returned = (f"{one['dtype']} {one['shape'][1:]}" for one in ends)
        if kind == "int8":
            rulers = [f"\n(q {-one['zero']:+d}) {one['scale']:.4g}" for one in ends]
            given, returned = given + rulers[0], returned + rulers[1]
        said = [name.replace("_", "\n") for name in about["operators"]]
        boxes(axes, [given, *said, returned], across=len(said) + 2)
        axes.set(xlabel="operators, in their order", ylabel=kind)


def draw_cost(impl, figure):
    """What 8 bits cost and save: the probabilities of test digits in both files, and the files' sizes"""
    split, paths = digits(), exported(impl)
    found = {kind: impl.run_litert(path, split.test_x) for kind, path in paths.items()}
    drop, _ = impl.cost(paths["float32"], paths["int8"], split.test_x, split.test_y)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    left.plot([0, 1], [0, 1], color="#808080", linewidth=0.8)
    left.scatter(found["float32"][:SHOWN], found["int8"][:SHOWN], s=8)
    left.set(xlabel="probability by the float32 file", ylabel="probability by the int8 file")
    left.set_title(f"accuracy drops by {100 * drop:.2f} points", fontsize="small")
    sizes = [len(impl.read(path)) / 1000 for path in paths.values()]
    right.vlines(range(2), 0, sizes, linewidth=40, colors=["#808080", "#3070b0"])
    right.set_xticks(range(2), list(paths))
    for i, size in enumerate(sizes):
        right.text(i, size, f"{size:.1f} kB", ha="center", va="bottom", fontsize="small")
    right.set(xlabel="file", ylabel="kB", xlim=(-0.6, 1.6), ylim=(0, 1.1 * max(sizes)))
