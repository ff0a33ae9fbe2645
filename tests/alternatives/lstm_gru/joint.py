"""Input and state as one row, weights as one matrix, gates by name, Adam by hand; in PyTorch."""

import math

import torch

KINDS = ("lstm", "gru")


def known(kind):
    if kind in KINDS:
        return
    raise ValueError(kind)


def lstm_step(x, h, c, params):
    size = h.size(1)
    joint = torch.hstack([x, h]) @ torch.vstack([params["wx"], params["wh"]])
    joint = torch.add(joint, params["b"])
    keep = joint[:, size : 2 * size].sigmoid() * c
    take = joint[:, :size].sigmoid() * joint[:, 2 * size : 3 * size].tanh()
    new = keep + take
    return new.tanh() * joint[:, 3 * size :].sigmoid(), new


def gru_step(x, h, params, reset_after=True):
    size = h.size(1)
    from_x = torch.addmm(params["bx"], x, params["wx"])
    wh, bh = params["wh"], params["bh"]
    gates = from_x[:, : 2 * size] + h @ wh[:, : 2 * size] + bh[: 2 * size]
    reset, update = gates[:, :size].sigmoid(), gates[:, size:].sigmoid()
    if reset_after:
        memory = torch.addmm(bh[2 * size :], h, wh[:, 2 * size :]).mul(reset)
    else:
        memory = torch.addmm(bh[2 * size :], reset.mul(h), wh[:, 2 * size :])
    return torch.lerp((from_x[:, 2 * size :] + memory).tanh(), h, update)


def run(kind, xs, params, state=None, mask=None):
    known(kind)
    h = xs.new_zeros(xs.size(0), params["wh"].size(0)) if state is None else state[0] + 0
    c = None
    if kind == "lstm":
        c = torch.zeros_like(h) if state is None else state[1] + 0
    found = []
    for t, x in enumerate(xs.unbind(1)):
        live = None if mask is None else mask[:, t].unsqueeze(1)
        if live is not None:
            x = torch.where(live, x, torch.zeros_like(x))
        if kind == "lstm":
            nh, nc = lstm_step(x, h, c, params)
            c = nc if live is None else torch.where(live, nc, c)
        else:
            nh = gru_step(x, h, params)
        h = nh if live is None else torch.where(live, nh, h)
        found.append(h[:, None])
    return torch.cat(found, 1), [h.clone()] if c is None else [h.clone(), c.clone()]


def bidirectional(kind, xs, ahead, back, mask=None):
    order = torch.arange(xs.size(1) - 1, -1, -1)
    turned = run(kind, xs[:, order], back, None, None if mask is None else mask[:, order])[0]
    return torch.cat((run(kind, xs, ahead, None, mask)[0], turned[:, order]), -1)


def stacked(kind, xs, layers, mask=None):
    first, *others = layers
    below = run(kind, xs, first, None, mask)[0]
    return stacked(kind, below, others, mask) if others else below


def from_torch(kind, w_ih, w_hh, b_ih, b_hh):
    known(kind)
    found = {"wx": w_ih.t().contiguous() * 1, "wh": w_hh.t().contiguous() * 1}
    biases = {"b": b_ih.add(b_hh)} if kind == "lstm" else {"bx": b_ih * 1, "bh": b_hh * 1}
    return found | biases


def from_keras(kind, kernel, recurrent, bias):
    known(kind)
    if kind == "lstm":
        return {"wx": kernel + 0, "wh": recurrent + 0, "b": bias + 0}
    size = recurrent.size(0)
    order = [*range(size, 2 * size), *range(size), *range(2 * size, 3 * size)]
    both = bias[:, order]
    return {"wx": kernel[:, order], "wh": recurrent[:, order], "bx": both[0] + 0, "bh": both[1] + 0}


def init_params(kind, n_in, hidden, n_out, rng):
    known(kind)
    gates = KINDS.index(kind) * -1 + 4
    edge = 1 / math.sqrt(hidden)

    def draw(rows, columns):
        return torch.as_tensor((2 * rng.random((rows, columns)) - 1) * edge).float()

    found = {"wo": draw(hidden, n_out), "wh": draw(hidden, gates * hidden)}
    found |= {"wx": draw(n_in, gates * hidden), "bo": torch.zeros(n_out)}
    if kind == "lstm":
        found["b"] = torch.zeros(4, hidden)
        found["b"][1] = 1
        found["b"] = found["b"].flatten()
    else:
        found["bx"], found["bh"] = torch.zeros(2, 3 * hidden).unbind()
    return found


def predict(kind, params, xs):
    last = run(kind, xs, params)[0][:, -1]
    return torch.addmm(params["bo"], last, params["wo"])


def train(kind, params, xs, y, epochs, batch, lr, rng):
    known(kind)
    names = list(params)
    values = [params[name].detach().clone() for name in names]
    first, second = ([torch.zeros_like(v) for v in values] for _ in range(2))
    history, step = [], 0
    for _ in range(epochs):
        rows, seen = rng.permutation(len(xs)), 0.0
        while len(rows):
            now, rows = rows[:batch], rows[batch:]
            leaves = [v.clone().requires_grad_() for v in values]
            off = predict(kind, dict(zip(names, leaves, strict=True)), xs[now]) - y[now]
            grads = torch.autograd.grad(off.square().mean(), leaves)
            seen, step = seen + float(off.detach().square().mean()) * len(now), step + 1
            for k, g in enumerate(grads):
                first[k] = torch.lerp(first[k], g, 0.1)
                second[k] = torch.lerp(second[k], g * g, 0.001)
                root = (second[k] / (1 - 0.999**step)).sqrt() + 1e-7
                values[k] = values[k] - lr * (first[k] / (1 - 0.9**step)) / root
        history.append(seen / len(xs))
    return dict(zip(names, values, strict=True)), history
