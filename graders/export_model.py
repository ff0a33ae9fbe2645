"""Hidden checks of exercises/export_model.py. `impl` takes and returns NumPy arrays."""

import math

import numpy as np
import pytest

from katagrad.authoring import deployed
from katagrad.authoring.companion import plant
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.deployed import expect_flags_kept, made
from katagrad.authoring.expect import (
    close,
    equal,
    holds,
    integers,
    normal,
    number,
    raises,
    random_seed,
    uniform,
)
from katagrad.authoring.functions import function, sqrt
from katagrad.authoring.oracle import softmax
from katagrad.authoring.structure import keys

BATCHES = (1, 3, 17)
# More rows than anyone may have thought of as "many".
MANY = 70_001
ALL = (
    "Scaler, model and softmax belong to one module, exported in evaluation mode with a free batch."
)
RUNTIME = {"torch": "torch_program", "tensorflow": "saved_model"}


def drawn(features=4, hidden=6, classes=3):
    """Weights of a model with normalization and dropout, and the scaler before it, of features of other units.

    The first feature is far from 0, where x / std - mean / std loses its digits, and (x - mean) / std does not.
    """
    state = deployed.drawn(features, hidden, classes)
    units = np.resize([1.0, 1e-4, 1e3], features)
    mean, std = normal(features, shift=2.0), uniform(features, low=0.5, high=3.0)
    mean[0] += 2.0**18
    return state, single(mean * units), single(std * units)


def single(x):
    """x, as float32 holds it."""
    return x.astype(np.float32).astype(float)


def raw(rows, mean, std):
    """Rows of features before they are scaled."""
    return single(mean + std * normal(rows, len(mean)))


def probabilities(state, mean, std, x):
    """What is deployed."""
    return deployed.probabilities(state, (x - mean) / std)


def mistakes(state, mean, std, x):
    """What is easily deployed instead."""
    nothing = np.zeros_like(mean), np.ones_like(std)
    return {
        "the function without its scaler": probabilities(state, *nothing, x),
        "logits, without softmax": deployed.logits(state, (x - mean) / std),
        "softmax applied twice": softmax(probabilities(state, mean, std, x)),
    }


def place(impl):
    """The path of a folder that does not exist yet."""
    return f"{impl.write({})}/models{random_seed()}"


def below(files):
    """Files of a version by their path below the version's folder."""
    return {name.partition("/")[2] for name in files}


@pytest.mark.grade(points=5, hint=ALL, seconds=40)
def test_export_opens_without_the_submission(impl):
    """an exported version computes f for every batch size, in a process without the student's code"""
    state, mean, std = drawn()
    folder = place(impl)
    path = impl.export(made(impl, state), mean, std, folder, 3)
    equal(path, f"{folder}/3", of="export(model, mean, std, folder, 3)")
    files = impl.files(path)
    where = "3"
    if impl.framework == "torch":
        equal(below(files), {"model.pt2"}, of="the files of version 3")
        where = "3/model.pt2"
    with impl.open(RUNTIME[impl.framework], files, where) as runtime:
        inputs = runtime.about["inputs"]
        equal(
            [one["name"] for one in inputs],
            ["inputs"],
            of="the names of the inputs of the exported version",
        )
        equal(inputs[0]["dtype"], "float32", of="the dtype of the input")
        equal(
            inputs[0]["shape"], [None, 4], of="the shape of the input, with None for what is free,"
        )
        if impl.framework == "tensorflow":
            names = [one["name"] for one in runtime.about["outputs"]]
            equal(names, ["probabilities"], of="the names of the outputs")
        for rows in BATCHES:
            x = raw(rows, mean, std)
            outputs = list(runtime.run({"inputs": x.astype(np.float32)}).values())
            equal(len(outputs), 1, of="the number of outputs")
            expected = probabilities(state, mean, std, x)
            of = f"the exported version of a batch of {rows}"
            close(outputs[0], expected, of=of, rtol=1e-4, mistakes=mistakes(state, mean, std, x))


@pytest.mark.grade(
    points=3, hint="Copy the model, or put it back into the mode that it was in.", seconds=40
)
def test_export_leaves_the_model_alone(impl):
    """the model is as it was after export, and later changes of the model do not reach what was exported"""
    state, mean, std = drawn(3, 5, 2)
    model = made(impl, state)
    path = impl.export(model, mean, std, place(impl), 1)
    for i, (found, wanted) in enumerate(zip(impl.layers(model), state, strict=True)):
        for key, value in wanted.items():
            close(found[key], value, of=f"the {key} of layer {i} after export")
    if impl.framework == "torch":
        equal(
            model.get("training"),
            True,
            of="model.training after export of a model in training mode",
        )
    folder, fresh = place(impl), made(impl, state)
    expect_flags_kept(impl, fresh, lambda: impl.export(fresh, mean, std, folder, 1), "export")
    impl.assign(model, drawn(3, 5, 2)[0])
    x = raw(4, mean, std)
    found = impl.load_runtime(path)(x)
    close(
        found,
        probabilities(state, mean, std, x),
        of="load_runtime(path)(x) after the model changed",
        rtol=1e-4,
    )


LOOK = """\
import os


def there(path):
    return os.path.exists(path)
"""


@pytest.mark.grade(points=2, hint="Look at what is there before you write.", seconds=40)
def test_versions_stand_beside_each_other(impl):
    """export makes the folder, adds a version and keeps the others; a version that is there, or below 1, is refused"""
    state, mean, std = drawn(2, 3, 2)
    # Neither the folder nor the one above it is there, and the newer version comes first.
    model, folder = made(impl, state), f"{place(impl)}/digits"
    other = drawn(2, 3, 2)
    impl.export(model, mean, std, folder, 10)
    first = impl.files(f"{folder}/10")
    with raises("FileExistsError", of="export of version 10 again"):
        impl.export(made(impl, other[0]), *other[1:], folder, 10)
    for version in (0, -1):
        with raises("ValueError", of=f"export of version {version}"):
            impl.export(model, mean, std, folder, version)
    fresh = place(impl)
    with raises("ValueError", of="export of version 0"):
        impl.export(model, mean, std, fresh, 0)
    there = plant(impl, "look.py", LOOK).get("there")
    holds(
        not there(fresh),
        "export refused version 0, but made a folder before that; it should look at the version first",
    )
    impl.export(made(impl, other[0]), *other[1:], folder, 2)
    holds(
        impl.files(f"{folder}/10") == first, "export of version 2 changed the files of version 10"
    )
    names = {name.split("/")[1] for name in impl.files(folder)}
    equal(sorted(names), ["10", "2"], of="what is in the folder after versions 10 and 2")
    taken = f"{impl.write({'7/notes.txt': b'empty'})}"
    with raises("FileExistsError", of="export of version 7, where a folder 7 holds other files"):
        impl.export(model, mean, std, taken, 7)
    for version, (weights, *scaler) in ((10, (state, mean, std)), (2, other)):
        x = raw(3, *scaler)
        found = impl.load_runtime(f"{folder}/{version}")(x)
        close(found, probabilities(weights, *scaler, x), of=f"version {version} of x", rtol=1e-4)


@pytest.mark.grade(points=1, hint="Compare numbers, not texts.")
def test_latest_is_the_largest_number(impl):
    """latest finds the largest version, and takes no other name for one"""
    conform(impl, "latest", [["3", "12", "a"]], expected=12)
    names = ["9", "10", "b", "1", "a"]
    _, (after,) = impl.after("latest", names)
    equal(after, names, of="names after latest(names)")
    for names, expected in (
        (["1", "10", "9"], 10),
        (["2", "100", "20", "99"], 100),
        ([], 0),
        (["tmp", "2.old", "03", "-4", "+5", " 6", "1e3", "0", "00", "7 ", "8\n", "8_0", ""], 0),
        (["5", "٣٣", "7٣", "06", "²", "9²"], 5),
        (["9" * 20, "1"], int("9" * 20)),
    ):
        equal(impl.latest(names), expected, of=f"latest({names})")


@pytest.mark.grade(
    points=2, hint="Keep the loaded object; read only the files below path.", seconds=40
)
def test_runtime_loads_in_another_process(impl):
    """load_runtime computes f in another process, for every batch size"""
    state, mean, std = drawn(3, 4, 5)
    files = impl.files(impl.export(made(impl, state), mean, std, place(impl), 7))
    impl.restart()
    runtime = impl.load_runtime(f"{impl.write(files)}/7")
    for rows in (*BATCHES, MANY):
        x = raw(rows, mean, std)
        expected = probabilities(state, mean, std, x)
        close(runtime(x), expected, of=f"load_runtime(path)(x) of {rows} rows", rtol=1e-4)
    path, x = f"{impl.write(files)}/7", raw(4, mean, std)
    kept = ["result", "untouched", "shared", "twice", "settings"]
    expected, loaded = probabilities(state, mean, std, x), anew("load_runtime", path)
    conform(impl, "__call__", [x], on=loaded, expected=expected, only=kept, tolerance=1e-3)


@pytest.mark.grade(
    points=1, hint="Keep nothing by path: a path can hold another version.", seconds=40
)
def test_a_path_is_read_anew(impl):
    """load_runtime and signature tell what a path holds now, where it held another version before"""
    models = [drawn(3, 4, 2), drawn(3, 4, 5)]
    exported = [
        impl.files(impl.export(made(impl, state), mean, std, place(impl), 7))
        for state, mean, std in models
    ]
    for (state, mean, std), files, classes in zip(models, exported, (2, 5), strict=True):
        path = f"{impl.write(files)}/7"
        names = ["input", "dtype", "features", "classes", "batch"]
        found = keys(impl.signature(path), "signature(path)", names)
        of = "signature(path)['classes'], where path held another model before"
        equal(found["classes"], classes, of=of)
        x = raw(3, mean, std)
        of = f"load_runtime(path)(x), where path holds a model of {classes} classes"
        close(impl.load_runtime(path)(x), probabilities(state, mean, std, x), of=of, rtol=1e-4)


@pytest.mark.grade(points=2, seconds=40)
def test_signature_is_read_from_the_files(impl):
    """signature names input, dtype, features, classes and the batch, in another process, too"""
    wanted = {}
    files = {}
    for version, (features, classes) in enumerate(((5, 2), (1, 4)), 1):
        state, mean, std = drawn(features, 3, classes)
        files |= impl.files(impl.export(made(impl, state), mean, std, place(impl), version))
        wanted[version] = {
            "input": "inputs",
            "dtype": "float32",
            "features": features,
            "classes": classes,
            "batch": None,
        }
    impl.restart()
    home = impl.write(files)
    for version, expected in wanted.items():
        found = keys(impl.signature(f"{home}/{version}"), "signature(path)", list(expected))
        for key, value in expected.items():
            equal(
                found[key], value, of=f"signature(path)[{key!r}] of {expected['features']} features"
            )


# Versions whose batch is fixed, which export never makes.
FIXED = {
    "torch": """\
import os

import torch


def write(path, rows, features, classes):
    os.makedirs(path)

    class Deployed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.dense = torch.nn.Linear(features, classes)

        def forward(self, inputs):
            return torch.softmax(self.dense(inputs), -1)

    program = torch.export.export(Deployed(), (torch.zeros(rows, features),))
    torch.export.save(program, path + "/model.pt2")
""",
    "tensorflow": """\
import tensorflow as tf


def write(path, rows, features, classes):
    module = tf.Module()
    module.kernel = tf.Variable(tf.zeros((features, classes)))

    @tf.function(input_signature=[tf.TensorSpec((rows, features), name="inputs")])
    def serve(inputs):
        return {"probabilities": tf.nn.softmax(inputs @ module.kernel)}

    tf.saved_model.save(module, path, signatures={"serving_default": serve})
""",
}


@pytest.mark.grade(points=1, seconds=40)
def test_signature_tells_a_fixed_batch(impl):
    """signature names the one batch that a version of a fixed batch allows"""
    write = plant(impl, "fixed.py", FIXED[impl.framework]).get("write")
    folder, rows = place(impl), int(integers(8, 1)[0]) + 2
    for version, batch in enumerate((1, rows), 1):
        write(f"{folder}/{version}", batch, 3, 2)
        of = f"signature(path) of a version for {batch} rows and no others"
        expected = {
            "input": "inputs", "dtype": "float32", "features": 3, "classes": 2, "batch": batch
        }  # fmt: skip
        found = keys(impl.signature(f"{folder}/{version}"), "signature(path)", list(expected))
        equal(found, expected, of=of)


def scaled(a):
    return function(lambda x: x * a)


def reshaped(*shape):
    return function(lambda x: x.reshape(*shape))


def shifted_square(b):
    return function(lambda x: x * x + b)


@pytest.mark.grade(points=2, hint="The largest absolute difference; compare the shapes first.")
def test_difference_is_the_largest(impl):
    """max_difference is the largest absolute difference; other shapes raise ValueError, and NaN is inf"""
    for _ in range(2):
        x = normal(5, 3)
        a, b = (float(v) for v in normal(2))
        f, g = scaled(a), shifted_square(b)
        expected = float(np.max(np.abs(x * a - (x * x + b))))
        for one, other in ((f, g), (g, f)):
            found = impl.max_difference(one, other, x)
            holds(
                isinstance(found, float),
                f"max_difference is {found!r}, but should be a Python float",
            )
            number(found, expected, of="max_difference(f, g, x)", rtol=1e-4)
    x = normal(5, 3)
    a, b = float(uniform(low=1.0, high=2.0)), 1 + 1e-10
    number(
        impl.float64.max_difference(scaled(a), scaled(a * b), x),
        float(np.max(np.abs(x * a - x * (a * b)))),
        of="max_difference(f, g, x) in float64, where f and g differ in the tenth digit",
        rtol=1e-3,
        atol=0.0,
    )
    same = function(lambda x: x * 2.0)
    equal(impl.max_difference(same, same, normal(2, 2)), 0.0, of="max_difference(f, f, x)")
    with raises("ValueError", of="max_difference of the shapes (4, 3) and ()"):
        impl.max_difference(same, function(lambda x: x.sum()), normal(4, 3))
    for shape in ((3, 4), (12,), (1, 4, 3), (4, 3, 1)):
        with raises("ValueError", of=f"max_difference of the shapes (4, 3) and {shape}"):
            impl.max_difference(same, reshaped(*shape), normal(4, 3))
    root = function(lambda x: sqrt(x))
    x = np.array([4.0, -1.0, 9.0])
    for one, other in ((root, same), (same, root), (root, root)):
        equal(
            impl.max_difference(one, other, x),
            math.inf,
            of="max_difference where a result has a NaN",
        )


@pytest.mark.grade(points=1, hint=ALL, seconds=40)
def test_difference_proves_the_export(impl):
    """max_difference of the exported version and the model tells a good scaler from a bad one"""
    size = int(integers(3, 1)[0]) + 2
    state, mean, std = drawn(size, 4, 3)
    folder = place(impl)
    good = impl.load_runtime(impl.export(made(impl, state), mean, std, folder, 1))
    bad = impl.load_runtime(impl.export(made(impl, state), mean, 2 * std, folder, 2))
    x = raw(6, mean, std)
    expected = np.abs(
        probabilities(state, mean, std, x) - probabilities(state, mean, 2 * std, x)
    ).max()
    number(
        impl.max_difference(good, bad, x),
        float(expected),
        of="max_difference of two versions",
        rtol=1e-2,
    )
