"""Losses and metrics."""

from __future__ import annotations

import math

from katagrad.quiz.area import Area, Made
from katagrad.quiz.question import Draw

AREA = Area("Losses and metrics")


def _table(draw: Draw) -> tuple[int, int, int, int, str]:
    """Counts of a binary confusion matrix, and the words for them."""
    tp, fp, fn, tn = (draw.integer(*span) for span in ((20, 60), (3, 18), (3, 18), (30, 90)))
    table = f"A classifier has {tp} true positives, {fp} false positives, {fn} false negatives and {tn} true negatives."
    return tp, fp, fn, tn, table


@AREA
def precision(draw: Draw) -> Made:
    tp, fp, fn, tn, table = _table(draw)
    return (
        f"{table} What is its precision?",
        tp / (tp + fp),
        {
            "gave the recall": tp / (tp + fn),
            "gave the accuracy": (tp + tn) / (tp + fp + fn + tn),
            "gave the share of false alarms": fp / (tp + fp),
        },
        "TP / (TP + FP)",
        {"tp": tp, "fp": fp, "fn": fn, "tn": tn},
    )


@AREA
def recall(draw: Draw) -> Made:
    tp, fp, fn, tn, table = _table(draw)
    return (
        f"{table} What is its recall?",
        tp / (tp + fn),
        {
            "gave the precision": tp / (tp + fp),
            "gave the specificity": tn / (tn + fp),
            "gave the share that was missed": fn / (tp + fn),
        },
        "TP / (TP + FN)",
        {"tp": tp, "fp": fp, "fn": fn, "tn": tn},
    )


@AREA
def f_one(draw: Draw) -> Made:
    tp, fp, fn = draw.integer(10, 40), draw.integer(30, 90), draw.integer(2, 10)
    p, r = tp / (tp + fp), tp / (tp + fn)
    return (
        f"A classifier has {tp} true positives, {fp} false positives and {fn} false negatives. What is its F1?",
        2 * tp / (2 * tp + fp + fn),
        {
            "took the plain mean of precision and recall": (p + r) / 2,
            "left the factor 2 out": p * r / (p + r),
            "counted the hits once": tp / (tp + fp + fn),
        },
        "2 P R / (P + R) = 2 TP / (2 TP + FP + FN)",
        {"tp": tp, "fp": fp, "fn": fn},
    )


@AREA
def specificity(draw: Draw) -> Made:
    tp, fp, fn, tn, table = _table(draw)
    return (
        f"{table} What is its specificity?",
        tn / (tn + fp),
        {
            "gave the recall": tp / (tp + fn),
            "gave the false positive rate": fp / (tn + fp),
            "divided by the negative predictions": tn / (tn + fn),
        },
        "TN / (TN + FP)",
        {"tp": tp, "fp": fp, "fn": fn, "tn": tn},
    )


@AREA
def macro_recall(draw: Draw) -> Made:
    a, b = draw.integer(60, 95), draw.integer(2, 9)
    return (
        (
            f"Of 100 examples of class A, {a} are recognized; of 10 examples of class B, {b}. What is the balanced "
            "accuracy?"
        ),
        (a / 100 + b / 10) / 2,
        {"gave the plain accuracy": (a + b) / 110, "looked at the larger class alone": a / 100},
        "the mean of the recalls of the classes",
        {"a": a, "b": b},
    )


@AREA
def cross_entropy_of_one(draw: Draw) -> Made:
    p = draw.decimal(0.05, 0.8, 2)
    return (
        f"The right class got the probability {p}. What is the cross-entropy, in nats?",
        -math.log(p),
        {
            "took the logarithm to base 2": -math.log2(p),
            "took the logarithm to base 10": -math.log10(p),
            "left the minus out": math.log(p),
            "took the loss for 1 - p": 1 - p,
        },
        "-ln p",
        {"p": p},
    )


@AREA
def binary_cross_entropy(draw: Draw) -> Made:
    p, q = draw.decimal(0.55, 0.95, 2), draw.decimal(0.05, 0.6, 2)
    return (
        (
            f"Two examples get the probabilities {p} and {q}; their labels are 1 and 0. What is the mean binary "
            "cross-entropy, in nats?"
        ),
        -(math.log(p) + math.log(1 - q)) / 2,
        {
            "took the sum, not the mean": -(math.log(p) + math.log(1 - q)),
            "left the term of the label 0 out": -math.log(p) / 2,
            "took the probability of class 1 twice": -(math.log(p) + math.log(q)) / 2,
        },
        "-(ln p + ln(1 - q)) / 2",
        {"p": p, "q": q},
    )


@AREA
def perplexity(draw: Draw) -> Made:
    loss = draw.decimal(1.2, 4.5, 1)
    return (
        f"A language model has a cross-entropy of {loss} nats for each token. What is its perplexity?",
        math.exp(loss),
        {
            "took 2 as base": 2**loss,
            "took 10 as base": 10**loss,
            "gave the probability": math.exp(-loss),
        },
        "e to the loss",
        {"loss": loss},
    )


@AREA
def uniform_loss(draw: Draw) -> Made:
    classes = draw.integer(3, 200)
    return (
        (
            f"A classifier of {classes} classes has just been initialized and gives all the "
            f"same probability. What is its "
            "cross-entropy, in nats?"
        ),
        math.log(classes),
        {
            "took the logarithm to base 2": math.log2(classes),
            "gave the probability": 1 / classes,
            "gave the error rate": 1 - 1 / classes,
        },
        "ln of the number of classes: a check of every first step",
        {"classes": classes},
    )


@AREA
def ranked_area(draw: Draw) -> Made:
    order = draw.order(7)
    labels = [int(i < 3) for i in order]
    ups = sum(a and not b for i, a in enumerate(labels) for b in labels[i + 1 :])
    return (
        (
            f"Seven examples are sorted by falling score; their labels are {labels}. What is "
            f"the area under the ROC curve?"
        ),
        ups / 12,
        {"took the order for rising": 1 - ups / 12, "divided by all pairs": ups / 21},
        "the share of (positive, negative) pairs in which the positive comes first",
        {"labels": labels},
    )


@AREA
def determination(draw: Draw) -> Made:
    y = [draw.integer(1, 12) for _ in range(4)]
    residuals = [draw.integer(-2, 2) for _ in range(4)]
    mean = sum(y) / 4
    total = max(sum((v - mean) ** 2 for v in y), 1e-3)
    left = sum(r * r for r in residuals)
    predicted = [v + r for v, r in zip(y, residuals, strict=True)]
    return (
        f"The targets are {y} and the predictions {predicted}. What is R^2?",
        1 - left / total,
        {
            "gave the share that is left": left / total,
            "gave the mean squared error": left / 4,
            "compared with zero, not with the mean": 1 - left / max(sum(v * v for v in y), 1e-3),
        },
        "1 - sum of squared errors / sum of squared deviations from the mean",
        {"y": y, "predicted": predicted},
    )


@AREA
def huber(draw: Draw) -> Made:
    delta, error = draw.decimal(0.5, 2, 1), draw.decimal(2.5, 6, 1)
    return (
        f"What is the Huber loss with delta {delta} of an error of {error}?",
        delta * (error - delta / 2),
        {
            "took the square": error**2 / 2,
            "took the absolute error": error,
            "left the offset out": delta * error,
            "subtracted all of delta": delta * (error - delta),
        },
        "delta (|e| - delta / 2) beyond delta",
        {"delta": delta, "error": error},
    )


@AREA
def divergence(draw: Draw) -> Made:
    p, q = draw.decimal(0.1, 0.9, 1), draw.decimal(0.1, 0.9, 1)

    def kl(a: float, b: float) -> float:
        return a * math.log(a / b) + (1 - a) * math.log((1 - a) / (1 - b))

    return (
        (
            f"What is the Kullback-Leibler divergence KL(P || Q) of P = ({p}, {1 - p:.1f}) "
            f"and Q = ({q}, {1 - q:.1f}), in "
            "nats?"
        ),
        kl(p, q),
        {
            "exchanged P and Q": kl(q, p),
            "gave the cross-entropy": -p * math.log(q) - (1 - p) * math.log(1 - q),
            "took the logarithm to base 2": kl(p, q) / math.log(2),
        },
        "sum of p ln(p / q)",
        {"p": p, "q": q},
    )


@AREA
def tempered_softmax(draw: Draw) -> Made:
    a, b, t = draw.integer(1, 4), draw.integer(0, 3), draw.one(2.0, 4.0, 0.5)
    return (
        f"What probability does softmax with temperature {t:g} give the first of the logits [{a}, {b}]?",
        1 / (1 + math.exp((b - a) / t)),
        {
            "left the temperature out": 1 / (1 + math.exp(b - a)),
            "multiplied by the temperature": 1 / (1 + math.exp((b - a) * t)),
            "gave the other class": 1 / (1 + math.exp((a - b) / t)),
        },
        "exp(a / T) / (exp(a / T) + exp(b / T))",
        {"a": a, "b": b, "t": t},
    )


@AREA
def overlap(draw: Draw) -> Made:
    w, h, dx, dy = draw.integer(6, 12), draw.integer(6, 12), draw.integer(1, 4), draw.integer(1, 4)
    inter = (w - dx) * (h - dy)
    return (
        (
            f"Two boxes are {w} wide and {h} high; the second stands {dx} to the right of the "
            f"first and {dy} below it. "
            "What is their intersection over union?"
        ),
        inter / (2 * w * h - inter),
        {
            "divided by both areas without taking the overlap off": inter / (2 * w * h),
            "divided by one area, which gives the Dice score": inter / (w * h),
        },
        "intersection / (area + area - intersection)",
        {"w": w, "h": h, "dx": dx, "dy": dy},
    )
