"""Hidden checks of exercises/export_litert.py. `impl` takes and returns NumPy arrays."""

from itertools import pairwise

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring.companion import plant
from katagrad.authoring.conformance import conform
from katagrad.authoring.deployed import expect_flags_kept
from katagrad.authoring.expect import (
    at_most,
    close,
    equal,
    generator,
    holds,
    integers,
    normal,
    number,
    random_seed,
    uniform,
)
from katagrad.authoring.litert import (
    CLASSES,
    FEATURES,
    float_file,
    integer_file,
    integer_outputs,
)
from katagrad.authoring.oracle import softmax, trained_network
from katagrad.authoring.structure import pair
from katagrad.authoring.threshold import Threshold

BATCHES = (1, 3, 17)
WHOLE = "Export the model and softmax as one, in evaluation mode, with a first axis that is free."
INTEGERS = "Quantize everything, the ends too, with ranges that calibration shows."
ALL = ("batch_norm", "relu", "dropout")


# -- oracle ----------------------------------------------------------------------------------------


def drawn(widths, between):
    """[(type, values)]: the layers of a model. between: the kinds of layers after each dense one but the last."""
    layers = []
    for i, (rows, columns) in enumerate(pairwise(widths)):
        kernel = normal(rows, columns, scale=1.2 * rows**-0.5)
        layers.append(("dense", {"kernel": kernel, "bias": normal(columns, scale=0.5)}))
        for kind in between[i] if i < len(between) else ():
            state = {}
            if kind == "batch_norm":
                state = {
                    "scale": np.abs(normal(columns, scale=0.3)) + 0.7,
                    "offset": normal(columns, scale=0.5),
                    "mean": normal(columns, scale=0.5),
                    "variance": np.abs(normal(columns)) + 0.5,
                }
                # A unit that was almost constant in training: epsilon is a third of its variance.
                state["variance"][0] = 3e-5
                state["scale"][0] *= 6e-3
            layers.append((kind, state))
    return layers


def made(impl, layers):
    """The model, in the framework's layers: in PyTorch, it is in training mode."""
    specs = []
    for kind, state in layers:
        if kind == "dense":
            specs.append({"type": "dense", **state})
        elif kind == "batch_norm":
            specs.append({"type": "batch_norm", "width": len(state["mean"])})
        else:
            specs.append({"type": "dropout", "rate": 0.5} if kind == "dropout" else kind)
    model = impl.sequential(*specs)
    impl.assign(model, [state for _, state in layers if state])
    return model


# Other numbers of batch normalization than a framework has by default.
EPSILON = """
def set_epsilon(model, epsilon):
    for layer in getattr(model, "layers", model):
        for name in ("eps", "epsilon"):
            if hasattr(layer, name):
                setattr(layer, name, epsilon)
"""


def logits(layers, x, epsilon=1e-5):
    """What the layers give for x."""
    for kind, state in layers:
        if kind == "dense":
            x = x @ state["kernel"] + state["bias"]
        elif kind == "batch_norm":
            x = (x - state["mean"]) / np.sqrt(state["variance"] + epsilon)
            x = x * state["scale"] + state["offset"]
        elif kind == "relu":
            x = np.maximum(x, 0)
    return x


def probabilities(layers, x):
    """What is exported."""
    return softmax(logits(layers, x))


def ruler(x):
    """The scale and the zero of the range of x and 0, before the zero is rounded."""
    low, high = min(x.min(), 0.0), max(x.max(), 0.0)
    scale = (high - low) / 255
    return scale, -128 - low / scale


def place(impl):
    """The path of a file in a new, empty folder."""
    name = f"litert{random_seed()}"
    home = impl.write({f"{name}/.keep": b""})
    impl.remove(f"{home}/{name}/.keep")
    return f"{home}/{name}/model.tflite"


def exported(impl, layers, calibration=None, model=None):
    """{"model.tflite": the bytes of a model that the submission exported}; no other file may be there."""
    path, features = place(impl), len(layers[0][1]["kernel"])
    model = made(impl, layers) if model is None else model
    given = () if calibration is None else (calibration,)
    impl.to_litert(model, features, path, *given)
    files = impl.files(path.rpartition("/")[0])
    there = [name.rpartition("/")[2] for name in files]
    equal(there, ["model.tflite"], of="the files in the folder after to_litert")
    return {"model.tflite": next(iter(files.values()))}


def ends(runtime, widths):
    """The only input and the only output of an open file, with the shapes that the stub asks for."""
    found = []
    for key, width in (("inputs", widths[0]), ("outputs", widths[-1])):
        equal(len(runtime.about[key]), 1, of=f"the number of {key} of the file")
        (end,) = runtime.about[key]
        equal(end["shape"], [None, width], of=f"the shape of the file's {key[:-1]}")
        found.append(end)
    return found


def answers(runtime, given, returned, x):
    """What an open file of int8 computes from real numbers."""
    q = np.clip(np.round(x / given["scale"]) + given["zero"], -128, 127).astype(np.int8)
    found = runtime.run({given["name"]: q})[returned["name"]]
    return (found.astype(float) - returned["zero"]) * returned["scale"]


# -- checks ----------------------------------------------------------------------------------------

MODELS = {
    "every layer": ((4, 6, 3), [ALL]),
    "1 feature": ((1, 3, 5), [("relu",)]),
    "three dense": ((3, 7, 4, 2), [("batch_norm",), ("relu", "dropout")]),
    "no hidden layer": ((5, 4), []),
}
# A converter may round the weights of a layer to int8 if it has 1,024 or more.
LARGE = MODELS | {"many weights": ((64, 40, 3), [("relu",)])}


@pytest.mark.grade(points=2, hint="Widen the range first; round only the zero.")
def test_ruler_spans_the_numbers_and_zero(impl):
    """ruler has the scale and the zero of the range of x, widened to contain 0"""
    for size in ((7,), (3, 4), (2, 3, 4), ()):
        for low, high in ((-1.0, 2.5), (0.5, 4.0), (-3.0, -1.0), (-2e-5, 7e-6), (-9e4, 3e5)):
            x = uniform(*size, low=low, high=high)
            scale, zero = ruler(x)
            if abs(zero % 1 - 0.5) < 0.01:
                continue
            of = f"ruler of numbers from {x.min():.4g} to {x.max():.4g}, of the shape {size},"
            for found in (impl.ruler(x), impl.float64.ruler(x)):
                found = pair(found, of, ["scale", "zero"])
                kinds = [type(value) for value in found]
                holds(
                    kinds == [float, int],
                    f"{of} is {found!r}, but should be a Python float and a Python integer",
                )
                number(found[0], scale, of=f"the scale of {of}", rtol=1e-4)
                equal(found[1], round(float(zero)), of=f"the zero of {of}")
    kept = ["untouched", "twice", "memory", "views", "gradients", "settings", "keywords"]
    conform(impl, "ruler", [normal(4, 3)], gives="anything", only=kept)


@pytest.mark.grade(points=5, hint=WHOLE, seconds=60)
@pytest.mark.parametrize("kind", LARGE)
def test_export_runs_in_the_interpreter(impl, kind):
    """the LiteRT interpreter computes f from the exported file alone, in float32, for every batch size"""
    widths, between = LARGE[kind]
    layers = drawn(widths, between)
    files = exported(impl, layers)
    with impl.open("litert", files, "model.tflite") as runtime:
        given, returned = ends(runtime, widths)
        equal(set(runtime.about["dtypes"]), {"float32"}, of="the dtypes of the file's tensors")
        for rows in BATCHES:
            x = normal(rows, widths[0], scale=2.0)
            found = runtime.run({given["name"]: x.astype(np.float32)})[returned["name"]]
            expected = probabilities(layers, x)
            known = {
                "logits, without softmax": logits(layers, x),
                "softmax applied twice": softmax(expected),
            }
            of = f"the exported model of a batch of {rows} in the LiteRT interpreter"
            close(found, expected, of=of, rtol=1e-4, atol=1e-5, mistakes=known)
        x = normal(30, widths[0], scale=60.0)
        found = runtime.run({given["name"]: x.astype(np.float32)})[returned["name"]]
        of = "the exported model of logits in the hundreds"
        close(found, probabilities(layers, x), of=of, rtol=1e-3, atol=1e-3)
    if kind == "every layer":
        model, epsilon = made(impl, layers), 0.25
        plant(impl, "epsilon.py", EPSILON).get("set_epsilon")(model, epsilon)
        files, x = exported(impl, layers, model=model), normal(5, widths[0])
        with impl.open("litert", files, "model.tflite") as runtime:
            given, returned = ends(runtime, widths)
            found = runtime.run({given["name"]: x.astype(np.float32)})[returned["name"]]
        expected = softmax(logits(layers, x, epsilon))
        known = {"that with an epsilon of 1e-5": probabilities(layers, x)}
        of = f"the exported model with batch normalization of the epsilon {epsilon}"
        close(found, expected, of=of, rtol=1e-4, atol=1e-5, mistakes=known)


def calibrated(widths, rows=60):
    """Rows of numbers of a drawn range, which may leave 0 out."""
    return normal(rows, widths[0], scale=1.5, shift=float(uniform(low=-2.0, high=2.0)))


@pytest.mark.grade(points=3, hint=INTEGERS, seconds=60)
def test_integers_are_those_of_the_calibration(impl):
    """with calibration, all tensors are integers, and the ends have the scale and the zero of the stub"""
    for rows, low, high in ((300, -1.0, 2.5), (1, 0.5, 4.0), (20, -3.0, -1.0)):
        widths = (4, 6, 3)
        layers = drawn(widths, [ALL])
        x = uniform(rows, 4, low=low, high=high)
        # No part of the rows that lacks the last one has the range of all.
        x[-1, :2] = 1.25 * x.min(), 1.25 * x.max()
        with impl.open("litert", exported(impl, layers, x), "model.tflite") as runtime:
            about = runtime.about
            given, returned = ends(runtime, widths)
        equal(
            sorted(set(about["dtypes"]) - {"int8", "int32"}),
            [],
            of="the dtypes of the file's tensors, without int8 and int32",
        )
        for end, of in ((given, "input"), (returned, "output")):
            equal(end["dtype"], "int8", of=f"the dtype of the file's {of}")
        scale, zero = ruler(x)
        of = f"of the file's input for a calibration from {x.min():.4f} to {x.max():.4f}"
        number(given["scale"], scale, of=f"the scale {of}", rtol=1e-4)
        holds(
            abs(given["zero"] - zero) <= 0.51,
            f"the zero {of} is {given['zero']}, but should be {zero:.2f}, rounded",
        )
        number(returned["scale"], 1 / 256, of="the scale of the file's output", rtol=1e-6)
        equal(returned["zero"], -128, of="the zero of the file's output")


# Off by at most 0.036 and on average by 0.008 in 400 models of the PyTorch solution, by 0.038 and 0.007 in 60 of the
# TensorFlow one. One scale for a whole matrix of weights, which is right, too, is less exact.
MOST, MEAN = 0.12, 0.025


@pytest.mark.grade(points=4, hint=INTEGERS, seconds=60)
@pytest.mark.parametrize("kind", MODELS)
def test_integers_compute_f(impl, kind):
    """with calibration, the file computes f to within the steps of its integers"""
    widths, between = MODELS[kind]
    layers = drawn(widths, between)
    # Rows with small numbers come first: the ranges of a part of the rows are too short.
    x = calibrated(widths)
    whole = np.concatenate([0.05 * calibrated(widths, 240), x])
    with impl.open("litert", exported(impl, layers, whole), "model.tflite") as runtime:
        given, returned = ends(runtime, widths)
        for rows in (60, 1):
            found = answers(runtime, given, returned, x[:rows])
            off = np.abs(found - probabilities(layers, x[:rows]))
            of = f"off f on {rows} of the last rows of the calibration"
            at_most(float(off.max()), MOST, of=f"the largest probability {of}")
            if rows > 1:
                at_most(float(off.mean()), MEAN, of=f"the mean difference {of}")


@pytest.mark.grade(
    points=1, hint="A bias of scale s has the integer round(bias / s), which int32 must hold."
)
def test_integers_hold_a_bias_without_weights(impl):
    """with calibration, a unit whose weights are all 0 (by pruning, say) keeps its bias"""
    widths = (4, 5, 3)
    layers = drawn(widths, [("relu",)])
    hidden, last = layers[0][1], layers[-1][1]
    hidden["kernel"][:, 0], hidden["bias"] = 0.0, np.array([1.5, -0.5, 0.5, 2.0, 1.0])
    hidden["kernel"][:, 3] = 1e-12
    # The logits are about 2.5, 2 and -2.5. Without a bias of the hidden layer or of the last one, they are others.
    last["kernel"] *= 0.2
    last["kernel"][0], last["kernel"][3] = (1.0, 0.0, -1.0), (0.5, 0.0, -0.5)
    last["kernel"][:, 1], last["bias"] = 0.0, np.array([0.0, 2.0, 0.0])
    for size in (1.0, 256.0):
        x = size * calibrated(widths)
        layers[0] = ("dense", hidden | {"kernel": hidden["kernel"] / size})
        with impl.open("litert", exported(impl, layers, x), "model.tflite") as runtime:
            given, returned = ends(runtime, widths)
            off = np.abs(answers(runtime, given, returned, x) - probabilities(layers, x))
        of = "off f of a model in which units have a bias and weights of 0 or 1e-12"
        of += f", for features about {size:g}" * (size > 1)
        at_most(float(off.max()), MOST, of=f"the largest probability {of}")


@pytest.mark.grade(points=2, hint="Copy what you change, or change nothing.", seconds=60)
def test_export_leaves_its_arguments_alone(impl):
    """the model and the calibration are as they were after to_litert"""
    layers = drawn((3, 4, 2), [ALL])
    model = made(impl, layers)
    exported(impl, layers, calibrated((3,)), model)
    state = [values for _, values in layers if values]
    for i, (found, wanted) in enumerate(zip(impl.layers(model), state, strict=True)):
        for key, value in wanted.items():
            close(found[key], value, of=f"the {key} of layer {i} after to_litert")
    if impl.framework == "torch":
        training = model.get("training")
        equal(training, True, of="model.training after to_litert of a model in training mode")
    path, fresh = place(impl), made(impl, layers)
    expect_flags_kept(impl, fresh, lambda: impl.to_litert(fresh, 3, path), "to_litert")
    kept = ["untouched", "views", "gradients", "settings", "keywords"]
    given = [model, 3, place(impl), calibrated((3,), rows=4)]
    conform(impl, "to_litert", given, gives="anything", only=kept)


def integer_model():
    """(w, step, given, returned): a small file of int8. Most numbers of `inputs` lie within its ranges."""
    draw = generator()
    w = draw.integers(-127, 128, (FEATURES, CLASSES))
    step, scale = (float(np.float32(draw.uniform(a, b))) for a, b in ((0.002, 0.02), (0.02, 0.1)))
    # The sum of 5 products of numbers of about 73 and 50 steps.
    span = float(np.float32(73 * 50 * 5**0.5 * step * scale / 60))
    return w, step, (scale, int(draw.integers(-90, 90))), (span, int(draw.integers(-60, 60)))


def inputs(model, rows, spread=50):
    """Real numbers that are at no tie of the input's integers."""
    scale = model[2][0]
    q = np.round(generator().normal(size=(rows, FEATURES)) * spread)
    return np.float32((q + uniform(rows, FEATURES, low=-0.3, high=0.3)) * scale).astype(float)


@pytest.mark.grade(
    points=3, hint="q = clip(round(x / scale) + zero, -128, 127) as int8, before invoke."
)
def test_run_computes_in_the_interpreter(impl):
    """run_litert computes with files of floats and of integers, for every batch size"""
    for _ in range(3):
        w, b = normal(FEATURES, CLASSES), normal(CLASSES)
        model = integer_model()
        name = f"run{random_seed()}"
        files = {f"{name}/f.tflite": float_file(w, b), f"{name}/q.tflite": integer_file(*model)}
        home = impl.write(files) + "/" + name
        for rows in BATCHES:
            x = normal(rows, FEATURES, scale=3.0)
            of = f"run_litert of a file of floats and {rows} rows"
            close(impl.run_litert(f"{home}/f.tflite", x), x @ w + b, of=of, rtol=1e-4, atol=1e-4)
            for spread, what in ((50, ""), (3000, ", far outside its range")):
                x = inputs(model, rows, spread)
                expected = integer_outputs(x, *model)
                of = f"run_litert of a file of int8 and {rows} rows{what}"
                found = impl.run_litert(f"{home}/q.tflite", x)
                known = {"the integers of the output": expected / model[3][0] + model[3][1]}
                # The interpreter may round a tie either way.
                step = model[3][0] * 1.01
                close(found, expected, of=of, rtol=1e-4, atol=step, mistakes=known)
        x = inputs(model, 6)
        x[range(5), range(5)] = 1e12, -1e12, 3e38, -3e38, 1e30
        of = "run_litert of a file of int8 and numbers up to 3e38"
        found = impl.run_litert(f"{home}/q.tflite", x)
        close(found, integer_outputs(x, *model), of=of, rtol=1e-4, atol=model[3][0] * 1.01)


@pytest.mark.grade(points=1)
def test_run_keeps_the_contracts_words(impl):
    """run_litert follows the rules of docs/contract.md"""
    w, b, model = normal(FEATURES, CLASSES), normal(CLASSES), integer_model()
    home = impl.write({"f.tflite": float_file(w, b), "q.tflite": integer_file(*model)})
    only = [
        "result",
        "untouched",
        "shared",
        "twice",
        "memory",
        "views",
        "gradients",
        "settings",
        "keywords",
    ]
    x = normal(4, FEATURES)
    conform(impl, "run_litert", [f"{home}/f.tflite", x], expected=x @ w + b, only=only)
    x = inputs(model, 4)
    given = [f"{home}/q.tflite", x]
    conform(impl, "run_litert", given, only=[rule for rule in only if rule != "result"])
    x = normal(4, FEATURES)
    for size in (1e-3, 1e6):
        home = impl.write({"sized.tflite": float_file(size * w, size * b)})
        found, of = impl.run_litert(f"{home}/sized.tflite", x), f"a file of outputs about {size:g}"
        expected = size * (x @ w + b)
        near = {"rtol": 1e-4, "atol": 1e-4 * size, "dtype": "float32"}
        close(found, expected, of=f"run_litert of {of}", **near)


@pytest.mark.grade(
    points=3, hint="The first file minus the second; the second's bytes by the first's."
)
def test_cost_compares_two_files(impl):
    """cost is the accuracy that the second file loses, and its share of the bytes of the first"""
    for rows in (1, 12, 40):
        w, b, model = normal(FEATURES, CLASSES), normal(CLASSES), integer_model()
        # Classes 1 and 3 are equal, so many a largest output is there twice.
        model[0][:, 3] = model[0][:, 1]
        x = inputs(model, rows * 8)
        sure = np.sort(np.delete(integer_outputs(x, *model), 3, axis=1), axis=1)
        x = x[sure[:, -1] - sure[:, -2] > 2.5 * model[3][0]][:rows]
        labels = integers(CLASSES, len(x))
        classes = [np.argmax(z, 1) for z in (x @ w + b, integer_outputs(x, *model))]
        # A third of the labels are those of each file.
        labels[::3], labels[1::3] = classes[0][::3], classes[1][1::3]
        files = {"f.tflite": float_file(w, b) + bytes(rows), "q.tflite": integer_file(*model)}
        home = impl.write(files)
        right = [float((one == labels).mean()) for one in classes]
        paths = f"{home}/f.tflite", f"{home}/q.tflite"
        of = f"cost(path, quantized, x of shape {x.shape}, y)"
        found = pair(impl.cost(*paths, x, labels), of, ["drop", "share"])
        for name, value in zip(("drop", "share"), found, strict=True):
            holds(
                isinstance(value, float),
                f"the {name} of {of} is {value!r}, but should be a Python float",
            )
        number(found[0], right[0] - right[1], of=f"the drop of {of}", atol=1e-6)
        share = len(files["q.tflite"]) / len(files["f.tflite"])
        number(found[1], share, of=f"the share of {of}", rtol=1e-6)
        of = f"cost(quantized, path, x of shape {x.shape}, y), the files in the other order"
        drop, share = pair(impl.cost(*paths[::-1], x, labels), of, ["drop", "share"])
        number(drop, right[1] - right[0], of=f"the drop of {of}", atol=1e-6)
        expected = len(files["f.tflite"]) / len(files["q.tflite"])
        number(share, expected, of=f"the share of {of}", rtol=1e-6)
    kept = ["untouched", "twice", "integers", "views", "gradients", "settings", "keywords"]
    conform(impl, "cost", [*paths, x[:8], labels[:8]], gives="anything", only=kept)


# -- outcome ---------------------------------------------------------------------------------------

DROP = Threshold(
    "accuracy on digits of the quantized file, less that of the float model",
    at_least=-0.01,
    torch=[-0.006667, 0, 0, -0.002222, 0, 0, 0, 0, 0, 0],
    tensorflow=[-0.006667, 0, 0, -0.002222, 0, 0, 0, 0, 0, 0],
)


@DROP.measured_by
def drop(impl, seed):
    digits, rng = data.digits(), np.random.default_rng(seed)
    trained = trained_network((64, 32, 10), digits.train_x, digits.train_y, rng)
    layers = [("dense", trained[0]), ("relu", {}), ("dense", trained[1])]
    with impl.open("litert", exported(impl, layers, digits.train_x), "model.tflite") as runtime:
        given, returned = ends(runtime, (64, 10))
        found = answers(runtime, given, returned, digits.test_x)
    expected = probabilities(layers, digits.test_x)
    right = [(np.argmax(z, -1) == digits.test_y).mean() for z in (found, expected)]
    return float(right[0] - right[1])


@pytest.mark.grade(points=2, seconds=60)
def test_digits_survive_the_integers(impl):
    """the median of three trained networks loses at most 0.01 of accuracy on digits"""
    DROP.expect(impl)
