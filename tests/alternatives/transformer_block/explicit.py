"""Heads by einsum, softmax by hand, the two norms written out for each block; in PyTorch."""

import math

import torch


def positional_encoding(size, width):
    rows = torch.empty(size, width, dtype=torch.float64)
    frequency = torch.exp(torch.arange(0, width, 2, dtype=torch.float64) * (-math.log(1e4) / width))
    angle = torch.outer(torch.arange(size, dtype=torch.float64), frequency)
    rows[:, 0::2] = torch.sin(angle)
    rows[:, 1::2] = torch.cos(angle[:, : width // 2])
    return rows.to(torch.float32)


def layer_norm(x, scale, shift, eps=1e-5):
    variance, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
    return torch.addcmul(shift, scale * (x - mean), (variance + eps).rsqrt())


def feed_forward(x, feed):
    inside = torch.einsum("...d,df->...f", x, feed["w1"]) + feed["b1"]
    return torch.einsum("...f,fd->...d", inside * (inside > 0), feed["w2"]) + feed["b2"]


def attend(x, memory, weights, heads, mask=None):
    size = x.size(-1) // heads
    wq, wk, wv = (weights[n].reshape(-1, heads, size) for n in ("wq", "wk", "wv"))
    q = torch.einsum("btd,dhe->bhte", x, wq) / math.sqrt(size)
    k = torch.einsum("bsd,dhe->bhse", memory, wk)
    v = torch.einsum("bsd,dhe->bhse", memory, wv)
    scores = torch.einsum("bhte,bhse->bhts", q, k)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    top = scores.detach().amax(-1, keepdim=True).nan_to_num(neginf=0.0)
    shares = torch.exp(scores - top)
    total = shares.sum(-1, keepdim=True)
    shares = shares / torch.where(total > 0, total, torch.ones_like(total))
    wo = weights["wo"].reshape(heads, size, -1)
    return torch.einsum("bhts,bhse,hed->btd", shares, v, wo)


def checked(norm):
    if norm == "pre":
        return True
    if norm == "post":
        return False
    raise ValueError("norm: pre or post")


def sub_layer(x, f, pair, pre):
    return x + f(layer_norm(x, *pair)) if pre else layer_norm(x + f(x), *pair)


def encoder_block(x, params, heads, padding=None, norm="pre"):
    pre = checked(norm)
    mask = None if padding is None else padding.unsqueeze(1).unsqueeze(1)

    def own(y):
        return attend(y, y, params["attention"], heads, mask)

    x = sub_layer(x, own, params["norms"][0], pre)
    return sub_layer(x, lambda y: feed_forward(y, params["feed"]), params["norms"][1], pre)


def decoder_block(x, memory, params, heads, padding=None, memory_padding=None, norm="pre"):
    pre = checked(norm)
    mask = torch.ones(x.size(1), x.size(1), dtype=torch.bool).tril()
    if padding is not None:
        mask = torch.logical_and(mask, padding[:, None, None])
    hidden = None if memory_padding is None else memory_padding[:, None, None]

    def own(y):
        return attend(y, y, params["attention"], heads, mask)

    def other(y):
        return attend(y, memory, params["cross"], heads, hidden)

    first, second, third = params["norms"]
    x = sub_layer(sub_layer(x, own, first, pre), other, second, pre)
    return sub_layer(x, lambda y: feed_forward(y, params["feed"]), third, pre)


def init_params(width, inner, rng, decoder=False):
    def draw(*size):
        edge = math.sqrt(6 / sum(size))
        return torch.from_numpy((rng.random(size) * 2 - 1) * edge).float()

    found = {"feed": {"w1": draw(width, inner), "w2": draw(inner, width)}}
    found["feed"] |= {"b1": torch.zeros(inner), "b2": torch.zeros(width)}
    for name in ["attention", "cross"][: 2 if decoder else 1]:
        found[name] = {w: draw(width, width) for w in ("wk", "wq", "wo", "wv")}
    found["norms"] = []
    for _ in range(2 + bool(decoder)):
        found["norms"].append([torch.ones(width), torch.zeros(width)])
    return found
