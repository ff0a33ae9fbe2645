"""Create, inspect, index and reshape tensors.

Everything in deep learning is a tensor: a number (rank 0, shape ()), a vector (rank 1), a matrix (rank 2),
a batch of images (rank 4). Most errors of beginners are errors of shape or dtype, so here both are looked at
closely: a scalar is not a vector of one element, reshaping is not transposing, whole numbers are not floats.

Rule: stay with tensors. A detour through NumPy (`x.numpy()`, `np.array(...)`) is not allowed: on a GPU it would
copy everything to the host, and it ends what a gradient can follow.

Words: docs/contract.md says what "left as it was" and the like mean. The
result may be a view of x.

Sources: Goodfellow, Bengio & Courville (2016), Deep Learning, section 2.1; Zhang, Lipton, Li & Smola (2023), Dive
into Deep Learning, section 2.1; Harris et al. (2020), Array programming with NumPy, doi:10.1038/s41586-020-2649-2.
"""


def make(shape, fill=0.0, dtype="float32"):
    """Return a tensor of the given shape, filled with one number.

    shape: tuple of ints; () makes a scalar. fill: Python number; float64 keeps all its digits (in TensorFlow,
    tf.cast(0.1, "float64") does not), and int64 keeps those of whole numbers up to 2**53.
    dtype: "float32", "float64", "int64" or "bool", whatever the type of `fill`; as "bool", all but 0 is true.

    >>> make((2, 3), fill=7.0)
    [[7.0, 7.0, 7.0], [7.0, 7.0, 7.0]]
    >>> make((), fill=5, dtype="int64")
    5
    """
    raise NotImplementedError("make")


def count(shape):
    """Return an int64 tensor of the given shape that counts 0, 1, 2, ... row by row: the last index runs fastest.

    shape: tuple of ints, of rank 1 or more.

    >>> count((2, 3))
    [[0, 1, 2], [3, 4, 5]]
    """
    raise NotImplementedError("count")


def describe(x):
    """Return what a tensor is, as a dict of plain Python values.

    x: tensor of any shape and dtype. Keys: "shape", a tuple of ints; "dtype", its name without that of the framework,
    "float32"; "rank", the number of axes, an int; "size", the number of elements, an int.

    >>> describe([[1.0, 2.0, 3.0]])
    {'shape': (1, 3), 'dtype': 'float32', 'rank': 2, 'size': 3}
    """
    raise NotImplementedError("describe")


def pick_rows(x, indices):
    """Return the rows of x that `indices` names, in that order.

    x: tensor (N, ...) of rank 1 or more. indices: int64 tensor (K,), values 0 to N - 1, which may repeat; K may be 0.
    Returns a tensor (K, ...) of the dtype of x. Gradients flow back to x; a row that is picked twice collects two.

    >>> pick_rows([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [2, 0, 2])
    [[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]]
    """
    raise NotImplementedError("pick_rows")


def split_batches(x, batch):
    """Return a Python list of consecutive slices of x along its first axis, `batch` rows each.

    x: tensor (N, ...). batch: int, 1 or more. The last slice is shorter where `batch` does
    not divide N; no row is lost. Raises ValueError if batch < 1.

    >>> split_batches([1.0, 2.0, 3.0, 4.0, 5.0], batch=2)
    [[1.0, 2.0], [3.0, 4.0], [5.0]]
    """
    raise NotImplementedError("split_batches")


def flatten_rows(x):
    """Return the tensor (N, M) in which every row is one entry of x, its elements in their order.

    x: tensor (N, ...) of rank 2 or more, such as images; its dtype is kept, and M is the product of all axes but the
    first.

    >>> flatten_rows([[[1.0, 2.0], [3.0, 4.0]]])
    [[1.0, 2.0, 3.0, 4.0]]
    """
    raise NotImplementedError("flatten_rows")


def channels_first(images):
    """Return images in PyTorch's layout: (N, C, H, W), from TensorFlow's, (N, H, W, C).

    images: tensor (N, H, W, C) of any dtype, which is kept. Element [n, c, h, w] of the result is
    images[n, h, w, c]: axes move, so this is no reshape.

    >>> channels_first([[[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]]])
    [[[[1.0, 2.0, 3.0]], [[10.0, 20.0, 30.0]]]]
    """
    raise NotImplementedError("channels_first")


def one_hot(labels, classes):
    """Return a float32 tensor that is 1 at each label and 0 elsewhere, with an axis of `classes` appended.

    labels: int64 tensor of any shape (...), () included. classes: int, the length of the new last axis, even
    where the largest labels do not occur. Returns a tensor (..., classes).
    Raises ValueError if a label is below 0 or not below `classes`.

    >>> one_hot([0, 2], classes=4)
    [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]
    >>> one_hot([0, 4], classes=4)
    Traceback (most recent call last):
        ...
    ValueError: labels should be from 0 to 3
    """
    raise NotImplementedError("one_hot")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
