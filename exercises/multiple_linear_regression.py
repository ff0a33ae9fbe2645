"""Linear regression on several features: standardise, descend, and solve in closed form.

Gradient descent is slow if the features have very different sizes (age, income), so they are standardised first. The
statistics are those of the training rows only: other rows must not influence training. The mean squared error of a
linear model is quadratic in the weights, so its minimum also has a closed form. A penalty on the weights (ridge) keeps
them small.

Graded outcomes: on standardised diabetes data (331 training rows, 10 features), fit_gd with lr=0.1 and 500 epochs,
and fit_closed_form, both reach an R2 of 0.33 on test rows; the best that is possible for least squares is 0.36.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Hastie, Tibshirani & Friedman (2009), The Elements of Statistical Learning, sections 3.2 and 3.4.1; Hoerl &
Kennard (1970), doi:10.1080/00401706.1970.10488634; Efron et al. (2004), doi:10.1214/009053604000000067 (the data).
"""


def standardize(train, *others):
    """Shift and scale each feature so that over `train` its mean is 0 and its standard deviation 1.

    train: float tensor (n, d). others: float tensors (m, d), which are shifted and scaled by the means and
    deviations of `train`. The deviation is that of the population, sqrt(mean((x - mean)**2)). A feature that is
    constant over `train` is shifted and not scaled.
    Returns a list of float tensors: train and the others, of unchanged shapes and dtypes.

    >>> standardize([[1.0, 5.0], [3.0, 5.0]], [[4.0, 6.0]])
    [[[-1.0, 0.0], [1.0, 0.0]], [[2.0, 1.0]]]
    """
    raise NotImplementedError("standardize")


def fit_gd(x, y, lr=0.1, epochs=500):
    """Fit y = x w + b by gradient descent on mean((x w + b - y)**2), over all rows at once, from w = 0 and b = 0.

    x: float tensor (n, d). y: float tensor (n,). lr: the step size. epochs: the number of steps, 0 or more. The loss
    has no factor 1/2.
    Returns (w, b): float tensors (d,) and () of the dtype of x.

    >>> w, b = fit_gd([[1.0, 0.0], [0.0, 1.0]], [2.0, 4.0], lr=0.1, epochs=1)
    >>> (w, b)
    ([0.2, 0.4], 0.6)
    """
    raise NotImplementedError("fit_gd")


def fit_closed_form(x, y, l2=0.0):
    """Return the w and b that make mean((x w + b - y)**2) + l2 * sum(w**2) least, without iterating.

    x: float tensor (n, d). y: float tensor (n,). l2: the penalty, >= 0; it does not touch b.
    Returns (w, b): float tensors (d,) and () of the dtype of x. Where l2 is 0 and the columns of x depend on each other
    (a column twice, fewer rows than columns), several w are best; any of them will do.

    >>> w, b = fit_closed_form([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> (w, b)
    ([2.0], 1.0)
    >>> w, b = fit_closed_form([[-1.0], [1.0]], [3.0, 7.0], l2=1.0)
    >>> (w, b)
    ([1.0], 5.0)
    """
    raise NotImplementedError("fit_closed_form")


def r2(y, p):
    """Return the coefficient of determination: 1 - sum((y - p)**2) / sum((y - mean(y))**2).

    y: float tensor (n,), the targets, not all alike. p: float tensor (n,), the predictions.
    Returns a float tensor (): 1 for perfect predictions, 0 for the mean of y, less than 0 for worse. Raises ValueError
    where y and p differ in shape.

    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    1.0
    >>> r2([1.0, 2.0, 3.0], [3.0, 2.0, 1.0])
    -3.0
    """
    raise NotImplementedError("r2")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
