"""Networks over inputs and outputs of more than two dimensions: time by feature, height by width by channel.

The first axis counts examples. All other axes belong to one example. A dense layer either sees the whole example,
flattened, or works along one axis and treats all positions of the other axes alike. Moving an axis is not the same as
reshaping: after a reshape, the sizes may be right and the numbers in the wrong places.

Graded by a threshold: a network without hidden layers learns a random linear map from (4, 3) to (2, 5) from 400
examples (40 epochs, rate 0.02, batches of 20), with a mean squared error of at most 0.001 on others; the median of
three trainings counts.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Goodfellow, Bengio & Courville (2016), Deep Learning, sections 2.1 and 6.1; Harris et al. (2020), Array
programming with NumPy, doi:10.1038/s41586-020-2649-2 (axes and memory order).
"""


def flatten_keep_batch(x):
    """Return x with all axes but the first made one, a tensor (B, product of the other sizes), which may be a view.

    x: float tensor of 2 to 5 axes. Each example is read in row-major order: its last axis runs fastest.

    >>> flatten_keep_batch([[[1.0, 2.0], [3.0, 4.0]]])
    [[1.0, 2.0, 3.0, 4.0]]
    """
    raise NotImplementedError("flatten_keep_batch")


def dense_along(x, w, b, axis=-1):
    """Return x with every vector v along `axis` replaced by v w + b, at the same place.

    x: float tensor of 1 to 5 axes, of size n along `axis`. w: float tensor (n, m). b: float tensor (m,). axis: int,
    negative from the end. Returns a float tensor of x's shape, but of size m along `axis`. Gradients flow to x, w, b.

    >>> dense_along([[1.0, 2.0], [3.0, 4.0]], [[1.0], [10.0]], [0.5])
    [[21.5], [43.5]]
    >>> dense_along([[1.0, 2.0], [3.0, 4.0]], [[1.0], [10.0]], [0.5], axis=0)
    [[31.5, 42.5]]
    """
    raise NotImplementedError("dense_along")


def build(in_shape, out_shape, hidden):
    """Return a network from examples of in_shape to examples of out_shape.

    in_shape, out_shape: tuples of 1 to 4 sizes, without the batch. An example is flattened in row-major order, goes
    through one dense layer with ReLU for each width of the tuple `hidden`, possibly none, and a dense layer without
    activation, whose result takes the shape out_shape, in row-major order. The layers are the framework's own dense
    layers with bias, with its default initialisation.
    Returns a model of the framework: model(x) with x of shape (B, *in_shape) gives (B, *out_shape).

    >>> model = build((3, 2), (2, 2, 1), (4,))
    >>> y = model([[[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]])
    >>> len(y)
    1
    >>> len(y[0][1])
    2
    """
    raise NotImplementedError("build")


def train(model, x, y, epochs, lr, batch_size):
    """Train the model in place with Adam on the mean squared error, in a new random order of the examples every epoch.

    x: float tensor (N, *in_shape). y: float tensor (N, *out_shape). The error of a batch is the mean over all its
    entries. Adam has beta1 0.9, beta2 0.999, epsilon 1e-7. The last batch may be smaller; it is not left out.
    Returns a list of Python floats, one an epoch: the mean over all entries of all N examples, each taken when its
    batch is seen, before its step.

    >>> losses = train(build((2,), (1, 1), ()), [[0.0, 1.0]], [[[1.0]]], epochs=3, lr=0.1, batch_size=1)
    >>> len(losses)
    3
    """
    raise NotImplementedError("train")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
