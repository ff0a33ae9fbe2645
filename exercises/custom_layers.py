"""Custom layers: Dense, L2Normalize, RBF and Residual, and a network made of them.

A layer is a function with parameters that the framework can find: it lists them, trains them, saves them, and moves
them to another device. For that, a parameter must be registered once, and not created again in each call.

Each class here is a subclass of torch.nn.Module or of keras.layers.Layer, and is called as `layer(x)`. The parameters
are float32 and have the names given below (in Keras, `add_weight(name=...)`); random ones are drawn from the
framework's global generator. They exist from the constructor on, or in Keras after the first call at the latest. Any
number of leading axes is allowed, (n_in,), (B, n_in) or (B, T, n_in), and no call changes its input.

Every layer but Residual has a method get_config(), which returns a dict of the constructor's arguments by name, enough
to make a layer of the same settings: Dense(**config). (In Keras the dict also holds name, trainable and dtype, which
the constructor accepts and passes on.)

Rule: the framework's own layers are not allowed here, but for their base class and containers, nor are its functions
that do the work of such a layer (linear, normalize).

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Broomhead & Lowe (1988), Complex Systems 2, 321-355 (RBF); He, Zhang, Ren & Sun (2016), arXiv:1512.03385
(residual layers); Goodfellow, Bengio & Courville (2016), Deep Learning, section 6.4; "Extending PyTorch" and "Making
new layers and models via subclassing" in the frameworks' documentation.
"""


class Dense:
    """activation(x @ kernel + bias), along the last axis.

    n_in, n_out: features in and out. activation: "linear", "relu" or "tanh", or the constructor raises ValueError.
    Parameters: kernel (n_in, n_out), uniform on (-a, a), a = sqrt(6 / (n_in + n_out)); bias (n_out,), zero.

    >>> layer = Dense(2, 3)
    >>> layer([[0.0, 0.0]])
    [[0.0, 0.0, 0.0]]
    >>> Dense(2, 3, activation="cubic")
    Traceback (most recent call last):
        ...
    ValueError: activation should be linear, relu or tanh, not cubic
    """

    def __init__(self, n_in, n_out, activation="linear"):
        raise NotImplementedError("Dense.__init__")


class L2Normalize:
    """x / max(norm, eps), where norm is the Euclidean norm of x along `axis`.

    A vector of zeros stays zero, and no gradient is NaN there. Parameters: none.

    >>> layer = L2Normalize()
    >>> layer([[3.0, 4.0], [0.0, 0.0]])
    [[0.6, 0.8], [0.0, 0.0]]
    """

    def __init__(self, axis=-1, eps=1e-6):
        raise NotImplementedError("L2Normalize.__init__")


class RBF:
    """exp(-gamma * |x - c_j|^2) for each centre c_j: one radial basis function an output.

    n_in, n_out: features in, and centres. gamma: float > 0, a setting, kept as a number: neither a parameter nor a
    buffer.
    Parameters: centres (n_out, n_in), drawn from a standard normal distribution.
    Input (..., n_in), output (..., n_out). It is right where x and c_j are near 1,000, too: the squares of such numbers
    in float32 lose a small distance.
    """

    def __init__(self, n_in, n_out, gamma=1.0):
        raise NotImplementedError("RBF.__init__")


class Residual:
    """x + inner(x): any layer with a way around it.

    inner: a layer whose output has the shape of its input; another shape is a ValueError when it is called.
    Parameters: those of inner, registered through it.
    """

    def __init__(self, inner):
        raise NotImplementedError("Residual.__init__")


def build(n_in, hidden, k):
    """Return a sequential model (torch.nn.Sequential or keras.Sequential) of the layers above, in this order:

    L2Normalize, Dense(n_in, hidden, "relu"), Residual around Dense(hidden, hidden, "tanh"), RBF(hidden, hidden),
    Dense(hidden, k).

    >>> model = build(4, 8, 3)
    >>> model([[0.0, 0.0, 0.0, 0.0]])[0] * 0.0
    [0.0, 0.0, 0.0]
    """
    raise NotImplementedError("build")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
