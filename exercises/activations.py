"""Activation functions and their derivatives.

Two linear layers without a nonlinear function between them are equivalent to one linear layer. The choice of the
function decides how gradients flow: a saturated sigmoid passes none, a ReLU passes all or none.

Every function works element by element on a float tensor x of any shape, and returns a tensor of its shape and dtype.
`<name>_grad(x)` is the derivative of <name> at x: a function of the input x, not of the output.

Rule: write them from functions such as exp, expm1, log, log1p, erf, abs, sign, max, min, clip, where, powers and
arithmetic, not from the framework's own activations (sigmoid, tanh, relu, gelu, softplus and the like). Functions of
this file may call each other.

Extreme inputs: for |x| up to 10,000 in float32, each function, each <name>_grad, and the gradient that the
framework's tape takes through each function are right and finite. Beware of `where`: the tape goes through both
branches, and 0 times infinity is NaN. Make the exponents safe, not only the choice. At x = 0 exactly, where abs, max
and where have kinks of their own, the gradient that the tape takes may be any finite number.

Words: docs/contract.md says what "float tensor", "left as it was" and the like mean.

Sources: Goodfellow, Bengio & Courville (2016), Deep Learning, section 6.3; Maas, Hannun & Ng (2013), Rectifier
nonlinearities improve neural network acoustic models; Clevert, Unterthiner & Hochreiter (2016),
arXiv:1511.07289 (ELU); Klambauer et al. (2017), arXiv:1706.02515 (SELU); Hendrycks & Gimpel (2016),
arXiv:1606.08415 (GELU).
"""


def sigmoid(x):
    """Return 1 / (1 + exp(-x)).

    >>> sigmoid([0.0, 1.0, -1000.0])
    [0.5, 0.7311, 0.0]
    """
    raise NotImplementedError("sigmoid")


def sigmoid_grad(x):
    """Return the derivative of sigmoid at x.

    >>> sigmoid_grad([0.0, 1.0])
    [0.25, 0.1966]
    """
    raise NotImplementedError("sigmoid_grad")


def tanh(x):
    """Return (exp(x) - exp(-x)) / (exp(x) + exp(-x)).

    >>> tanh([0.0, 1.0, -1000.0])
    [0.0, 0.7616, -1.0]
    """
    raise NotImplementedError("tanh")


def tanh_grad(x):
    """Return the derivative of tanh at x."""
    raise NotImplementedError("tanh_grad")


def relu(x):
    """Return max(x, 0)."""
    raise NotImplementedError("relu")


def relu_grad(x):
    """Return 1 where x > 0, and 0 elsewhere, at 0 too."""
    raise NotImplementedError("relu_grad")


def leaky_relu(x, slope=0.01):
    """Return x where x > 0, and slope * x elsewhere. slope: float, 0 to 1.

    >>> leaky_relu([-10.0, 10.0])
    [-0.1, 10.0]
    """
    raise NotImplementedError("leaky_relu")


def leaky_relu_grad(x, slope=0.01):
    """Return 1 where x > 0, and slope elsewhere, at 0 too."""
    raise NotImplementedError("leaky_relu_grad")


def elu(x, alpha=1.0):
    """Return x where x > 0, and alpha * (exp(x) - 1) elsewhere. alpha: float > 0."""
    raise NotImplementedError("elu")


def elu_grad(x, alpha=1.0):
    """Return 1 where x > 0, and alpha * exp(x) elsewhere, at 0 too."""
    raise NotImplementedError("elu_grad")


def selu(x):
    """Return scale * elu(x, alpha), alpha = 1.6732632423543772 and scale = 1.0507009873554805.

    With these two numbers, mean 0 and variance 1 are kept from layer to layer.

    >>> selu([-1000.0, 1.0])
    [-1.7581, 1.0507]
    """
    raise NotImplementedError("selu")


def selu_grad(x):
    """Return the derivative of selu at x; at 0, that from the left."""
    raise NotImplementedError("selu_grad")


def gelu(x, approximate=False):
    """Return x * Phi(x), where Phi is the distribution function of the standard normal.

    Phi(x) = (1 + erf(x / sqrt(2))) / 2. approximate: bool; if true,
    x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) instead, which is off by 0.0005 at most.

    >>> gelu([-1.0, 1.0])
    [-0.1587, 0.8413]
    """
    raise NotImplementedError("gelu")


def gelu_grad(x, approximate=False):
    """Return the derivative at x of gelu(x, approximate): that of the approximation if it is true."""
    raise NotImplementedError("gelu_grad")


def softplus(x):
    """Return log(1 + exp(x)), a smooth ReLU.

    >>> softplus([0.0, 1000.0])
    [0.6931, 1000.0]
    """
    raise NotImplementedError("softplus")


def softplus_grad(x):
    """Return the derivative of softplus at x."""
    raise NotImplementedError("softplus_grad")


def saturation(x, name, tol=1e-3):
    """Return the share of elements of x at which an activation passes hardly any gradient: |<name>_grad(x)| < tol.

    name: "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu" or "softplus", with its default arguments.
    Returns a number from 0 to 1, a float tensor () or a Python float, for x of any shape. Raises ValueError for any
    other name.

    >>> saturation([-9.0, -1.0, 0.5, 9.0], "relu")
    0.5
    >>> saturation([-9.0, -1.0, 0.5, 9.0], "sigmoid")
    0.5
    """
    raise NotImplementedError("saturation")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
