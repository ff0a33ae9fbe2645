"""Stable softmax and log-softmax along any axis, with temperature.

A classifier ends in scores; softmax turns them into probabilities, and its logarithm turns them into a loss. Computed
directly by the formula, both overflow for scores that real networks produce. Computed well, neither overflows.

Rule: write it from exp, log, sum and max; the framework's own softmax is not allowed here.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Goodfellow, Bengio & Courville (2016), Deep Learning, section 4.1; Bishop (2006), Pattern Recognition and
Machine Learning, section 4.3.4; Blanchard, Higham & Higham (2021), doi:10.1093/imanum/draa038.
"""


def softmax(x, axis=-1, temperature=1.0):
    """Return exp(x / temperature), scaled to sum to 1 along `axis`.

    x: float tensor of rank 1 or more; an entry may be -inf, which gets the probability 0.
    axis: the axis along which the result sums to 1.
    temperature: float > 0; large ones flatten the result, small ones sharpen it.
    Returns a float tensor of the shape and dtype of x. A row that is -inf throughout is NaN throughout.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    >>> softmax([[1.0, 2.0], [1.0, 4.0]], axis=0)
    [[0.5, 0.1192], [0.5, 0.8808]]
    >>> softmax([1000.0, 1000.0, -1000.0], temperature=2.0)
    [0.5, 0.5, 0.0]
    """
    raise NotImplementedError("softmax")


def log_softmax(x, axis=-1):
    """Return the natural logarithm of softmax(x, axis), without forming softmax first.

    x: float tensor of rank 1 or more. axis: as for softmax.
    Returns a float tensor of the shape and dtype of x, finite wherever x is finite. It is -inf where x is -inf, and a
    row that is -inf throughout is NaN throughout, as in softmax.

    >>> log_softmax([0.0, 0.0])
    [-0.6931, -0.6931]
    >>> log_softmax([0.0, 500.0])
    [-500.0, 0.0]
    """
    raise NotImplementedError("log_softmax")


def softmax_jvp(p, v):
    """Return the product of softmax's Jacobian with v: (diag(p) - p p^T) v, along the last axis.

    p: float tensor (..., K), a result of softmax along its last axis. v: float tensor of the same shape.
    Returns a float tensor of the same shape and dtype. The Jacobian is symmetric, so this is also the
    gradient by x of sum(softmax(x) * v).

    >>> softmax_jvp([0.5, 0.5], [1.0, 0.0])
    [0.25, -0.25]
    """
    raise NotImplementedError("softmax_jvp")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
