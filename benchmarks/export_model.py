"""Time exercises/export_model.py: writing a version and loading it, and a call of what was loaded."""

import numpy as np
import pytest

from katagrad.bench import work

SIZES = {"small": (1, (16, 32, 4)), "wide": (64, (256, 512, 100))}  # (rows, widths)


def round_trip(solution, model, mean, std):
    """Export the next version, and load it."""
    version = getattr(solution, "versions", 0) + 1
    solution.versions = version
    return solution.signature(solution.export(model, mean, std, "models", version))["features"]


def made(bench, widths):
    features, hidden, classes = widths
    model = bench.sequential(
        {"type": "dense", "kernel": bench.normal(features, hidden), "bias": bench.normal(hidden)},
        "relu",
        {"type": "dense", "kernel": bench.normal(hidden, classes), "bias": bench.normal(classes)},
    )
    return model, bench.normal(features), np.ones(features)


@pytest.mark.parametrize("size", SIZES)
def bench_export(bench, size):
    _, widths = SIZES[size]
    # The weights and the scaler are written and read; there is no arithmetic.
    moved = work.FLOAT * 2 * (work.parameters(widths) + 2 * widths[0])
    bench.time(bench.drive(round_trip), *made(bench, widths), items=1, unit="versions", bytes=moved)


@pytest.mark.parametrize("size", SIZES)
def bench_runtime(bench, size):
    rows, widths = SIZES[size]
    path = bench.call("export", *made(bench, widths), "served", 1)
    runtime = bench.call("load_runtime", path)
    counted = work.forward(widths, rows)
    bench.time((runtime, ""), bench.normal(rows, widths[0]), items=rows, unit="rows", **counted)
