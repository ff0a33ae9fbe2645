"""One query at a time, over its visible keys alone, in PyTorch and float64."""

import torch


def attention(q, k, v, mask=None):
    lead = torch.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    seen = torch.ones((), dtype=torch.bool) if mask is None else mask
    seen = seen.broadcast_to(*lead, q.shape[-2], k.shape[-2]).reshape(-1, q.shape[-2], k.shape[-2])
    outputs, weights = [], []
    flat = [
        x.broadcast_to(*lead, *x.shape[-2:]).flatten(0, -3) if lead else x[None] for x in (q, k, v)
    ]
    for queries, keys, values, visible in zip(*flat, seen, strict=True):
        for query, visible_keys in zip(queries, visible, strict=True):
            row = torch.zeros(len(keys), dtype=torch.float64)
            chosen = visible_keys.nonzero()[:, 0]
            if len(chosen):
                scores = (keys[chosen].double() * query.double()).sum(-1) * len(query) ** -0.5
                scores = torch.exp(scores - scores.max())
                row = row.index_put((chosen,), scores / scores.sum())
            weights.append(row.to(q.dtype))
            outputs.append((row[:, None] * values.double()).sum(0).to(q.dtype))
    return [
        torch.stack(outputs).reshape(*lead, q.shape[-2], v.shape[-1]),
        torch.stack(weights).reshape(*lead, q.shape[-2], k.shape[-2]),
    ]


def causal_mask(size):
    return torch.tensor([[key <= query for key in range(size)] for query in range(size)])


def padding_mask(lengths, size):
    rows = [[[[place < length for place in range(size)]]] for length in lengths.tolist()]
    return torch.tensor(rows)


def split_heads(x, heads):
    width, rest = divmod(x.shape[-1], heads)
    if rest or not width:
        raise ValueError("uneven")
    return torch.stack(x.split(width, dim=-1), dim=1)


def merge_heads(x):
    return torch.cat(x.unbind(1), dim=-1)


def multi_head(x, params, heads, mask=None):
    joint = torch.cat([params["wq"], params["wk"], params["wv"]], dim=1)
    q, k, v = (x @ joint).chunk(3, dim=-1)
    mixed = attention(*(split_heads(part, heads) for part in (q, k, v)), mask=mask)[0]
    return merge_heads(mixed) @ params["wo"]
