"""PyTorch: NumPy for the split and the pixels, loops for the confusion matrix, evaluation in batches."""

import numpy as np
import torch
from torch import nn


def split(n, validation_share, rng):
    held_out = np.sort(rng.choice(n, size=round(validation_share * n), replace=False))
    kept = np.setdiff1d(np.arange(n), held_out)
    return torch.tensor(kept), torch.tensor(held_out)


def fit_scaler(images):
    pixels = images.numpy().astype(np.float64)
    mean = pixels.mean()
    return float(mean), float(np.sqrt((pixels**2).mean() - mean**2))


def scale(images, mean, std):
    return torch.stack([((image.double() - mean) / std).reshape(-1).float() for image in images])


class Network(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)
        )

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)


def build(n_in, hidden, n_classes):
    return Network([n_in, *hidden, n_classes])


def evaluate(model, x, y):
    loss, pairs = 0.0, []
    for batch_x, batch_y in zip(x.split(50), y.split(50), strict=True):
        log_p = model(batch_x).detach().double().log_softmax(1)
        loss -= sum(log_p[i, label].item() for i, label in enumerate(batch_y.tolist()))
        pairs += zip(batch_y.tolist(), log_p.argmax(1).tolist(), strict=True)
    confusion = torch.zeros(log_p.shape[1], log_p.shape[1], dtype=torch.int64)
    for true, answer in pairs:
        confusion[true, answer] += 1
    right = int(confusion.trace())
    return {"loss": loss / len(x), "accuracy": right / len(x), "confusion": confusion}


def train(model, x, y, validation_x, validation_y, epochs, lr, batch_size):
    y = y.long()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, eps=1e-7)
    history = {key: [] for key in ("val_accuracy", "val_loss", "accuracy", "loss")}
    for _ in range(epochs):
        losses, right = [], []
        for rows in torch.randperm(len(x)).split(batch_size):
            logits = model(x[rows])
            each = nn.functional.cross_entropy(logits, y[rows], reduction="none")
            model.zero_grad()
            each.mean().backward()
            optimizer.step()
            losses += each.tolist()
            right += (logits.argmax(1) == y[rows]).tolist()
        found = evaluate(model, validation_x, validation_y)
        history["loss"].append(sum(losses) / len(x))
        history["accuracy"].append(sum(right) / len(x))
        history["val_loss"].append(found["loss"])
        history["val_accuracy"].append(found["accuracy"])
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
    rng = np.random.default_rng(seed)
    torch.manual_seed(int(rng.integers(2**31)))
    kept, held_out = split(len(images), validation_share, rng)
    mean, std = fit_scaler(images[kept])
    x, held_x = scale(images[kept], mean, std), scale(images[held_out], mean, std)
    model = build(x.shape[1], hidden, n_classes)
    history = train(model, x, labels[kept], held_x, labels[held_out], epochs, lr, batch_size)
    return {
        "history": history,
        "mean": mean,
        "std": std,
        "model": model,
        "predictions": model(scale(test_images, mean, std)).argmax(1),
        "training_rows": kept,
        "validation_rows": held_out,
        "validation": evaluate(model, held_x, labels[held_out]),
    }
