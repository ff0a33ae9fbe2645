"""Optimizers from scratch: SGD with momentum and Nesterov's look-ahead, RMSprop, Adam and AdamW.

The gradient says which way is down here and now; an optimizer decides how far to go, and remembers. Momentum adds up
past gradients, so that a narrow valley is crossed less and followed more. RMSprop divides each gradient by its own
recent size, so that parameters of very different scale advance alike. Adam does both, and corrects for the memory
being empty at the start.

Parameters and gradients are dicts of tensors by name, as in {"w": tensor (3, 2), "b": tensor (2,)}. `step` returns a
new dict and leaves both arguments, and the tensors in them, as they were. All memory is kept by name inside the
optimizer, starts at zero, and has the shape and dtype of the parameter; a gradient's tensor that is changed in place
after the step, as by `grad.zero_()`, does not change it. What holds for every class here:

- a parameter whose name is missing from `grads` is returned as it is, and its memory (and step count) rests;
- a name in `grads` that is missing from `params` is a KeyError, and then no memory has changed;
- `lr` is an attribute: setting `optimizer.lr = 0.01` between two steps holds from the next step on.

Rule: the framework's own optimizers are not allowed here.

What they do on one network (64-32-10 with ReLU, digits, batches of 64, the same start and the same batches for all),
measured as test accuracy after 5 epochs, median of ten seeds:

    SGD, lr 0.1                 0.872
    SGD, lr 0.1, momentum 0.9   0.963
    RMSprop, lr 0.01            0.951
    Adam, lr 0.01               0.957

Your classes are graded on the same run: the median of three seeds must reach 0.80, 0.92, 0.91 and 0.92.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: Goodfellow, Bengio & Courville (2016), Deep Learning, sections 8.3 and 8.5; Sutskever, Martens, Dahl & Hinton
(2013), On the importance of initialization and momentum in deep learning, ICML; Kingma & Ba (2015), arXiv:1412.6980,
algorithm 1; Loshchilov & Hutter (2019), arXiv:1711.05101, algorithm 2.
"""


class SGD:
    """Stochastic gradient descent with momentum.

    With g the gradient and v the velocity of a parameter w:
        v = momentum * v + g
        w = w - lr * v                      plain momentum
        w = w - lr * (g + momentum * v)     nesterov=True, with the new v

    The learning rate multiplies the velocity; it is not stored in it. momentum=0.0 is plain gradient descent.

    >>> sgd = SGD(lr=0.1, momentum=0.5)
    >>> params = sgd.step({"w": [1.0, 2.0]}, {"w": [1.0, -1.0]})
    >>> params
    {'w': [0.9, 2.1]}
    >>> sgd.step(params, {"w": [1.0, -1.0]})
    {'w': [0.75, 2.25]}
    """

    def __init__(self, lr, momentum=0.0, nesterov=False):
        raise NotImplementedError("SGD.__init__")

    def step(self, params, grads):
        """Return the parameters after one step, as a new dict of the same names.

        params, grads: dicts of float tensors; a gradient has the shape and dtype of its parameter.
        """
        raise NotImplementedError("SGD.step")


class RMSprop:
    """Gradients divided by the root of their running mean square.

        s = rho * s + (1 - rho) * g * g
        w = w - lr * g / (sqrt(s) + eps)

    eps stands outside the root. There is no momentum, no centring and no bias correction.

    >>> rmsprop = RMSprop(lr=0.1, rho=0.75)
    >>> rmsprop.step({"w": [1.0, 1.0]}, {"w": [4.0, -0.01]})
    {'w': [0.8, 1.2]}
    """

    def __init__(self, lr, rho=0.9, eps=1e-8):
        raise NotImplementedError("RMSprop.__init__")

    def step(self, params, grads):
        """As SGD.step."""
        raise NotImplementedError("RMSprop.step")


class Adam:
    """Running means of the gradient and of its square, both corrected for their start at zero.

        m = beta1 * m + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * g * g
        w = w - lr * m / (1 - beta1**t) / (sqrt(s / (1 - beta2**t)) + eps)

    t counts the gradients that this parameter has had, the present one included: 1 at its first.

    >>> adam = Adam(lr=0.1)
    >>> adam.step({"w": [1.0], "b": [1.0]}, {"w": [100.0], "b": [-0.01]})
    {'w': [0.9], 'b': [1.1]}
    """

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        raise NotImplementedError("Adam.__init__")

    def step(self, params, grads):
        """As SGD.step."""
        raise NotImplementedError("Adam.step")


class AdamW:
    """Adam with decoupled weight decay: w shrinks by lr * weight_decay * w beside the Adam step.

        w = w - lr * weight_decay * w - (the step that Adam takes)

    The w on the right is the one before the step, and the decay enters neither m nor s.

    >>> adamw = AdamW(lr=0.1, weight_decay=0.5)
    >>> adamw.step({"w": [1.0]}, {"w": [100.0]})
    {'w': [0.85]}
    """

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
        raise NotImplementedError("AdamW.__init__")

    def step(self, params, grads):
        """As SGD.step."""
        raise NotImplementedError("AdamW.step")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
