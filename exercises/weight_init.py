"""Xavier and He initialisation, and what equal weights do.

Weights that start too large or too small make signals grow or die from layer to layer. A weight's fitting scale follows
from how many inputs a unit sums (its fan-in) and how many units read one input (its fan-out). And weights must differ:
units that start equal receive equal gradients, and stay equal for ever.

Weights here are those of layers, in the framework's own layout:

    PyTorch      dense (out, in), convolution (out, in, H, W)
    TensorFlow   dense (in, out), convolution (H, W, in, out)

    fan_in  = in * H * W        inputs that one output sums      (a dense layer has H = W = 1)
    fan_out = out * H * W       outputs that one input reaches

Rule: the framework's own initialisers are not allowed here. Random numbers come from `rng`, a NumPy Generator, and from
nowhere else: the same seed gives the same weights. Statistics are checked on 120,000 draws, at five standard errors.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, AISTATS,
PMLR 9:249-256; He, Zhang, Ren & Sun (2015), arXiv:1502.01852, section 2.2; Goodfellow, Bengio & Courville (2016), Deep
Learning, section 8.4.
"""


def fan_in_out(shape):
    """Return (fan_in, fan_out), two integers, of the weights of a dense layer or of a convolution.

    shape: a tuple of 2 or 4 integers in the framework's layout. Raises ValueError for another length.

    >>> fan_in_out((5, 5))
    (5, 5)
    >>> fan_in_out((3, 3, 3, 3))
    (27, 27)
    >>> fan_in_out((7,))
    Traceback (most recent call last):
        ...
    ValueError: the weights of a dense layer have 2 axes and those of a convolution 4
    """
    raise NotImplementedError("fan_in_out")


def xavier_uniform(shape, rng, gain=1.0):
    """Return a float32 tensor of `shape`, uniform between -a and a, a = gain * sqrt(6 / (fan_in + fan_out))."""
    raise NotImplementedError("xavier_uniform")


def xavier_normal(shape, rng, gain=1.0):
    """Return a float32 tensor of `shape`, normal (not truncated) with the mean 0 and the standard deviation
    gain * sqrt(2 / (fan_in + fan_out)).
    """
    raise NotImplementedError("xavier_normal")


def he_normal(shape, rng):
    """Return a float32 tensor of `shape`, normal (not truncated) with the mean 0 and the standard deviation
    sqrt(2 / fan_in), which keeps the mean square of a signal through layers of ReLU.
    """
    raise NotImplementedError("he_normal")


def initialize(model, rng):
    """Give every dense layer of `model` new weights by he_normal and a bias of zero, in place. Returns None.

    The parameters take new values and stay the same objects, so that an optimizer which has them goes on with them.
    model: torch.nn.Sequential or keras.Sequential of dense layers and activations; every dense layer has a bias.
    """
    raise NotImplementedError("initialize")


def symmetry_rank(w, tol=1e-3):
    """Return the numerical rank of a matrix as an int: how many of its singular values exceed tol times the largest.

    w: float tensor (n, m). The rank of a layer's weights is at most the number of units that differ, 1 if all are
    equal.
    A matrix of zeros has the rank 0.

    >>> symmetry_rank([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]])
    1
    >>> symmetry_rank([[1.0, 0.0], [0.0, 1.0]])
    2
    """
    raise NotImplementedError("symmetry_rank")


def train(params, x, y, lr, epochs):
    """Full-batch gradient descent on the mean cross-entropy of logits = tanh(x @ w1 + b1) @ w2 + b2.

    params: dict of float32 tensors w1 (F, H), b1 (H,), w2 (H, K), b2 (K,), left as they were. Here, w1 and w2 have one
    column a unit in both frameworks. x: float32 tensor (N, F). y: int64 tensor (N,), values 0 to K - 1.
    Returns (params, history): a new dict, and a list of `epochs` Python floats, the loss before each step, in nats.
    Automatic differentiation is welcome.

    Graded as outcomes on digits, H = 32, lr = 0.5, 100 epochs: from draws of variance 2 / (fan_in + fan_out), a test
    accuracy of at least 0.90; and from w1 and w2 of one small value throughout, at most 0.40, with w1 of rank 1.
    """
    raise NotImplementedError("train")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
