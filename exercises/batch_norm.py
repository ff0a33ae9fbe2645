"""Batch normalisation with running statistics, layer normalisation, and an MLP that uses them.

A layer's inputs drift while the layers below it learn. Batch normalisation gives every channel mean 0 and
variance 1 over the batch, then lets the network choose scale and offset itself; deep networks train faster for it.
In use there may be no batch at all, so running averages of mean and variance, kept while training, take the batch's
place. Forgetting that difference is the classic mistake. Layer normalisation takes each row by itself and needs no
such memory.

Rule: write it from means, squares and roots; the framework's own normalisations are not allowed here. Its
automatic gradients are, in train_mlp.

Graded outcome: sizes (64, 128, 64, 10) on scikit-learn's digits, 8 epochs of batches of 50 at learning rate 0.1,
with "relu" and with "leaky_relu": test accuracy at least 0.95, the median of three runs.

Shapes: N = rows, C = channels or features, K = classes. Images are in the framework's layout, (N, C, H, W) in
PyTorch and (N, H, W, C) in TensorFlow.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Ioffe & Szegedy (2015), arXiv:1502.03167, algorithms 1 and 2, and section 3; Ba, Kiros & Hinton (2016),
arXiv:1607.06450, section 3; Maas, Hannun & Ng (2013) for the leaky ReLU.
"""


def batch_norm(x, gamma, beta, running, momentum=0.9, eps=1e-5, training=True):
    """Return (y, running): x normalised channel by channel, and the running statistics after this batch.

    x: float tensor (N, C), or images; a channel's statistics are over all its other axes. gamma, beta: (C,).
    running: tuple (mean, variance), each (C,). momentum: the share of the old running value that is kept.

    In training, y = gamma (x - mean) / sqrt(variance + eps) + beta with the batch's own mean and its biased variance
    (divided by n, the values in a channel). The new running statistics are
    momentum * running + (1 - momentum) * batch, where the batch's variance is now the unbiased one (divided by n - 1):
    it estimates that of unseen data. They are new tensors, and no gradient flows through them to x.
    Otherwise the running statistics take the place of the batch's, and are returned as they are.
    Raises ValueError in training if n is 1: one value has no variance.

    >>> batch_norm([[1.0], [3.0]], [1.0], [0.0], ([0.0], [1.0]), eps=0.0)
    ([[-1.0], [1.0]], ([0.2], [1.1]))
    >>> batch_norm([[1.0], [3.0]], [2.0], [5.0], ([1.0], [4.0]), eps=0.0, training=False)
    ([[5.0], [7.0]], ([1.0], [4.0]))
    """
    raise NotImplementedError("batch_norm")


def batch_norm_backward(dy, x, gamma, eps=1e-5):
    """Return (dx, dgamma, dbeta): the gradients of sum(dy * y), where y is batch_norm's result in training.

    Write it in closed form; the batch's mean and variance depend on x, too.
    dy: float tensor of the shape of x, which is (N, C) or images. gamma: (C,).
    dx has the shape of x; dgamma and dbeta are (C,).

    >>> batch_norm_backward([[1.0], [1.0]], [[1.0], [3.0]], [1.0], eps=0.0)
    ([[0.0], [0.0]], [0.0], [2.0])
    """
    raise NotImplementedError("batch_norm_backward")


def layer_norm(x, gamma, beta, eps=1e-5):
    """Return x normalised along its last axis, each row by itself, times gamma plus beta.

    x: float tensor (..., D). gamma, beta: (D,). The variance is the biased one; eps is added to it, as in
    batch_norm. Training and use do not differ.

    >>> layer_norm([[1.0, 3.0], [10.0, 0.0]], [1.0, 2.0], [0.0, 0.0])
    [[-1.0, 2.0], [1.0, -2.0]]
    """
    raise NotImplementedError("layer_norm")


def init_mlp(sizes, rng):
    """Return (params, state) of an MLP with layers of these sizes: inputs, hidden widths, classes.

    params: a list with a dict of float32 tensors for each layer. A hidden layer has "w" (in, out), "gamma" (out,), all
    1, and "beta" (out,), all 0; it needs no bias, since the mean would take it away again. The last has "w" (in, out)
    and "b" (out,), all 0. The weights are normal draws from `rng` of standard deviation sqrt(2 / in).
    state: a list with the running statistics of each hidden layer, a tuple (mean, variance) of zeros and ones.

    >>> params, state = init_mlp((2, 3, 4), rng(0))
    >>> params[0]["gamma"]
    [1.0, 1.0, 1.0]
    >>> state[0][0]
    [0.0, 0.0, 0.0]
    """
    raise NotImplementedError("init_mlp")


def mlp_forward(params, state, x, activation="relu", training=False):
    """Return (logits, state): the scores (N, K), and the running statistics after this batch.

    A hidden layer is activation(batch_norm(x w)) with the defaults of batch_norm; the last layer is x w + b.
    x: float tensor (N, in). activation: "relu", or "leaky_relu" with slope 0.01 below 0; ValueError otherwise.
    training: as for batch_norm; the state that is given stays as it was.

    >>> mlp_forward([{"w": [[2.0], [1.0]], "b": [1.0]}], [], [[1.0, 3.0]])
    ([[6.0]], [])
    """
    raise NotImplementedError("mlp_forward")


def train_mlp(params, state, x, y, epochs, batch_size, lr, rng, activation="relu"):
    """Train by plain gradient descent on mini-batches; return (params, state, history).

    x: float tensor (N, in). y: integer tensor (N,), the classes.
    The loss is the mean cross-entropy of a batch. Every epoch visits all rows in a new order drawn from `rng`; the last
    batch may be shorter, but is left out if it is a single row. Each step takes w - lr * gradient for every parameter.
    history: one Python float an epoch, the mean of its batches' losses, each taken before the batch's step.
    The params and state that are given stay as they were.
    """
    raise NotImplementedError("train_mlp")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
