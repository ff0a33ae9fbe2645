"""The full recipe of a classifier, in PyTorch."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import BatchSampler, RandomSampler


def split(n, validation_share, rng):
    rows = torch.from_numpy(rng.permutation(n))
    n_validation = round(validation_share * n)
    return rows[n_validation:], rows[:n_validation]


def fit_scaler(images):
    # A sum of 47 million bytes needs more digits than float32 has.
    pixels = images.double()
    return pixels.mean().item(), pixels.std(correction=0).item()


def scale(images, mean, std):
    return ((images.float() - mean) / std).flatten(start_dim=1)  # (N, height * width)


def build(n_in, hidden, n_classes):
    layers = []
    for width in hidden:
        layers += [nn.Linear(n_in, width), nn.ReLU()]
        n_in = width
    return nn.Sequential(*layers, nn.Linear(n_in, n_classes))


@torch.no_grad()
def evaluate(model, x, y):
    model.eval()
    y, logits = y.long(), model(x)  # (N,), (N, K)
    n_classes = logits.shape[1]
    predictions = logits.argmax(dim=1)  # (N,)
    # The pair (class, prediction) as one number in base K.
    pairs = torch.bincount(y * n_classes + predictions, minlength=n_classes**2)
    return {
        "loss": F.cross_entropy(logits, y).item(),
        "accuracy": (predictions == y).double().mean().item(),
        "confusion": pairs.reshape(n_classes, n_classes),
    }


def train(model, x, y, validation_x, validation_y, epochs, lr, batch_size):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, eps=1e-7)
    y = y.long()
    batches = BatchSampler(RandomSampler(x), batch_size, drop_last=False)
    history = {"loss": [], "accuracy": [], "val_loss": [], "val_accuracy": []}
    for _ in range(epochs):
        model.train()
        loss_sum, correct = 0.0, 0
        for rows in batches:
            logits = model(x[rows])  # (B, K)
            loss = F.cross_entropy(logits, y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(rows)
            correct += (logits.argmax(dim=1) == y[rows]).sum().item()
        validation = evaluate(model, validation_x, validation_y)
        history["loss"].append(loss_sum / len(x))
        history["accuracy"].append(correct / len(x))
        history["val_loss"].append(validation["loss"])
        history["val_accuracy"].append(validation["accuracy"])
    return history


def run(
    images,
    labels,
    test_images,
    n_classes,
    seed,
    hidden=(256, 128),
    epochs=8,
    lr=0.001,
    batch_size=256,
    validation_share=0.1,
):
    torch.manual_seed(seed)
    training, validation = split(len(images), validation_share, np.random.default_rng(seed))
    mean, std = fit_scaler(images[training])
    x = scale(images, mean, std)  # (N, height * width)
    model = build(x.shape[1], hidden, n_classes)
    held_out = x[validation], labels[validation]
    history = train(model, x[training], labels[training], *held_out, epochs, lr, batch_size)
    with torch.no_grad():
        predictions = model(scale(test_images, mean, std)).argmax(dim=1)  # (M,)
    return {
        "model": model,
        "training_rows": training,
        "validation_rows": validation,
        "mean": mean,
        "std": std,
        "history": history,
        "validation": evaluate(model, *held_out),
        "predictions": predictions,
    }
