"""Time exercises/export_litert.py: writing a file of floats and of integers, and running one in the interpreter."""

import pytest

from katagrad.bench import work
from katagrad.bench.networks import EXPORTED, two_layers


@pytest.mark.parametrize("size", EXPORTED)
def bench_export(bench, size):
    _, widths = EXPORTED[size]
    # The weights are read and written; there is no arithmetic.
    moved = work.FLOAT * 2 * work.parameters(widths)
    model = two_layers(bench, widths)
    bench.time("to_litert", model, widths[0], "timed.tflite", items=1, unit="models", bytes=moved)


@pytest.mark.parametrize("size", EXPORTED)
def bench_quantize(bench, size):
    _, widths = EXPORTED[size]
    rows = 100
    # The float model computes the calibration. The weights are read, and a quarter as many bytes are written.
    counted = work.forward(widths, rows)
    model, x = two_layers(bench, widths), bench.normal(rows, widths[0])
    given = (model, widths[0], "timed.tflite", x)
    bench.time("to_litert", *given, items=1, unit="models", **counted)


@pytest.mark.parametrize("size", EXPORTED)
def bench_run(bench, size):
    rows, widths = EXPORTED[size]
    bench.call("to_litert", two_layers(bench, widths), widths[0], "served.tflite")
    counted = work.forward(widths, rows)
    x = bench.normal(rows, widths[0])
    # Opening the file is part of a call.
    bench.time("run_litert", "served.tflite", x, items=rows, unit="rows", **counted)
