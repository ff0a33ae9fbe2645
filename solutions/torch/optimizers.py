"""Optimizers over dicts of tensors, in PyTorch."""

import torch


class Optimizer:
    """Walks over the parameters; a subclass says in `update` how one of them moves."""

    def __init__(self, lr):
        self.lr = lr
        self.memory = {}  # name -> what `update` keeps about that parameter

    @torch.no_grad()
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
        v = self.momentum * memory.get("v", torch.zeros_like(w)) + g
        memory["v"] = v
        return w - self.lr * (g + self.momentum * v if self.nesterov else v)


class RMSprop(Optimizer):
    def __init__(self, lr, rho=0.9, eps=1e-8):
        super().__init__(lr)
        self.rho, self.eps = rho, eps

    def update(self, w, g, memory):
        s = torch.lerp(g.square(), memory.get("s", torch.zeros_like(w)), self.rho)
        memory["s"] = s
        return w - self.lr * g / (s.sqrt() + self.eps)


class Adam(Optimizer):
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(lr)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def update(self, w, g, memory):
        zero = torch.zeros_like(w)
        t = memory.get("t", 0) + 1
        m = torch.lerp(g, memory.get("m", zero), self.beta1)
        s = torch.lerp(g.square(), memory.get("s", zero), self.beta2)
        memory.update(t=t, m=m, s=s)
        # From zero, the means lack the share beta**t of what they would weigh.
        mean, square = m / (1 - self.beta1**t), s / (1 - self.beta2**t)
        return w - self.lr * mean / (square.sqrt() + self.eps)


class AdamW(Adam):
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
        super().__init__(lr, beta1, beta2, eps)
        self.weight_decay = weight_decay

    def update(self, w, g, memory):
        return super().update(w, g, memory) - self.lr * self.weight_decay * w
