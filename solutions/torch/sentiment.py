"""Sentiment of reviews with embeddings and LSTMs, in PyTorch."""

import torch
from torch import nn
from torch.nn import functional as F


def embed(table, ids):
    ids = ids.long()
    # The row of padding is chosen nowhere, so that it gets no gradient.
    return torch.where((ids > 0)[..., None], table[ids], 0.0)  # (B, T, D)


def masked_mean(x, mask):
    total = x.masked_fill(~mask[..., None], 0.0).sum(dim=1)
    return total / mask.sum(dim=1, keepdim=True).clamp(min=1)


def last_state(hs, mask):
    steps = torch.arange(hs.shape[1], device=hs.device)
    last = torch.where(mask, steps, -1).amax(dim=1)  # (B,)
    chosen = hs[torch.arange(len(hs), device=hs.device), last]
    return torch.where((last >= 0)[:, None], chosen, 0.0)


def turned(ids):
    """The words of each review from the last to the first, with the padding still at the end."""
    length = (ids > 0).sum(dim=1, keepdim=True)  # (B, 1)
    steps = torch.arange(ids.shape[1], device=ids.device)
    return ids.gather(1, torch.where(steps < length, length - 1 - steps, steps))


class Classifier(nn.Module):
    def __init__(self, kind, size, width, units):
        super().__init__()
        self.embedding = nn.Embedding(size, width, padding_idx=0)
        directions = {"mean": 0, "lstm": 1, "bilstm": 2}[kind]
        self.lstms = nn.ModuleList(
            nn.LSTM(width, units, batch_first=True) for _ in range(directions)
        )
        self.out = nn.Linear(units * directions or width, 1)

    def forward(self, ids):
        ids = ids.long()
        mask = ids > 0
        if not self.lstms:
            return self.out(masked_mean(self.embedding(ids), mask))
        # What follows the last word cannot change the state there.
        ways = zip(self.lstms, (ids, turned(ids)), strict=False)
        ends = [last_state(lstm(self.embedding(way))[0], mask) for lstm, way in ways]
        return self.out(torch.cat(ends, dim=1))


def build(kind, size, width, units):
    if kind not in ("mean", "lstm", "bilstm"):
        raise ValueError(f"kind is {kind!r}, but should be 'mean', 'lstm' or 'bilstm'")
    return Classifier(kind, size, width, units)


def fit(model, ids, y, epochs, lr, batch, rng):
    adam = torch.optim.Adam(model.parameters(), lr=lr, eps=1e-7)
    history = []
    for _ in range(epochs):
        total = 0.0
        for rows in torch.from_numpy(rng.permutation(len(ids))).split(batch):
            loss = F.binary_cross_entropy_with_logits(model(ids[rows])[:, 0], y[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
            total += loss.item() * len(rows)
        history.append(total / len(ids))
    return history


def predict_proba(model, ids):
    with torch.no_grad():
        return torch.sigmoid(model(ids)[:, 0])
