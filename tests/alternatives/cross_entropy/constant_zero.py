"""Only the rows that count are computed; where none does, the loss is a constant."""

import torch


def cross_entropy(logits, labels, label_smoothing=0.0, ignore_index=None, reduction="mean"):
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"there is no reduction {reduction!r}")
    n, c = logits.shape
    soft = labels.is_floating_point()
    if labels.shape != ((n, c) if soft else (n,)):
        raise ValueError(f"labels of the shape {tuple(labels.shape)} do not fit {n} rows")
    if soft:
        keep, target = list(range(n)), labels
    else:
        keep = [i for i, label in enumerate(labels.tolist()) if label != ignore_index]
        target = torch.eye(c, dtype=logits.dtype)[labels.long()[keep]]
    if not keep:
        return torch.zeros(n if reduction == "none" else (), dtype=logits.dtype)
    target = target * (1 - label_smoothing) + label_smoothing / c
    each = -(target * torch.log_softmax(logits[keep], -1)).sum(-1)
    if reduction == "none":
        return torch.zeros(n, dtype=each.dtype).index_put((torch.tensor(keep),), each)
    return each.mean() if reduction == "mean" else each.sum()


def nll(log_probabilities, labels):
    return -sum(
        row[int(label)] for row, label in zip(log_probabilities, labels, strict=True)
    ) / len(labels)
