"""Hidden checks of exercises/tensors.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad.authoring.companion import plant
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    close,
    dtype,
    equal,
    from_scratch,
    holds,
    integers,
    normal,
    opaque,
    raises,
    shape,
    uniform,
)
from katagrad.boundary.implementation import exact


@pytest.mark.grade(points=1, hint="A scalar has the shape (), a vector of one element has (1,).")
@pytest.mark.parametrize("size", [(), (1,), (5,), (2, 3), (2, 1, 3, 4), (0, 3)])
def test_make_has_the_shape_asked_for(impl, size):
    """make fills tensors of every rank, scalars included, in float32 by default"""
    fill = float(uniform(low=1.0, high=9.0))
    result = impl.make(size, fill=fill)
    close(result, np.full(size, fill), of=f"make({size}, fill={fill:.4g})")
    dtype(result, "float32", of=f"make({size}, fill={fill:.4g})")
    close(impl.make(size), np.zeros(size), of=f"make({size})")


@pytest.mark.grade(points=1, hint="The dtype follows the argument, never the type of `fill`.")
@pytest.mark.parametrize("name", ["float32", "float64", "int64", "bool"])
def test_make_has_the_dtype_asked_for(impl, name):
    """make returns the requested dtype, for any number `fill`"""
    for fill in (1, 1.0, 0, 0.0):
        result = impl.make((2, 3), fill=fill, dtype=name)
        dtype(result, name, of=f"make((2, 3), fill={fill!r}, dtype={name!r})")
        right = np.full((2, 3), fill, name)
        equal(result, right, of=f"make((2, 3), fill={fill!r}, dtype={name!r})")
    if name == "bool":
        for fill in (0.5, -0.5):
            of = f"make((2, 3), fill={fill}, dtype='bool')"
            equal(impl.make((2, 3), fill=fill, dtype=name), np.full((2, 3), True), of=of)
    dtype(impl.make((), fill=3), "float32", of="make((), fill=3)")


@pytest.mark.grade(points=1, hint="Count along one axis first, then give it the shape.")
@pytest.mark.parametrize(
    "size",
    [
        (4,),
        (2, 3),
        (2, 3, 4),
        (3, 1, 2),
        (2, 3, 2, 4),
        (1, 2, 3, 2, 2),
        (0,),
        (2, 0),
        (0, 3),
        (300, 150),
    ],
)
def test_count_runs_fastest_along_the_last_axis(impl, size):
    """count numbers the elements row by row"""
    total = int(np.prod(size))
    result = impl.count(size)
    expected = np.arange(total).reshape(size)
    dtype(result, "int64", of=f"count({size})")
    columns = np.arange(total).reshape(size, order="F")
    equal(result, expected, of=f"count({size})", mistakes={"a count column by column": columns})


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("size", [(), (1,), (7,), (2, 3), (2, 5, 3, 1), (0, 4)])
def test_describe_says_what_a_tensor_is(impl, size):
    """describe gives shape, dtype, rank and size as plain Python values"""
    values = normal(*size) if size else np.float64(2.5)
    for submission, name in ((impl, "float32"), (impl.float64, "float64")):
        found = submission.describe(values)
        expected = {
            "shape": size,
            "dtype": name,
            "rank": len(size),
            "size": int(np.prod(size)),
        }
        holds(
            isinstance(found, dict) and set(found) == set(expected),
            "describe should return a dict with the keys dtype, rank, shape and size",
        )
        holds(
            isinstance(found["shape"], tuple) and all(type(n) is int for n in found["shape"]),
            f"the shape is {found['shape']!r}, but should be a tuple of ints",
        )
        for key in ("rank", "size"):
            holds(type(found[key]) is int, f"the {key} is {found[key]!r}, but should be an int")
        for key, value in expected.items():
            equal(found[key], value, of=f"describe(tensor of shape {size})[{key!r}]")


# The wire turns each kind of tuple into a tuple, so the worker says what it was.
KINDS = """
def kinds(found):
    return {key: f"{type(value).__module__}.{type(value).__name__}" for key, value in found.items()}
"""


@pytest.mark.grade(points=1, hint="tuple(x.shape) makes a plain tuple of a framework's shape.")
def test_describe_is_plain_python(impl):
    """describe returns Python's own types, not those of a framework"""
    found = impl.describe(normal(2, 3), returns=opaque)
    kinds = plant(impl, "kinds.py", KINDS).kinds(found)
    for key, kind in {"shape": "tuple", "dtype": "str", "rank": "int", "size": "int"}.items():
        of = f"describe(x)[{key!r}]"
        holds(
            kinds.get(key) == f"builtins.{kind}",
            f"{of} is a {kinds.get(key)}, but should be a plain Python {kind}",
        )


# NumPy has no bfloat16, and no other check sends complex numbers.
OTHERS = {
    "torch": "import torch\n\n\ndef made(name):\n    return torch.ones(3, dtype=getattr(torch, name))\n",
    "tensorflow": "import tensorflow as tf\n\n\ndef made(name):\n    return tf.ones(3, name)\n",
}


@pytest.mark.grade(points=1, hint="Drop the framework from the name: 'torch.int64' is 'int64'.")
def test_describe_names_every_dtype(impl):
    """describe names integer, boolean, narrow and complex dtypes, too"""
    names = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
    for name in names:
        found = impl.describe(exact(np.array([1, 0, 1], name)))
        equal(found["dtype"], name, of=f"describe(x)['dtype'] of x of {name}")
    module = plant(impl, "others.py", OTHERS[impl.framework])
    for name in ("bfloat16", "complex64", "complex128"):
        found = impl.describe(module.made(name, returns=opaque))
        equal(found["dtype"], name, of=f"describe(x)['dtype'] of x of {name}")


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("size", [(6,), (6, 3), (6, 2, 1, 3)])
def test_pick_rows_follows_the_indices(impl, size):
    """pick_rows takes rows in the order of the indices, repeated ones too"""
    x = normal(*size)
    indices = np.array([4, 0, 5, 5, 1])
    result = impl.pick_rows(x, indices)
    close(
        result,
        x[indices],
        of=f"pick_rows(x of shape {size}, [4, 0, 5, 5, 1])",
        mistakes={
            "the rows in sorted order": x[np.sort(indices)],
            "the first rows": x[: len(indices)],
        },
    )
    wild = x.copy()
    wild[2], wild[3] = np.inf, np.nan  # rows that the indices leave out
    close(
        impl.pick_rows(wild, indices),
        x[indices],
        of="pick_rows(x, [4, 0, 5, 5, 1]) where the other rows hold inf and nan",
    )
    close(impl.pick_rows(x, indices[2:3]), x[5:6], of="pick_rows of one index")
    shape(impl.pick_rows(x, indices[:0]), (0, *size[1:]), of="pick_rows of no index")
    whole = integers(9, *size)
    dtype(impl.pick_rows(whole, indices), "int64", of="pick_rows of an int64 tensor")
    none = "pick_rows of no index of an int64 tensor"
    dtype(impl.pick_rows(whole, indices[:0]), "int64", of=none)


@pytest.mark.grade(
    points=2, hint="Index with the framework's own operations, so that gradients can follow."
)
def test_pick_rows_passes_gradients(impl):
    """gradients flow back to the rows that were picked, and add up where one was picked twice"""
    x, indices, cotangent = normal(4, 3), np.array([2, 0, 2]), normal(3, 3)
    expected = np.zeros((4, 3))
    np.add.at(expected, indices, cotangent)
    once = np.zeros((4, 3))
    once[indices] = cotangent
    close(
        impl.grad("pick_rows", x, indices, cotangent=cotangent),
        expected,
        of="d pick_rows / d x",
        mistakes={"one use of every row alone": once},
    )


@pytest.mark.grade(points=2, hint="Step through the rows by `batch`; the last slice may be short.")
@pytest.mark.parametrize("batch", [1, 3, 4, 5, 7, 10])
def test_split_batches_keeps_every_row(impl, batch):
    """split_batches cuts consecutive slices, and the last one may be short"""
    x = normal(7, 2)
    result = impl.split_batches(x, batch)
    holds(isinstance(result, list), "split_batches should return a list of tensors")
    expected = [x[start : start + batch] for start in range(0, 7, batch)]
    rows = [len(part) for part in result]
    equal(
        rows,
        [len(part) for part in expected],
        of=f"the rows of the slices of 7 rows, {batch=},",
        mistakes={"the slices without the short last one": [batch] * (7 // batch)},
    )
    close(result, expected, of=f"split_batches(x, {batch=})")


@pytest.mark.grade(points=1)
def test_split_batches_refuses_no_size(impl):
    """split_batches raises ValueError for a batch below 1, and keeps rank and dtype"""
    for batch in (0, -2):
        with raises("ValueError", of=f"split_batches(x, {batch=})"):
            impl.split_batches(normal(5), batch)
    labels = integers(9, 5)
    result = impl.split_batches(labels, 2)
    equal(len(result), 3, of="the number of slices of split_batches(labels of 5 rows, 2)")
    equal(result[2], labels[4:], of="split_batches(labels, 2)[2]")
    dtype(result[2], "int64", of="split_batches(labels, 2)[2]")


@pytest.mark.grade(points=2, hint="Keep the first axis, and put all others into one.")
@pytest.mark.parametrize("size", [(4, 3), (2, 3, 5), (1, 3, 2, 4), (3, 1, 1), (2, 2, 3, 2, 2)])
def test_flatten_rows_keeps_the_batch_axis(impl, size):
    """flatten_rows turns every entry into one row, also in a batch of 1"""
    x = normal(*size)
    expected = x.reshape(size[0], -1)
    close(
        impl.flatten_rows(x),
        expected,
        of=f"flatten_rows(x of shape {size})",
        mistakes={
            "one vector of all elements": x.reshape(-1),
            "a column-major reshape": x.reshape(size[0], -1, order="F"),
        },
    )


@pytest.mark.grade(points=2, hint="Reshape keeps the order of the elements; you want a transpose.")
@pytest.mark.parametrize("size", [(2, 3, 4, 5), (1, 4, 4, 3), (3, 2, 2, 2), (2, 5, 1, 1)])
def test_channels_first_moves_axes(impl, size):
    """channels_first moves the last axis behind the first, and keeps every pixel in its place"""
    n, h, w, c = size
    x = normal(*size)
    mistakes = {
        "a reshape, which mixes the pixels": x.reshape(n, c, h, w),
        "(N, C, W, H)": x.transpose(0, 3, 2, 1),
    }
    close(
        impl.channels_first(x),
        x.transpose(0, 3, 1, 2),
        of=f"channels_first(images of shape {size})",
        mistakes=mistakes,
    )


@pytest.mark.grade(points=2, hint="Compare each label with 0, 1, ..., classes - 1.")
@pytest.mark.parametrize("size", [(), (1,), (6,), (2, 3), (0,)])
def test_one_hot_appends_an_axis(impl, size):
    """one_hot is 1 at each label, 0 elsewhere, float32, for labels of any shape"""
    labels = integers(4, *size)  # class 4 never occurs
    expected = np.eye(5)[labels]
    result = impl.one_hot(labels, 5)
    seen = int(labels.max(initial=0)) + 1
    close(
        result,
        expected,
        of=f"one_hot(labels of shape {size}, classes=5)",
        mistakes={
            "as many classes as occur": np.eye(seen)[labels],
            "the axis of classes in front": np.moveaxis(expected, -1, 0),
        },
    )
    dtype(result, "float32", of="one_hot")


@pytest.mark.grade(points=1, hint="Look at the smallest and the largest label before you encode.")
@pytest.mark.parametrize("label", [3, 4, -1, 2**32 + 1, -(2**32) + 1])
def test_one_hot_refuses_labels_out_of_range(impl, label):
    """one_hot raises ValueError for a label outside the classes, and accepts the last class"""
    with raises("ValueError", of=f"one_hot with the label {label} of 3 classes"):
        impl.one_hot(np.array([0, label, 1]), 3)
    for labels in (np.array(label), np.array([[0, 1], [label, 2]])):
        with raises("ValueError", of=f"one_hot({labels.tolist()}, classes=3)"):
            impl.one_hot(labels, 3)
    close(impl.one_hot(np.array([2, 0]), 3), np.eye(3)[[2, 0]], of="one_hot([2, 0], classes=3)")


@pytest.mark.grade(points=1)
def test_tensors_stay_tensors(impl):
    """all functions work on tensors, without NumPy, so that gradients can follow"""
    from_scratch(
        impl,
        "make",
        "count",
        "pick_rows",
        "split_batches",
        "flatten_rows",
        "channels_first",
        "one_hot",
    )
    # NumPy's functions take tensors, too: np.reshape(x, ...) copies x without a word.
    x, c = normal(2, 3, 4, 5), normal(2, 60)
    found = impl.grad("flatten_rows", x, cotangent=c)
    close(found, c.reshape(x.shape), of="d sum(c * flatten_rows(x)) / d x")
    c = normal(2, 5, 3, 4)
    found = impl.grad("channels_first", x, cotangent=c)
    close(found, c.transpose(0, 2, 3, 1), of="d sum(c * channels_first(x)) / d x")
    dtype(impl.make((2,), 1.0), "float32", of="make((2,), 1.0)")


@pytest.mark.grade(points=1, hint="float32 holds seven digits; give the framework the dtype first.")
def test_make_keeps_large_numbers(impl):
    """make keeps all digits of a large whole number in int64, and of any number in float64"""
    fill = 2**31 + 2 * int(integers(1000)) + 1
    of = f"make((2,), fill={fill}, dtype='int64')"
    equal(impl.make((2,), fill=fill, dtype="int64"), np.full(2, fill), of=of)
    for fill in (2**53 - 1, -(2**53) + 1, 2.0**53 - 1):
        of = f"make((2,), fill={fill}, dtype='int64')"
        equal(impl.make((2,), fill=fill, dtype="int64"), np.full(2, int(fill)), of=of)
    for fill in (0.1, 1 / 3, -1e200, 2**53 - 1):
        of = f"make((2,), fill={fill}, dtype='float64')"
        found = impl.make((2,), fill=fill, dtype="float64")
        close(found, np.full(2, float(fill)), of=of, rtol=1e-15, atol=0.0)
    equal(impl.make((2,), fill=-3, dtype="int64"), np.full(2, -3), of="make((2,), -3, 'int64')")


@pytest.mark.grade(points=1, hint="Nothing here needs to know the dtype of x.")
def test_every_dtype_is_kept(impl):
    """split_batches, flatten_rows, channels_first and pick_rows keep the dtype of x: int64, uint8, bool and float64"""
    whole = integers(200, 3, 2, 1, 2)
    for values in (whole, whole.astype(np.uint8), whole > 99):
        name = values.dtype.name
        parts = impl.split_batches(values, 2)
        equal(
            len(parts),
            2,
            of=f"the number of slices of split_batches(x of 3 rows, 2) for x of {name}",
        )
        for part, rows in zip(parts, (values[:2], values[2:]), strict=True):
            dtype(part, name, of=f"a slice of split_batches(x, 2) for x of {name}")
            equal(part, rows, of=f"a slice of split_batches(x, 2) for x of {name}")
        found = {
            "flatten_rows(x)": (impl.flatten_rows(values), values.reshape(3, -1)),
            "channels_first(x)": (impl.channels_first(values), values.transpose(0, 3, 1, 2)),
            "pick_rows(x, [2, 0])": (impl.pick_rows(values, np.array([2, 0])), values[[2, 0]]),
        }
        for of, (result, expected) in found.items():
            dtype(result, name, of=f"{of} for x of {name}")
            equal(result, expected, of=f"{of} for x of {name}")


# Views of x, and of one another, are welcome here; elements are moved, not computed.
MOVED = ["shared", "digits"]


@pytest.mark.grade(points=1)
def test_make_and_count_keep_the_contracts_words(impl):
    """make and count follow the rules of docs/contract.md"""
    conform(impl, "make", [(2, 3), 7, "int64"], expected=np.full((2, 3), 7))
    conform(impl, "count", [(2, 3)], expected=np.arange(6).reshape(2, 3))


@pytest.mark.grade(points=1)
def test_describe_keeps_the_contracts_words(impl):
    """describe follows the rules of docs/contract.md"""
    conform(impl, "describe", [normal(2, 3)], gives="anything", without=["float64", "digits"])


@pytest.mark.grade(points=1)
def test_pick_rows_keeps_the_contracts_words(impl):
    """pick_rows follows the rules of docs/contract.md"""

    def picked(x, indices):
        return x[indices]

    given = [normal(5, 3), np.array([1, 0, 1, 1])]
    conform(impl, "pick_rows", given, expected=picked, large=[0], without=[*MOVED, "integers"])


@pytest.mark.grade(points=1)
def test_split_batches_keeps_the_contracts_words(impl):
    """split_batches follows the rules of docs/contract.md"""

    def split(x, batch):
        return [x[i : i + batch] for i in range(0, len(x), batch)]

    options = {"rows": [0], "large": [0], "without": MOVED}
    conform(impl, "split_batches", [normal(5, 3), 2], expected=split, **options)


@pytest.mark.grade(points=1)
def test_flatten_rows_keeps_the_contracts_words(impl):
    """flatten_rows follows the rules of docs/contract.md, for views, too"""

    def flat(x):
        return x.reshape(len(x), -1)

    options = {"rows": [0], "large": [0], "without": MOVED}
    conform(impl, "flatten_rows", [normal(4, 3, 2)], expected=flat, **options)


@pytest.mark.grade(points=1)
def test_channels_first_keeps_the_contracts_words(impl):
    """channels_first follows the rules of docs/contract.md"""

    def moved(x):
        return x.transpose(0, 3, 1, 2)

    options = {"rows": [0], "large": [0], "without": MOVED}
    conform(impl, "channels_first", [normal(2, 3, 4, 5)], expected=moved, **options)


@pytest.mark.grade(points=1)
def test_one_hot_keeps_the_contracts_words(impl):
    """one_hot follows the rules of docs/contract.md"""

    def encoded(labels, classes):
        return np.eye(classes, dtype=np.float32)[labels]

    conform(impl, "one_hot", [np.array([2, 0, 3, 3]), 4], expected=encoded, without=["integers"])
