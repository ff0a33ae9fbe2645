"""A multiclass network from layers, in PyTorch."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset


def build(n_in, hidden, n_classes, dropout=0.0):
    layers = []
    for width in hidden:
        layers += [nn.Linear(n_in, width), nn.ReLU(), nn.Dropout(dropout)]
        n_in = width
    return nn.Sequential(*layers, nn.Linear(n_in, n_classes))


def train(model, x, y, epochs, lr, batch_size, shuffle=True):
    batches = DataLoader(TensorDataset(x, y.long()), batch_size=batch_size, shuffle=shuffle)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    history = {"loss": [], "accuracy": []}
    model.train()
    for _ in range(epochs):
        loss_sum, correct = 0.0, 0
        for batch_x, batch_y in batches:  # (B, n_in), (B,)
            logits = model(batch_x)  # (B, n_classes)
            loss = F.cross_entropy(logits, batch_y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            # The last batch may be smaller, so its mean counts for less.
            loss_sum += loss.item() * len(batch_y)
            correct += (logits.argmax(dim=1) == batch_y).sum().item()
        history["loss"].append(loss_sum / len(x))
        history["accuracy"].append(correct / len(x))
    return history


def predict(model, x):
    model.eval()
    with torch.no_grad():
        return model(x).softmax(dim=1)


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
