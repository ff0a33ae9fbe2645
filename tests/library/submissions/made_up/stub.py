"""A topic made up for the tests of the battery."""


def scale(x, factor=2.0, shift=0.0):
    """Return factor * (x - the mean of each row) + shift. x: float tensor (N, D), N may be 0."""
    raise NotImplementedError("scale")


def pick(x, labels):
    """Return x[i, labels[i]] for each row i. x: float tensor (N, C). labels: integer tensor (N,)."""
    raise NotImplementedError("pick")


def noise(x, rng):
    """Return x plus standard normal noise, drawn from rng alone. x: float tensor of any shape."""
    raise NotImplementedError("noise")


def both(params, flag=True):
    """Return a new dict with every tensor of params doubled."""
    raise NotImplementedError("both")


def blend(a, b):
    """Return a + b / 20. a, b: float tensors of one shape."""
    raise NotImplementedError("blend")


def size(x):
    """Return the number of elements, a Python integer."""
    raise NotImplementedError("size")


def parts(x, k):
    """Yield k tensors, the columns of x in turn."""
    raise NotImplementedError("parts")


class Mean:
    """The mean of all batches so far."""

    def __init__(self, start=0.0):
        raise NotImplementedError("Mean.__init__")

    def add(self, x):
        """Take the sum of a float tensor in; return the total so far, a tensor ()."""
        raise NotImplementedError("Mean.add")


def build(n_in, n_out):
    """Return a model of one dense layer."""
    raise NotImplementedError("build")


def train(model, x, y, epochs, batch, rng):
    """Train a model by steps of 0.1 on the mean squared error, in a new order of the rows, drawn from rng, each epoch.

    Returns a list of one Python float an epoch.
    """
    raise NotImplementedError("train")


def told(x):
    """Return what x is, as text."""
    raise NotImplementedError("told")
