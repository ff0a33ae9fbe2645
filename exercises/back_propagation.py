"""Backpropagation by hand: the chain rule in a two-layer network, and in a small engine of your own.

A network is a chain of simple functions. Going forward, each keeps what its derivative will need, its
cache; going backward, each receives the gradient of the loss by its result (`dout`) and returns the
gradient by its inputs. The second half turns the same rule into an engine for any formula of numbers.

Shapes: N = samples, D = inputs, H = hidden units, K = classes.

Rule: no automatic differentiation (no `backward` of a tensor, no `autograd`, no `GradientTape`).

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Rumelhart, Hinton & Williams (1986), doi:10.1038/323533a0; Goodfellow, Bengio & Courville (2016),
Deep Learning, section 6.5; Nielsen (2015), Neural Networks and Deep Learning, chapter 2; Griewank &
Walther (2008), Evaluating Derivatives, section 3.2, doi:10.1137/1.9780898717761.
"""


def affine_forward(x, w, b):
    """Return (x w + b, cache).

    x: float tensor (N, D). w: float tensor (D, M). b: float tensor (M,).
    Returns a float tensor (N, M), and whatever affine_backward needs.

    >>> out, cache = affine_forward([[1.0, 2.0]], [[1.0, 0.0, 3.0], [0.0, 1.0, 1.0]], [0.0, 0.0, 1.0])
    >>> out
    [[1.0, 2.0, 6.0]]
    """
    raise NotImplementedError("affine_forward")


def affine_backward(dout, cache):
    """Return (dx, dw, db): the gradients of sum(dout * (x w + b)) by x, w and b.

    dout: float tensor (N, M), the gradient of the loss by the result. cache: as affine_forward gave it;
    it may be used more than once.
    Returns float tensors (N, D), (D, M) and (M,).

    >>> out, cache = affine_forward([[1.0, 2.0], [0.0, 1.0]], [[1.0], [3.0]], [5.0])
    >>> affine_backward([[1.0], [10.0]], cache)
    ([[1.0, 3.0], [10.0, 30.0]], [[1.0], [12.0]], [11.0])
    """
    raise NotImplementedError("affine_backward")


def relu_forward(x):
    """Return (max(x, 0), cache), element by element.

    x: float tensor of any shape. Returns a float tensor of that shape, and whatever relu_backward needs.
    """
    raise NotImplementedError("relu_forward")


def relu_backward(dout, cache):
    """Return the gradient of sum(dout * max(x, 0)) by x: dout where x > 0, and 0 elsewhere, at x = 0 too.

    dout: float tensor of the shape of x. cache: as relu_forward gave it.

    >>> out, cache = relu_forward([-1.0, 0.0, 2.0])
    >>> relu_backward([5.0, 6.0, 7.0], cache)
    [0.0, 0.0, 7.0]
    """
    raise NotImplementedError("relu_backward")


def two_layer_loss(params, x, y):
    """Return (loss, grads) of the network affine, ReLU, affine, softmax.

    params: dict of float tensors "w1" (D, H), "b1" (H,), "w2" (H, K), "b2" (K,).
    x: float tensor (N, D). y: int64 tensor (N,), values 0 to K - 1.
    Returns the loss, a float tensor (): the mean over the samples of -log softmax(logits)[y], in nats, finite for
    logits of 10,000, too. And a dict with the keys and shapes of params: the gradients of that loss.
    """
    raise NotImplementedError("two_layer_loss")


class Value:
    """A number that remembers how it was computed, so that derivatives can flow back through it.

    Attributes: `data`, a Python float; `grad`, a Python float, 0.0 until `backward` is called on a result.
    The other operand of `+ - * /` is a Value or a Python number, on either side of `+ - *`.

    >>> a = Value(2.0)
    >>> b = Value(3.0)
    >>> c = a * b + a * 4.0
    >>> c.data
    14.0
    >>> c.backward()
    >>> a.grad
    7.0
    >>> b.grad
    2.0
    """

    def __init__(self, data):
        """data: a number. (More parameters, with defaults, are yours to add.)"""
        raise NotImplementedError("Value.__init__")

    def __add__(self, other):
        raise NotImplementedError("Value.__add__")

    def __radd__(self, other):
        raise NotImplementedError("Value.__radd__")

    def __neg__(self):
        raise NotImplementedError("Value.__neg__")

    def __sub__(self, other):
        raise NotImplementedError("Value.__sub__")

    def __rsub__(self, other):
        raise NotImplementedError("Value.__rsub__")

    def __mul__(self, other):
        raise NotImplementedError("Value.__mul__")

    def __rmul__(self, other):
        raise NotImplementedError("Value.__rmul__")

    def __truediv__(self, other):
        raise NotImplementedError("Value.__truediv__")

    def __pow__(self, exponent):
        """exponent: a Python number, not a Value."""
        raise NotImplementedError("Value.__pow__")

    def exp(self):
        raise NotImplementedError("Value.exp")

    def relu(self):
        """max(self, 0), with the derivative 0 at 0."""
        raise NotImplementedError("Value.relu")

    def backward(self):
        """Set grad of this result to 1.0, and add to the grad of every Value that it was computed from.

        An operation is gone through once, after all that use its result: the time is that of the forward
        computation, however often results are used again. Graphs 300 operations deep must work.
        Graphs of several results may share Values, operands and intermediate results; each result's backward then
        adds to their grad. It adds the derivatives of its own result alone, whatever their grad already holds.
        """
        raise NotImplementedError("Value.backward")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
