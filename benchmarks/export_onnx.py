"""Time exercises/export_onnx.py: writing a model, describing the file, and running it in ONNX Runtime."""

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


def round_trip(solution, model, features):
    solution.to_onnx(model, features, "timed.onnx")
    return solution.describe("timed.onnx")["parameters"]


@pytest.mark.parametrize("size", SIZES)
def bench_export(bench, size):
    _, widths = SIZES[size]
    # The weights are written and read; there is no arithmetic.
    moved = work.FLOAT * 2 * work.parameters(widths)
    model = made(bench, widths)
    bench.time(bench.drive(round_trip), model, widths[0], items=1, unit="models", bytes=moved)


@pytest.mark.parametrize("size", SIZES)
def bench_run(bench, size):
    rows, widths = SIZES[size]
    bench.call("to_onnx", made(bench, widths), widths[0], "served.onnx")
    counted = work.forward(widths, rows)
    x = bench.normal(rows, widths[0])
    # Opening the file is part of a call.
    bench.time("run_onnx", "served.onnx", x, items=rows, unit="rows", **counted)
