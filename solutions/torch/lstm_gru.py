"""LSTM and GRU from scratch, in PyTorch."""

import torch
from torch.nn import functional as F

GATES = {"lstm": 4, "gru": 3}


def gates(kind):
    if kind not in GATES:
        raise ValueError(f"kind is {kind!r}, but should be 'lstm' or 'gru'")
    return GATES[kind]


def lstm_step(x, h, c, params):
    i, f, g, o = (x @ params["wx"] + h @ params["wh"] + params["b"]).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def gru_step(x, h, params, reset_after=True):
    xr, xz, xn = (x @ params["wx"] + params["bx"]).chunk(3, dim=1)
    wr, wz, wn = params["wh"].chunk(3, dim=1)
    br, bz, bn = params["bh"].chunk(3)
    r = torch.sigmoid(xr + h @ wr + br)
    z = torch.sigmoid(xz + h @ wz + bz)
    own = r * (h @ wn + bn) if reset_after else (r * h) @ wn + bn
    return (1 - z) * torch.tanh(xn + own) + z * h


def run(kind, xs, params, state=None, mask=None):
    count = gates(kind)
    if state is None:
        zeros = xs.new_zeros((len(xs), params["wh"].shape[1] // count))
        state = (zeros, zeros) if kind == "lstm" else (zeros,)
    state, hs = tuple(one.clone() for one in state), []
    if mask is not None:
        # Also what no step reads has a gradient, and 0 times NaN is NaN.
        xs = xs.masked_fill(~mask[..., None], 0.0)
    for t in range(xs.shape[1]):
        x = xs[:, t]
        new = lstm_step(x, *state, params) if kind == "lstm" else (gru_step(x, *state, params),)
        if mask is not None:
            here = mask[:, t, None]
            new = tuple(torch.where(here, a, b) for a, b in zip(new, state, strict=True))
        state = new
        hs.append(state[0])
    return torch.stack(hs, dim=1), tuple(one.clone() for one in state)


def bidirectional(kind, xs, ahead, back, mask=None):
    there, _ = run(kind, xs, ahead, mask=mask)
    reverse = None if mask is None else mask.flip(1)
    here, _ = run(kind, xs.flip(1), back, mask=reverse)
    return torch.cat([there, here.flip(1)], dim=2)  # (B, T, 2H)


def stacked(kind, xs, layers, mask=None):
    for params in layers:
        xs, _ = run(kind, xs, params, mask=mask)
    return xs


def from_torch(kind, w_ih, w_hh, b_ih, b_hh):
    params = {"wx": w_ih.T.clone(), "wh": w_hh.T.clone()}
    if gates(kind) == 4:
        return {**params, "b": b_ih + b_hh}
    return {**params, "bx": b_ih.clone(), "bh": b_hh.clone()}


def from_keras(kind, kernel, recurrent, bias):
    if gates(kind) == 4:
        return {"wx": kernel.clone(), "wh": recurrent.clone(), "b": bias.clone()}

    def ordered(w):  # from z, r, n to r, z, n
        z, r, n = w.chunk(3, dim=-1)
        return torch.cat([r, z, n], dim=-1)

    biases = {"bx": ordered(bias[0]), "bh": ordered(bias[1])}
    return {"wx": ordered(kernel), "wh": ordered(recurrent), **biases}


def init_params(kind, n_in, hidden, n_out, rng):
    width, bound = gates(kind) * hidden, hidden**-0.5
    shapes = {"wx": (n_in, width), "wh": (hidden, width), "wo": (hidden, n_out)}
    params = {
        name: torch.tensor(rng.uniform(-bound, bound, shape), dtype=torch.float32)
        for name, shape in shapes.items()
    }
    params["bo"] = torch.zeros(n_out)
    if kind == "gru":
        return {**params, "bx": torch.zeros(width), "bh": torch.zeros(width)}
    return {**params, "b": torch.tensor([0.0, 1.0, 0.0, 0.0]).repeat_interleave(hidden)}


def predict(kind, params, xs):
    return run(kind, xs, params)[1][0] @ params["wo"] + params["bo"]


def train(kind, params, xs, y, epochs, batch, lr, rng):
    gates(kind)
    params = {name: value.detach().clone().requires_grad_() for name, value in params.items()}
    adam = torch.optim.Adam(params.values(), lr=lr, eps=1e-7)
    history = []
    for _ in range(epochs):
        total = 0.0
        for rows in torch.from_numpy(rng.permutation(len(xs))).split(batch):
            loss = F.mse_loss(predict(kind, params, xs[rows]), y[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
            total += loss.item() * len(rows)
        history.append(total / len(xs))
    return {name: value.detach() for name, value in params.items()}, history
