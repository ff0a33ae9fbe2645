"""Every optimizer as its own class around dicts of arrays kept by name, in TensorFlow."""

import tensorflow as tf


def known(params, grads):
    for name in grads:
        if name not in params:
            raise KeyError(name)


class SGD:
    def __init__(self, lr, momentum=0.0, nesterov=False):
        self.lr, self.momentum, self.nesterov = lr, momentum, nesterov
        self.velocity = {}

    def step(self, params, grads):
        known(params, grads)
        after = dict(params)
        for name, g in grads.items():
            before = self.velocity.get(name)
            v = g if before is None else self.momentum * before + g
            self.velocity[name] = v
            direction = g + self.momentum * v if self.nesterov else v
            after[name] = tf.subtract(params[name], tf.cast(self.lr, g.dtype) * direction)
        return after


class RMSprop:
    def __init__(self, lr, rho=0.9, eps=1e-8):
        self.lr, self.rho, self.eps = lr, rho, eps
        self.squares = {}

    def step(self, params, grads):
        known(params, grads)
        after = dict(params)
        for name, g in grads.items():
            s = self.squares.get(name, tf.zeros_like(g))
            rho = tf.cast(self.rho, g.dtype)
            s = self.squares[name] = rho * s + (1 - rho) * g**2
            after[name] = params[name] - self.lr * tf.divide(g, s**0.5 + self.eps)
        return after


class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.betas, self.eps = lr, (beta1, beta2), eps
        self.counts, self.means, self.squares = {}, {}, {}

    def moves(self, params, grads):
        known(params, grads)
        found = {}
        for name, g in grads.items():
            one, two = (tf.cast(beta, g.dtype) for beta in self.betas)
            t = self.counts[name] = self.counts.get(name, 0) + 1
            m = self.means[name] = one * self.means.get(name, 0 * g) + (1 - one) * g
            s = self.squares[name] = two * self.squares.get(name, 0 * g) + (1 - two) * g * g
            found[name] = self.lr * (m / (1 - one**t)) / (tf.sqrt(s / (1 - two**t)) + self.eps)
        return found

    def step(self, params, grads):
        moves = self.moves(params, grads)
        return {name: w - moves[name] if name in moves else w for name, w in params.items()}


class AdamW(Adam):
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
        super().__init__(lr, beta1, beta2, eps)
        self.weight_decay = weight_decay

    def step(self, params, grads):
        moves, keep = self.moves(params, grads), 1 - self.lr * self.weight_decay
        return {name: keep * w - moves[name] if name in moves else w for name, w in params.items()}
