"""Pictures of exercises/quantization.py."""

import numpy as np


def draw_steps(impl, figure):
    """Numbers as 3 bits hold them, and the error of quantized weights by their number of bits"""
    left, right = figure.subplots(1, 2)
    x = np.linspace(-1.4, 2.4, 400)
    scale, zero = impl.choose(np.array(-1.0), np.array(2.0), bits=3)
    held = impl.dequantize(impl.quantize(x, scale, zero, bits=3), scale, zero)
    left.plot(x, x, color="#808080", linestyle=":", label="the number")
    left.plot(x, held, label="as 3 bits hold it")
    left.set(xlabel="number", ylabel="number that is held")
    left.legend(fontsize="small")
    # Columns of very different size, as those of a network often are.
    w = np.random.default_rng(5).normal(size=(64, 32)) * np.geomspace(0.05, 1, 32)
    bits = range(2, 9)
    for per_channel, name in ((False, "one scale"), (True, "a scale for each column")):
        errors = []
        for count in bits:
            q, s = impl.quantize_weights(w, bits=count, per_channel=per_channel)
            errors.append(np.sqrt(np.mean((q * s - w) ** 2)))
        right.semilogy(bits, errors, marker="o", label=name)
    right.set(xlabel="bits", ylabel="root mean square error")
    right.legend(fontsize="small")
