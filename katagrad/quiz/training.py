"""Steps of optimizers, schedules, and what layers do in training."""

from __future__ import annotations

import math

from katagrad.quiz.area import Area, Made
from katagrad.quiz.question import Draw

AREA = Area("Training")


@AREA
def momentum_steps(draw: Draw) -> Made:
    w, g = draw.integer(1, 5), draw.integer(1, 4)
    lr, beta = draw.decimal(0.1, 0.5, 1), draw.one(0.5, 0.8, 0.9)
    return (
        (
            f"SGD with momentum (v = {beta} v + g, w = w - {lr} v, v = 0 at first) meets the "
            f"gradient {g} twice, from "
            f"w = {w}. How far has w moved in all?"
        ),
        lr * g * (2 + beta),
        {
            "left the momentum out": 2 * lr * g,
            "damped the gradient by 1 - beta": lr * g * (1 - beta) * (2 + beta),
            "doubled the momentum": lr * g * (2 + 2 * beta),
        },
        "lr g for the first step and lr g (1 + beta) for the second",
        {"w": w, "g": g, "lr": lr, "beta": beta},
    )


@AREA
def adam_first_step(draw: Draw) -> Made:
    g, lr = draw.integer(2, 40), draw.one(0.1, 0.01, 0.001, 0.003)
    return (
        (
            f"Adam (beta 0.9 and 0.999, with bias correction, eps 1e-8) takes its first step "
            f"with learning rate {lr} on "
            f"a gradient of {g}. How far does the weight move?"
        ),
        lr,
        {
            "took a step of gradient descent": lr * g,
            "left the bias correction out": lr * 0.1 / math.sqrt(0.001),
            "left the square root out": lr / g,
        },
        "lr * g / sqrt(g^2): the first step has the size of the learning rate",
        {"g": g, "lr": lr},
    )


@AREA
def step_decay(draw: Draw) -> Made:
    lr, gamma = draw.one(0.1, 0.2, 0.4), draw.one(0.1, 0.5)
    every, epoch = draw.integer(10, 15), draw.integer(20, 45)
    times = epoch // every
    return (
        (
            f"The learning rate begins at {lr} and is multiplied by {gamma} every {every} "
            f"epochs. What is it in epoch "
            f"{epoch}, counted from 0?"
        ),
        lr * gamma**times,
        {
            "dropped once too often": lr * gamma ** (times + 1),
            "dropped once too little": lr * gamma ** (times - 1),
            "dropped in every epoch": lr * gamma**epoch,
        },
        "lr * gamma^floor(epoch / every)",
        {"lr": lr, "gamma": gamma, "every": every, "epoch": epoch},
    )


@AREA
def cosine_schedule(draw: Draw) -> Made:
    lr, total = draw.one(0.1, 0.2, 0.5), draw.integer(60, 200, 20)
    t = draw.integer(total // 5, 4 * total // 5)
    return (
        f"A cosine schedule goes from {lr} to 0 in {total} steps. What is the learning rate after {t} steps?",
        lr / 2 * (1 + math.cos(math.pi * t / total)),
        {
            "took a straight line": lr * (1 - t / total),
            "took a quarter of a wave": lr * math.cos(math.pi * t / total / 2),
            "did not halve": lr * (1 + math.cos(math.pi * t / total)),
        },
        "lr / 2 * (1 + cos(pi t / T))",
        {"lr": lr, "total": total, "t": t},
    )


@AREA
def inverse_square_root(draw: Draw) -> Made:
    peak, warm = draw.one(0.001, 0.002, 0.005), draw.one(100, 400, 1000)
    t = warm * draw.one(2, 4, 9, 16)
    return (
        (
            f"The learning rate rises to {peak} in {warm} steps and then falls with the "
            f"inverse square root of the step. "
            f"What is it at step {t}?"
        ),
        peak * math.sqrt(warm / t),
        {
            "let it fall with the step itself": peak * warm / t,
            "left the warm-up out of the scale": peak / math.sqrt(t),
            "let it rise on": peak * t / warm,
        },
        "peak * sqrt(warm-up / step)",
        {"peak": peak, "warm": warm, "t": t},
    )


@AREA
def updates(draw: Draw) -> Made:
    n, b, epochs = draw.integer(110, 990), draw.one(16, 32, 64), draw.integer(2, 12)
    return (
        (
            f"How many updates do {epochs} epochs over {n} examples take in batches of {b}, the last of which may be "
            "smaller?"
        ),
        math.ceil(n / b) * epochs,
        {
            "dropped the last batch": n // b * epochs,
            "counted examples": n * epochs,
            "counted one epoch": math.ceil(n / b),
        },
        "ceil(n / b) for each epoch",
        {"n": n, "b": b, "epochs": epochs},
    )


@AREA
def inverted_dropout(draw: Draw) -> Made:
    x, p = draw.integer(2, 9), draw.one(0.1, 0.2, 0.25, 0.4, 0.6)
    return (
        (
            f"Inverted dropout drops units with probability {p}. What does an activation of "
            f"{x} become in training if "
            "it is kept?"
        ),
        x / (1 - p),
        {
            "divided by the probability to be dropped": x / p,
            "scaled it down": x * (1 - p),
            "left it as it was": float(x),
        },
        "x / (1 - p), so that the expectation stays",
        {"x": x, "p": p},
    )


@AREA
def weight_decay(draw: Draw) -> Made:
    w, g = draw.integer(2, 9), draw.integer(-5, 5)
    lr, decay = draw.one(0.1, 0.2), draw.one(0.1, 0.5)
    return (
        (
            f"SGD with weight decay (gradient g + {decay} w) has learning rate {lr}, w = {w} and g = {g}. What is w "
            "after one step?"
        ),
        w - lr * (g + decay * w),
        {
            "left the decay out": float(w - lr * g),
            "let the weight grow": w - lr * (g - decay * w),
            "left the learning rate off the decay": w - lr * g - decay * w,
        },
        "w - lr (g + decay w)",
        {"w": w, "g": g, "lr": lr, "decay": decay},
    )


@AREA
def batch_normalized(draw: Draw) -> Made:
    values = [draw.integer(1, 12) for _ in range(4)]
    gamma, beta = draw.integer(2, 4), draw.integer(1, 5)
    mean = sum(values) / 4
    variance = max(sum((v - mean) ** 2 for v in values) / 4, 1e-3)
    first = values[0] - mean
    return (
        (
            f"Batch normalization with scale {gamma} and shift {beta} (eps 0) sees the batch {values}. What does it "
            f"make of the first value?"
        ),
        gamma * first / math.sqrt(variance) + beta,
        {
            "divided by the variance": gamma * first / variance + beta,
            "took the variance with n - 1": gamma * first / math.sqrt(variance * 4 / 3) + beta,
            "left scale and shift out": first / math.sqrt(variance),
        },
        "scale * (x - mean) / sqrt(variance) + shift, with the variance over n",
        {"values": values, "gamma": gamma, "beta": beta},
    )


@AREA
def running_mean(draw: Draw) -> Made:
    old, new, m = draw.integer(1, 9), draw.integer(10, 30), draw.one(0.1, 0.2, 0.3)
    return (
        (
            f"Batch normalization as in PyTorch has momentum {m} and a running mean of {old}. "
            f"What is the running mean "
            f"after a batch with mean {new}?"
        ),
        (1 - m) * old + m * new,
        {
            "took the momentum for the weight of the old mean": m * old + (1 - m) * new,
            "replaced the old mean": float(new),
            "took the middle": (old + new) / 2,
        },
        "(1 - m) old + m new",
        {"old": old, "new": new, "m": m},
    )


@AREA
def he_deviation(draw: Draw) -> Made:
    i, o = draw.integer(40, 400, 10), draw.integer(10, 500, 10)
    return (
        f"What standard deviation does He's initialization give a layer from {i} to {o} units before a ReLU?",
        math.sqrt(2 / i),
        {
            "used Glorot's": math.sqrt(2 / (i + o)),
            "left the square root out": 2 / i,
            "left the factor 2 of the ReLU out": math.sqrt(1 / i),
            "took the outputs": math.sqrt(2 / o),
        },
        "sqrt(2 / inputs)",
        {"i": i, "o": o},
    )


@AREA
def glorot_limit(draw: Draw) -> Made:
    i, o = draw.integer(40, 400, 10), draw.integer(10, 500, 10)
    return (
        f"Glorot's uniform initialization draws from -a to a. What is a for a layer from {i} to {o} units?",
        math.sqrt(6 / (i + o)),
        {
            "gave the standard deviation": math.sqrt(2 / (i + o)),
            "looked at the inputs alone": math.sqrt(6 / i),
            "left the square root out": 6 / (i + o),
        },
        "sqrt(6 / (inputs + outputs))",
        {"i": i, "o": o},
    )


@AREA
def quantization_step(draw: Draw) -> Made:
    low, high = -draw.integer(1, 6), draw.integer(7, 20)
    return (
        (
            f"Values from {low} to {high} are quantized to 8 bits without a sign, end to end. How far apart are two "
            "levels?"
        ),
        (high - low) / 255,
        {
            "kept one bit for the sign": (high - low) / 127,
            "counted bits, not levels": (high - low) / 8,
            "left the negative part out": high / 255,
        },
        "(high - low) / (2^8 - 1)",
        {"low": low, "high": high},
    )


@AREA
def quantized_value(draw: Draw) -> Made:
    scale, zero = draw.one(0.05, 0.1, 0.2), draw.integer(20, 60)
    steps = draw.integer(30, 90)
    x = round(steps * scale + draw.one(-0.3, 0.3) * scale, 4)
    return (
        f"A value of {x} is quantized with scale {scale} and zero point {zero}. Which whole number stands for it?",
        steps + zero,
        {
            "left the zero point out": steps,
            "subtracted the zero point": steps - zero,
            "multiplied by the scale": round(x * scale) + zero,
        },
        "round(x / scale) + zero point",
        {"scale": scale, "zero": zero, "x": x},
    )
