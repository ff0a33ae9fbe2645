"""A network with mixed activations and a skip connection, in PyTorch."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset


class SkipNet(nn.Module):
    def __init__(self, n_in, k, widths):
        super().__init__()
        self.relu = nn.Linear(n_in, widths[0])
        self.tanh = nn.Linear(widths[0], widths[0])
        self.selu = nn.Linear(widths[0], widths[1])
        self.logits = nn.Linear(widths[1], k)
        nn.init.kaiming_normal_(self.relu.weight, nonlinearity="relu")
        nn.init.xavier_uniform_(self.tanh.weight)
        nn.init.kaiming_normal_(self.selu.weight, nonlinearity="linear")  # LeCun's scale
        nn.init.xavier_uniform_(self.logits.weight)
        for layer in self.children():
            nn.init.zeros_(layer.bias)

    def activations(self, images):
        x = images.flatten(1).float() / 255  # (B, H * W)
        found = {"relu": F.relu(self.relu(x))}
        found["tanh"] = torch.tanh(self.tanh(found["relu"]))
        found["skip"] = found["relu"] + found["tanh"]
        found["selu"] = F.selu(self.selu(found["skip"]))
        found["logits"] = self.logits(found["selu"])
        return found

    def forward(self, images):
        return self.activations(images)["logits"]


def build(in_shape, k, widths=(128, 64)):
    height, width = in_shape
    return SkipNet(height * width, k, widths)


def layer_names(model):
    return [name for name, _ in model.named_children()]


@torch.no_grad()
def activations(model, images):
    return model.activations(images)


def train(model, images, labels, epochs, batch=64, lr=0.001):
    loader = DataLoader(TensorDataset(images, labels), batch, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    history = []
    for _ in range(epochs):
        total = 0.0
        for x, y in loader:
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        history.append(total / len(labels))
    return history


@torch.no_grad()
def predict_proba(model, images):
    return model(images).softmax(dim=-1)


def evaluate_full(model, images, labels):
    p = predict_proba(model, images)  # (N, k)
    k = p.shape[1]
    predicted, true = F.one_hot(p.argmax(-1), k), F.one_hot(labels, k)  # (N, k)
    hits = (predicted * true).sum(0).double()  # (k,)
    claims, members = predicted.sum(0), true.sum(0)  # (k,)
    measures = {
        "accuracy": hits.sum() / len(labels),
        "precision": (hits / claims.clamp(min=1)).mean(),
        "recall": (hits / members).mean(),
        "f1": (2 * hits / (claims + members)).mean(),
        "auc": torch.stack([auc(true[:, c].bool(), p[:, c]) for c in range(k)]).mean(),
    }
    return {name: value.item() for name, value in measures.items()}


def auc(positive, score):
    # The Mann-Whitney statistic: how often a positive outranks a negative; ties share their ranks.
    ordered = score.sort().values
    above = torch.searchsorted(ordered, score, right=True)
    ranks = (torch.searchsorted(ordered, score) + above + 1).double() / 2  # (N,), from 1
    n = positive.sum()
    return (ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(score) - n))
