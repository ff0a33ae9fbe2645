"""A multiclass linear classifier from low-level operations, trained on mini-batches.

The classifier computes one score for each class, logits = x w + b. Softmax and cross-entropy turn them into a loss,
and the framework's tape turns the loss into gradients. Training uses small random batches. This is logistic regression
for k classes, and the last layer of almost every classifier. If all k classes are equally likely, the loss is ln k.
The first thing to check in any classifier is that its loss begins there.

Rule: no layers, no function that does the work of one (linear), no optimizers, and no ready-made loss (cross-entropy,
nll_loss); logarithms of softmax are allowed.

Graded outcomes, as medians of three runs from init: digits (64 pixels from 0 to 1, lr=0.2, 25 epochs of batches of
32) to a test accuracy of 0.93; standardised wine (13 features, lr=0.5, 20 epochs, batches of 32) to 0.95; standardised
iris (4 features, lr=0.5, 40 epochs, batches of 32) to 0.92. Where the full MNIST is present, it is graded in place of
digits: 784 pixels from 0 to 1, lr=0.2, 2 epochs of batches of 128, to 0.90 on its 10,000 test images.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Goodfellow, Bengio & Courville (2016), Deep Learning, sections 6.2.2.3 and 8.1.3; Bishop (2006), Pattern
Recognition and Machine Learning, section 4.3.4; LeCun et al. (1998), doi:10.1109/5.726791 (MNIST).
"""


def init(n_in, k, rng):
    """Return the parameters of a classifier of n_in features and k classes.

    rng: a NumPy Generator, the only source of randomness.
    Returns a dict of float32 tensors: "w" (n_in, k), drawn from a normal distribution of mean 0 and standard
    deviation 0.01, and "b" (k,), all 0.

    >>> init(2, 3, rng(0))["b"]
    [0.0, 0.0, 0.0]
    """
    raise NotImplementedError("init")


def forward(params, x):
    """Return the logits x w + b.

    params: dict as from init. x: float tensor (n, n_in).
    Returns a float tensor (n, k).

    >>> forward({"w": [[1.0, 0.0], [0.0, 2.0]], "b": [0.5, 0.0]}, [[3.0, 4.0]])
    [[3.5, 8.0]]
    """
    raise NotImplementedError("forward")


def cross_entropy(logits, y):
    """Return the mean of -log softmax(logits)[y] over the rows.

    logits: float tensor (n, k). y: integer tensor (n,), 0 to k - 1.
    Returns a float tensor (), finite for logits of any size; gradients flow to logits.

    >>> cross_entropy([[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]], [3, 0])
    1.3863
    >>> cross_entropy([[1000.0, 0.0]], [1])
    1000.0
    """
    raise NotImplementedError("cross_entropy")


def train_step(params, x, y, lr):
    """Take one step of gradient descent on the cross-entropy of one batch.

    params: dict of float tensors "w" and "b", left as they are. x: float tensor (n, n_in). y: integer tensor (n,).
    Returns (params, loss): a new dict of tensors of the same dtype, and the loss before the step, a float tensor ().

    >>> params, loss = train_step({"w": [[0.0, 0.0]], "b": [0.0, 0.0]}, [[2.0]], [1], lr=1.0)
    >>> (params["w"], params["b"], loss)
    ([[-1.0, 1.0]], [-0.5, 0.5], 0.6931)
    """
    raise NotImplementedError("train_step")


def train(params, x, y, lr, epochs, batch, rng):
    """Train by mini-batches, starting from `params`, which are left as they are.

    params, x, y, lr: as for train_step. epochs: passes over the rows, 0 or more. batch: rows a step. rng: a NumPy
    Generator.
    In each epoch the rows are shuffled anew with rng and cut into batches; the last batch holds what is left, if
    anything. Each row is used once an epoch.
    Returns (params, history): the trained parameters, and a list of `epochs` Python floats, for each epoch the mean of
    the losses of its steps (each batch counts the same, the short one too). 0 epochs give params as they are, and [].

    >>> start = {"w": [[0.0, 0.0]], "b": [0.0, 0.0]}
    >>> params, history = train(start, [[2.0], [2.0]], [1, 1], 1.0, 1, 2, rng(0))
    >>> (params["b"], history)
    ([-0.5, 0.5], [0.6931])
    """
    raise NotImplementedError("train")


def evaluate(params, x, y):
    """Return the accuracy: the share of rows whose largest logit is that of their class, as a Python float.

    params, x: as for forward. y: integer tensor (n,).

    >>> evaluate({"w": [[1.0, -1.0]], "b": [0.0, 0.0]}, [[1.0], [2.0], [-3.0], [-4.0]], [0, 0, 1, 0])
    0.75
    """
    raise NotImplementedError("evaluate")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
