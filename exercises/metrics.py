"""Classification and regression metrics from predictions.

A loss is for the optimizer, a metric is for people: how often is the model right, which classes does it confuse, how
large are its errors? Accuracy can hide a class that is never found. Precision, recall and F1 show it.

Rule: no metric, loss or confusion matrix of a framework or of scikit-learn.

In the functions for classes, `labels` and `predictions` are integer tensors (N,) of classes 0 to classes - 1, N > 0. In
those for regression, `target` and `prediction` are float tensors of one shape; shapes that differ raise ValueError,
also where broadcasting could make them fit. "A number" is a float tensor () or a Python float, and for float64 tensors
it has float64's digits. A share whose denominator is 0 is 0.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Manning, Raghavan & Schuetze (2008), Introduction to Information Retrieval, sections 8.3 and 13.6; Sokolova &
Lapalme (2009), doi:10.1016/j.ipm.2009.03.002; Opitz & Burst (2019), Macro F1 and Macro F1, arXiv:1911.03347.
"""


def confusion_matrix(labels, predictions, classes):
    """Count how often each class was taken for each.

    Returns an integer tensor (classes, classes): entry [i, j] counts the samples of class i that were predicted as j.

    >>> confusion_matrix([0, 0, 1, 2], [0, 1, 1, 1], 3)
    [[1, 1, 0], [0, 1, 0], [0, 1, 0]]
    """
    raise NotImplementedError("confusion_matrix")


def accuracy(labels, predictions):
    """Return the share of samples whose prediction is right: a number from 0 to 1.

    >>> accuracy([0, 0, 1, 2], [0, 1, 1, 1])
    0.5
    """
    raise NotImplementedError("accuracy")


def precision_recall_f1(labels, predictions, classes, average="macro"):
    """Return (precision, recall, F1).

    For one class, precision is the share of right ones among the samples predicted as that class, recall the share of
    those found among the samples of that class, and F1 = 2 precision recall / (precision + recall).

    average: "none" gives three float tensors (classes,). All others give three numbers:
        "macro": each metric's plain mean over all classes, also those that never occur. Macro F1 is the mean of the
            classes' F1, not the F1 of mean precision and mean recall.
        "weighted": each metric's mean over the classes, weighed by how many samples of the class there are.
        "micro": the metrics of the counts summed over all classes.
        Anything else raises ValueError.

    >>> precision_recall_f1([0, 0, 1, 2], [0, 1, 1, 1], 3, average="none")
    ([1.0, 0.3333, 0.0], [0.5, 1.0, 0.0], [0.6667, 0.5, 0.0])
    >>> precision_recall_f1([0, 0, 1, 2], [0, 1, 1, 1], 3)
    (0.4444, 0.5, 0.3889)
    """
    raise NotImplementedError("precision_recall_f1")


def mae(target, prediction):
    """Return the mean absolute error: a number in the unit of the target.

    >>> mae([1.0, 2.0, 4.0], [1.0, 5.0, 3.0])
    1.3333
    """
    raise NotImplementedError("mae")


def rmse(target, prediction):
    """Return the root of the mean squared error: a number in the unit of the target.

    >>> rmse([1.0, 2.0, 4.0], [1.0, 5.0, 3.0])
    1.8257
    """
    raise NotImplementedError("rmse")


def r2(target, prediction):
    """Return the coefficient of determination, 1 - sum (t - p)^2 / sum (t - mean t)^2, over all elements: a number.

    It is 1 for a perfect prediction, 0 for one that always says the mean, negative for a worse one. The target is not
    constant.

    >>> r2([1.0, 2.0, 4.0], [1.0, 5.0, 3.0])
    -1.1429
    """
    raise NotImplementedError("r2")


def mape(target, prediction):
    """Return the mean of |t - p| / |t| in percent: a number. No target is 0.

    >>> mape([1.0, -2.0, 4.0], [1.0, -5.0, 3.0])
    58.3333
    """
    raise NotImplementedError("mape")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
