"""Head by head, with -inf for hidden keys and masks from lists, in PyTorch."""

import torch


def attention(q, k, v, mask=None):
    s = torch.einsum("...qd,...kd->...qk", q, k) * q.shape[-1] ** -0.5
    if mask is None:
        mask = torch.ones((), dtype=torch.bool)
    s = s.masked_fill(~mask, float("-inf"))
    top = s.amax(-1, keepdim=True)
    top = torch.where(torch.isinf(top), torch.zeros_like(top), top).detach()
    e = torch.exp(s - top)
    total = e.sum(-1, keepdim=True)
    w = e / torch.where(total == 0, torch.ones_like(total), total)
    return torch.einsum("...qk,...kv->...qv", w, v), w


def causal_mask(size):
    return torch.tensor([[j <= i for j in range(size)] for i in range(size)])


def padding_mask(lengths, size):
    rows = [[i < n for i in range(size)] for n in lengths.tolist()]
    return torch.tensor(rows, dtype=torch.bool).reshape(-1, 1, 1, size)


def split_heads(x, heads):
    d = x.shape[2]
    if d % heads != 0:
        raise ValueError("heads")
    return torch.stack(x.chunk(heads, dim=2), dim=1)


def merge_heads(x):
    return torch.cat(list(x.unbind(1)), dim=-1)


def multi_head(x, params, heads, mask=None):
    if mask is not None:
        mask = mask.expand(x.shape[0], heads, x.shape[1], x.shape[1])
    q, k, v = x @ params["wq"], x @ params["wk"], x @ params["wv"]
    q, k, v = split_heads(q, heads), split_heads(k, heads), split_heads(v, heads)
    outs = [
        attention(q[:, h], k[:, h], v[:, h], None if mask is None else mask[:, h])[0]
        for h in range(heads)
    ]
    return merge_heads(torch.stack(outs, 1)).matmul(params["wo"])
