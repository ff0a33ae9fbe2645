"""The model is a bare nn.ModuleDict, and each batch is taken in two halves, whose gradients add up; PyTorch."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def build(n_in, hidden, n_classes):
    trunk = nn.Sequential()
    for i, width in enumerate(hidden):
        trunk.add_module(f"dense_{i}", nn.Linear(n_in, width))
        trunk.add_module(f"relu_{i}", nn.ReLU())
        n_in = width
    return nn.ModuleDict(
        {"trunk": trunk, "label": nn.Linear(n_in, n_classes), "amount": nn.Linear(n_in, 1)}
    )


def forward(model, x):
    features = model["trunk"](x)
    return model["label"](features), model["amount"](features).squeeze(-1)


def joint_loss(outputs, targets, weights):
    (logits, amounts), (labels, wanted) = outputs, targets
    parts = F.cross_entropy(logits, labels.long()), F.mse_loss(amounts, wanted)
    return torch.stack(parts) @ torch.tensor(weights, dtype=logits.dtype), parts


def train(model, x, targets, weights, epochs, lr, batch_size):
    labels, amounts = targets
    n = len(x)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.999), eps=1e-7)
    history = {"total": [], "label": [], "amount": []}
    for _ in range(epochs):
        sums = torch.zeros(3, dtype=torch.float64)
        for rows in torch.randperm(n).split(batch_size):
            optimizer.zero_grad()
            halves = rows.chunk(2)
            for part in halves:  # two micro-batches make one step
                batch_targets = labels[part], amounts[part]
                total, (label, amount) = joint_loss(forward(model, x[part]), batch_targets, weights)
                (total * (len(part) / len(rows))).backward()
                sums += torch.tensor(
                    [total.item(), label.item(), amount.item()], dtype=torch.float64
                ) * len(part)
            optimizer.step()
        for key, value in zip(history, (sums / n).tolist(), strict=True):
            history[key].append(value)
    return history
