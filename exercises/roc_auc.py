"""ROC curves, the area under them, and one-versus-rest AUC for several classes.

A classifier gives scores, and a threshold turns them into yes or no. The ROC curve shows all thresholds at once: the
share of positives found against the share of false alarms. The area under it, the AUC, is the probability that a random
positive scores higher than a random negative, where ties count half. It is 0.5 for guessing and 1 for a perfect order.

Rule: no ROC, AUC or trapezoid function of a framework, NumPy or scikit-learn. "A number" is a float tensor () or a
Python float, and for float64 tensors it has float64's digits.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Fawcett (2006), An introduction to ROC analysis, sections 4, 7 and 9, doi:10.1016/j.patrec.2005.10.010; Hanley
& McNeil (1982), doi:10.1148/radiology.143.1.7063747.
"""


def roc_curve(labels, scores):
    """Return (fpr, tpr, thresholds), the curve's points from (0, 0) to (1, 1).

    labels: integer tensor (N,) of 0 and 1. scores: float tensor (N,), higher for likelier positives.
    A point says what share of the negatives (fpr) and of the positives (tpr) has a score >= threshold. The first
    point is (0, 0) with the threshold inf; then comes one point for each distinct score, from the highest to the
    lowest. Equal scores share a point, and no point is left out, also where three lie on a line.
    Returns three float tensors (points,) of the dtype of `scores`. Raises ValueError unless both classes occur.

    >>> fpr, tpr, thresholds = roc_curve([0, 1, 1, 0], [0.25, 0.75, 0.5, 0.5])
    >>> fpr
    [0.0, 0.0, 0.5, 1.0]
    >>> tpr
    [0.0, 0.5, 1.0, 1.0]
    >>> thresholds[1]
    0.75
    """
    raise NotImplementedError("roc_curve")


def auc(x, y):
    """Return the area under the line through the points (x[i], y[i]), by the trapezoid rule: a number.

    x, y: float tensors (points,), at least two; x does not decrease, but may repeat.

    >>> auc([0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 1.0, 1.0])
    0.625
    """
    raise NotImplementedError("auc")


def multiclass_auc(labels, probabilities, average="macro"):
    """Return the mean over the classes of the AUC of "this class or another": a number.

    labels: integer tensor (N,) of classes 0 to C - 1. probabilities: float tensor (N, C); column c scores class c.
    average: "macro" is the plain mean, "weighted" weighs each class by how many samples it has; anything else raises
        ValueError. Classes that do not occur in `labels` are left out of either mean.
    Raises ValueError where all labels are the same.

    >>> multiclass_auc([0, 1, 2, 1], [[0.6, 0.3, 0.1], [0.1, 0.7, 0.2], [0.3, 0.4, 0.3], [0.7, 0.2, 0.1]])
    0.7222
    """
    raise NotImplementedError("multiclass_auc")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
