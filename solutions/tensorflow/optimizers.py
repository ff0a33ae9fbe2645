"""Optimizers over dicts of tensors, in TensorFlow."""

import tensorflow as tf


class Optimizer:
    """Walks over the parameters; a subclass says in `update` how one of them moves."""

    def __init__(self, lr):
        self.lr = lr
        self.memory = {}  # name -> what `update` keeps about that parameter

    def step(self, params, grads):
        if unknown := grads.keys() - params.keys():
            raise KeyError(f"gradients for {sorted(unknown)}, but no such parameters")
        return {
            name: self.update(w, grads[name], self.memory.setdefault(name, {}))
            if name in grads
            else w
            for name, w in params.items()
        }


class SGD(Optimizer):
    def __init__(self, lr, momentum=0.0, nesterov=False):
        super().__init__(lr)
        self.momentum, self.nesterov = momentum, nesterov

    def update(self, w, g, memory):
        v = self.momentum * memory.get("v", tf.zeros_like(w)) + g
        memory["v"] = v
        return w - self.lr * (g + self.momentum * v if self.nesterov else v)


class RMSprop(Optimizer):
    def __init__(self, lr, rho=0.9, eps=1e-8):
        super().__init__(lr)
        self.rho, self.eps = rho, eps

    def update(self, w, g, memory):
        s = self.rho * memory.get("s", tf.zeros_like(w)) + (1 - self.rho) * tf.square(g)
        memory["s"] = s
        return w - self.lr * g / (tf.sqrt(s) + self.eps)


class Adam(Optimizer):
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(lr)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def update(self, w, g, memory):
        zero = tf.zeros_like(w)
        t = memory.get("t", 0) + 1
        m = self.beta1 * memory.get("m", zero) + (1 - self.beta1) * g
        s = self.beta2 * memory.get("s", zero) + (1 - self.beta2) * tf.square(g)
        memory.update(t=t, m=m, s=s)
        # From zero, the means lack the share beta**t of what they would weigh.
        mean, square = m / (1 - self.beta1**t), s / (1 - self.beta2**t)
        return w - self.lr * mean / (tf.sqrt(square) + self.eps)


class AdamW(Adam):
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
        super().__init__(lr, beta1, beta2, eps)
        self.weight_decay = weight_decay

    def update(self, w, g, memory):
        return super().update(w, g, memory) - self.lr * self.weight_decay * w
