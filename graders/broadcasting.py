"""Hidden checks of exercises/broadcasting.py. `impl` takes and returns NumPy arrays."""

import ast

import numpy as np
import pytest

from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_least,
    at_most,
    close,
    equal,
    from_scratch,
    holds,
    integers,
    normal,
    raises,
    uniform,
)
from katagrad.authoring.footprint import operators

ALIGN = "Walk through both shapes from the last axis to the first; what is missing counts as 1."
KEEP = "Keep the axis that you reduce (keepdims), so that it stretches against x again."
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def loops(node):
    """Whether a node of a source is a loop. One over things written out, `for rows in (x, y)`, goes through no axis."""
    if isinstance(node, COMPREHENSIONS):
        over = [part.iter for part in node.generators]
    else:
        over = [node.iter] if isinstance(node, ast.For) else []
    written = over and all(isinstance(one, ast.Tuple | ast.List) for one in over)
    return isinstance(node, (ast.For, ast.While, *COMPREHENSIONS)) and not written


def standardize(x, axis, eps=1e-5):
    deviation = x - x.mean(axis, keepdims=True)
    return deviation / np.sqrt((deviation**2).mean(axis, keepdims=True) + eps)


def sqdist(x, y):
    return ((x[:, None] - y[None]) ** 2).sum(-1)


PAIRS = [
    ((3, 4), (3, 4)),
    ((3, 4), (4,)),
    ((5,), (2, 1)),
    ((2, 1, 4), (3, 1)),
    ((), (2, 3)),
    ((1,), ()),
    ((7, 1, 1, 2), (3, 1, 2)),
    ((1, 3), (0, 1)),
    ((), ()),
]


@pytest.mark.grade(points=1)
def test_broadcast_shape_keeps_the_contracts_words(impl):
    """broadcast_shape follows the rules of docs/contract.md"""
    conform(impl, "broadcast_shape", [(2, 1, 4), (3, 1)], expected=(2, 3, 4))


@pytest.mark.grade(points=1)
def test_standardize_keeps_the_contracts_words(impl):
    """standardize follows the rules of docs/contract.md"""
    conform(impl, "standardize", [normal(3, 4), 1], {"eps": 0.1}, expected=standardize)


@pytest.mark.grade(points=1)
def test_scale_rows_keeps_the_contracts_words(impl):
    """scale_rows follows the rules of docs/contract.md"""

    def scaled(x, factors):
        return x * factors[:, None]

    given = [normal(4, 3), normal(4)]
    conform(impl, "scale_rows", given, expected=scaled, rows=[0, 1], rowwise=True, large=[0])


@pytest.mark.grade(points=1)
def test_outer_keeps_the_contracts_words(impl):
    """outer follows the rules of docs/contract.md"""
    options = {"rows": [0], "rowwise": True, "large": [0, 1]}
    conform(impl, "outer", [normal(4), normal(3)], expected=np.outer, **options)


@pytest.mark.grade(points=1)
def test_pairwise_sqdist_keeps_the_contracts_words(impl):
    """pairwise_sqdist follows the rules of docs/contract.md"""
    given = [normal(4, 3), normal(5, 3)]
    conform(impl, "pairwise_sqdist", given, expected=sqdist, rows=[0], rowwise=True, large=[0, 1])


@pytest.mark.grade(points=1)
def test_batched_matmul_keeps_the_contracts_words(impl):
    """batched_matmul follows the rules of docs/contract.md"""
    given = [normal(2, 3, 4), normal(4, 5)]
    conform(impl, "batched_matmul", given, expected=np.matmul, large=[0, 1])


@pytest.mark.grade(points=2, hint=ALIGN)
def test_broadcast_shape_stretches_axes_of_one(impl):
    """broadcast_shape aligns at the last axis and stretches lengths of 1, in either argument"""
    drawn = tuple(int(n) for n in integers(9, 3, low=2))
    for a, b in [*PAIRS, (drawn, (1, drawn[2])), ((drawn[0], 1, 1), drawn)]:
        for first, second in ((a, b), (b, a)):
            found = impl.broadcast_shape(first, second)
            of = f"broadcast_shape({first}, {second})"
            holds(isinstance(found, tuple), f"{of} is {found!r}, but should be a tuple")
            equal(found, np.broadcast_shapes(first, second), of=of)


@pytest.mark.grade(
    points=1, hint="Equal lengths agree, and so do 1 and anything. Nothing else does."
)
@pytest.mark.parametrize(
    "pair", [((3,), (4,)), ((2, 3), (3, 2)), ((4, 2), (4,)), ((0,), (3,)), ((6,), (3,))], ids=str
)
def test_broadcast_shape_refuses_other_lengths(impl, pair):
    """broadcast_shape raises ValueError where two lengths do not agree"""
    for a, b in (pair, pair[::-1]):
        with raises("ValueError", of=f"broadcast_shape({a}, {b})"):
            impl.broadcast_shape(a, b)
    equal(impl.broadcast_shape((4, 2), (4, 1)), (4, 2), of="broadcast_shape((4, 2), (4, 1))")


@pytest.mark.grade(points=2, hint=KEEP)
@pytest.mark.parametrize("size", [(7,), (4, 6), (5, 5), (3, 1), (3, 4, 5), (3, 2, 4, 5)], ids=str)
def test_standardize_works_along_every_axis(impl, size):
    """standardize subtracts the mean and divides by the deviation along every axis"""
    x = normal(*size, scale=3.0, shift=2.0)
    for axis in range(-len(size), len(size)):
        n = size[axis]
        expected = standardize(x, axis)
        mistakes = {
            "the variance divided by n - 1": expected * np.sqrt((n - 1) / n),
            "mean and variance of all elements": (x - x.mean()) / x.std(),
            "the mean subtracted, and no more": x - x.mean(axis, keepdims=True),
        }
        if size[0] == size[-1]:
            lost = (x - x.mean(axis)) / x.std(axis)
            mistakes["means that met the wrong axis: keep the axis"] = lost
        close(
            impl.standardize(x, axis),
            expected,
            of=f"standardize(x, {axis=})",
            mistakes=mistakes,
            atol=5e-5,
        )


@pytest.mark.grade(points=1, hint="eps is added to the variance, under the root.")
def test_standardize_adds_eps_to_the_variance(impl):
    """standardize adds eps under the root, 1e-5 by default, and gives 0 for a constant slice"""
    x = normal(3, 4)
    deviation = x - x.mean(1, keepdims=True)
    close(
        impl.standardize(x, 1, eps=0.5),
        standardize(x, 1, eps=0.5),
        of="standardize(x, axis=1, eps=0.5)",
        mistakes={"eps added to the root": deviation / (x.std(1, keepdims=True) + 0.5)},
    )
    close(
        impl.float64.standardize(x, 1, eps=0.0),
        standardize(x, 1, eps=0.0),
        of="standardize(x, axis=1, eps=0.0)",
        mistakes={"the result of the default eps": standardize(x, 1)},
    )
    for high in (1e-2, 1e-4):
        small = uniform(2, 3, high=high)
        # eps may have passed through float32: tf.cast(eps, x.dtype).
        found = impl.float64.standardize(small, 1)
        of = f"standardize(x, axis=1) of x from 0 to {high:g}"
        close(found, standardize(small, 1), of=of, rtol=1e-6)
    x = np.array([[3.0, 3.0, 3.0], [1.0, 2.0, 3.0]])
    close(impl.standardize(x, 1), standardize(x, 1), of="standardize with a constant row")


@pytest.mark.grade(points=1, hint="Subtract the mean before you square.")
def test_standardize_keeps_its_digits_far_from_zero(impl):
    """standardize is right to 1 % in float32 where the mean is a thousand times the deviation"""
    x = normal(3, 50, shift=1000.0)
    x = x - x.mean(1, keepdims=True)
    for means in ([1000, 1000, 1000], [1000, -1000, 0]):
        far = x + np.array(means)[:, None]
        found = impl.standardize(far, axis=1)
        of = f"standardize(x, axis=1) for rows of the means {means} and deviations of 1"
        close(found, standardize(far, 1), of=of, rtol=1e-2, atol=5e-3)


@pytest.mark.grade(points=2, hint="The factors need a second axis: (N,) becomes (N, 1).")
@pytest.mark.parametrize("size", [(4, 4), (3, 5), (1, 3), (3, 1)], ids=str)
def test_scale_rows_multiplies_rows(impl, size):
    """scale_rows multiplies row i by factor i, also where N equals D"""
    x, factors = normal(*size), normal(size[0])
    expected = x * factors[:, None]
    mistakes = (
        {"the columns scaled: the factors met the last axis": x * factors[: size[1]]}
        if size[0] == size[1]
        else {}
    )
    close(
        impl.scale_rows(x, factors),
        expected,
        of=f"scale_rows(x of shape {size}, factors)",
        mistakes=mistakes,
    )


@pytest.mark.grade(points=1, hint="(N, 1) times (M,) is (N, M).")
@pytest.mark.parametrize("sizes", [(3, 5), (4, 4), (1, 3), (3, 1)], ids=str)
def test_outer_holds_all_products(impl, sizes):
    """outer holds a[i] * b[j] at [i, j]"""
    a, b = normal(sizes[0]), normal(sizes[1])
    expected = a[:, None] * b
    mistakes = {"the transpose": expected.T, "all sums": a[:, None] + b}
    if len(a) == len(b):
        mistakes["the elementwise product"] = a * b
        mistakes["the inner product"] = a @ b
    close(impl.outer(a, b), expected, of="outer(a, b)", mistakes=mistakes)


@pytest.mark.grade(points=3, hint="Sum over the coordinates, the axis that x and y share.")
@pytest.mark.parametrize("sizes", [(4, 6, 3), (3, 3, 3), (1, 5, 2), (5, 1, 1)], ids=str)
def test_pairwise_sqdist_compares_all_rows(impl, sizes):
    """pairwise_sqdist is the squared distance of every row of x from every row of y"""
    n, m, d = sizes
    x, y = normal(n, d), normal(m, d)
    expected = sqdist(x, y)
    mistakes = {
        "the distance itself: do not take the root": np.sqrt(expected),
        "the transpose": expected.T,
        "the mean over the coordinates": expected / d if d > 1 else -expected,
        "sums of absolute differences": np.abs(x[:, None] - y[None]).sum(-1),
    }
    if n == m == d:
        mistakes["a sum over the wrong axis"] = ((x[:, None] - y[None]) ** 2).sum(1)
    close(impl.pairwise_sqdist(x, y), expected, of="pairwise_sqdist(x, y)", mistakes=mistakes)
    close(impl.float64.pairwise_sqdist(x, y), expected, of="pairwise_sqdist(x, y) in float64")


@pytest.mark.grade(points=2, hint="Cut off at 0 what rounds to less.")
def test_pairwise_sqdist_is_a_squared_distance(impl):
    """pairwise_sqdist is never below 0, near 0 between equal rows, and symmetric"""
    small = normal(4, 3, scale=1e-5)
    found = impl.float64.pairwise_sqdist(small, small)
    close(found, sqdist(small, small), of="pairwise_sqdist(x, x) of tiny x", atol=1e-16)
    x = normal(40, 8, shift=30.0)
    result = np.asarray(impl.pairwise_sqdist(x, x))
    holds(result.shape == (40, 40), f"pairwise_sqdist has the shape {result.shape}, not (40, 40)")
    at_least(float(result.min()), 0.0, of="the smallest of pairwise_sqdist(x, x)")
    at_most(float(np.diag(result).max()), 0.1, of="the largest distance of a row from itself")
    close(result, sqdist(x, x), of="pairwise_sqdist(x, x)", rtol=1e-2, atol=0.1)
    at_most(
        float(np.abs(result - result.T).max()), 0.1, of="the asymmetry of pairwise_sqdist(x, x)"
    )
    # Thirds fill all bits of a float64, so that it rounds, too.
    found = np.asarray(impl.float64.pairwise_sqdist(x / 3, x / 3))
    at_least(float(found.min()), 0.0, of="the smallest of pairwise_sqdist(x, x) in float64")


@pytest.mark.grade(
    points=2, hint="The matrix product sums over the axis that both share; * does not."
)
@pytest.mark.parametrize(
    "sizes",
    [
        ((3, 3), (3, 3)),
        ((3, 4), (4, 5)),
        ((2, 3, 4), (2, 4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 3, 4), (4, 1)),
        ((2, 1, 3, 4), (5, 4, 2)),
        ((2, 1, 3, 4), (1, 5, 4, 2)),
        ((1, 3, 4), (2, 4, 5)),
        ((1, 3, 4), (4, 5)),
        ((3, 4), (1, 1, 4, 5)),
        ((2, 2, 3, 4), (2, 4, 5)),
        ((2, 3, 4), (2, 2, 4, 5)),
    ],
    ids=str,
)
def test_batched_matmul_multiplies_matrices(impl, sizes):
    """batched_matmul multiplies the last two axes as matrices, and broadcasts the rest"""
    a, b = normal(*sizes[0]), normal(*sizes[1])
    mistakes = {"the elementwise product": a * b} if sizes == ((3, 3), (3, 3)) else {}
    close(
        impl.batched_matmul(a, b),
        a @ b,
        of=f"batched_matmul of {sizes[0]} and {sizes[1]}",
        mistakes=mistakes,
    )


@pytest.mark.grade(points=2, hint="What was stretched going forward is summed going back.")
def test_broadcasting_passes_gradients(impl):
    """gradients flow through all products; the gradient of a stretched tensor is the sum over its uses"""
    x, y, c = normal(3, 2), normal(4, 2), normal(3, 4)
    expected = 2 * (c[..., None] * (x[:, None] - y[None])).sum(1)
    close(
        impl.grad("pairwise_sqdist", x, y, cotangent=c),
        expected,
        of="d pairwise_sqdist / d x",
        atol=1e-4,
    )
    a, b = normal(3), normal(4)
    close(impl.grad("outer", a, b, cotangent=c), c @ b, of="d outer / d a")
    rows, c = normal(3, 4), normal(3, 4)
    expected = (c * rows).sum(1)
    result = impl.grad("scale_rows", rows, a, wrt=1, cotangent=c)
    close(result, expected, of="d scale_rows / d factors")
    a, b, c = normal(2, 3, 4), normal(4, 2), normal(2, 3, 2)
    result = impl.grad("batched_matmul", a, b, wrt=1, cotangent=c)
    close(result, np.einsum("bnk,bnm->km", a, c), of="d batched_matmul / d b")


def count(impl, name, n):
    """How many operators a function runs where every axis has n elements."""
    given = {
        "standardize": (normal(n, n, n), 1),
        "scale_rows": (normal(n, n), normal(n)),
        "outer": (normal(n), normal(n)),
        "pairwise_sqdist": (normal(n, n), normal(n, n)),
        "batched_matmul": (normal(n, n, n), normal(n, n, n)),
    }[name]
    return operators(impl, lambda: impl.call(name, *given))


@pytest.mark.grade(
    points=2, hint="Give the tensors axes of length 1, and combine them in one operation."
)
def test_broadcasting_needs_no_loop(impl):
    """all functions except broadcast_shape are written without Python loops and ready-made distances"""
    names = ("standardize", "scale_rows", "outer", "pairwise_sqdist", "batched_matmul")
    from_scratch(impl, "broadcast_shape", *names)
    for name in names:
        for node in ast.walk(impl.source.functions.get(name, ast.Module([], []))):
            holds(
                not loops(node),
                f"{name} has a Python loop on line {getattr(node, 'lineno', '?')}, "
                "but should work on whole tensors",
            )
    # A loop in disguise (map, a helper, tf.map_fn) runs operators for each row, each column or each matrix.
    # A compiled function runs as one operator where its graph is at hand, and counts in full where it is traced.
    # No other check has axes of 7 or 24, so that both are traced here, or neither.
    few, many = ({name: count(impl, name, n) for name in names} for n in (7, 24))
    for name in names:
        holds(
            many[name] < few[name] + 15,
            f"{name} runs {few[name]} operations where all axes have 7 elements, and {many[name]} where they "
            "have 24: it goes through them one by one, but should work on whole tensors",
        )
    equal(impl.broadcast_shape((2, 1), (3,)), (2, 3), of="broadcast_shape((2, 1), (3,))")
