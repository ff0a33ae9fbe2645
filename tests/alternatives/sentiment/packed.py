"""Packed sequences through one bidirectional layer, one-hot products, loops over rows; in PyTorch."""

import torch
from torch.nn.utils import rnn


def embed(table, ids):
    # Rows that no id names get no gradient; the row of padding is left out.
    found = torch.nn.functional.embedding(ids.to(torch.int64), table, padding_idx=0)
    return found.masked_fill(ids.eq(0).unsqueeze(-1), 0)


def masked_mean(x, mask):
    rows = []
    for steps, seen in zip(x, mask, strict=True):
        words = steps[seen]
        rows.append(words.mean(0) if len(words) else steps[0].detach().nan_to_num() * 0)
    return torch.stack(rows)


def last_state(hs, mask):
    rows = []
    for states, seen in zip(hs, mask, strict=True):
        found = torch.nonzero(seen).flatten()
        rows.append(states[int(found[-1])] if len(found) else torch.zeros_like(states[0]))
    return torch.stack(rows)


class Mean(torch.nn.Module):
    def __init__(self, size, width):
        super().__init__()
        self.words = torch.nn.Embedding(size, width)
        self.score = torch.nn.Linear(width, 1)

    def forward(self, ids):
        seen = ids.gt(0)
        total = (self.words(ids.int()) * seen.unsqueeze(2)).sum(1)
        return self.score(total / seen.sum(1, keepdim=True))


class Reader(torch.nn.Module):
    def __init__(self, size, width, units, directions):
        super().__init__()
        self.words = torch.nn.Embedding(size, width)
        self.reader = torch.nn.LSTM(width, units, bidirectional=directions == 2)
        self.score = torch.nn.Linear(directions * units, 1)

    def forward(self, ids):
        lengths = ids.ne(0).sum(1).tolist()
        x = self.words(ids.int()).transpose(0, 1)  # (T, B, D)
        packed = rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        ends = self.reader(packed)[1][0]  # (directions, B, H)
        return self.score(ends.transpose(0, 1).flatten(1))


def build(kind, size, width, units):
    match kind:
        case "mean":
            return Mean(size, width)
        case "lstm" | "bilstm":
            return Reader(size, width, units, 2 if kind == "bilstm" else 1)
    raise ValueError("no such kind: " + str(kind))


def fit(model, ids, y, epochs, lr, batch, rng):
    adam = torch.optim.Adam(model.parameters(), lr, (0.9, 0.999), 1e-7)
    loss_of, history = torch.nn.BCEWithLogitsLoss(reduction="none"), []
    while len(history) < epochs:
        order, losses = rng.permutation(ids.size(0)).tolist(), []
        while order:
            rows, order = order[:batch], order[batch:]
            words = ids[rows]
            # The batch's own padding is enough.
            words = words[:, : int((words > 0).sum(1).max())]
            each = loss_of(model(words).flatten(), y[rows])
            adam.zero_grad()
            each.mean().backward()
            adam.step()
            losses.extend(each.tolist())
        history.append(sum(losses) / len(losses))
    return history


@torch.inference_mode()
def predict_proba(model, ids):
    return 1 / (1 + torch.exp(-model(ids).flatten()))
