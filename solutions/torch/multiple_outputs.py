"""One trunk, several heads, in PyTorch."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset


class TwoHeads(nn.Module):
    def __init__(self, n_in, hidden, n_classes):
        super().__init__()
        self.trunk = nn.Sequential()
        for width in hidden:
            self.trunk.extend([nn.Linear(n_in, width), nn.ReLU()])
            n_in = width
        self.label = nn.Linear(n_in, n_classes)
        self.amount = nn.Linear(n_in, 1)

    def forward(self, x):
        features = self.trunk(x)  # (B, width)
        return self.label(features), self.amount(features)[:, 0]  # (B, K), (B,)


def build(n_in, hidden, n_classes):
    return TwoHeads(n_in, hidden, n_classes)


def forward(model, x):
    return model(x)


def joint_loss(outputs, targets, weights):
    (logits, amounts), (labels, wanted) = outputs, targets
    parts = F.cross_entropy(logits, labels.long()), F.mse_loss(amounts, wanted)
    return weights[0] * parts[0] + weights[1] * parts[1], parts


def train(model, x, targets, weights, epochs, lr, batch_size):
    batches = DataLoader(TensorDataset(x, *targets), batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, eps=1e-7)
    history = {"total": [], "label": [], "amount": []}
    for _ in range(epochs):
        sums = torch.zeros(3)
        for batch_x, *batch_targets in batches:
            total, parts = joint_loss(model(batch_x), batch_targets, weights)
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            sums += len(batch_x) * torch.stack([total, *parts]).detach()
        for key, mean in zip(history, (sums / len(x)).tolist(), strict=True):
            history[key].append(mean)
    return history
