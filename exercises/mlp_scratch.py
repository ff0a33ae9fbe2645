"""A multilayer perceptron for many classes, from low-level operations, with a choice of activation.

Layers of the form h -> activate(h w + b), as many as you like, and a last one without an activation, whose outputs are
the logits. The framework's tape computes the gradients. You write everything else. Without the activation, any number
of layers is one linear map, and on easy data the accuracy hardly shows it.

Rule: tensors and the tape; no layers, no function that does the work of one (linear), no optimizers, no ready-made loss
(cross-entropy, nll_loss). Element-wise functions (sigmoid, maximum, relu) and logarithms of softmax are allowed.

Graded outcomes, as medians of three runs from init_params on digits (64 pixels from 0 to 1, sizes 64-64-10): sigmoid
(scheme "xavier", lr=0.5, 25 epochs of batches of 32) and ReLU (scheme "he", lr=0.05, 20 epochs of batches of 16) both
reach a test accuracy of 0.94. Where the full MNIST is present, it is graded in place of digits for ReLU: sizes
784-64-10, lr=0.2, 4 epochs of batches of 64, to 0.96 on its 10,000 test images.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Goodfellow, Bengio & Courville (2016), Deep Learning, sections 6.2.2.3, 6.3 and 6.5; Glorot & Bengio (2010),
AISTATS, section 4.2.1 (Xavier); He et al. (2015), doi:10.1109/ICCV.2015.123, section 2.2; Maas, Hannun & Ng (2013),
Rectifier Nonlinearities Improve Neural Network Acoustic Models, section 2 (leaky ReLU).
"""


def init_params(sizes, rng, scheme="he"):
    """Return the weights and biases of a network.

    sizes: the widths of all layers, input and output included: (64, 32, 10) has two layers of weights. rng: a NumPy
    Generator, the only source of randomness. scheme: "he", normal with mean 0 and standard deviation sqrt(2 / fan_in),
    or "xavier", uniform between -a and a with a = sqrt(6 / (fan_in + fan_out)); for any other, raises ValueError.
    Returns a list of pairs (w, b) of float32 tensors (fan_in, fan_out) and (fan_out,), the biases all 0.

    >>> len(init_params((4, 3, 2), rng(0)))
    2
    >>> init_params((4, 3, 2), rng(0))[0][1]
    [0.0, 0.0, 0.0]
    >>> init_params((4, 2), rng(0), scheme="zeros")
    Traceback (most recent call last):
        ...
    ValueError: ...
    """
    raise NotImplementedError("init_params")


def forward(params, x, activation="relu"):
    """Return the logits of a network.

    params: list of pairs (w, b), as from init_params. x: float tensor (n, sizes[0]). activation: "sigmoid", "relu" or
    "leaky_relu" (slope 0.01 for negative arguments), after each layer but the last; for any other, raises ValueError.
    Returns a float tensor (n, sizes[-1]); gradients flow to params and x.

    >>> params = [([[1.0, -1.0]], [0.0, 0.0]), ([[1.0], [10.0]], [0.5])]
    >>> forward(params, [[2.0]])
    [[2.5]]
    >>> forward(params, [[2.0]], activation="leaky_relu")
    [[2.3]]
    >>> forward(params, [[2.0]], activation="sigmoid")
    [[2.5728]]
    """
    raise NotImplementedError("forward")


def train_step(params, x, y, lr, activation="relu"):
    """Take one step of gradient descent on the mean cross-entropy of one batch.

    params: list of pairs (w, b), left as they are. x: float tensor (n, sizes[0]). y: integer tensor (n,), 0 to
    sizes[-1] - 1. lr: the step size. activation: as for forward.
    Returns (params, loss): a new list of pairs of the same dtype, and the loss before the step in nats, a float
    tensor (), finite for logits of any size.

    >>> params, loss = train_step([([[0.0, 0.0]], [0.0, 0.0])], [[2.0]], [1], lr=1.0)
    >>> (params[0][0], params[0][1], loss)
    ([[-1.0, 1.0]], [-0.5, 0.5], 0.6931)
    """
    raise NotImplementedError("train_step")


def train(params, x, y, lr, epochs, batch, rng, activation="relu"):
    """Train by mini-batches, starting from `params`, which are left as they are.

    params, x, y, lr, activation: as for train_step. epochs: passes over the rows, 0 or more. batch: rows a step. rng:
    a NumPy Generator. In each epoch the rows are shuffled anew with rng and cut into batches; the last batch holds what
    is left, if anything. Each row is used once an epoch.
    Returns (params, history): the trained parameters, and a list of `epochs` Python floats, for each epoch the mean of
    the losses of its steps (each batch counts the same, the short one too). 0 epochs give params as they are, and [].

    >>> start = [([[0.0, 0.0]], [0.0, 0.0])]
    >>> params, history = train(start, [[2.0], [2.0]], [1, 1], 1.0, 1, 2, rng(0))
    >>> (params[0][1], history)
    ([-0.5, 0.5], [0.6931])
    """
    raise NotImplementedError("train")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
