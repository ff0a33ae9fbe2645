"""Logistic regression: a linear model that gives the probability of one of two classes.

The score z = x w + b becomes a probability by the sigmoid, p = 1 / (1 + exp(-z)), and the loss is binary cross-entropy,
-log p for a row of class 1 and -log(1 - p) for one of class 0. Computed from p, the loss is infinite if p rounds to 0
or 1. Computed from z, it is always finite. A threshold on p turns probabilities into classes. The points at which p
equals the threshold are the decision boundary, a straight line.

Graded outcomes, as medians of three runs: on breast cancer (30 standardised features, 341 random training rows of 426,
lr=0.5, 100 epochs) a test accuracy of 0.94; on 300 points of two moons (lr=0.5, 100 epochs), which no line separates,
0.80 on 1,000 others.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Bishop (2006), Pattern Recognition and Machine Learning, section 4.3.2; Hastie, Tibshirani & Friedman (2009),
The Elements of Statistical Learning, section 4.4.
"""


def predict_proba(x, w, b):
    """Return the probability of class 1 for each row of x.

    x: float tensor (n, d). w: float tensor (d,). b: float tensor () or Python number.
    Returns a float tensor (n,), between 0 and 1 and never NaN, however large the scores.

    >>> predict_proba([[0.0, 0.0], [1.0, 2.0], [-1000.0, 0.0]], [1.0, -1.0], 0.0)
    [0.5, 0.2689, 0.0]
    """
    raise NotImplementedError("predict_proba")


def loss_and_grads(x, y, w, b, l2=0.0):
    """Return the loss mean(binary cross-entropy) + l2 * sum(w**2), and its gradients by w and b.

    x: float tensor (n, d). y: integer tensor (n,), 0 or 1. w: float tensor (d,). b: float tensor () or Python
    number. l2: the penalty on the weights, >= 0; it does not touch b.
    Returns (loss, dw, db): float tensors (), (d,) and () of the dtype of x. The logarithm is natural; the loss is
    finite for scores of any size.

    >>> loss_and_grads([[1.0], [3.0]], [0, 1], [0.0], 0.0)
    (0.6931, [-0.5], 0.0)
    >>> loss_and_grads([[1000.0]], [0], [1.0], 0.0, l2=2.0)
    (1002.0, [1004.0], 1.0)
    """
    raise NotImplementedError("loss_and_grads")


def fit(x, y, lr=0.5, epochs=100, l2=0.0):
    """Fit by gradient descent over all rows at once, from w = 0 and b = 0.

    x, y, l2: as for loss_and_grads. lr: the step size. epochs: the number of steps, 0 or more.
    Returns (w, b, history): float tensors (d,) and (), and a list of `epochs` Python floats, the losses before each
    step, with the penalty.

    >>> w, b, history = fit([[-1.0], [1.0], [1.0], [1.0]], [0, 1, 1, 1], lr=1.0, epochs=1)
    >>> (w, b, history)
    ([0.5], 0.25, [0.6931])
    """
    raise NotImplementedError("fit")


def predict(x, w, b, threshold=0.5):
    """Return class 1 for each row whose probability is at least `threshold`, and class 0 for the others.

    x, w, b: as for predict_proba. threshold: float, more than 0 and less than 1, compared with the
    probability.
    Returns an int64 tensor (n,).

    >>> predict([[-1.0], [0.0], [1.0]], [1.0], 0.0)
    [0, 1, 1]
    >>> predict([[-1.0], [0.0], [1.0]], [1.0], 0.0, threshold=0.7)
    [0, 0, 1]
    """
    raise NotImplementedError("predict")


def boundary(w, b, threshold=0.5):
    """Return the decision boundary of two features as a line, x1 = slope * x0 + intercept.

    w: float tensor (2,), w[1] not 0. b: float tensor () or Python number. threshold: as for predict; on the line, the
    probability equals it.
    Returns (slope, intercept): float tensors ().

    >>> boundary([1.0, 2.0], 4.0)
    (-0.5, -2.0)
    >>> boundary([1.0, 2.0], 4.0, threshold=0.9)
    (-0.5, -0.9014)
    """
    raise NotImplementedError("boundary")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
