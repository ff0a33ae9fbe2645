"""A simple recurrent network with back-propagation through time, in PyTorch."""

import torch

NAMES = ("wx", "wh", "b")


def rnn_step(x, h, wx, wh, b):
    return torch.tanh(x @ wx + h @ wh + b)


def rnn_forward(xs, h0, wx, wh, b, mask=None):
    h, hs = h0, []
    for t in range(xs.shape[1]):
        new = rnn_step(xs[:, t], h, wx, wh, b)
        h = new if mask is None else torch.where(mask[:, t, None], new, h)
        hs.append(h)
    hs = torch.stack(hs, dim=1)  # (B, T, H)
    return hs, (xs, h0, hs, wx, wh, mask)


def backward_steps(dhs, cache):
    """Yield (t, gradient by the state after step t, gradient by the sum within tanh), the last step first."""
    xs, h0, hs, _, wh, mask = cache
    dh = torch.zeros_like(h0)
    for t in range(xs.shape[1] - 1, -1, -1):
        dh = dh + dhs[:, t]
        dz = dh * (1 - hs[:, t] ** 2)  # (B, H)
        kept = torch.zeros_like(dh)
        if mask is not None:
            stays = ~mask[:, t, None]
            dz, kept = torch.where(stays, kept, dz), torch.where(stays, dh, kept)
        yield t, dh, dz
        dh = dz @ wh.T + kept
    yield -1, dh, None  # by the state before the first step


def rnn_backward(dhs, cache):
    xs, h0, hs, wx, wh, _ = cache
    dxs = torch.zeros_like(xs)
    dwx, dwh, db = torch.zeros_like(wx), torch.zeros_like(wh), torch.zeros_like(wh[0])
    *steps, (_, dh0, _) = backward_steps(dhs, cache)
    for t, _, dz in steps:
        # A masked step may hold anything, also NaN: 0 times NaN would be NaN.
        x = torch.where((dz != 0).any(1, keepdim=True), xs[:, t], torch.zeros_like(xs[:, t]))
        dxs[:, t] = dz @ wx.T
        dwx += x.T @ dz
        dwh += (hs[:, t - 1] if t else h0).T @ dz
        db += dz.sum(0)
    return dxs, dh0, dwx, dwh, db


def gradient_by_step(dlast, cache):
    dhs = torch.zeros_like(cache[2])
    dhs[:, -1] = dlast
    norms = [torch.linalg.vector_norm(dh) for t, dh, _ in backward_steps(dhs, cache) if t >= 0]
    return torch.stack(norms[::-1])


def init_params(n_in, hidden, n_out, rng):
    bound = hidden**-0.5
    shapes = {"wx": (n_in, hidden), "wh": (hidden, hidden), "wo": (hidden, n_out)}
    params = {
        name: torch.tensor(rng.uniform(-bound, bound, shape), dtype=torch.float32)
        for name, shape in shapes.items()
    }
    return {**params, "b": torch.zeros(hidden), "bo": torch.zeros(n_out)}


def run(params, xs):
    """(prediction, states, cache) from a state of zeros."""
    h0 = torch.zeros((len(xs), len(params["b"])), dtype=xs.dtype)
    hs, cache = rnn_forward(xs, h0, *(params[name] for name in NAMES))
    return hs[:, -1] @ params["wo"] + params["bo"], hs, cache


def predict(params, xs):
    return run(params, xs)[0]


def clip(grads, norm):
    common = torch.sqrt(sum((g**2).sum() for g in grads.values()))
    scale = norm / common if common > norm else 1.0
    return {name: g * scale for name, g in grads.items()}


def loss_and_grads(params, xs, y):
    prediction, hs, cache = run(params, xs)
    error = prediction - y  # (B, K)
    dout = 2 * error / error.numel()
    dhs = torch.zeros_like(hs)
    dhs[:, -1] = dout @ params["wo"].T
    grads = dict(zip(NAMES, rnn_backward(dhs, cache)[2:], strict=True))
    return (error**2).mean(), {**grads, "wo": hs[:, -1].T @ dout, "bo": dout.sum(0)}


def train(params, xs, y, epochs, batch, lr, rng):
    params = dict(params)
    first = {name: torch.zeros_like(value) for name, value in params.items()}
    second, step, history = dict(first), 0, []
    for _ in range(epochs):
        total = 0.0
        for rows in torch.from_numpy(rng.permutation(len(xs))).split(batch):
            loss, grads = loss_and_grads(params, xs[rows], y[rows])
            total, step = total + loss.item() * len(rows), step + 1
            for name, g in clip(grads, 1.0).items():
                first[name] = 0.9 * first[name] + 0.1 * g
                second[name] = 0.999 * second[name] + 0.001 * g**2
                root = torch.sqrt(second[name] / (1 - 0.999**step)) + 1e-7
                params[name] = params[name] - lr * first[name] / (1 - 0.9**step) / root
        history.append(total / len(xs))
    return params, history
