"""Derivatives by the framework's tape and by finite differences.

Training follows derivatives, and a framework computes them exactly: it records the operations of a
function on a tape and runs the chain rule over it. A difference quotient computes them approximately,
from values alone. Each checks the other, which is how a gradient written by hand is tested.

A central difference errs twice: by about eps**2, since eps is not 0, and by rounding / eps, since f is
rounded. So the difference quotients of this topic are computed in float64, whatever the dtype of x.

Rule: write the differences yourself; the frameworks' gradient checkers are not allowed here.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Baydin, Pearlmutter, Radul & Siskind (2018), Automatic Differentiation in Machine Learning: a
Survey, JMLR 18(153); Griewank & Walther (2008), Evaluating Derivatives, chapters 2 and 3,
doi:10.1137/1.9780898717761; Nocedal & Wright (2006), Numerical Optimization, section 8.1,
doi:10.1007/978-0-387-40065-5.
"""


def numerical_grad(f, x, eps=1e-5):
    """Return the gradient of f at x by central differences, from values of f alone.

    Each element of x is moved by itself: (f(x + eps) - f(x - eps)) / (2 * eps).

    f: function of a float tensor of any dtype, whose result is a scalar tensor ().
    x: float tensor of any shape, () included, with at least one element. eps: float > 0, the step.
    Returns a tensor of the shape and dtype of x. f is evaluated in float64.

    >>> numerical_grad(lambda x: (x ** 3).sum(), [1.0, 2.0])
    [3.0, 12.0]
    >>> numerical_grad(lambda x: (x ** 3).sum(), [1.0, 2.0], eps=1.0)
    [4.0, 13.0]
    """
    raise NotImplementedError("numerical_grad")


def autograd_grad(f, x):
    """Return the gradient of f at x by the framework's tape: exact, but for rounding.

    f: function of a float tensor, whose result is a scalar tensor (). x: float tensor of any shape.
    Returns a tensor of the shape and dtype of x, 0 where f does not depend on an element, and 0 everywhere if f is
    constant, even if it has weights of its own that require gradients. x is left as it was (in PyTorch, its
    requires_grad and grad too): called twice on one tensor, the result is the same twice. Such weights are left as
    they were, too, and PyTorch records operations afterwards only if it did before.

    >>> autograd_grad(lambda x: x[0] * x[1] + x[0], [2.0, 5.0, 1.0])
    [6.0, 2.0, 0.0]
    """
    raise NotImplementedError("autograd_grad")


def jacobian(f, x):
    """Return all derivatives of a function of several results.

    f: function of a float tensor, whose result is a tensor of any shape. x: float tensor of any shape.
    Returns a tensor of shape f(x).shape + x.shape: element [i, j] is d f(x)[i] / d x[j], where i and j may be
    several indices each. It is 0 where f(x)[i] does not depend on x[j], and 0 everywhere if f is constant, even if
    it has weights of its own.

    >>> jacobian(lambda x: x[0] * x, [2.0, 3.0])
    [[4.0, 0.0], [3.0, 2.0]]
    """
    raise NotImplementedError("jacobian")


def second_derivative(f, x):
    """Return the second derivative of an elementwise function at every element of x.

    f: function of a float tensor that works element by element: its result has the shape of x, and an
    element depends on that element of x alone. x: float tensor of any shape.
    Returns a tensor of the shape and dtype of x; it is 0 for a linear or constant f, even if it has weights of its own.

    >>> second_derivative(lambda x: x ** 3, [1.0, 2.0])
    [6.0, 12.0]
    >>> second_derivative(lambda x: 3.0 * x, [1.0, 2.0])
    [0.0, 0.0]
    """
    raise NotImplementedError("second_derivative")


def grad_check(f, grad_f, x, eps=1e-5):
    """Return the largest relative error of a gradient that somebody wrote by hand.

    With the claimed gradient a = grad_f(x) and the central differences n of step eps, both in float64, the
    error of an element is |a - n| / max(|a| + |n|, 1e-8): about 0 where they agree, 1 where the sign is wrong.

    f: as for numerical_grad. grad_f: function of a float tensor; its result has the shape of x.
    x: float tensor of any shape.
    Returns a number, the largest error of all elements.

    >>> grad_check(lambda x: (x ** 2).sum(), lambda x: 2.0 * x, [1.0, 3.0])
    0.0
    >>> grad_check(lambda x: (x ** 2).sum(), lambda x: x, [1.0, 3.0])
    0.3333
    """
    raise NotImplementedError("grad_check")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
