"""Ranks in place of an order, masks with topk, and clusters one by one; in PyTorch."""

import torch


def magnitude_masks(params, sparsity, scope="layer"):
    if scope not in {"layer", "global"} or sparsity < 0 or sparsity > 1:
        raise ValueError((scope, sparsity))
    weights = {name: w.detach() for name, w in params.items() if w.dim() > 1}
    masks = {name: torch.zeros(w.shape, dtype=torch.bool) for name, w in weights.items()}
    groups = [[name] for name in weights] if scope == "layer" else [list(weights)]
    for names in filter(None, groups):
        flat = torch.cat([weights[name].flatten() for name in names]).abs()
        stay = len(flat) - int(round(sparsity * len(flat), 6))
        kept = torch.zeros(len(flat), dtype=torch.bool)
        kept.scatter_(0, flat.topk(stay).indices, True)
        for name in names:
            count = weights[name].numel()
            masks[name].view(-1).copy_(kept[:count])
            kept = kept[count:]
    return masks


def apply_masks(params, masks):
    found = {name: value.detach().clone() for name, value in params.items()}
    for name in masks:
        found[name].masked_fill_(masks[name].logical_not(), 0)
    return found


def sparsity(params):
    flat = [w.flatten() for w in params.values() if w.dim() > 1]
    if not flat:
        return 0.0
    return torch.cat(flat).eq(0).double().mean().item()


def masked_step(params, grads, velocity, masks, lr, momentum=0.9):
    moved, gathered = {}, {}
    for name in params:
        v = torch.add(grads[name], velocity[name], alpha=momentum)
        keep = masks.get(name, torch.ones_like(v, dtype=torch.bool))
        gathered[name] = v * keep
        moved[name] = torch.where(keep, params[name] - lr * v, 0.0)
    return moved, gathered


def schedule(step, start, end, final):
    if step <= start:
        return 0.0
    if step >= end:
        return float(final)
    left = (end - step) / (end - start)
    return final - final * left**3


def cluster(w, k, iterations=50):
    if k < 1:
        raise ValueError("no values")
    numbers = w.detach().flatten().double()
    first, last = numbers.aminmax()
    values = torch.linspace(first.item(), last.item(), k, dtype=torch.float64)
    if k == 1:
        values = first[None].clone()

    def nearest():
        index = torch.zeros(len(numbers), dtype=torch.int64)
        best = (numbers - values[0]).abs()
        for place in range(1, k):
            distance = (numbers - values[place]).abs()
            closer = distance < best
            index[closer], best = place, torch.minimum(best, distance)
        return index

    for _ in range(iterations):
        index = nearest()
        for place in set(index.tolist()):
            values[place] = numbers[index == place].mean()
    return values.to(w.dtype), nearest().view_as(w)


def restore(codebook, index):
    return torch.index_select(codebook, 0, index.reshape(-1).to(torch.int64)).reshape(index.shape)


def clustered_bytes(n, k):
    bits = 0
    while 2**bits < k:
        bits += 1
    return k * 4 + (n * bits + 7) // 8
