"""Time exercises/export_litert.py: writing a file of floats and of integers, and running one in the interpreter."""

import pytest

from katagrad.bench import work

SIZES = {"small": (1, (16, 32, 4)), "wide": (64, (256, 512, 100))}  # (rows, widths)


def made(bench, widths):
    features, hidden, classes = widths
    return bench.sequential(
        {"type": "dense", "kernel": bench.normal(features, hidden), "bias": bench.normal(hidden)},
        "relu",
        {"type": "dense", "kernel": bench.normal(hidden, classes), "bias": bench.normal(classes)},
    )


@pytest.mark.parametrize("size", SIZES)
def bench_export(bench, size):
    _, widths = SIZES[size]
    # The weights are read and written; there is no arithmetic.
    moved = work.FLOAT * 2 * work.parameters(widths)
    model = made(bench, widths)
    bench.time("to_litert", model, widths[0], "timed.tflite", items=1, unit="models", bytes=moved)


@pytest.mark.parametrize("size", SIZES)
def bench_quantize(bench, size):
    _, widths = SIZES[size]
    rows = 100
    # The float model computes the calibration. The weights are read, and a quarter as many bytes are written.
    counted = work.forward(widths, rows)
    model, x = made(bench, widths), bench.normal(rows, widths[0])
    given = (model, widths[0], "timed.tflite", x)
    bench.time("to_litert", *given, items=1, unit="models", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_run(bench, size):
    rows, widths = SIZES[size]
    bench.call("to_litert", made(bench, widths), widths[0], "served.tflite")
    counted = work.forward(widths, rows)
    x = bench.normal(rows, widths[0])
    # Opening the file is part of a call.
    bench.time("run_litert", "served.tflite", x, items=rows, unit="rows", **counted)
