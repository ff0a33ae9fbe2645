"""Predict continuous values with a network: a curve, sin(x), and a disease, from scikit-learn's diabetes data.

Regression differs from classification in three places: the last layer is linear, the loss is a squared difference,
and the targets have units. Scale inputs and targets for training, and return predictions in the units of the targets.
Check shapes: (N,) minus (N, 1) is (N, N), without a warning.

Graded by thresholds, the median of three trainings: from 400 points of sin(x), x from -pi to pi, regress with
hidden=(32, 32), epochs=40, lr=0.01, batch_size=20 has a mean squared error of at most 0.02 on 200 other points; on
diabetes, with hidden=(16,), epochs=20, lr=0.003, batch_size=32, R squared is at least 0.24 on test patients.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Goodfellow, Bengio & Courville (2016), Deep Learning, section 6.2.2.1; Bishop (2006), Pattern Recognition and
Machine Learning, section 5.2; Efron et al. (2004), doi:10.1214/009053604000000067.
"""


def fit_scaler(x):
    """Return (mean, standard deviation) of each column of x, two float tensors (D,).

    x: float tensor (N, D). The standard deviation divides by N. Where a column is constant it is 1 in place of 0, so
    that one can divide by it.

    >>> mean, std = fit_scaler([[1.0, 5.0], [3.0, 5.0]])
    >>> mean
    [2.0, 5.0]
    >>> std
    [1.0, 1.0]
    """
    raise NotImplementedError("fit_scaler")


def build(n_in, hidden):
    """Return a network of dense layers with tanh, one for each width in `hidden`, and a linear layer of one output.

    hidden: tuple of ints, possibly empty. The layers are the framework's own dense layers with bias, in this order,
    with its default initialisation.
    Returns a model of the framework: model(x) with x of shape (B, n_in) gives (B, 1).

    >>> len(predict(build(3, (4,)), [[0.0, 1.0, 2.0], [0.5, 0.5, 0.5]]))
    2
    """
    raise NotImplementedError("build")


def fit(model, x, y, epochs, lr, batch_size):
    """Train the model in place with Adam on the mean squared error of mini-batches, in a new random order every epoch.

    x: float tensor (N, n_in). y: float tensor (N,). Adam has beta1 0.9, beta2 0.999, epsilon 1e-7. The last batch may
    be smaller; it is not left out.
    Returns a list of Python floats, one an epoch: the mean of (prediction - target)**2 over all N rows, each taken
    when its batch is seen, before its step.

    >>> history = fit(build(1, (3,)), [[0.0], [1.0], [2.0]], [1.0, 2.0, 5.0], epochs=4, lr=0.01, batch_size=2)
    >>> len(history)
    4
    """
    raise NotImplementedError("fit")


def predict(model, x):
    """Return what the model predicts, a float tensor (B,): one number a row.

    x: float tensor (B, n_in).

    >>> len(predict(build(1, ()), [[0.5]]))
    1
    """
    raise NotImplementedError("predict")


def score(prediction, y):
    """Return {"mse": mean squared error, "r2": R squared} as Python floats.

    prediction, y: float tensors (N,). R squared is 1 - sum((y - prediction)**2) / sum((y - mean(y))**2): 1 for perfect
    predictions, 0 for predicting the mean of y always, negative for worse. y is not constant.

    >>> score([1.0, 2.0, 6.0], [1.0, 2.0, 3.0])
    {'mse': 3.0, 'r2': -3.5}
    """
    raise NotImplementedError("score")


def regress(x, y, new_x, hidden, epochs, lr, batch_size):
    """Learn y from x, and return what that predicts for new_x in the units of y, a float tensor (M,).

    x: float tensor (N, D). y: float tensor (N,), not constant. new_x: float tensor (M, D). The columns of x, and y, are
    brought to mean 0 and standard deviation 1; a network of the given hidden widths is trained on that; new_x is
    scaled by the mean and standard deviation of x, and the prediction is turned back into the units of y.
    So, from the same random numbers, predictions do not depend on the units of x, and follow those of y.

    >>> x = [[0.0], [100.0], [200.0], [300.0]]
    >>> len(regress(x, [0.0, 1000.0, 2000.0, 3000.0], [[50.0], [60.0]], (), epochs=2, lr=0.1, batch_size=4))
    2
    """
    raise NotImplementedError("regress")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
