"""Many hidden layers: build networks of any depth, and measure whether gradients vanish.

On its way to the first layer, a gradient is multiplied by a factor in each layer. Factors below one make it vanish, as
with the sigmoid, whose slope is at most 1/4. A good initialisation keeps the factors near one: He's for ReLU, Glorot's
for tanh. Layers that no gradient reaches do not learn.

Graded besides the values: with ten hidden layers of 64 on digits, the first hidden layer's gradient norm over the last
hidden layer's is below 0.001 for sigmoid, and from 0.01 to 100 for ReLU with He's and tanh with Glorot's
initialisation. Five hidden layers of 64 with ReLU (20 epochs, rate 0.01, batches of 32) classify at least 0.94 of
scikit-learn's digits; the median of three trainings counts.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, AISTATS,
section 4.2.1; He, Zhang, Ren & Sun (2015), arXiv:1502.01852, section 2.2; Goodfellow, Bengio & Courville (2016), Deep
Learning, section 8.2.5.
"""


def build(n_in, widths, n_classes, activation="relu", init="he"):
    """Return a network with one dense layer a width, each followed by the activation, and a dense layer of logits.

    widths: tuple of ints, as many as there are hidden layers, possibly none. activation: "relu", "tanh" or "sigmoid".
    init: how every kernel is drawn, with mean 0, normal or uniform, from the framework's generator: "he" with the
    variance 2 / inputs, "glorot" with the variance 2 / (inputs + outputs) of the layer. Biases begin at 0. The layers
    are the framework's own dense layers, in this order.
    Returns a model of the framework: model(x) with x of shape (B, n_in) gives logits (B, n_classes).
    Raises ValueError for any other activation or init.

    >>> model = build(4, (5, 3), 2, activation="tanh", init="glorot")
    >>> model([[0.0, 0.0, 0.0, 0.0]])
    [[0.0, 0.0]]
    >>> build(4, (5, 3), 2, activation="cosine")
    Traceback (most recent call last):
        ...
    ValueError: there is no activation 'cosine'
    """
    raise NotImplementedError("build")


def gradient_norms(model, x, y):
    """Return how large the gradient is in each dense layer, the first layer first.

    x: float tensor (B, n_in). y: integer tensor (B,), classes from 0. Entry i of the result is the Euclidean norm of
    the gradient of the batch's mean cross-entropy by the kernel of dense layer i, the last being that of the logits.
    Biases are left out. Nothing is updated: the parameters, and the result of a second call, are the same as before. In
    PyTorch, no gradient stays behind in the model: each .grad is None or 0 if it was before.
    Returns a float tensor (len(widths) + 1,).

    >>> gradient_norms(build(2, (), 2), [[0.0, 0.0]], [1])
    [0.0]
    """
    raise NotImplementedError("gradient_norms")


def train(model, x, y, epochs, lr, batch_size):
    """Train the model in place on the mean cross-entropy of mini-batches, in a new random order every epoch.

    x: float tensor (N, n_in). y: integer tensor (N,). Each step keeps a velocity for each parameter, which begins at
    0: v <- 0.9 v + gradient, parameter <- parameter - lr * v. The last batch may be smaller; it is not left out.
    Returns a list of Python floats, one an epoch: the mean loss in nats over all N examples as their batches are seen.

    >>> losses = train(build(2, (3,), 2), [[0.0, 1.0], [1.0, 0.0]], [0, 1], epochs=4, lr=0.1, batch_size=2)
    >>> len(losses)
    4
    """
    raise NotImplementedError("train")


def predict(model, x):
    """Return the class of each row, an int64 tensor (B,): the position of the largest logit.

    x: float tensor (B, n_in).

    >>> predict(build(2, (3,), 1), [[0.5, 1.0], [2.0, 3.0]])
    [0, 0]
    """
    raise NotImplementedError("predict")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
