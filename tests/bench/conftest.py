"""Result files as pytest-benchmark writes them, made up: what a test of reading and showing them needs."""

import html
import json
import re

import pytest

from katagrad.bench import quantities
from katagrad.bench.files import load
from katagrad.bench.page.series import collect

MACHINE = {"cpu": "AMD EPYC", "cores": 2, "architecture": "x86_64", "memory_gib": 24}
# (topic, benchmark, flops, bytes) of one call of 256 rows
CASES = [
    ("softmax", "bench_softmax[log_softmax-small]", None, 2_048_000),
    ("linear_regression", "bench_fit[small]", 4_000, 8_000),
    ("logistic_regression", "bench_loss_and_grads[small]", 2_560_000, 1_100_000),
    ("multiple_linear_regression", "bench_fit_closed_form[small]", 9_000_000, 1_000_000),
    ("conv2d", "bench_conv2d[small]", 4_423_680, None),
    ("attention", "bench_multi_head[gradient-small]", 46_137_344, None),
    ("of_another_version", "bench_<b>bold</b>[small]", None, None),
]


def benchmark(topic, name, flops, moved, seconds, **more):
    """One benchmark's entry. seconds: the median of a call; more: of extra_info."""
    info = {
        "items": 256, "unit": "rows", "flops": flops, "bytes": moved, "backward": False, "first_call": 20 * seconds,
        "blocks": 20, "mode": "eager", "size": "small", "topic": topic, "framework": "torch", "device": "cpu",
        "threads": 1, "versions": {"torch": "2.13.0"}, "machine": MACHINE, "hardware": {}, "state": {"load": 0.5},
        "peak_memory": 250_000_000, "ceiling_flops": 1e11, "ceiling_copy": 4e10, **more,
    }  # fmt: skip
    for kind, ceiling in (("flops", "ceiling_flops"), ("bytes", "ceiling_copy")):
        if info[kind]:
            info[f"share_of_{kind}"] = info[kind] / seconds / info[ceiling]
    stats = {
        "min": seconds * 0.98, "median": seconds, "iqr": seconds * 0.02, "q1": seconds * 0.99,
        "q3": seconds * 1.01, "data": [seconds * (1 + k / 1000) for k in range(20)],
    }  # fmt: skip
    return {"name": name, "fullname": f"benchmarks/{topic}.py::{name}", "stats": stats, "extra_info": info}  # fmt: skip


@pytest.fixture
def result(tmp_path):
    """A factory of result files: result("a.json", framework="torch", slower=1.2, commit="abc", ...)."""

    def make(
        name, framework="torch", slower=1.0, commit="a1b2c3d", when="2026-11-20", not_run=(), cases=CASES, **more
    ):  # fmt: skip
        listed = [
            benchmark(*case, slower * 1e-4 * (1 + place), framework=framework, **more)
            for place, case in enumerate(cases)
        ]
        record = {
            "machine_info": {"node": "secret-host", "cpu": {"brand_raw": "AMD EPYC", "flags": ["avx"] * 100}},
            "commit_info": {"id": commit.ljust(40, "0"), "time": f"{when}T09:00:00+00:00", "dirty": False,
                            "project": "secret-folder"},
            "benchmarks": listed, "datetime": f"{when}T10:00:00+00:00", "version": "5.3.1", "not_run": list(not_run),
        }  # fmt: skip
        path = tmp_path / name
        path.write_text(json.dumps(record, indent=4))
        return path

    return make


@pytest.fixture
def gathered():
    """What the page is made from: gathered(path, ...)."""
    return lambda *paths: collect(load(path)[0] for path in paths)


@pytest.fixture
def text_of():
    """A page's words, without its style and the JSON at its end."""

    def text(page):
        body = re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.DOTALL)
        words = html.unescape(re.sub(r"<[^>]+>|\s+", " ", body))
        return re.sub(" +", " ", words.replace(quantities.THIN, " "))

    return text
