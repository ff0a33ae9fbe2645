"""Fused attention, heads in one matrix, decoding without a cache, Adam by hand; in PyTorch."""

import math

import torch

BLOCKS = ("encoder", "decoder", "cross")


def build(size, width, heads, inner, rng):
    def draw(*shape):
        return torch.tensor(rng.standard_normal(shape) / math.sqrt(shape[-2]), dtype=torch.float32)

    found = {"tokens": draw(size, width), "logits": torch.zeros((width, size))}
    for block in BLOCKS:
        for part in "qkv":
            found[f"{block}.{part}"] = draw(heads, width, width // heads)
        found[f"{block}.o"] = draw(heads, width // heads, width)
        if block != "cross":
            found[f"{block}.in"], found[f"{block}.out"] = draw(width, inner), draw(inner, width)
    return found


def shifted(targets):
    found = targets.roll(1, dims=1)
    found[:, 0] = 1
    return found


def token_loss(logits, targets):
    real = targets != 0
    chosen = logits.gather(2, targets.long().unsqueeze(2)).squeeze(2)
    return (torch.logsumexp(logits, 2) - chosen)[real].sum() / real.sum()


def norm(x):
    centred = x - x.mean(-1, keepdim=True)
    return centred * torch.rsqrt(centred.square().mean(-1, keepdim=True) + 1e-5)


def embed(params, ids, start):
    width = params["tokens"].size(1)
    rows = []
    for p in range(start, start + ids.size(1)):
        angles = [p / 10000 ** (2 * (i // 2) / width) for i in range(width)]
        rows.append([math.cos(a) if i % 2 else math.sin(a) for i, a in enumerate(angles)])
    hot = torch.nn.functional.one_hot(ids.long(), len(params["tokens"])).to(params["tokens"].dtype)
    return hot @ params["tokens"] + torch.tensor(rows, dtype=params["tokens"].dtype)


def heads_of(x, weights):
    h, width, depth = weights.shape
    joint = weights.permute(1, 0, 2).reshape(width, h * depth)
    return (x @ joint).reshape(*x.shape[:2], h, depth).transpose(1, 2)


def attention(params, block, x, k, v, mask):
    q = heads_of(x, params[block + ".q"])
    heard = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    joint = params[block + ".o"].flatten(0, 1)
    return heard.transpose(1, 2).flatten(2) @ joint


def keys_values(params, block, y):
    return heads_of(y, params[block + ".k"]), heads_of(y, params[block + ".v"])


def feed(params, block, x):
    return torch.clamp(norm(x) @ params[block + ".in"], min=0) @ params[block + ".out"]


def encode(params, src):
    x, mask = embed(params, src, 0), src.ne(0)[:, None, None, :]
    x = x + attention(params, "encoder", norm(x), *keys_values(params, "encoder", norm(x)), mask)
    return norm(x + feed(params, "encoder", x))


def decode(params, given, memory=None, src=None, cache=None):
    k, v = (None, None) if cache is None else cache
    start = 0 if k is None else k.size(2)
    x = embed(params, given, start)
    new_k, new_v = keys_values(params, "decoder", norm(x))
    k = new_k if k is None else torch.cat((k, new_k), 2)
    v = new_v if v is None else torch.cat((v, new_v), 2)
    mask = torch.ones(given.size(1), k.size(2)).tril(start).bool()
    x = x + attention(params, "decoder", norm(x), k, v, mask)
    if memory is not None:
        mask = src.ne(0)[:, None, None, :]
        both = keys_values(params, "cross", memory)
        x = x + attention(params, "cross", norm(x), *both, mask)
    return norm(x + feed(params, "decoder", x)) @ params["logits"], [k, v]


def fit(params, src, targets, epochs, lr, batch, rng):
    names = list(params)
    values = [params[name].detach().clone() for name in names]
    first = [torch.zeros_like(value) for value in values]
    second = [torch.zeros_like(value) for value in values]
    losses, count = [], 0
    for _ in range(epochs):
        order = rng.permutation(targets.size(0)).tolist()
        own = []
        while order:
            rows, order = order[:batch], order[batch:]
            leaves = [value.requires_grad_() for value in values]
            now = dict(zip(names, leaves, strict=True))
            memory, source = None, None
            if src is not None:
                source = src[rows]
                memory = encode(now, source)
            loss = token_loss(decode(now, shifted(targets[rows]), memory, source)[0], targets[rows])
            slopes = torch.autograd.grad(loss, leaves, allow_unused=True)
            count += 1
            values = []
            for i, (leaf, g) in enumerate(zip(leaves, slopes, strict=True)):
                g = torch.zeros_like(leaf) if g is None else g
                first[i] = 0.9 * first[i] + 0.1 * g
                second[i] = 0.999 * second[i] + 0.001 * g * g
                m, v = first[i] / (1 - 0.9**count), second[i] / (1 - 0.999**count)
                values.append(leaf.detach() - lr * m / (v.sqrt() + 1e-7))
            own.append(loss.item())
        losses.append(sum(own) / len(own))
    return {name: value.detach() for name, value in zip(names, values, strict=True)}, losses


def greedy(params, src, steps):
    return beam(params, src, steps, 1)[0]


def beam(params, src, steps, width):
    with torch.no_grad():
        rows = [search(params, one[None], steps, width) for one in src]
    scores = torch.stack([score for _, score in rows])
    return torch.stack([tokens for tokens, _ in rows]), scores


def search(params, src, steps, width):
    memory = encode(params, src)
    tokens = torch.zeros(1, 0, dtype=torch.int64)
    sums = torch.zeros(1, dtype=memory.dtype)
    for _ in range(steps):
        ended = (tokens == 2).any(1)
        count = len(tokens)
        given = torch.cat([torch.ones(count, 1, dtype=torch.int64), tokens], 1)
        seen = memory.expand(count, -1, -1), src.expand(count, -1)
        each = decode(params, given, *seen)[0][:, -1].log_softmax(1)
        # An answer that has ended has one continuation, a 0 that costs nothing.
        stop = torch.full_like(each, -math.inf)
        stop[:, 0] = 0
        total = sums[:, None] + torch.where(ended[:, None], stop, each)
        best = total.flatten().argsort(descending=True)[:width]
        best = best[total.flatten()[best] > -math.inf]
        tokens = torch.cat([tokens[best // each.size(1)], (best % each.size(1))[:, None]], 1)
        sums = total.flatten()[best]
    behind = (tokens == 2).cumsum(1) - (tokens == 2).long() > 0
    scores = sums / (~behind).sum(1)
    at = scores.argmax()
    return tokens[at], scores[at]
