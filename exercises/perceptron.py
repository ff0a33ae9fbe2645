"""A neuron, the step rule and the perceptron learning algorithm.

A neuron weighs its inputs, adds a bias, and passes the sum through a function. With a step for that function
it says yes or no; and if a straight line can separate the classes at all, a rule of one line finds one: after
each mistake, move the line towards the point that it got wrong. Points that no line separates, such as those of
XOR, keep it moving for ever, which is why networks have hidden layers.

Graded: AND, OR and other separable points are learned without a mistake; XOR is not, since it cannot be.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Rosenblatt (1958), doi:10.1037/h0042519; Novikoff (1962), On convergence proofs for perceptrons; Minsky &
Papert (1969), Perceptrons; Bishop (2006), Pattern Recognition and Machine Learning, section 4.1.7.
"""


def neuron(x, w, b, activation):
    """Return activation(x . w + b) for every row of x.

    x: float tensor (N, D). w: float tensor (D,). b: float tensor ().
    activation: function of a tensor that works element by element. Returns a float tensor (N,).

    >>> neuron([[1.0, 2.0], [0.0, 1.0]], [3.0, -1.0], scalar(0.5), lambda z: maximum(z, 0.0))
    [1.5, 0.0]
    """
    raise NotImplementedError("neuron")


def predict(x, w, b):
    """Return the class of every row of x: 1 where x . w + b >= 0, and 0 elsewhere.

    x: float tensor (N, D). w: float tensor (D,). b: float tensor (). Returns an int64 tensor (N,).

    >>> predict([[2.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [1.0, -1.0], scalar(0.0))
    [1, 0, 1]
    """
    raise NotImplementedError("predict")


def perceptron_fit(x, y, epochs=100, lr=1.0):
    """Learn weights by Rosenblatt's rule, and return (w, b, mistakes).

    Start from w = 0 and b = 0. An epoch goes through the rows of x in their order, one at a time. Where the
    class that the current w and b predict, as `predict` does, is not y, at once add lr * (y - predicted) * x to w
    and lr * (y - predicted) to b. Stop after the first epoch without a mistake, and after `epochs` at the latest.

    x: float tensor (N, D). y: int64 tensor (N,) of classes 0 and 1. epochs: int, 0 or more. lr: float > 0.
    Returns w, a tensor (D,) of the dtype of x; b, a tensor () of the dtype of x; and mistakes, a Python list of
    ints: the number of mistakes in each epoch that was run, the last one included.

    >>> w, b, mistakes = perceptron_fit([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 0, 0, 1])
    >>> mistakes
    [2, 3, 3, 2, 1, 0]
    >>> predict([[1.0, 0.0], [1.0, 1.0]], w, b)
    [0, 1]
    """
    raise NotImplementedError("perceptron_fit")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
