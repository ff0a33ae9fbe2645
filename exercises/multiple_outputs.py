"""One trunk, several heads: a network that classifies a digit and, from the same features, predicts its amount of ink.

The heads share the features of the trunk, and all heads train it: its gradient is the sum of the gradients of the
heads' losses, with the weights of the losses. The weights are a choice. A head of weight 0 has no effect on training.

Graded by thresholds, the median of three trainings: with one hidden layer of 64, weights (1.0, 0.5), 20 epochs, rate
0.003 and batches of 32, on scikit-learn's digits and their ink (the sum of the pixels, standardised), at least 0.94 of
the test images get their digit, and the ink is predicted with an R squared of at least 0.88.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Caruana (1997), Multitask Learning, doi:10.1023/A:1007379606734, section 2; Goodfellow, Bengio & Courville
(2016), Deep Learning, section 7.7.
"""


def build(n_in, hidden, n_classes):
    """Return a network with a trunk and two heads.

    The trunk has one dense layer with ReLU for each width of the tuple `hidden`, possibly none. On its last layer stand
    two dense layers side by side: one of n_classes logits, and one of a single number, the amount, without
    activation. All of them are the framework's own dense layers with bias, with its default initialisation.
    Returns a model of the framework, which `forward` and `train` take.

    >>> len(forward(build(4, (3,), 2), [[0.0, 1.0, 2.0, 3.0]]))
    2
    """
    raise NotImplementedError("build")


def forward(model, x):
    """Return (logits, amounts) of the rows of x: float tensors (B, n_classes) and (B,).

    x: float tensor (B, n_in). Gradients flow through the result.

    >>> logits, amounts = forward(build(2, (3,), 4), [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> len(logits[0])
    4
    >>> len(amounts)
    3
    """
    raise NotImplementedError("forward")


def joint_loss(outputs, targets, weights):
    """Return (total, parts): the weighted sum of the losses of both heads, and the two losses themselves.

    outputs: (logits (B, K), amounts (B,)), float tensors. targets: (labels (B,), amounts (B,)), an integer tensor of
    classes from 0 and a float tensor. weights: (for the labels, for the amounts), Python floats of at least 0.
    total: float tensor (), weights[0] * parts[0] + weights[1] * parts[1], not divided by anything.
    parts: a tuple of two float tensors (): the mean cross-entropy in nats, and the mean squared error.

    >>> total, parts = joint_loss(([[0.0, 0.0]], [3.0]), ([1], [1.0]), (2.0, 0.5))
    >>> parts
    (0.6931, 4.0)
    >>> total
    3.3863
    """
    raise NotImplementedError("joint_loss")


def train(model, x, targets, weights, epochs, lr, batch_size):
    """Train the model in place with Adam on the joint loss of mini-batches, in a new random order every epoch.

    x: float tensor (N, n_in). targets, weights: as for joint_loss, with N rows. lr: Adam's learning rate; beta1 0.9,
    beta2 0.999, epsilon 1e-7. The last batch may be smaller; it is not left out.
    Returns {"total": [...], "label": [...], "amount": [...]}, one Python float an epoch in each list: the total and its
    two unweighted parts, as means over all N rows, each taken when its batch is seen, before its step.

    >>> x, targets = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ([0, 1, 1], [0.5, 1.0, 2.0])
    >>> history = train(build(2, (3,), 2), x, targets, (1.0, 1.0), epochs=4, lr=0.1, batch_size=2)
    >>> len(history["amount"])
    4
    """
    raise NotImplementedError("train")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
