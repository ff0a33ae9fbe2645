"""Broadcasting, and elementwise versus matrix products.

Tensors of different shapes are often combined: a bias and a batch, a mean and its rows, one matrix and a stack
of them. Broadcasting stretches axes of length 1 without copying them. It replaces loops, and it causes errors
without a message: a missing axis often gives a result, but not the intended one.

Rule: work on whole tensors, without Python loops in standardize, scale_rows, outer, pairwise_sqdist and
batched_matmul. The framework's own outer products, distances, layer normalization and broadcast_shapes are not allowed
here. Its matrix products and einsum are, in every function.

Words: docs/contract.md says what "float tensor", "left as it was" and the like mean.

Sources: Harris et al. (2020), Array programming with NumPy, doi:10.1038/s41586-020-2649-2; NumPy user guide,
"Broadcasting"; Goodfellow, Bengio & Courville (2016), Deep Learning, sections 2.1 and 2.2.
"""


def broadcast_shape(a, b):
    """Return the shape of the sum of tensors of shape a and b.

    Align the shapes at their last axes; a missing axis counts as 1. Two lengths agree if they are equal, or if
    one of them is 1, which is stretched to the other (also to 0).

    a, b: tuples of ints. Returns a tuple of ints. Raises ValueError if a pair of lengths does not agree.

    >>> broadcast_shape((2, 1, 4), (3, 1))
    (2, 3, 4)
    >>> broadcast_shape((3,), (4,))
    Traceback (most recent call last):
        ...
    ValueError: (3,) and (4,) do not broadcast
    """
    raise NotImplementedError("broadcast_shape")


def standardize(x, axis, eps=1e-5):
    """Return (x - mean) / sqrt(variance + eps), with mean and variance along `axis`.

    x: float tensor of rank 1 or more. axis: int. eps: float; it keeps constant slices at 0.
    The variance is the mean of the squared deviations (divided by n, not by n - 1). The result is right to 1 % in
    float32 also where the mean is a thousand times the deviation. Returns a tensor like x.

    >>> standardize([[1.0, 10.0], [3.0, 30.0]], axis=0)
    [[-1.0, -1.0], [1.0, 1.0]]
    """
    raise NotImplementedError("standardize")


def scale_rows(x, factors):
    """Return x with row i multiplied by factors[i].

    x: float tensor (N, D). factors: float tensor (N,). Returns a float tensor (N, D).

    >>> scale_rows([[1.0, 2.0], [3.0, 4.0]], [10.0, 1.0])
    [[10.0, 20.0], [3.0, 4.0]]
    """
    raise NotImplementedError("scale_rows")


def outer(a, b):
    """Return all products of an element of a and an element of b: element [i, j] is a[i] * b[j].

    a: float tensor (N,). b: float tensor (M,). Returns a float tensor (N, M).

    >>> outer([1.0, 2.0], [3.0, 4.0, 5.0])
    [[3.0, 4.0, 5.0], [6.0, 8.0, 10.0]]
    """
    raise NotImplementedError("outer")


def pairwise_sqdist(x, y):
    """Return the squared Euclidean distance of every row of x from every row of y.

    x: float tensor (N, D). y: float tensor (M, D). Returns a float tensor (N, M), never below 0, not even by rounding.

    Either sum the squares of all differences, which takes N * M * D numbers of memory, or expand the square:
    |a - b|**2 = |a|**2 + |b|**2 - 2 a.b, which takes N * M, is faster, and can round to less than 0.

    >>> pairwise_sqdist([[0.0, 0.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 4.0], [3.0, 0.0]])
    [[0.0, 16.0, 9.0], [25.0, 9.0, 16.0]]
    """
    raise NotImplementedError("pairwise_sqdist")


def batched_matmul(a, b):
    """Return the matrix product of the last two axes; all axes before them broadcast.

    a: float tensor (..., N, K). b: float tensor (..., K, M). Returns a float tensor (..., N, M).

    >>> batched_matmul([[1.0, 2.0], [3.0, 4.0]], [[[1.0], [1.0]], [[0.0], [1.0]]])
    [[[3.0], [7.0]], [[2.0], [4.0]]]
    """
    raise NotImplementedError("batched_matmul")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
