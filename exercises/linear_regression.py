"""Fit the line y = w x + b by gradient descent.

The smallest model that learns: two numbers, a loss, and a step against the gradient, again and again. The same loop
finds y = 2 x, y = 3 x + 1 and the rule that takes degrees Celsius to Fahrenheit, and, with more parameters, everything
else in this suite. The loss is the mean squared error, mean((w x + b - y)**2), without a factor 1/2.

Graded outcomes: on points of a line, w and b are found to within 0.01; on a noisy line they agree with least squares
to within 0.01; Celsius to Fahrenheit is found from 16 temperatures between -30 and 45 degrees with lr=0.002 and 2,000
epochs, w to within 0.01 and b to within 0.1.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Bishop (2006), Pattern Recognition and Machine Learning, section 3.1; Goodfellow, Bengio & Courville (2016),
Deep Learning, sections 4.3 and 5.1.4.
"""


def predict(x, w, b):
    """Return w x + b for every x.

    x: float tensor (n,) or (n, 1). w, b: float tensors () or Python numbers.
    Returns a float tensor (n,), in both cases; gradients flow to x, w and b.

    >>> predict([0.0, 1.0, 2.0], 3.0, 1.0)
    [1.0, 4.0, 7.0]
    >>> predict([[0.0], [100.0]], 1.8, 32.0)
    [32.0, 212.0]
    """
    raise NotImplementedError("predict")


def mse_gradients(x, y, w, b):
    """Return the gradients (dw, db) of mean((w x + b - y)**2) by w and by b.

    x, y: float tensors, each (n,) or (n, 1). w, b: float tensors () or Python numbers.
    Returns two float tensors (). Raises ValueError where x and y differ in their number of elements, which
    broadcasting would hide.

    >>> mse_gradients([1.0, 2.0], [2.0, 4.0], 0.0, 0.0)
    (-10.0, -6.0)
    >>> mse_gradients([1.0, 2.0], [2.0, 4.0], 2.0, 0.0)
    (0.0, 0.0)
    """
    raise NotImplementedError("mse_gradients")


def fit(x, y, lr=0.1, epochs=100):
    """Fit a line by gradient descent on all points at once, from w = 0 and b = 0.

    x, y: float tensors, each (n,) or (n, 1), left as they are. lr: the step size. epochs: the number of steps, 0 or
    more; in each, w and b move together, by gradients taken at the same w and b.
    Returns (w, b, history): two float tensors () of the dtype of x, and a list of `epochs` Python floats, the losses
    before each step. Raises ValueError as mse_gradients does.

    >>> w, b, history = fit([1.0, 2.0], [2.0, 4.0], lr=0.1, epochs=1)
    >>> (w, b)
    (1.0, 0.6)
    >>> history
    [10.0]
    >>> w, b, history = fit([-1.0, 0.0, 1.0, 2.0], [-2.0, 1.0, 4.0, 7.0], epochs=300)
    >>> (w, b)
    (3.0, 1.0)
    """
    raise NotImplementedError("fit")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
