"""Hidden checks of exercises/export_onnx.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad.authoring.companion import plant
from katagrad.authoring.conformance import conform
from katagrad.authoring.deployed import drawn, expect_flags_kept, logits, made, probabilities
from katagrad.authoring.expect import close, equal, holds, normal, number, random_seed
from katagrad.authoring.oracle import softmax
from katagrad.authoring.structure import keys

BATCHES = (1, 3, 17)
WHOLE = "Export the model and softmax as one, in evaluation mode, with a first axis that is free."


def place(impl):
    """The path of a file in a new, empty folder."""
    name = f"onnx{random_seed()}"
    home = impl.write({f"{name}/.keep": b""})
    impl.remove(f"{home}/{name}/.keep")
    return f"{home}/{name}/model.onnx"


def exported(impl, state, model=None):
    """The path of a model that the submission exported."""
    path, features = place(impl), len(state[0]["kernel"])
    impl.to_onnx(made(impl, state) if model is None else model, features, path)
    return path


@pytest.mark.grade(points=5, hint=WHOLE, seconds=60)
@pytest.mark.parametrize("widths", [(4, 6, 3), (1, 3, 5)], ids=["4 features", "1 feature"])
def test_export_runs_in_onnx_runtime(impl, widths):
    """ONNX Runtime computes f from the exported file alone, for every batch size, under the agreed names"""
    state = drawn(*widths)
    path = exported(impl, state)
    files = impl.files(path.rpartition("/")[0])
    there = [name.rpartition("/")[2] for name in files]
    equal(there, ["model.onnx"], of="the files in the folder after to_onnx")
    files = {"model.onnx": next(iter(files.values()))}
    with impl.open("onnx", files, "model.onnx") as runtime:
        ends = {
            "inputs": ("features", ["batch", widths[0]]),
            "outputs": ("probabilities", ["batch", widths[2]]),
        }
        for key, (name, shape) in ends.items():
            found = runtime.about[key]
            equal([one["name"] for one in found], [name], of=f"the names of the {key}")
            equal(found[0]["dtype"], "float32", of=f"the dtype of {name}")
            equal(found[0]["shape"], shape, of=f"the shape of {name}")
        for rows in BATCHES:
            x = normal(rows, widths[0], scale=2.0)
            found = runtime.run({"features": x.astype(np.float32)})["probabilities"]
            expected = probabilities(state, x)
            known = {
                "logits, without softmax": logits(state, x),
                "softmax applied twice": softmax(expected),
            }
            of = f"the exported model of a batch of {rows} in ONNX Runtime"
            close(found, expected, of=of, rtol=1e-4, atol=1e-5, mistakes=known)
        x = normal(30, widths[0], scale=60.0)
        found = runtime.run({"features": x.astype(np.float32)})["probabilities"]
        of = "the exported model of logits in the hundreds"
        close(found, probabilities(state, x), of=of, rtol=1e-3, atol=1e-3)


@pytest.mark.grade(points=1, hint="One file holds all, however large it is.", seconds=60)
def test_export_writes_one_file(impl):
    """a large model is one file, too, and a file that is there is replaced"""
    path, large = place(impl), drawn(64, 512, 3)
    for state in (drawn(2, 3, 2), large):
        impl.to_onnx(made(impl, state), len(state[0]["kernel"]), path)
    files = impl.files(path.rpartition("/")[0])
    there = [name.rpartition("/")[2] for name in files]
    of = "the files in the folder after to_onnx of a model with 34,000 weights"
    equal(there, ["model.onnx"], of=of)
    x = normal(5, 64, scale=1 / 8)
    with impl.open("onnx", {"model.onnx": next(iter(files.values()))}, "model.onnx") as runtime:
        shape = runtime.about["inputs"][0]["shape"]
        equal(shape, ["batch", 64], of="the shape of the input of the second model at path")
        found = runtime.run({"features": x.astype(np.float32)})["probabilities"]
    of = "the second of two models that were exported to one path"
    close(found, probabilities(large, x), of=of, rtol=1e-3, atol=1e-4)
    home = place(impl).rpartition("/")[0]
    impl.to_onnx(made(impl, drawn(2, 3, 2)), 2, f"{home}/model.v2")
    there = [name.rpartition("/")[2] for name in impl.files(home)]
    of = "the files in the folder after to_onnx(model, 2, path), path ending in model.v2"
    equal(there, ["model.v2"], of=of)


@pytest.mark.grade(points=2, hint="Copy the model, or put it back into its mode.", seconds=60)
def test_export_leaves_the_model_alone(impl):
    """the model is as it was after to_onnx"""
    state = drawn(3, 4, 2)
    model = made(impl, state)
    exported(impl, state, model)
    for i, (found, wanted) in enumerate(zip(impl.layers(model), state, strict=True)):
        for key, value in wanted.items():
            close(found[key], value, of=f"the {key} of layer {i} after to_onnx")
    if impl.framework == "torch":
        equal(
            model.get("training"),
            True,
            of="model.training after to_onnx of a model in training mode",
        )
    path, fresh = place(impl), made(impl, state)
    expect_flags_kept(impl, fresh, lambda: impl.to_onnx(fresh, 3, path), "to_onnx")


@pytest.mark.grade(
    points=3,
    hint="graph.input, graph.output, opset_import, graph.initializer, graph.node",
    seconds=60,
)
def test_describe_reads_the_file(impl):
    """describe returns names, shapes, opset, parameters and operators, in another process, too"""
    kept = {}
    for widths in ((5, 4, 2), (2, 3, 7)):
        path = exported(impl, drawn(*widths))
        kept[f"{widths[0]}.onnx"] = impl.read(path)
    abouts = {}
    for name in kept:
        with impl.open("onnx", kept, name) as runtime:
            abouts[name] = runtime.about
    impl.restart()
    home = impl.write(kept)
    for name, about in abouts.items():
        names = ["inputs", "outputs", "opset", "parameters", "operators"]
        found = keys(impl.describe(f"{home}/{name}"), "describe(path)", names)
        for end in ("inputs", "outputs"):
            expected = {one["name"]: one["shape"] for one in about[end]}
            equal(found[end], expected, of=f"describe(path)[{end!r}]")
        equal(found["opset"], about["opsets"]["ai.onnx"], of="describe(path)['opset']")
        equal(found["parameters"], about["parameters"], of="describe(path)['parameters']")
        equal(found["operators"], about["operators"], of="describe(path)['operators']")


# A file that no exporter writes: arrays of integers and of no axes, an operator and an operator set of others; with
# `more`, two inputs, two outputs, and nodes that compute nothing.
FOREIGN = '''\
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write(path, width, classes, domain, opset, first=0.5, more=False):
    kernel = np.full((width, classes), 0.5, np.float32)
    kernel[:, 0], kernel[:, 1] = first, 1 - first
    arrays = {
        "w": kernel,
        "s": np.array(2.0, np.float32),
        "shape": np.array([-1, classes], np.int64),
    }
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("Mul", ["a", "s"], ["b"]),
        helper.make_node("Mul", ["b", "s"], ["c"]),
        helper.make_node("Normalizer", ["c"], ["d"], domain="ai.onnx.ml", norm="L1"),
        helper.make_node("Reshape", ["d", "shape"], ["y"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", size])
        for name, size in (("x", width), ("y", classes))
    ]
    if more:
        half = helper.make_node("Constant", [], ["half"], value_float=0.5)
        nodes = [half, *nodes, helper.make_node("Identity", ["d"], ["e"])]
        nodes.append(helper.make_node("Mul", ["e", "half"], ["z"]))
        nodes[3].input[1] = "k"
        ends.insert(1, helper.make_tensor_value_info("k", TensorProto.FLOAT, [1]))
        ends.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, ["rows", classes]))
    cut = 1 + more
    kept = [numpy_helper.from_array(value, name) for name, value in arrays.items()]
    graph = helper.make_graph(nodes, "foreign", ends[:cut], ends[cut:], kept)
    sets = [("org.example", 99), ("ai.onnx.ml", 2), (domain, opset)]
    imports = [helper.make_opsetid(*one) for one in sets]
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=8), path)


def product(path, width, classes, size):
    """The product of x with numbers of the size `size`, of which those for the first feature are below 0."""
    kernel = np.full((width, classes), size, np.float32)
    kernel[0] = -size
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", count])
        for name, count in (("x", width), ("y", classes))
    ]
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    kept = [numpy_helper.from_array(kernel, "w")]
    graph = helper.make_graph([node], "product", ends[:1], ends[1:], kept)
    sets = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=sets, ir_version=8), path)
'''


@pytest.mark.grade(points=2, seconds=60)
def test_describe_reads_files_of_others(impl):
    """describe lists all ends and nodes, counts every array, and tells ONNX's own operator set from others"""
    write = plant(impl, "foreign.py", FOREIGN).get("write")
    for width, classes, domain, opset, more in ((3, 2, "", 13, False), (4, 5, "ai.onnx", 14, True)):
        path = place(impl)
        write(path, width, classes, domain, opset, 0.5, more)
        expected = {
            "inputs": {"x": ["rows", width]},
            "outputs": {"y": ["rows", classes]},
            "opset": opset,
            "parameters": width * classes + 1 + 2,
            "operators": ["MatMul", "Mul", "Mul", "Normalizer", "Reshape"],
        }
        if more:
            expected["inputs"]["k"], expected["outputs"]["z"] = [1], ["rows", classes]
            expected["operators"] = ["Constant", *expected["operators"], "Identity", "Mul"]
        found = keys(impl.describe(path), "describe(path)", list(expected))
        for key, value in expected.items():
            of = f"describe(path)[{key!r}] of a file with the operator set {domain!r} {opset}"
            equal(found[key], value, of=of)


@pytest.mark.grade(
    points=3, hint="session.get_inputs()[0].name; convert to NumPy and back.", seconds=60
)
def test_run_computes_in_onnx_runtime(impl):
    """run_onnx computes with a file from another process, for every batch size, and leaves x as it was"""
    state = drawn(3, 5, 4)
    content = impl.read(exported(impl, state))
    impl.restart()
    # Another model under another name of its input: the same file with every "features" renamed.
    renamed = content.replace(b"features", b"measured")
    home = impl.write({"a.onnx": content, "b.onnx": renamed})
    for name in ("a.onnx", "b.onnx"):
        for rows in BATCHES:
            x = normal(rows, 3)
            of = f"run_onnx({name!r}, x) of {rows} rows"
            close(
                impl.run_onnx(f"{home}/{name}", x),
                probabilities(state, x),
                of=of,
                rtol=1e-4,
                atol=1e-5,
            )
    x = normal(4, 3)
    conform(
        impl, "run_onnx", [f"{home}/a.onnx", x], expected=probabilities(state, x),
        only=["result", "untouched", "twice", "views", "gradients", "settings", "keywords"],
    )  # fmt: skip
    # One file after another under one name, of as many bytes.
    write, x = plant(impl, "foreign.py", FOREIGN).get("write"), np.abs(normal(4, 3))
    path = place(impl)
    for first in (0.25, 0.75):
        write(path, 3, 2, "", 13, first)
        of = f"run_onnx(path, x) where path holds a small model with the weight {first}"
        close(impl.run_onnx(path, x), np.tile([first, 1 - first], (4, 1)), of=of, rtol=1e-4)
    module, x = plant(impl, "foreign.py", FOREIGN), normal(4, 3)
    for size in (1e-3, 1e6):
        module.get("product")(path, 3, 2, size)
        expected = size * np.tile(x @ [[-1], [1], [1]], (1, 2))
        of = f"run_onnx(path, x) where path holds a product with weights of {size:g}"
        close(impl.run_onnx(path, x), expected, of=of, rtol=1e-4, atol=1e-5 * size, dtype="float32")


@pytest.mark.grade(points=2, hint="Compare the classes, not the probabilities.")
def test_labels_are_compared_row_by_row(impl):
    """same_labels is the share of rows with the same class; the first of several largest counts"""

    def share(a, b):
        return float(np.mean(a.argmax(1) == b.argmax(1)))

    a, b = softmax(normal(8, 3)), softmax(normal(8, 3))
    conform(impl, "same_labels", [a, b], expected=share, rows=[0, 1])
    for rows in (1, 5, 40):
        a, b = softmax(2 * normal(rows, 4)), softmax(2 * normal(rows, 4))
        b[::2] = a[::2]
        found = impl.same_labels(a, b)
        holds(isinstance(found, float), f"same_labels is {found!r}, but should be a Python float")
        number(found, share(a, b), of=f"same_labels of {rows} rows", rtol=1e-6)
    tied, other = [[0.4, 0.4, 0.2]], [[0.2, 0.7, 0.1]]
    for one, two, wanted in (
        (tied, [[0.2, 0.4, 0.4]], 0.0),
        (tied, [[0.5, 0.3, 0.2]], 1.0),
        (tied, other, 0.0),
        (other, tied, 0.0),
    ):
        of = f"same_labels({one}, {two}), where the class is the first of a tie,"
        equal(impl.same_labels(np.array(one), np.array(two)), wanted, of=of)
    # The second probability is larger by the last digits of the dtype.
    for impl_of, step in ((impl, 2.0**-22), (impl.float64, 1e-12)):
        near = np.array([[0.375, 0.375 + step, 0.25]])
        equal(
            impl_of.same_labels(near, np.array([[0.2, 0.7, 0.1]])),
            1.0,
            of=f"same_labels where two probabilities differ by {step:.3g}",
        )
