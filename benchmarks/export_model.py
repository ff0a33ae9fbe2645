"""Time exercises/export_model.py: writing a version and loading it, and a call of what was loaded."""

import numpy as np
import pytest

from katagrad.bench import work
from katagrad.bench.networks import EXPORTED, two_layers


def round_trip(solution, model, mean, std):
    """Export the next version, and load it."""
    version = getattr(solution, "versions", 0) + 1
    solution.versions = version
    return solution.signature(solution.export(model, mean, std, "models", version))["features"]


def scaled(bench, widths):
    """A model, and the mean and the standard deviation of its inputs."""
    return two_layers(bench, widths), bench.normal(widths[0]), np.ones(widths[0])


@pytest.mark.parametrize("size", EXPORTED)
def bench_export(bench, size):
    _, widths = EXPORTED[size]
    # The weights and the scaler are written and read; there is no arithmetic.
    moved = work.FLOAT * 2 * (work.parameters(widths) + 2 * widths[0])
    bench.time(
        bench.drive(round_trip), *scaled(bench, widths), items=1, unit="versions", bytes=moved
    )


@pytest.mark.parametrize("size", EXPORTED)
def bench_runtime(bench, size):
    rows, widths = EXPORTED[size]
    path = bench.call("export", *scaled(bench, widths), "served", 1)
    runtime = bench.call("load_runtime", path)
    counted = work.forward(widths, rows)
    bench.time((runtime, ""), bench.normal(rows, widths[0]), items=rows, unit="rows", **counted)
