"""Derivatives by hand."""

from __future__ import annotations

import math

from katagrad.quiz.area import Area, Made
from katagrad.quiz.question import Draw

AREA = Area("Gradients")


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + math.exp(-x))


@AREA
def sigmoid_slope(draw: Draw) -> Made:
    x = draw.one(-1, 1) * draw.decimal(0.5, 3, 1)
    s = sigmoid(x)
    return (
        f"What is the derivative of the sigmoid at {x}?",
        s * (1 - s),
        {"gave the sigmoid itself": s, "gave the derivative of tanh": 1 - math.tanh(x) ** 2},
        "s (1 - s) with s = sigmoid(x)",
        {"x": x},
    )


@AREA
def cross_entropy_slope(draw: Draw) -> Made:
    a, b, c = (draw.decimal(-2, 2, 1) for _ in range(3))
    total = sum(map(math.exp, (a, b, c)))
    p = math.exp(b) / total
    return (
        (
            f"Logits are [{a}, {b}, {c}] and the second class is right. What is the derivative of the cross-entropy "
            "by the second logit?"
        ),
        p - 1,
        {
            "did not subtract the one-hot target": p,
            "turned the sign round": 1 - p,
            "gave the derivative of the probability": p * (1 - p),
        },
        "softmax minus one-hot: p - 1",
        {"a": a, "b": b, "c": c},
    )


@AREA
def squared_error_slope(draw: Draw) -> Made:
    w, x, y, u, v = draw.integer(1, 5), *(draw.integer(-4, 6) for _ in range(4))
    total = (w * x - y) * x + (w * u - v) * u
    return (
        (
            f"The loss is the mean of (w x - y)^2 over the points ({x}, {y}) and ({u}, {v}). What is its derivative "
            f"by w at w = {w}?"
        ),
        float(total),
        {
            "left the factor 2 of the square out": total / 2,
            "took the sum, not the mean": 2.0 * total,
            "turned the sign round": -float(total),
        },
        "the mean of 2 (w x - y) x",
        {"w": w, "x": x, "y": y, "u": u, "v": v},
    )


@AREA
def chain_rule(draw: Draw) -> Made:
    x, v, w = draw.integer(2, 5), draw.integer(2, 5), draw.integer(2, 5)
    return (
        f"y = (w * relu(v * x))^2 with x = {x}, v = {v} and w = {w}. What is the derivative of y by v?",
        2 * w * w * v * x * x,
        {
            "left the outer derivative out": w * x,
            "left the inner derivative x out": 2 * w * w * v * x,
            "left the factor w of the chain out": 2 * w * v * x * x,
        },
        "2 (w v x) * w * x, as relu is the identity here",
        {"x": x, "v": v, "w": w},
    )


@AREA
def logistic_slope(draw: Draw) -> Made:
    w, x, y = draw.decimal(0.2, 1.5, 1), draw.decimal(0.5, 3, 1), draw.one(0, 1)
    p = sigmoid(w * x)
    return (
        (
            f"Logistic regression with p = sigmoid(w x), w = {w}, sees x = {x} with label "
            f"{y}. What is the derivative "
            "of the log loss by w?"
        ),
        (p - y) * x,
        {
            "left the factor x out": p - y,
            "turned the sign round": (y - p) * x,
            "took the squared error through the sigmoid": 2 * (p - y) * p * (1 - p) * x,
        },
        "(p - y) x",
        {"w": w, "x": x, "y": y},
    )


@AREA
def vanishing_bound(draw: Draw) -> Made:
    layers = draw.integer(3, 8)
    return (
        f"A gradient passes {layers} sigmoids and weights of 1. What is the largest factor that can be left of it?",
        0.25**layers,
        {
            "took the sigmoid's largest slope for 1/2": 0.5**layers,
            "multiplied by the depth": 0.25 * layers,
            "divided by the depth": 0.25 / layers,
        },
        "the sigmoid's slope is 1/4 at most, and slopes multiply",
        {"layers": layers},
    )


@AREA
def clipped_norm(draw: Draw) -> Made:
    (a, b), k, c = draw.one((3, 4), (5, 12), (8, 15)), draw.integer(2, 4), draw.integer(1, 2)
    a, b = a * k, b * k
    norm = math.hypot(a, b)
    return (
        f"The gradient ({a}, {b}) is clipped to norm {c}. What is its first component afterwards?",
        a * c / norm,
        {
            "clipped each component by itself": float(c) + 0.0,
            "left it as it was": float(a),
            "divided by the sum of the components": a * c / (a + b),
        },
        "a * c / norm: the direction stays",
        {"a": a, "b": b, "c": c},
    )


@AREA
def central_difference(draw: Draw) -> Made:
    x, h = draw.integer(1, 3), draw.decimal(0.5, 1, 1)
    return (
        (
            f"What does the central difference (f(x + h) - f(x - h)) / (2h) give for f(x) = x^3 at x = {x} with "
            f"h = {h}?"
        ),
        3 * x * x + h * h,
        {
            "gave the derivative itself": 3.0 * x * x,
            "took the forward difference": 3 * x * x + 3 * x * h + h * h,
            "divided by h": 2 * (3 * x * x + h * h),
        },
        "3 x^2 + h^2: the error is of second order",
        {"x": x, "h": h},
    )


@AREA
def product_of_weights(draw: Draw) -> Made:
    w, steps = draw.one(0.5, 0.6, 0.8, 1.2, 1.5), draw.integer(4, 9)
    return (
        f"A linear recurrent network h_t = w h_(t-1) has w = {w}. What is the derivative of h_{steps} by h_0?",
        w**steps,
        {"added where slopes multiply": w * steps, "stopped one step early": w ** (steps - 1)},
        "w to the number of steps: it vanishes below 1 and explodes above",
        {"w": w, "steps": steps},
    )
