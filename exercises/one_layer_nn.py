"""A network with one hidden layer for points in the plane, trained by hand.

No line separates the corners of exclusive or, or two interleaved moons. A hidden layer of tanh units maps the points to
features that a line can separate: h = tanh(x w1 + b1), score z = h w2 + b2, probability of class 1 p = sigmoid(z). The
loss is binary cross-entropy, averaged over the rows. To train, go back through the same steps with the chain rule;
every gradient is taken at the old parameters, before any of them moves.

Graded outcomes, as medians of three runs from init: all four corners of exclusive or (8 hidden units, lr=1, 400
epochs); two moons (300 points, 16 hidden units, lr=1, 600 epochs) to an accuracy of 0.94 on 1,000 others, where
a line reaches 0.86.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Rumelhart, Hinton & Williams (1986), doi:10.1038/323533a0; Bishop (2006), Pattern Recognition and Machine
Learning, sections 5.1 and 5.3; Goodfellow, Bengio & Courville (2016), Deep Learning, section 6.1 (exclusive or).
"""


def init(n_in, n_hidden, rng):
    """Return the parameters of a network of n_in features and n_hidden hidden units.

    rng: a NumPy Generator, the only source of randomness.
    Returns a dict of float32 tensors: "w1" (n_in, n_hidden), normal with mean 0 and standard deviation 1 / sqrt(n_in);
    "b1" (n_hidden,), all 0; "w2" (n_hidden,), normal with mean 0 and standard deviation 1 / sqrt(n_hidden); "b2"
    (1,), 0.

    >>> params = init(2, 3, rng(0))
    >>> (params["b1"], params["b2"])
    ([0.0, 0.0, 0.0], [0.0])
    """
    raise NotImplementedError("init")


def forward(params, x):
    """Return the probabilities of class 1, and any values that `step` needs.

    params: dict as from init. x: float tensor (n, n_in).
    Returns (p, cache): a float tensor (n,), and anything you like. Gradients flow from p to params and x.

    >>> params = {"w1": [[1.0, -1.0], [1.0, 1.0]], "b1": [0.0, 0.0], "w2": [1.0, 2.0], "b2": [0.0]}
    >>> forward(params, [[0.0, 0.0], [1.0, 0.0]])[0]
    [0.5, 0.3183]
    """
    raise NotImplementedError("forward")


def step(params, x, y, lr):
    """Take one step of gradient descent on the mean binary cross-entropy of all rows.

    params: dict of float tensors as from init, left as they are. x: float tensor (n, n_in). y: integer tensor
    (n,), 0 or 1. lr: the step size.
    Returns (params, loss): a new dict of tensors of the same dtype, and the loss before the step, a float tensor (),
    finite also where p rounds to 0 or 1.

    >>> params = {"w1": [[0.0]], "b1": [0.0], "w2": [2.0], "b2": [0.0]}
    >>> moved, loss = step(params, [[3.0]], [1], lr=1.0)
    >>> (moved["w1"], moved["b1"], moved["w2"], moved["b2"], loss)
    ([[3.0]], [1.0], [2.0], [0.5], 0.6931)
    """
    raise NotImplementedError("step")


def fit(params, x, y, lr, epochs):
    """Take `epochs` steps, 0 or more, on all rows at once, starting from `params`, which are left as they are.

    params, x, y, lr: as for step.
    Returns (params, history): the trained parameters, and a list of `epochs` Python floats, the losses before each
    step. 0 epochs give the parameters as they are, and [].

    >>> start = {"w1": [[0.0]], "b1": [0.0], "w2": [0.0], "b2": [0.0]}
    >>> params, history = fit(start, [[1.0]], [1], 1.0, 2)
    >>> (params["b2"], history)
    ([0.8775], [0.6931, 0.4741])
    """
    raise NotImplementedError("fit")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
