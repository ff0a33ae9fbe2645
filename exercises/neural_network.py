"""A multiclass network from the framework's own layers: build, train, predict, count.

Layers hold the weights, and the optimizer updates them. Your task is to put the parts together correctly: logits go
into the loss, gradients are cleared between steps, and dropout is on during training and off afterwards. The numbers
are the same as those of a network written from matrix products.

Graded by a threshold, the median of three trainings: a network with one hidden layer of 64 (30 epochs, rate 0.1,
batches of 32) classifies at least 0.94 of the test images of scikit-learn's digits (8 by 8 pixels, 0 to 1).

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Goodfellow, Bengio & Courville (2016), Deep Learning, chapter 6 and section 8.3.1; Srivastava et al. (2014),
Dropout: a simple way to prevent neural networks from overfitting, JMLR 15, section 4.
"""


def build(n_in, hidden, n_classes, dropout=0.0):
    """Return a network of dense layers that turns rows of n_in numbers into n_classes logits.

    hidden: tuple of widths, possibly empty. Each hidden layer is dense, then ReLU, then dropout; the last dense layer
    has neither. The layers are the framework's own dense layers with bias, in this order, with its default
    initialisation.
    dropout: the probability in [0, 1) that a hidden unit is dropped during training; the kept ones are divided by
    1 - dropout. At prediction nothing is dropped.
    Returns a model of the framework: model(x) with x of shape (B, n_in) gives logits (B, n_classes).

    >>> model = build(4, (3,), 2)
    >>> len(model([[0.5, -1.0, 2.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]))
    3
    """
    raise NotImplementedError("build")


def train(model, x, y, epochs, lr, batch_size, shuffle=True):
    """Train the model in place by mini-batch gradient descent on the mean cross-entropy of each batch.

    x: float tensor (N, n_in). y: integer tensor (N,), classes from 0. lr: the learning rate of plain SGD, without
    momentum or decay. The last batch of an epoch is smaller where batch_size does not divide N; it is not left out.
    shuffle: True puts the examples into a new random order before every epoch; False takes them as they come.
    Returns {"loss": [...], "accuracy": [...]}, one Python float an epoch in each list: the mean over all N examples,
    each taken when its batch is seen, before the step that its batch causes. Cross-entropy is in nats.

    >>> model = build(2, (3,), 4)
    >>> history = train(model, [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 3, 1], epochs=5, lr=0.1, batch_size=2)
    >>> len(history["loss"])
    5
    >>> len(history["accuracy"])
    5
    """
    raise NotImplementedError("train")


def predict(model, x):
    """Return the probabilities of the classes, a float tensor (B, n_classes) whose rows sum to 1.

    x: float tensor (B, n_in). The logits may be of any size. Dropout is off, so that equal rows get equal answers; the
    weights stay as they are.

    >>> predict(build(2, (3,), 1), [[0.5, 0.5], [9.0, -9.0]])
    [[1.0], [1.0]]
    """
    raise NotImplementedError("predict")


def count_parameters(model):
    """Return how many numbers training can change in the model, as a Python integer: none of a frozen layer.

    >>> count_parameters(build(4, (3,), 2))
    23
    """
    raise NotImplementedError("count_parameters")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
