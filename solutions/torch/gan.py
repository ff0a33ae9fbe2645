"""A generative adversarial network in PyTorch."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F


def discriminator_loss(real_logits, fake_logits):
    # -log sigmoid(a) = softplus(-a), and -log(1 - sigmoid(a)) = softplus(a).
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


def generator_loss(fake_logits):
    return F.softplus(-fake_logits).mean()


def _dense(widths, between):
    layers = [part for n, m in pairwise(widths) for part in (nn.Linear(n, m), between())]
    return nn.Sequential(*layers[:-1])


def build(noise, features, units):
    generator = _dense([noise, *units, features], nn.ReLU)
    discriminator = _dense([features, *units, 1], lambda: nn.LeakyReLU(0.2))
    return generator, discriminator


def make_optimizer(model, lr):
    return torch.optim.Adam(model.parameters(), lr=lr, betas=(0.0, 0.9), eps=1e-7)


def _step(model, optimizer, loss):
    # Only the gradients of one model: backward() would also fill those of the other.
    parameters = list(model.parameters())
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


def discriminator_step(generator, discriminator, optimizer, real, z):
    with torch.no_grad():
        fake = generator(z)  # (C, F)
    loss = discriminator_loss(discriminator(real), discriminator(fake))
    return _step(discriminator, optimizer, loss)


def generator_step(generator, discriminator, optimizer, z):
    return _step(generator, optimizer, generator_loss(discriminator(generator(z))))


def _noise(generator, shape, rng):
    return torch.from_numpy(rng.standard_normal(shape)).to(next(generator.parameters()))


def train(generator, discriminator, x, steps, batch, noise, lr, rng):
    own, others = make_optimizer(generator, lr), make_optimizer(discriminator, lr)
    told, fooled = [], []
    for _ in range(steps):
        real = x[torch.from_numpy(rng.choice(len(x), batch, replace=False))]
        z = _noise(generator, (batch, noise), rng)
        told.append(discriminator_step(generator, discriminator, others, real, z))
        z = _noise(generator, (batch, noise), rng)
        fooled.append(generator_step(generator, discriminator, own, z))
    return told, fooled


def sample(generator, count, noise, rng):
    with torch.no_grad():
        return generator(_noise(generator, (count, noise), rng))  # (count, F)


def mode_coverage(x, centres, radius, share=0.02):
    away = torch.cdist(x, centres, compute_mode="donot_use_mm_for_euclid_dist")  # (N, M)
    distance, nearest = away.min(dim=1)
    counts = torch.bincount(nearest[distance <= radius], minlength=len(centres))  # (M,)
    covered = (counts > 0) & (counts >= share * len(x))
    return covered.sum().item(), counts.sum().item() / len(x)
