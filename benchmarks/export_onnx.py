"""Time exercises/export_onnx.py: writing a model, describing the file, and running it in ONNX Runtime."""

import pytest

from katagrad.bench import work
from katagrad.bench.networks import EXPORTED, two_layers


def round_trip(solution, model, features):
    solution.to_onnx(model, features, "timed.onnx")
    return solution.describe("timed.onnx")["parameters"]


@pytest.mark.parametrize("size", EXPORTED)
def bench_export(bench, size):
    _, widths = EXPORTED[size]
    # The weights are written and read; there is no arithmetic.
    moved = work.FLOAT * 2 * work.parameters(widths)
    model = two_layers(bench, widths)
    bench.time(bench.drive(round_trip), model, widths[0], items=1, unit="models", bytes=moved)


@pytest.mark.parametrize("size", EXPORTED)
def bench_run(bench, size):
    rows, widths = EXPORTED[size]
    bench.call("to_onnx", two_layers(bench, widths), widths[0], "served.onnx")
    counted = work.forward(widths, rows)
    x = bench.normal(rows, widths[0])
    # Opening the file is part of a call.
    bench.time("run_onnx", "served.onnx", x, items=rows, unit="rows", **counted)
