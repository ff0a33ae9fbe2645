"""A small transformer with greedy, cached and beam decoding, in PyTorch."""

import torch
from torch.nn import functional as F


def build(size, width, heads, inner, rng):
    shapes = {"tokens": (size, width)}
    for name in ("encoder", "decoder", "cross"):
        shapes |= {f"{name}.{part}": (heads, width, width // heads) for part in "qkv"}
        shapes[f"{name}.o"] = (heads, width // heads, width)
    for name in ("encoder", "decoder"):
        shapes |= {f"{name}.in": (width, inner), f"{name}.out": (inner, width)}
    params = {"logits": torch.zeros(width, size)}
    for name, shape in shapes.items():
        drawn = rng.normal(0, shape[-2] ** -0.5, shape)
        params[name] = torch.tensor(drawn, dtype=torch.float32)
    return params


def shifted(targets):
    return torch.cat([torch.ones_like(targets[:, :1]), targets[:, :-1]], dim=1)


def token_loss(logits, targets):
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten().long(), ignore_index=0)


def norm(x):
    return F.layer_norm(x, x.shape[-1:])  # eps is 1e-5


def embed(table, ids, position=0):
    place = torch.arange(position, position + ids.shape[1])[:, None]  # (T, 1)
    column = torch.arange(table.shape[1], dtype=torch.float64)
    angle = place / 10000 ** ((column - column % 2) / len(column))
    code = torch.where(column % 2 == 0, angle.sin(), angle.cos())  # (T, D)
    return table[ids.long()] + code.to(table.dtype)


def attend(params, name, x, y, seen, cache=None):
    pairs = zip((norm(x), y, y), "qkv", strict=True)
    q, k, v = (torch.einsum("btd,hde->bhte", z, params[f"{name}.{part}"]) for z, part in pairs)
    if cache is not None:
        k, v = (torch.cat(pair, dim=2) for pair in zip(cache, (k, v), strict=True))
    scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(~seen, -torch.inf)  # (B, H, T, S)
    heard = torch.einsum("bhte,hed->btd", scores.softmax(dim=-1) @ v, params[f"{name}.o"])
    return x + heard, (k, v)


def encode(params, src):
    x = embed(params["tokens"], src)
    x, _ = attend(params, "encoder", x, norm(x), (src > 0)[:, None, None])
    return norm(x + (norm(x) @ params["encoder.in"]).relu() @ params["encoder.out"])


def decode(params, given, memory=None, src=None, cache=None):
    position = 0 if cache is None else cache[0].shape[2]
    x = embed(params["tokens"], given, position)
    places = torch.arange(position + given.shape[1], device=x.device)
    seen = places[position:, None] >= places  # (T, position + T)
    x, cache = attend(params, "decoder", x, norm(x), seen, cache)
    if memory is not None:
        x, _ = attend(params, "cross", x, memory, (src > 0)[:, None, None])
    x = x + (norm(x) @ params["decoder.in"]).relu() @ params["decoder.out"]
    return norm(x) @ params["logits"], cache


def fit(params, src, targets, epochs, lr, batch, rng):
    params = {name: value.detach().clone().requires_grad_() for name, value in params.items()}
    adam = torch.optim.Adam(params.values(), lr=lr, eps=1e-7)
    history = []
    for _ in range(epochs):
        losses = []
        for rows in torch.from_numpy(rng.permutation(len(targets))).split(batch):
            given = () if src is None else (encode(params, src[rows]), src[rows])
            loss = token_loss(decode(params, shifted(targets[rows]), *given)[0], targets[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
            losses.append(loss.item())
        history.append(sum(losses) / len(losses))
    return {name: value.detach() for name, value in params.items()}, history


def greedy(params, src, steps):
    memory, cache, found = encode(params, src), None, torch.ones(len(src), 1, dtype=torch.int64)
    for _ in range(steps):
        logits, cache = decode(params, found[:, -1:], memory, src, cache)
        found = torch.cat([found, logits.argmax(dim=2)], dim=1)
    tokens = found[:, 1:]
    return tokens * ((tokens == 2).cumsum(dim=1) - (tokens == 2).long() == 0)  # 0 behind the end


def beam(params, src, steps, width):
    best = []
    for row in zip(encode(params, src).split(1), src.split(1), strict=True):
        answers = [([], 0.0)]
        for _ in range(steps):
            grown = [answer for answer in answers if answer[0][-1:] == [2]]
            for tokens, total in answers:
                if tokens[-1:] != [2]:
                    logits, _ = decode(params, torch.tensor([[1, *tokens]]), *row)
                    each = logits[0, -1].log_softmax(dim=0).tolist()
                    grown += [([*tokens, i], total + p) for i, p in enumerate(each)]
            answers = sorted(grown, key=lambda answer: -answer[1])[:width]
        best.append(max(answers, key=lambda answer: answer[1] / len(answer[0])))
    scores = torch.tensor([total / len(tokens) for tokens, total in best], dtype=logits.dtype)
    return torch.tensor([tokens + [0] * (steps - len(tokens)) for tokens, _ in best]), scores
