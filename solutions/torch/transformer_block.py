"""The blocks of a transformer, in PyTorch."""

import torch


def positional_encoding(size, width):
    position = torch.arange(size, dtype=torch.float64)[:, None]  # (size, 1)
    column = torch.arange(width, dtype=torch.float64)  # (width,)
    angle = position / 10000 ** (column.div(2, rounding_mode="floor") * 2 / width)
    return torch.where(column % 2 == 0, angle.sin(), angle.cos()).float()


def layer_norm(x, scale, shift, eps=1e-5):
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = centred.square().mean(dim=-1, keepdim=True)
    return centred / torch.sqrt(variance + eps) * scale + shift


def feed_forward(x, feed):
    return torch.clamp(x @ feed["w1"] + feed["b1"], min=0) @ feed["w2"] + feed["b2"]


def split(x, heads):
    batch, steps, width = x.shape
    return x.reshape(batch, steps, heads, width // heads).transpose(1, 2)  # (B, H, T, d)


def attend(x, memory, weights, heads, mask=None):
    q = split(x @ weights["wq"], heads)
    k, v = (split(memory @ weights[name], heads) for name in ("wk", "wv"))
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5  # (B, H, T, S)
    if mask is None:
        shares = torch.softmax(scores, dim=-1)
    else:
        lowest = torch.finfo(scores.dtype).min
        shares = torch.softmax(torch.where(mask, scores, lowest), dim=-1)
        shares = torch.where(mask, shares, 0.0)  # also where a query sees nothing
    return (shares @ v).transpose(1, 2).reshape(x.shape) @ weights["wo"]


def keys_of(padding):
    """A padding mask (B, S) as a mask of attention, (B, 1, 1, S)."""
    return None if padding is None else padding[:, None, None, :]


def apply(x, layers, norms, norm):
    """Each sub-layer with its residual and its normalization, one after the other."""
    if norm not in ("pre", "post"):
        raise ValueError(f"norm is {norm!r}, but should be 'pre' or 'post'")
    for layer, pair in zip(layers, norms, strict=True):
        x = x + layer(layer_norm(x, *pair)) if norm == "pre" else layer_norm(x + layer(x), *pair)
    return x


def encoder_block(x, params, heads, padding=None, norm="pre"):
    layers = [
        lambda y: attend(y, y, params["attention"], heads, keys_of(padding)),
        lambda y: feed_forward(y, params["feed"]),
    ]
    return apply(x, layers, params["norms"], norm)


def decoder_block(x, memory, params, heads, padding=None, memory_padding=None, norm="pre"):
    steps = torch.arange(x.shape[1], device=x.device)
    seen = steps[:, None] >= steps  # (T, T)
    seen = seen if padding is None else seen & keys_of(padding)
    layers = [
        lambda y: attend(y, y, params["attention"], heads, seen),
        lambda y: attend(y, memory, params["cross"], heads, keys_of(memory_padding)),
        lambda y: feed_forward(y, params["feed"]),
    ]
    return apply(x, layers, params["norms"], norm)


def init_params(width, inner, rng, decoder=False):
    def matrix(m, n):
        bound = (6 / (m + n)) ** 0.5
        return torch.tensor(rng.uniform(-bound, bound, (m, n)), dtype=torch.float32)

    def attention():
        return {name: matrix(width, width) for name in ("wq", "wk", "wv", "wo")}

    norms = [(torch.ones(width), torch.zeros(width)) for _ in range(3 if decoder else 2)]
    feed = {"w1": matrix(width, inner), "b1": torch.zeros(inner)}
    feed |= {"w2": matrix(inner, width), "b2": torch.zeros(width)}
    params = {"attention": attention(), "norms": norms, "feed": feed}
    return {**params, "cross": attention()} if decoder else params
