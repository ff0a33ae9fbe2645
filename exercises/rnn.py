"""A simple recurrent network: its cell, unrolled over time, with back-propagation through time.

A recurrent network reads a sequence step by step and carries a state along, which is all that it
remembers. Unrolled, it is a deep network with one layer for each step, in which all layers share
their weights: so the gradient of a weight is a sum over steps, and a gradient that travels back
over many steps is multiplied by nearly the same matrix each time. It vanishes or explodes.

Shapes: B = batch, T = steps, D = inputs of a step, H = units, K = outputs. Batch first, then time.

The cell is h' = tanh(x wx + h wh + b), with wx (D, H), wh (H, H) and b (H,), all float tensors.
Results have the dtype of the inputs, and arguments stay as they were.

Rule: no recurrent layer or cell of the framework, and no automatic differentiation.

Graded as an outcome: on a series of two tones with noise, the network of init_params(1, 24, 1, rng)
is trained with `train` on 560 windows of 24 steps (15 epochs, batch 28, lr 0.01) to predict the
step that follows. On the 200 steps after them, the median mean absolute error of the runs must be
0.17 at most. To repeat the last value errs by 0.27.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Elman (1990), Finding structure in time, doi:10.1207/s15516709cog1402_1; Werbos (1990),
Backpropagation through time, doi:10.1109/5.58337; Pascanu, Mikolov & Bengio (2013), arXiv:1211.5063
(vanishing, exploding and clipping).
"""


def rnn_step(x, h, wx, wh, b):
    """Return the next state tanh(x wx + h wh + b), a float tensor (B, H).

    x: float tensor (B, D). h: float tensor (B, H), the state before.

    >>> rnn_step([[1.0]], [[0.5]], [[1.0]], [[2.0]], [-1.0])
    [[0.7616]]
    """
    raise NotImplementedError("rnn_step")


def rnn_forward(xs, h0, wx, wh, b, mask=None):
    """Return (hs, cache): the states after each step, a float tensor (B, T, H), and what rnn_backward needs.

    xs: float tensor (B, T, D), T of at least 1. h0: float tensor (B, H), the state before the first
    step. mask: bool tensor (B, T), or None for true everywhere. Where it is false, the sequence has
    no such step: its state is the one before, and x is not looked at, whatever it holds. The cache
    is of any kind.

    >>> rnn_forward([[[1.0], [0.0]]], [[0.0]], [[1.0]], [[1.0]], [0.0])[0]
    [[[0.7616], [0.6421]]]
    """
    raise NotImplementedError("rnn_forward")


def rnn_backward(dhs, cache):
    """Return (dxs, dh0, dwx, dwh, db): the gradients of a loss, each in the shape of what it belongs to.

    dhs: float tensor (B, T, H), the gradient of the loss by each state as rnn_forward returned it:
    every step may have a part of its own in the loss. What a state does to the loss through later
    states is not in dhs; it is added here. A step where the mask is false passes the gradient of
    its state on to the state before, and dxs is 0 there.
    """
    raise NotImplementedError("rnn_backward")


def gradient_by_step(dlast, cache):
    """Return how large the gradient by each state is, for a loss of the last state: a float tensor (T,).

    dlast: float tensor (B, H), the gradient of the loss by the last state. Entry t is the Euclidean
    norm, over batch and units, of the gradient by the state after step t; so the last entry is the
    norm of dlast.
    """
    raise NotImplementedError("gradient_by_step")


def init_params(n_in, hidden, n_out, rng):
    """Return the parameters: a dict of float32 tensors wx (D, H), wh (H, H), b (H,), wo (H, K) and bo (K,).

    n_in, hidden, n_out: D, H and K. rng: NumPy Generator.
    wx, wh and wo are uniform from -1 / sqrt(H) to 1 / sqrt(H), drawn from rng; b and bo are 0.
    """
    raise NotImplementedError("init_params")


def predict(params, xs):
    """Return h wo + bo, a float tensor (B, K), where h is the state after the last step, from a state of zeros.

    params: dict as above. xs: float tensor (B, T, D).
    """
    raise NotImplementedError("predict")


def clip(grads, norm):
    """Return `grads` scaled so that their common norm is at most `norm`.

    grads: dict of float tensors, left as they were. The common norm is the root of the sum of all
    squares, over all tensors. If it is above `norm`, a float > 0, all tensors are multiplied by
    norm / (common norm); otherwise none is changed. The tensors of the result are new in both cases.

    >>> clip({"w": [3.0, 0.0], "b": [4.0]}, 1.0)
    {'w': [0.6, 0.0], 'b': [0.8]}
    """
    raise NotImplementedError("clip")


def train(params, xs, y, epochs, batch, lr, rng):
    """Return (params, history): the parameters after training, a new dict, and a list of Python floats.

    params: dict of init_params, left as it was. xs: float tensor (N, T, D). y: float tensor (N, K).
    The loss of a batch is the mean of (predict - y)^2 over its rows and outputs. Its gradients,
    clipped to a common norm of 1, make a step of Adam with learning rate lr, beta 0.9 and 0.999,
    and epsilon 1e-7. Every row is used once an epoch, in a new random order drawn from rng, a NumPy
    Generator, in batches of `batch` rows, the last of which may be shorter. history has the mean
    loss of each epoch, in which each row weighs alike. 0 epochs give the parameters as they are,
    and [].
    """
    raise NotImplementedError("train")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
