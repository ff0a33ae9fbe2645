"""Many hidden layers, in PyTorch."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
INITS = {"he": nn.init.kaiming_normal_, "glorot": nn.init.xavier_uniform_}


def build(n_in, widths, n_classes, activation="relu", init="he"):
    if activation not in ACTIVATIONS:
        raise ValueError(f"there is no activation {activation!r}")
    if init not in INITS:
        raise ValueError(f"there is no init {init!r}")

    def dense(inputs, outputs):
        layer = nn.Linear(inputs, outputs)
        INITS[init](layer.weight)
        nn.init.zeros_(layer.bias)
        return layer

    layers = []
    for width in widths:
        layers += [dense(n_in, width), ACTIVATIONS[activation]()]
        n_in = width
    return nn.Sequential(*layers, dense(n_in, n_classes))


def gradient_norms(model, x, y):
    kernels = [layer.weight for layer in model if isinstance(layer, nn.Linear)]
    # autograd.grad leaves .grad alone, so nothing adds up from call to call.
    gradients = torch.autograd.grad(F.cross_entropy(model(x), y.long()), kernels)
    return torch.stack([gradient.norm() for gradient in gradients])  # (L,)


def train(model, x, y, epochs, lr, batch_size):
    batches = DataLoader(TensorDataset(x, y.long()), batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    losses = []
    for _ in range(epochs):
        loss_sum = 0.0
        for batch_x, batch_y in batches:  # (B, n_in), (B,)
            loss = F.cross_entropy(model(batch_x), batch_y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(batch_y)
        losses.append(loss_sum / len(x))
    return losses


def predict(model, x):
    return model(x).argmax(dim=1)
