"""How fast grading itself is: what a student waits for beyond their own code and the framework's import.

    python benchmarks/grading/speed.py [--framework torch] [--rounds 5]

Prints, for each framework, medians taken in one run: a cold verdict on a topic without training beside a bare import
of the framework; the time of a call across the boundary; the rate at which large arrays cross; and the grading of the
demo's twelve topics, and of all topics, on embedded data.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from katagrad.boundary.implementation import Implementation
from katagrad.boundary.process import Pool
from katagrad.boundary.transport import Transport
from katagrad.demo import TOPICS
from katagrad.grading.submission import edited
from katagrad.topics import FRAMEWORKS, root, topics

ECHO = {"torch": "import torch\n", "tensorflow": "import tensorflow as tf\n"}
BODY = "def softmax(x, axis=-1, temperature=1.0):\n    return x\n\ndef log_softmax(x, axis=-1):\n    return 0\n"


def seconds_of(command: list[str]) -> float:
    started = time.monotonic()
    subprocess.run(
        command, cwd=root(), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return time.monotonic() - started


def cold(framework: str, rounds: int) -> None:
    """A verdict from nothing, in turns with the bare import."""
    bare, verdict = [], []
    # A student has none of [dev], of which Hypothesis alone takes half a second to import.
    plugins = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
    grade = [sys.executable, "-m", "pytest", "-q", *plugins, "graders/softmax.py"]
    for _ in range(rounds):
        bare.append(seconds_of([sys.executable, "-c", ECHO[framework].strip().replace("\n", ";")]))
        verdict.append(seconds_of([*grade, "--submission", f"solutions/{framework}"]))
    a, b = statistics.median(bare), statistics.median(verdict)
    more = f"difference {b - a:+.2f} s (goal: at most +1.00)"
    print(f"{framework}: cold verdict on softmax {b:.2f} s, bare import {a:.2f} s, {more}")


def boundary(framework: str) -> None:
    """What the boundary adds to a small call, and how fast large arrays cross it."""
    pool = Pool()
    submission = edited(Path("/nonexistent"), "softmax", ECHO[framework] + BODY)
    transport = Transport(pool, submission.source(topics()["softmax"]))
    transport.begin(0, 300)
    impl = Implementation(transport)
    small = np.ones((4, 5), np.float32)
    times = []
    for _ in range(500):
        started = time.perf_counter()
        impl.softmax(small)
        times.append(time.perf_counter() - started)
    took = 1e3 * statistics.median(times)
    print(
        f"{framework}: a call with a (4, 5) array: {took:.3f} ms across the boundary (goal: at most 1)"
    )
    large = np.ones((64, 1 << 20), np.float32)  # 256 MiB
    for name, factor in (("there and back", 2), ("there", 1)):
        call = impl.softmax if factor == 2 else impl.log_softmax
        call(large)
        best = min(_timed(lambda call=call: call(large)) for _ in range(5))
        print(
            f"{framework}: 256 MiB {name}: {factor * large.nbytes / best / 1e9:.2f} GB/s (goal: at least 1)"
        )
    transport.close()
    pool.close()


def _timed(function) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def whole(framework: str, names: list[str], what: str, *options: str) -> None:
    """Grading many topics with one pytest process."""
    files = [f"graders/{name}.py" for name in names]
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files, *options]
    took = seconds_of([*line, "--submission", f"solutions/{framework}", "--data", "embedded"])
    print(f"{framework}: {what}: {took:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--framework", choices=FRAMEWORKS, action="append")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-whole", action="store_true", help="leave out the long gradings")
    given = parser.parse_args()
    for framework in given.framework or FRAMEWORKS:
        cold(framework, given.rounds)
        boundary(framework)
        if not given.no_whole:
            whole(framework, list(TOPICS), "the demo's twelve topics (goal: 30)")
            whole(framework, list(topics()), "all topics, one process (goal: 240)")
            whole(framework, list(topics()), "all topics, two workers (goal: 150)", "-n", "2")


if __name__ == "__main__":
    main()
