"""Inverted dropout: the mask, the forward and the backward pass, and an MLP that uses it.

While training, every unit is set to 0 with probability p, so that no unit can rely on one other unit. The kept units
are divided by 1 - p, so their expected values do not change. Outside training, dropout must do nothing: dropout that is
left on makes a network answer differently in each call.

Rule: write dropout, its mask and its gradient yourself; the framework's dropout functions are not allowed here.
In build_mlp the framework's own layers are, its dropout layer among them.

Graded outcome: build_mlp(64, (64,), 10, 0.3) on scikit-learn's digits, 12 epochs of batches of 50 at learning rate
0.5: test accuracy at least 0.94, the median of three runs.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov (2014), Dropout: a simple way to prevent neural
networks from overfitting, JMLR 15, section 4; Goodfellow, Bengio & Courville (2016), Deep Learning, section 7.12.
"""


def make_mask(shape, p, rng):
    """Return a float32 tensor of this shape whose elements are 0 with probability p and 1 otherwise.

    shape: tuple of integers. p: the probability to drop, 0 to 1; both ends are allowed, anything else is a ValueError,
    NaN too. rng: NumPy Generator. Every element is drawn by itself, and nothing else is random: rng alone decides.

    >>> make_mask((2, 3), 0.0, rng(0))
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    >>> make_mask((2,), 1.5, rng(0))
    Traceback (most recent call last):
        ...
    ValueError: p is 1.5, but should be from 0 to 1
    """
    raise NotImplementedError("make_mask")


def dropout(x, p, mask, training=True):
    """Return x with dropped elements 0 and kept ones divided by 1 - p; x itself if not training.

    x: float tensor of any shape. p: the probability with which mask was made. mask: tensor of the shape and dtype of x,
    1 where an element is kept; it may be None if not training. With p = 1 the result is 0 everywhere.

    >>> dropout([1.0, 2.0, 3.0], 0.25, [1.0, 0.0, 1.0])
    [1.3333, 0.0, 4.0]
    >>> dropout([1.0, 2.0, 3.0], 0.25, None, training=False)
    [1.0, 2.0, 3.0]
    """
    raise NotImplementedError("dropout")


def dropout_backward(dy, p, mask):
    """Return the gradient of sum(dy * dropout(x, p, mask)) by x, for the same mask.

    dy, mask: float tensors of the same shape. With p = 1 the gradient is 0 everywhere.

    >>> dropout_backward([1.0, 1.0, -3.0], 0.5, [0.0, 1.0, 1.0])
    [0.0, 2.0, -6.0]
    """
    raise NotImplementedError("dropout_backward")


def build_mlp(n_in, hidden, classes, p):
    """Return a model of the framework's layers: for each width in `hidden` a dense layer, ReLU and dropout, then a
    dense layer of `classes` scores, without softmax.

    n_in: number of inputs. hidden: tuple of widths. p: the probability to drop, the same everywhere. The inputs and the
    scores are not dropped. Initial weights are up to you.
    """
    raise NotImplementedError("build_mlp")


def logits(model, x, training=False):
    """Return the scores (N, classes) of a model of build_mlp, with dropout only if training.

    x: float tensor (N, n_in). In training every call drops other units, and other ones for every row.
    """
    raise NotImplementedError("logits")


def train_mlp(model, x, y, epochs, batch_size, lr):
    """Train a model of build_mlp in place by plain stochastic gradient descent; return its history.

    x: float tensor (N, n_in). y: integer tensor (N,), the classes. The loss is the mean cross-entropy of a batch, taken
    with dropout; each step takes w - lr * gradient. Every epoch visits all rows once, in a new random order.
    Returns a list of one Python float an epoch: the mean over its rows of the loss, taken before each row's step.
    """
    raise NotImplementedError("train_mlp")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
