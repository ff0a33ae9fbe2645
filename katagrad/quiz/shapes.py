"""Sizes, parameters and the work of layers."""

from __future__ import annotations

from katagrad.quiz.area import Area, Made
from katagrad.quiz.question import Draw

AREA = Area("Shapes and sizes")


@AREA
def conv_output_size(draw: Draw) -> Made:
    n, k, s, p = draw.integer(20, 96), draw.one(3, 5, 7), draw.one(2, 3), draw.integer(1, 3)
    return (
        (
            f"An image of {n} x {n} pixels passes a convolution with a {k} x {k} kernel, stride {s} and "
            f"padding {p} on each side. How many rows does the result have?"
        ),
        (n + 2 * p - k) // s + 1,
        {
            "left the stride out": n + 2 * p - k + 1,
            "divided the size by the stride and looked at nothing else": n // s + p,
        },
        "floor((n + 2p - k) / s) + 1",
        {"n": n, "k": k, "s": s, "p": p},
    )


@AREA
def conv_parameters(draw: Draw) -> Made:
    k, i, o = draw.one(3, 5), draw.integer(3, 24), draw.integer(8, 64, 8)
    return (
        (
            f"How many trainable parameters does a convolution with {o} kernels of {k} x {k} on {i} channels "
            "have, biases included?"
        ),
        k * k * i * o + o,
        {
            "gave the kernels only one input channel": k * k * o + o,
            "left the square of the kernel's size out": k * i * o + o,
            "gave each kernel a bias for each input channel": (k * k + 1) * i * o,
        },
        "k * k * in * out weights and one bias for each kernel",
        {"k": k, "i": i, "o": o},
    )


@AREA
def dense_parameters(draw: Draw) -> Made:
    i, o = draw.integer(4, 12), draw.integer(13, 30)
    return (
        f"How many trainable parameters does a dense layer from {i} to {o} units have, biases included?",
        (i + 1) * o,
        {"left the biases out": i * o, "gave the inputs the biases": i * o + i},
        "in * out weights and out biases",
        {"i": i, "o": o},
    )


@AREA
def network_parameters(draw: Draw) -> Made:
    a, b, c = draw.integer(4, 16), draw.integer(20, 40), draw.integer(2, 10)
    return (
        f"A network has dense layers {a} -> {b} -> {c}, all with biases. How many parameters does it have?",
        (a + 1) * b + (b + 1) * c,
        {
            "left the output layer out": (a + 1) * b,
            "left the biases out": a * b + b * c,
            "multiplied all widths": a * b * c,
        },
        "(a + 1) b + (b + 1) c",
        {"a": a, "b": b, "c": c},
    )


@AREA
def receptive_field(draw: Draw) -> Made:
    layers, k = draw.integer(3, 8), draw.one(3, 5, 7)
    return (
        (
            f"{layers} convolutions of {k} x {k}, stride 1, stand one behind the other. How many pixels wide is the "
            "part of the image that one output sees?"
        ),
        1 + layers * (k - 1),
        {
            "added the kernels' full widths": layers * k,
            "left the first pixel out": layers * (k - 1),
            "multiplied the widths": k**layers,
        },
        "1 + layers * (k - 1)",
        {"layers": layers, "k": k},
    )


@AREA
def strided_receptive_field(draw: Draw) -> Made:
    a, b, c = draw.one(3, 5, 7), draw.one(3, 5), draw.one(3, 5)
    s, t = draw.one(2, 3), draw.one(2, 3, 4)
    return (
        (
            f"Three convolutions of widths {a}, {b} and {c} have strides {s}, {t} and 1. How many inputs wide is the "
            "receptive field of one output?"
        ),
        a + (b - 1) * s + (c - 1) * s * t,
        {
            "left the strides out": a + b - 1 + c - 1,
            "took each layer's stride for itself alone": a + (b - 1) * s + (c - 1) * t,
            "did not subtract 1 from the later widths": a + b * s + c * s * t,
        },
        "each layer adds (width - 1) times the product of the strides before it",
        {"a": a, "b": b, "c": c, "s": s, "t": t},
    )


@AREA
def transposed_conv_size(draw: Draw) -> Made:
    n, k, s, p = draw.integer(6, 20), draw.one(4, 5, 6), draw.one(2, 3), draw.one(1, 2)
    return (
        f"A transposed convolution with kernel {k}, stride {s} and padding {p} gets {n} rows. How many come out?",
        (n - 1) * s - 2 * p + k,
        {
            "used the formula of a convolution": (n + 2 * p - k) // s + 1,
            "left the padding out": (n - 1) * s + k,
            "added the padding": (n - 1) * s + 2 * p + k,
        },
        "(n - 1) s - 2p + k",
        {"n": n, "k": k, "s": s, "p": p},
    )


@AREA
def flattened_features(draw: Draw) -> Made:
    n, k, c = draw.integer(28, 64, 4), draw.one(3, 5), draw.integer(8, 32, 8)
    after = (n - k + 1) // 2
    return (
        (
            f"An image of {n} x {n} passes a {k} x {k} convolution with {c} kernels, without padding, and a 2 x 2 "
            "max pooling. How many features does flattening give?"
        ),
        after * after * c,
        {
            "left the channels out": after * after,
            "did not pool": (n - k + 1) ** 2 * c,
            "took one side for the area": after * c,
            "padded the convolution": (n // 2) ** 2 * c,
        },
        "floor((n - k + 1) / 2) squared, times the kernels",
        {"n": n, "k": k, "c": c},
    )


@AREA
def depthwise_separable_parameters(draw: Draw) -> Made:
    k, i, o = draw.one(3, 5), draw.integer(16, 64, 8), draw.integer(64, 128, 16)
    return (
        (
            f"A depthwise separable convolution has a {k} x {k} kernel for each of {i} channels and then mixes them "
            f"to {o} channels; no biases. How many weights does it have?"
        ),
        k * k * i + i * o,
        {
            "counted an ordinary convolution": k * k * i * o,
            "left the pointwise part out": k * k * i,
            "left the depthwise part out": i * o,
        },
        "k * k * in + in * out",
        {"k": k, "i": i, "o": o},
    )


@AREA
def lstm_parameters(draw: Draw) -> Made:
    x, h = draw.integer(8, 40), draw.integer(16, 64, 4)
    one = h * (h + x) + h
    return (
        (
            f"How many parameters does an LSTM layer have, with {x} inputs, {h} units and one bias vector for each "
            "gate?"
        ),
        4 * one,
        {
            "counted one gate": one,
            "counted the three gates of a GRU": 3 * one,
            "left the recurrent weights out": 4 * (h * x + h),
        },
        "4 (h (h + x) + h): four gates, each with weights for input and state",
        {"x": x, "h": h},
    )


@AREA
def attention_parameters(draw: Draw) -> Made:
    heads, each = draw.one(2, 4, 8), draw.one(8, 16, 32)
    d = heads * each
    return (
        (
            f"Multi-head attention has width {d} and {heads} heads. Its four projections have biases. How many "
            "parameters does it have?"
        ),
        4 * (d * d + d),
        {
            "left the output projection out": 3 * (d * d + d),
            "counted the projections once for each head": 4 * heads * (d * d + d),
            "counted one head": 4 * (d * each + each),
        },
        "4 (d * d + d), whatever the number of heads",
        {"heads": heads, "d": d},
    )


@AREA
def conv_multiplications(draw: Draw) -> Made:
    n, k, i, o = draw.integer(8, 32), draw.one(3, 5), draw.integer(3, 16), draw.integer(8, 32, 8)
    return (
        (
            f"A {k} x {k} convolution, stride 1, keeps the size of {n} x {n} images and goes from {i} to {o} "
            "channels. How many multiplications does one image take?"
        ),
        n * n * k * k * i * o,
        {
            "left the input channels out": n * n * k * k * o,
            "counted one output position": k * k * i * o,
            "took a side for the area of the image": n * k * k * i * o,
        },
        "one for each output position, kernel element, input channel and kernel",
        {"n": n, "k": k, "i": i, "o": o},
    )


@AREA
def attention_memory(draw: Draw) -> Made:
    b, h, t = draw.integer(2, 6), draw.one(4, 8, 12), draw.one(128, 256, 512)
    return (
        (
            f"Attention keeps its weights in float32 for {b} sequences of {t} tokens and {h} heads. How many bytes "
            "are that?"
        ),
        b * h * t * t * 4,
        {
            "let the weights grow with the length alone": b * h * t * 4,
            "left the heads out": b * t * t * 4,
            "counted numbers, not bytes": b * h * t * t,
        },
        "batch * heads * tokens * tokens * 4",
        {"b": b, "h": h, "t": t},
    )


@AREA
def dilated_extent(draw: Draw) -> Made:
    k, d = draw.one(3, 5, 7), draw.integer(2, 6)
    return (
        f"How many inputs wide is the span of one kernel of width {k} with dilation {d}?",
        d * (k - 1) + 1,
        {
            "multiplied the width": d * k,
            "left the dilation out": k,
            "left the last input out": d * (k - 1),
        },
        "d (k - 1) + 1",
        {"k": k, "d": d},
    )


@AREA
def weights_in_bits(draw: Draw) -> Made:
    millions, bits = draw.integer(5, 300, 5), draw.one(4, 16)
    return (
        f"How many megabytes (10^6 bytes) do {millions} million weights take at {bits} bits each?",
        millions * bits / 8,
        {"took bits for bytes": float(millions * bits), "kept them in float32": millions * 4.0},
        "weights * bits / 8",
        {"millions": millions, "bits": bits},
    )
