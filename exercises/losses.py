"""Losses for regression and binary targets: squared, absolute, Huber, and binary cross-entropy from logits.

A loss turns many errors into one number to descend on. Which one decides how much a far outlier may say, and careless
shapes or logarithms decide whether training works at all: a prediction (n, 1) minus a target (n,) is an n x n matrix.

Rule: no loss function of the framework. Its sigmoid, log-sigmoid and softplus are allowed.

In all four functions both tensors are float, of one dtype and one shape, whichever it is; shapes that differ raise
ValueError, also where broadcasting could make them fit. `reduction` is "mean" over all elements, "sum" over all
elements, or "none" for the loss of each element, in the shape of the inputs; anything else raises ValueError, None
too. The result is a tensor of their dtype, of shape () for "mean" and "sum".

Words: docs/contract.md says what "float", "left as it was" and the like mean.

Sources: Bishop (2006), Pattern Recognition and Machine Learning, sections 1.5.5 and 4.3.2; Huber (1964), Robust
Estimation of a Location Parameter, doi:10.1214/aoms/1177703732.
"""


def mse(prediction, target, reduction="mean"):
    """Return the squared error (prediction - target)^2, without a factor of 1/2.

    >>> mse([1.0, 2.0, 3.0], [1.0, 0.0, 6.0])
    4.3333
    >>> mse([[1.0], [2.0]], [1.0, 2.0])
    Traceback (most recent call last):
        ...
    ValueError: the shapes (2, 1) and (2,) differ
    """
    raise NotImplementedError("mse")


def mae(prediction, target, reduction="mean"):
    """Return the absolute error |prediction - target|.

    >>> mae([1.0, 2.0, 3.0], [1.0, 0.0, 6.0], reduction="none")
    [0.0, 2.0, 3.0]
    """
    raise NotImplementedError("mae")


def huber(prediction, target, delta=1.0, reduction="mean"):
    """Return e^2 / 2 where |e| <= delta, and delta (|e| - delta / 2) beyond, for e = prediction - target.

    delta: float > 0. Small errors count as in mse / 2, large ones as in delta * mae; value and slope have no jump.

    >>> huber([0.5, 3.0], [0.0, 0.0], delta=2.0, reduction="none")
    [0.125, 4.0]
    """
    raise NotImplementedError("huber")


def bce_with_logits(logits, labels, pos_weight=1.0, reduction="mean"):
    """Return the binary cross-entropy -(pos_weight y log p + (1 - y) log(1 - p)) for p = sigmoid(logits), in nats.

    labels: y, from 0 to 1: usually one of the two, but any share is allowed.
    pos_weight: float > 0, the weight of the positive term alone; "mean" divides by the number of elements all the same.
    The loss is finite and right for logits of any size, and so is its gradient, also at a logit of 0.

    >>> bce_with_logits([0.0, 0.0], [1.0, 0.0])
    0.6931
    >>> bce_with_logits([2.0, 2.0, -1000.0], [1.0, 0.0, 1.0], reduction="none")
    [0.1269, 2.1269, 1000.0]
    >>> bce_with_logits([2.0, 2.0], [1.0, 0.0], pos_weight=3.0, reduction="none")
    [0.3808, 2.1269]
    """
    raise NotImplementedError("bce_with_logits")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
