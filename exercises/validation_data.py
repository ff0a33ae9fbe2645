"""Train, validation and test splits, k-fold cross-validation, learning curves, and what they tell.

A model is judged on rows that it has never seen. Whatever helps to build it, statistics for scaling and choices of
settings included, may look at training rows alone; a choice among settings needs rows of its own, for validation, and
the test rows are touched once, at the end. A leak makes every number look better than it is, and nothing fails.

Rule: write splits and folds yourself, from the generator's permutations; scikit-learn is not allowed here. The models
to be judged are ridge regressions, which need no training loop.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Hastie, Tibshirani & Friedman (2009), The Elements of Statistical Learning, sections 3.4.1, 7.2 and 7.10;
Kohavi (1995), A study of cross-validation and bootstrap, IJCAI 14; Kaufman, Rosset, Perlich & Stitelman (2012),
doi:10.1145/2382577.2382579.
"""


def split(n, fractions, rng, labels=None):
    """Divide the rows 0 to n - 1 at random; return a list with an int64 tensor of row numbers for each fraction.

    fractions: tuple of positive numbers with sum 1, within 1e-6; anything else is a ValueError. Every row is in exactly
    one part, and the size of a part is off from n * fraction by less than 1. The rows of a part are in random order.
    rng: NumPy Generator, which alone decides.
    labels: integer tensor (n,), or None. If given, the split is stratified: the rows of every class are divided by
    themselves, so that the number of a class in a part is off from (rows of the class) * fraction by less than 1. The
    size of the part then is the sum of these numbers, and may be off from n * fraction by more.

    >>> train, validation, test = split(10, (0.5, 0.2, 0.3), rng(0))
    >>> len(train)
    5
    >>> len(test)
    3
    >>> split(10, (0.5, 0.2), rng(0))
    Traceback (most recent call last):
        ...
    ValueError: the fractions (0.5, 0.2) add up to 0.7, but should to 1
    """
    raise NotImplementedError("split")


def kfold(n, k, rng):
    """Divide the rows 0 to n - 1 at random into k folds; return a list of k tuples (train, validation).

    Both are int64 tensors of row numbers. Every row is in the validation part of one fold and in the training part of
    all others. The sizes of the validation parts differ by at most 1. Raises ValueError unless 2 <= k <= n.

    >>> folds = kfold(7, 3, rng(0))
    >>> len(folds)
    3
    >>> kfold(2, 3, rng(0))
    Traceback (most recent call last):
        ...
    ValueError: k is 3, but should be from 2 to 2
    """
    raise NotImplementedError("kfold")


def standardize(train, *others):
    """Return a list of tensors: train, and each of others, with the means of train's columns taken away, divided by
    the standard deviations (biased) of train's columns. A column that is constant in train is divided by 1.

    train, others: float tensors (N, D), each with its own N.

    >>> standardize([[1.0, 5.0], [3.0, 5.0]], [[2.0, 6.0]])
    [[[-1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0]]]
    """
    raise NotImplementedError("standardize")


def ridge(x, y, l2):
    """Return (w, b), which minimise mean((x w + b - y)^2) + l2 * sum(w^2), in closed form. The bias is not penalised.

    x: float tensor (N, D). y: float tensor (N,). l2: float > 0. Returns tensors (D,) and ().

    >>> ridge([[1.0], [-1.0]], [3.0, -1.0], 1.0)
    ([1.0], 1.0)
    """
    raise NotImplementedError("ridge")


def cross_validate(x, y, folds, l2):
    """Return the validation error of each fold, a list of Python floats.

    folds: what kfold returned. In each fold, standardize by its training rows, fit ridge on them, and take the mean
    squared error on its validation rows.
    x: float tensor (N, D). y: float tensor (N,).
    """
    raise NotImplementedError("cross_validate")


def choose_l2(x, y, folds, candidates):
    """Return the l2 of the tuple `candidates` with the smallest mean error in cross_validate: that element itself, a
    Python float, and not its index.

    Of equal ones, the largest l2 is taken: the simpler model.
    """
    raise NotImplementedError("choose_l2")


def learning_curve(x, y, validation_x, validation_y, sizes, l2):
    """Return (train_errors, validation_errors): for each m in `sizes`, a Python float in either list.

    Take the first m training rows, standardize by them, fit ridge on them; then the mean squared errors on these m rows
    and on all validation rows.
    """
    raise NotImplementedError("learning_curve")


def diagnose(train_losses, validation_losses, target, tolerance=0.1):
    """Return "under", "over" or "good" for the losses of a training run, two lists of one Python float an epoch.

    "under" if the last training loss is above target: the model does not even fit what it sees. Otherwise "over" if the
    last validation loss is above (1 + tolerance) * target, or above (1 + tolerance) times the lowest
    validation loss of the run: it fits what it sees, but not what it does not. Otherwise "good".

    >>> diagnose(plain([0.9, 0.7, 0.6]), plain([0.9, 0.8, 0.7]), target=0.3)
    'under'
    >>> diagnose(plain([0.9, 0.3, 0.1]), plain([0.9, 0.4, 0.8]), target=0.3)
    'over'
    >>> diagnose(plain([0.9, 0.3, 0.2]), plain([0.9, 0.4, 0.3]), target=0.3)
    'good'
    """
    raise NotImplementedError("diagnose")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
