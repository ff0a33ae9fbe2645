"""PyTorch: gates as axes of their own, the run as a fold, and the kind checked by what the run needs."""

import math
from functools import reduce

import torch

SIZES = {"lstm": 4, "gru": 3}


def lstm_step(x, h, c, params):
    a = (
        torch.einsum("bd,dk->bk", x, params["wx"])
        + torch.einsum("bh,hk->bk", h, params["wh"])
        + params["b"]
    )
    i, f, g, o = a.unflatten(1, (4, -1)).unbind(1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def gru_step(x, h, params, reset_after=True):
    n = h.shape[1]
    ax = torch.addmm(params["bx"], x, params["wx"])
    wh, bh = params["wh"], params["bh"]
    rz = torch.sigmoid(ax[:, : 2 * n] + h @ wh[:, : 2 * n] + bh[: 2 * n])
    r, z = rz[:, :n], rz[:, n:]
    inner = (
        r * (h @ wh[:, 2 * n :] + bh[2 * n :])
        if reset_after
        else (r * h) @ wh[:, 2 * n :] + bh[2 * n :]
    )
    return torch.lerp(torch.tanh(ax[:, 2 * n :] + inner), h, z)


def _step(kind, x, state, params):
    match kind:
        case "lstm":
            return lstm_step(x, *state, params)
        case "gru":
            return (gru_step(x, *state, params),)
        case _:
            raise ValueError(kind)


def run(kind, xs, params, state=None, mask=None):
    if kind not in SIZES:
        raise ValueError(f"kind should be one of {[*SIZES]}")
    if state is None:
        state = tuple(
            xs.new_zeros(len(xs), len(params["wh"])) for _ in range(2 if kind == "lstm" else 1)
        )
    if mask is None:
        mask = torch.ones(xs.shape[:2], dtype=torch.bool)
    xs = torch.where(mask[..., None], xs, 0)

    def fold(carry, now):
        states, outputs = carry
        x, alive = now
        after = _step(kind, x, states, params)
        states = tuple(
            torch.where(alive[:, None], new, old) for new, old in zip(after, states, strict=False)
        )
        return states, [*outputs, states[0]]

    state, hs = reduce(fold, zip(xs.unbind(1), mask.unbind(1), strict=False), (tuple(state), []))
    return torch.stack(hs, dim=1), state


def bidirectional(kind, xs, ahead, back, mask=None):
    there, _ = run(kind, xs, ahead, mask=mask)
    again, _ = run(kind, xs.flip(1), back, mask=None if mask is None else mask.flip(1))
    return torch.cat([there, again.flip(1)], -1)


def stacked(kind, xs, layers, mask=None):
    return reduce(lambda h, p: run(kind, h, p, mask=mask)[0], layers, xs)


def from_torch(kind, w_ih, w_hh, b_ih, b_hh):
    if kind not in SIZES:
        raise ValueError(kind)
    weights = {"wx": w_ih.T.clone(), "wh": w_hh.T.clone()}
    biases = {"b": b_ih + b_hh} if kind == "lstm" else {"bx": b_ih.clone(), "bh": b_hh.clone()}
    return weights | biases


def from_keras(kind, kernel, recurrent, bias):
    if kind == "lstm":
        return {"wx": kernel.clone(), "wh": recurrent.clone(), "b": bias.clone()}
    if kind != "gru":
        raise ValueError(kind)

    def swap(t):
        z, r, n = t.chunk(3, -1)
        return torch.cat((r, z, n), -1)

    bx, bh = swap(bias)
    return {"wx": swap(kernel), "wh": swap(recurrent), "bx": bx, "bh": bh}


def init_params(kind, n_in, hidden, n_out, rng):
    if kind not in SIZES:
        raise ValueError(kind)
    edge, k = 1 / math.sqrt(hidden), SIZES[kind] * hidden

    def draw(*size):
        return torch.as_tensor(rng.uniform(-edge, edge, size), dtype=torch.float32)

    p = {
        "wx": draw(n_in, k),
        "wh": draw(hidden, k),
        "wo": draw(hidden, n_out),
        "bo": torch.zeros(n_out),
    }
    if kind == "lstm":
        p["b"] = torch.cat([torch.zeros(hidden), torch.ones(hidden), torch.zeros(2 * hidden)])
    else:
        p["bx"], p["bh"] = torch.zeros(k), torch.zeros(k)
    return p


def predict(kind, params, xs):
    return run(kind, xs, params)[1][0] @ params["wo"] + params["bo"]


def train(kind, params, xs, y, epochs, batch, lr, rng):
    leaves = {k: v.detach().clone().requires_grad_(True) for k, v in params.items()}
    adam = torch.optim.Adam(leaves.values(), lr=lr, eps=1e-7)
    history = []
    for _ in range(epochs):
        total = 0.0
        for rows in torch.as_tensor(rng.permutation(len(xs))).split(batch):
            loss = ((predict(kind, leaves, xs[rows]) - y[rows]) ** 2).mean()
            adam.zero_grad(set_to_none=True)
            loss.backward()
            adam.step()
            total += float(loss.detach()) * len(rows)
        history.append(total / len(xs))
    return {k: v.detach() for k, v in leaves.items()}, history
