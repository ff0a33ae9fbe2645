"""L1, L2 and weight decay: penalties that keep weights small, and what sets them apart.

A network that can fit anything will fit the noise. A price on large weights makes it prefer the simple explanation:
the price |w| (L1) makes most of them exactly 0, the price w^2 (L2) makes them all small. With plain gradient descent,
L2 is the same as shrinking every weight a little in each step (weight decay); with Adam it is not, since Adam divides
the gradient of the penalty by its own size.

params is a list of tensors throughout. A tensor with two or more axes is a weight; one with fewer axes is a bias,
which shifts but does not bend the function, so that it is not penalised unless skip_bias is False.

Rule: write penalties, steps and thresholds yourself; the framework's optimizers and regularizers are not allowed here.

Words: docs/contract.md says what "float tensor", "left as it was" and the like mean.

Sources: Goodfellow, Bengio & Courville (2016), Deep Learning, sections 7.1.1 and 7.1.2; Loshchilov & Hutter (2019),
arXiv:1711.05101, algorithm 2; Hastie, Tibshirani & Friedman (2009), The Elements of Statistical Learning, section 3.4.
"""


def l1_penalty(params, skip_bias=True):
    """Return the sum of |w| over all penalised elements, a scalar tensor; a tensor 0 if nothing is penalised.

    The result has the dtype of params, float32 where the list is empty. Its gradient at w = 0 is 0.

    >>> l1_penalty([[[1.0, -2.0]], [5.0]])
    3.0
    >>> l1_penalty([[[1.0, -2.0]], [5.0]], skip_bias=False)
    8.0
    """
    raise NotImplementedError("l1_penalty")


def l2_penalty(params, skip_bias=True):
    """Return the sum of w^2 over all penalised elements, a scalar tensor as from l1_penalty, without a factor 1/2.

    >>> l2_penalty([[[1.0, -2.0]], [5.0]])
    5.0
    """
    raise NotImplementedError("l2_penalty")


def penalized_loss(loss, params, l1=0.0, l2=0.0, skip_bias=True):
    """Return loss + l1 * l1_penalty + l2 * l2_penalty, a scalar tensor through which gradients flow to loss and params.

    loss: scalar tensor. l1, l2: Python floats >= 0.

    >>> penalized_loss(scalar(2.0), [[[1.0, -2.0]], [5.0]], l1=0.5, l2=0.25)
    4.75
    """
    raise NotImplementedError("penalized_loss")


def weight_decay_step(params, grads, lr, decay, skip_bias=True):
    """Return the list of params after one step of gradient descent with decoupled decay: w - lr * g - lr * decay * w.

    grads: list of tensors like params. Biases take the step without decay. The lists given stay as they were.

    >>> weight_decay_step([[[10.0]], [10.0]], [[[1.0]], [1.0]], lr=0.5, decay=0.1)
    [[[9.0]], [9.5]]
    """
    raise NotImplementedError("weight_decay_step")


def adam_step(params, grads, moments, step, lr=0.001, l2=0.0, decay=0.0, skip_bias=True):
    """Return (params, moments) after one step of Adam, with an L2 penalty in the gradient, or decoupled decay (AdamW).

    With g the gradient of the loss plus that of l2 * l2_penalty, for every tensor:
    m = 0.9 m + 0.1 g; v = 0.999 v + 0.001 g^2; w - lr * (m / (1 - 0.9^step)) / (sqrt(v / (1 - 0.999^step)) + 1e-8),
    and from that also lr * decay * w is taken, with the w from before the step. Biases have neither l2 nor decay if
    skip_bias.

    moments: tuple (list of all m, list of all v), tensors like params; zeros before the first step. step: 1, 2, 3, ...
    What is given stays as it was.

    >>> zeros = [[[0.0]], [0.0]]
    >>> adam_step([[[10.0]], [10.0]], [[[4.0]], [4.0]], (zeros, zeros), 1, lr=0.5, decay=0.1)
    ([[[9.0]], [9.5]], ([[[0.4]], [0.4]], [[[0.016]], [0.016]]))
    """
    raise NotImplementedError("adam_step")


def sparsity(params, tol=0.0, skip_bias=True):
    """Return the share of penalised elements with |w| <= tol, a Python float.

    Where nothing is penalised, or all that is has no elements, it is 0.0. Nothing is added to tol for rounding.

    >>> sparsity([[[0.0, 0.5], [-0.1, 2.0]], [0.0]], tol=0.2)
    0.5
    """
    raise NotImplementedError("sparsity")


def soft_threshold(w, threshold):
    """Return w moved towards 0 by threshold, and exactly 0 where |w| <= threshold: sign(w) max(|w| - threshold, 0).

    >>> soft_threshold([3.0, -0.5, -2.0], 1.0)
    [2.0, 0.0, -1.0]
    """
    raise NotImplementedError("soft_threshold")


def fit_lasso(x, y, l1, lr, steps):
    """Minimise mean((x w + b - y)^2) / 2 + l1 * sum |w| by proximal gradient descent from w = 0, b = 0; return (w, b).

    One step takes w - lr * dw and b - lr * db, the gradients of the first term alone, both at the old w and b; then
    soft_threshold by lr * l1 moves w. Weights become exactly 0 so; a plain gradient of |w| would only jitter about it.
    x: float tensor (N, D). y: float tensor (N,). Exactly `steps` steps are made; 0 leave w and b at 0.
    Returns tensors (D,) and ().

    >>> fit_lasso([[1.0], [-1.0]], [3.0, -1.0], l1=0.5, lr=1.0, steps=1)
    ([1.5], 1.0)
    """
    raise NotImplementedError("fit_lasso")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
