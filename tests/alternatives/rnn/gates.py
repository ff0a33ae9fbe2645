"""A class that unrolls, with the two matrices as one and gradients collected in lists; in PyTorch."""

import math

import torch


def rnn_step(x, h, wx, wh, b):
    joint = torch.cat([x, h], dim=1)
    return (joint @ torch.cat([wx, wh]) + b).tanh()


class Unrolled:
    def __init__(self, xs, h0, wx, wh, b, mask):
        self.mask = torch.ones(xs.shape[:2], dtype=torch.bool) if mask is None else mask
        # What a masked step holds never enters.
        self.xs = xs.masked_fill(~self.mask[..., None], 0.0)
        self.wx, self.wh, self.states = wx, wh, [h0]
        for t in range(xs.shape[1]):
            new = rnn_step(self.xs[:, t], self.states[-1], wx, wh, b)
            self.states.append(torch.where(self.mask[:, t : t + 1], new, self.states[-1]))

    def back(self, dhs):
        """Gradients by the states 0 to T, and by the sums within tanh."""
        dstates, dsums = [torch.zeros_like(self.states[0])], []
        for t in reversed(range(dhs.shape[1])):
            d = dstates[-1] + dhs[:, t]
            dstates[-1] = d
            here = self.mask[:, t : t + 1].to(d.dtype)
            dsum = here * d * (1 - self.states[t + 1].square())
            dsums.append(dsum)
            dstates.append(dsum @ self.wh.t() + (1 - here) * d)
        return dstates[::-1], torch.stack(dsums[::-1], 1)


def rnn_forward(xs, h0, wx, wh, b, mask=None):
    run = Unrolled(xs, h0, wx, wh, b, mask)
    return torch.stack(run.states[1:], 1), run


def rnn_backward(dhs, cache):
    dstates, dsums = cache.back(dhs)
    before = torch.stack(cache.states[:-1], 1)
    dwx = torch.einsum("btd,bth->dh", cache.xs, dsums)
    dwh = torch.einsum("btd,bth->dh", before, dsums)
    return dsums @ cache.wx.t(), dstates[0], dwx, dwh, dsums.sum((0, 1))


def gradient_by_step(dlast, cache):
    steps = len(cache.states) - 1
    dhs = torch.cat([dlast.new_zeros(len(dlast), steps - 1, dlast.shape[1]), dlast[:, None]], 1)
    return torch.stack([d.pow(2).sum().sqrt() for d in cache.back(dhs)[0][1:]])


def init_params(n_in, hidden, n_out, rng):
    def draw(*shape):
        return torch.from_numpy((2 * rng.random(shape) - 1) / math.sqrt(hidden)).float()

    return {
        "wo": draw(hidden, n_out), "wx": draw(n_in, hidden), "wh": draw(hidden, hidden),
        "b": torch.zeros(hidden), "bo": torch.zeros(n_out),
    }  # fmt: skip


def predict(params, xs):
    h = xs.new_zeros(xs.shape[0], params["b"].numel())
    for x in xs.unbind(1):
        h = rnn_step(x, h, params["wx"], params["wh"], params["b"])
    return h.matmul(params["wo"]).add(params["bo"])


def clip(grads, norm):
    common = math.sqrt(sum(float(g.double().pow(2).sum()) for g in grads.values()))
    if common <= norm:
        return {name: g.clone() for name, g in grads.items()}
    return {name: g * (norm / common) for name, g in grads.items()}


def train(params, xs, y, epochs, batch, lr, rng):
    params = {name: value.clone() for name, value in params.items()}
    moments = {name: (torch.zeros_like(p), torch.zeros_like(p)) for name, p in params.items()}
    history, t = [], 0
    for _ in range(epochs):
        order = list(range(len(xs)))
        rng.shuffle(order)
        squares = []
        for i in range(0, len(order), batch):
            rows = order[i : i + batch]
            zeros = xs.new_zeros(len(rows), params["b"].numel())
            hs, run = rnn_forward(xs[rows], zeros, params["wx"], params["wh"], params["b"])
            error = hs[:, -1] @ params["wo"] + params["bo"] - y[rows]
            squares += error.square().mean(1).tolist()
            d = error * (2 / error.numel())
            dhs = torch.zeros_like(hs)
            dhs[:, -1] = d @ params["wo"].t()
            _, _, dwx, dwh, db = rnn_backward(dhs, run)
            grads = {"wx": dwx, "wh": dwh, "b": db, "wo": hs[:, -1].t() @ d, "bo": d.sum(0)}
            t += 1
            for name, g in clip(grads, 1.0).items():
                m, v = moments[name]
                m.mul_(0.9).add_(g, alpha=0.1)
                v.mul_(0.999).addcmul_(g, g, value=0.001)
                params[name] -= lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-7)
        history.append(sum(squares) / len(squares))
    return params, history
