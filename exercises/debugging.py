"""Find and repair planted faults in training loops, and write the probes that would have found them.

A faulty loop seldom crashes. It trains, a little worse than it should, and the loss still falls. So check a loop before
you train for hours: is the first loss that of equal scores, can the model learn one batch by heart, are units dead, is
everything finite? If a check fails, read the loop line by line and repair that line. Do not change the learning rate.

First write the pieces and the probes. Then repair the six loops at the end of this file. Each is written out, with one
fault; its docstring says what it should do. They use no framework, only your pieces and Python's operators. Repair them
in place: at most two lines of a loop may be changed, added or removed (a moved line counts as two), which is compared
with this file; comments and layout do not count.

The network: params is a list of tensors, w and b of each layer in turn, w (in, out) and b (out,). Every layer but the
last is followed by ReLU; the last gives scores. The loss is the mean cross-entropy of the softmax of the scores.
Shapes: N = rows, K = classes. x: float tensor (N, in). y: integer tensor (N,).

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Goodfellow, Bengio & Courville (2016), Deep Learning, section 11.5; Karpathy (2019), A recipe for training
neural networks; Lu, Shin, Su & Karniadakis (2020), doi:10.4208/cicp.OA-2020-0165, for dead units.
"""


def forward(params, x, mask=None):
    """Return the scores (N, K). mask: float tensor (N, width) that multiplies the first hidden layer after its ReLU.

    >>> forward([[[1.0, -1.0]], [0.0, 0.0], [[1.0], [1.0]], [0.5]], [[2.0], [-3.0]])
    [[2.5], [3.5]]
    """
    raise NotImplementedError("forward")


def loss_and_gradients(params, x, y, mask=None):
    """Return (loss, gradients): a scalar tensor, and a list of tensors like params, by automatic differentiation.

    The params given are left as they were: their values, and in PyTorch requires_grad and .grad, too.

    >>> loss, gradients = loss_and_gradients([[[0.0, 0.0]], [0.0, 0.0]], [[2.0]], [1])
    >>> loss
    0.6931
    >>> gradients[0]
    [[1.0, -1.0]]
    """
    raise NotImplementedError("loss_and_gradients")


def take(x, rows):
    """Return the rows of x (N, ...) that the integer tensor `rows` names, in that order.

    >>> take([[1.0], [2.0], [3.0]], [2, 0])
    [[3.0], [1.0]]
    """
    raise NotImplementedError("take")


def check_first_loss(loss, classes, tolerance=0.2):
    """Return whether the loss of an untrained classifier is that of a fair guess: ln(classes), off by at most
    tolerance * ln(classes). loss: Python float; NaN is not. Returns True or False.

    >>> check_first_loss(2.3, 10)
    True
    >>> check_first_loss(4.6, 10)
    False
    """
    raise NotImplementedError("check_first_loss")


def overfit_one_batch(step, state, steps, target):
    """Return whether a training step can learn one batch by heart, True or False.

    step: a function of a state that returns the next state and the loss before the step, (state, loss), always on
    the same batch; the loss is a scalar tensor. Take up to `steps` steps from `state`, each from the state that the
    one before returned. True as soon as a loss is at most target; False if none is, or if one is NaN.
    """
    raise NotImplementedError("overfit_one_batch")


def dead_relu_share(params, x):
    """Return the share of hidden units, over all hidden layers together, that are 0 after ReLU for every row of x.

    Returns a Python float; 0.0 for a network without a hidden layer.

    >>> dead_relu_share([[[1.0, -1.0]], [0.0, 0.0], [[1.0], [1.0]], [0.0]], [[2.0], [3.0]])
    0.5
    """
    raise NotImplementedError("dead_relu_share")


def nan_guard(step, loss, gradients):
    """Raise FloatingPointError if the loss, or an element of a gradient, is NaN or infinite; return None otherwise.

    step: integer, which the message names. loss: scalar tensor. gradients: list of tensors, left as they were: a guard
    that replaces NaN by 0 hides the fault.

    >>> nan_guard(7, scalar(1.0), [[[1.0, 1e999]], [0.0]])
    Traceback (most recent call last):
        ...
    FloatingPointError: step 7: gradient 0 is not finite
    """
    raise NotImplementedError("nan_guard")


# Below are the loops to be repaired, one fault each.


def train_full_batch(params, x, y, steps, lr):
    """Gradient descent on all rows: each step takes lr times the gradient at the current params.

    Returns (params, losses); losses holds a Python float a step, the loss before it.
    """
    total = [0 * p for p in params]
    losses = []
    for _ in range(steps):
        loss, gradients = loss_and_gradients(params, x, y)
        total = [t + g for t, g in zip(total, gradients, strict=True)]
        params = [p - lr * t for p, t in zip(params, total, strict=True)]
        losses.append(float(loss))
    return params, losses


def train_batches(params, x, y, orders, batch_size, lr):
    """Mini-batch descent, one epoch for each order: the rows and their labels in this order, cut into batches.

    orders: list of integer tensors (N,), permutations of the rows. The last batch of an epoch may be shorter.
    Returns (params, losses); losses holds a Python float a batch, the loss before its step.
    """
    losses = []
    for order in orders:
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            labels = y[start : start + batch_size]
            loss, gradients = loss_and_gradients(params, take(x, rows), labels)
            params = [p - lr * g for p, g in zip(params, gradients, strict=True)]
            losses.append(float(loss))
    return params, losses


def train_with_momentum(params, x, y, steps, lr, beta):
    """Descent on all rows with momentum: velocity = beta * velocity + gradient, from 0; params - lr * velocity.

    Returns the params after the last step.
    """
    for _ in range(steps):
        velocity = [0 * p for p in params]
        _, gradients = loss_and_gradients(params, x, y)
        velocity = [beta * v + g for v, g in zip(velocity, gradients, strict=True)]
        params = [p - lr * v for p, v in zip(params, velocity, strict=True)]
    return params


def train_with_decay(params, x, y, epochs, batch_size, lr, decay):
    """Mini-batch descent in the order of the rows; the learning rate is multiplied by decay after every epoch.

    The last batch of an epoch may be shorter. Returns the params after the last step.
    """
    for _ in range(epochs):
        for start in range(0, len(x), batch_size):
            rows, labels = x[start : start + batch_size], y[start : start + batch_size]
            _, gradients = loss_and_gradients(params, rows, labels)
            params = [p - lr * g for p, g in zip(params, gradients, strict=True)]
            lr = lr * decay
    return params


def train_with_dropout(params, x, y, masks, lr):
    """Descent on all rows with dropout, one step for each mask; returns (params, scores of the network in use).

    masks: list of float tensors (N, width).
    """
    for mask in masks:
        _, gradients = loss_and_gradients(params, x, y, mask)
        params = [p - lr * g for p, g in zip(params, gradients, strict=True)]
    scores = forward(params, x, mask)
    return params, scores


def train_until_best(params, x, y, validation_x, validation_y, steps, lr):
    """Descent on all training rows; returns (params, loss), those with the lowest validation loss, a Python float.

    The params given take part, and so do those after each step.
    """
    best, best_loss = params, float(loss_and_gradients(params, validation_x, validation_y)[0])
    for _ in range(steps):
        _, gradients = loss_and_gradients(params, x, y)
        params = [p - lr * g for p, g in zip(params, gradients, strict=True)]
        loss = float(loss_and_gradients(params, validation_x, validation_y)[0])
        if loss < best_loss:
            best = params
    return best, best_loss


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
