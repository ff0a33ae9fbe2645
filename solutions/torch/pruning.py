"""Magnitude pruning with masked fine-tuning, and weights that share a few values, in PyTorch."""

import math

import torch


def weights_of(params):
    return {name: value for name, value in params.items() if value.ndim >= 2}


def keep_largest(sizes, sparsity):
    """True for all but the smallest of `sizes` (n,); the order of a sort settles ties."""
    mask = torch.ones(len(sizes), dtype=torch.bool)
    mask[torch.argsort(sizes)[: math.floor(round(sparsity * len(sizes), 6))]] = False
    return mask


def magnitude_masks(params, sparsity, scope="layer"):
    if scope not in ("layer", "global"):
        raise ValueError(f"scope is {scope!r}, but should be 'layer' or 'global'")
    if not 0 <= sparsity <= 1:
        raise ValueError(f"sparsity is {sparsity}, but should be from 0 to 1")
    sizes = {name: w.detach().abs().reshape(-1) for name, w in weights_of(params).items()}
    if scope == "layer":
        flat = {name: keep_largest(size, sparsity) for name, size in sizes.items()}
    else:
        together = keep_largest(torch.cat([torch.empty(0), *sizes.values()]), sparsity)
        flat = dict(zip(sizes, together.split([len(s) for s in sizes.values()]), strict=True))
    return {name: mask.reshape(params[name].shape) for name, mask in flat.items()}


def apply_masks(params, masks):
    missing = masks.keys() - params.keys()
    if missing:
        raise KeyError(f"no parameters have the names {sorted(missing)}")
    pruned = {name: value.clone() for name, value in params.items()}
    for name, mask in masks.items():
        # A product would leave -0 and NaN behind.
        pruned[name] = torch.where(mask, pruned[name], torch.zeros_like(pruned[name]))
    return pruned


def sparsity(params):
    weights = weights_of(params).values()
    count = sum(w.numel() for w in weights)
    return sum(int((w == 0).sum()) for w in weights) / count if count else 0.0


def masked_step(params, grads, velocity, masks, lr, momentum=0.9):
    velocity = {name: momentum * velocity[name] + grads[name] for name in params}
    params = {name: value - lr * velocity[name] for name, value in params.items()}
    return apply_masks(params, masks), apply_masks(velocity, masks)


def schedule(step, start, end, final):
    done = min(max((step - start) / (end - start), 0.0), 1.0)
    return float(final * (1 - (1 - done) ** 3))


def cluster(w, k, iterations=50):
    if k < 1:
        raise ValueError(f"k is {k}, but should be at least 1")
    numbers = w.detach().reshape(-1)
    low, high = numbers.min(), numbers.max()
    codebook = low + (high - low) * torch.arange(k, dtype=w.dtype) / max(k - 1, 1)  # (k,)
    for _ in range(iterations):
        index = (numbers[:, None] - codebook).abs().argmin(dim=1)  # (n,)
        count = torch.bincount(index, minlength=k)
        total = torch.zeros_like(codebook).index_add(0, index, numbers)
        moved = torch.where(count > 0, total / count.clamp(min=1), codebook)
        if torch.equal(moved, codebook):
            break
        codebook = moved
    index = (numbers[:, None] - codebook).abs().argmin(dim=1)
    return codebook, index.reshape(w.shape)


def restore(codebook, index):
    return codebook[index.long()]


def clustered_bytes(n, k):
    return 4 * k + math.ceil(n * (k - 1).bit_length() / 8)
