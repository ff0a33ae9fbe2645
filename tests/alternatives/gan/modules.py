"""Subclassed modules, losses by binary cross-entropy, backward() with cleared gradients, loops; in PyTorch."""

import torch
import torch.nn.functional as F


def discriminator_loss(real_logits, fake_logits):
    real = F.binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    return real + F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))


def generator_loss(fake_logits):
    return -F.logsigmoid(fake_logits).sum() / fake_logits.numel()


class Network(torch.nn.Module):
    """Dense layers with leaky ReLU between them."""

    def __init__(self, first, units, last, slope):
        super().__init__()
        self.slope, self.hidden = slope, torch.nn.ModuleList()
        for width in units:
            self.hidden.append(torch.nn.Linear(first, width))
            first = width
        self.out = torch.nn.Linear(first, last)

    def forward(self, x):
        for layer in self.hidden:
            x = F.leaky_relu(layer(x), self.slope)
        return self.out(x)


def build(noise, features, units):
    return [Network(noise, units, features, 0.0), Network(features, units, 1, 0.2)]


def make_optimizer(model, lr):
    return torch.optim.Adam(list(model.parameters()), lr, (0.0, 0.9), 1e-7)


def discriminator_step(generator, discriminator, optimizer, real, z):
    optimizer.zero_grad()
    rows = torch.cat([real, generator(z).detach()])
    logits = discriminator(rows)
    loss = discriminator_loss(logits[: real.shape[0]], logits[real.shape[0] :])
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def generator_step(generator, discriminator, optimizer, z):
    optimizer.zero_grad()
    # This fills the gradients of the discriminator as well; its next step clears them first.
    loss = generator_loss(discriminator(generator(z)))
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def train(generator, discriminator, x, steps, batch, noise, lr, rng):
    optimizers = make_optimizer(discriminator, lr), make_optimizer(generator, lr)
    histories = [], []
    # All draws come before the first step.
    noises = torch.tensor(rng.normal(size=(steps, 2, batch, noise)), dtype=x.dtype)
    orders = rng.random((steps, x.shape[0])).argsort(axis=1)[:, :batch]
    for rows, (first, second) in zip(orders, noises, strict=True):
        histories[0].append(
            discriminator_step(generator, discriminator, optimizers[0], x[rows], first)
        )
        histories[1].append(generator_step(generator, discriminator, optimizers[1], second))
    return histories


def sample(generator, count, noise, rng):
    z = torch.as_tensor(rng.normal(0, 1, (count, noise)), dtype=torch.float32)
    return generator(z).detach()


def mode_coverage(x, centres, radius, share=0.02):
    owned = [0] * centres.shape[0]
    for row in x:
        away = (row - centres).square().sum(1).sqrt()
        nearest = int(away.argmin())
        if away[nearest] <= radius:
            owned[nearest] += 1
    enough = [count for count in owned if count and count / len(x) >= share]
    return len(enough), sum(owned) / len(x)
