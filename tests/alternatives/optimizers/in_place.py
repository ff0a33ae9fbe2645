"""In-place kernels on copies of its own, the formulas rearranged, without a common base class."""

import torch


def check(params, grads):
    for name in grads:
        params[name]  # a KeyError where there is no such parameter


class SGD:
    def __init__(self, lr, momentum=0.0, nesterov=False):
        self.__dict__.update(lr=lr, momentum=momentum, nesterov=nesterov, velocity={})

    def step(self, params, grads):
        check(params, grads)
        moved = dict(params)
        for name, g in grads.items():
            if name in self.velocity:
                self.velocity[name].mul_(self.momentum).add_(g)
            else:
                self.velocity[name] = g.clone()
            v = self.velocity[name]
            direction = g.add(v, alpha=self.momentum) if self.nesterov else v
            moved[name] = params[name].clone().add_(direction, alpha=-self.lr)
        return moved


class RMSprop:
    def __init__(self, lr, rho=0.9, eps=1e-8):
        self.__dict__.update(lr=lr, rho=rho, eps=eps, squares={})

    def step(self, params, grads):
        check(params, grads)
        moved = dict(params)
        for name, g in grads.items():
            s = self.squares.setdefault(name, torch.zeros_like(g))
            s.mul_(self.rho).addcmul_(g, g, value=1 - self.rho)
            moved[name] = torch.addcdiv(params[name], g, s.sqrt().add_(self.eps), value=-self.lr)
        return moved


class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.__dict__.update(lr=lr, beta1=beta1, beta2=beta2, eps=eps, m={}, s={}, t={})
        self.weight_decay = 0.0

    def step(self, params, grads):
        check(params, grads)
        moved = dict(params)
        for name, g in grads.items():
            t = self.t[name] = self.t.get(name, 0) + 1
            m = self.m.setdefault(name, torch.zeros_like(g))
            s = self.s.setdefault(name, torch.zeros_like(g))
            m.mul_(self.beta1).add_(g, alpha=1 - self.beta1)
            s.mul_(self.beta2).addcmul_(g, g, value=1 - self.beta2)
            rate = self.lr / (1 - self.beta1**t)
            size = s.sqrt().div_((1 - self.beta2**t) ** 0.5).add_(self.eps)
            kept = params[name] * (1 - self.lr * self.weight_decay)
            moved[name] = kept.addcdiv_(m, size, value=-rate)
        return moved


class AdamW(Adam):
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
        super().__init__(lr, beta1, beta2, eps)
        self.weight_decay = weight_decay
