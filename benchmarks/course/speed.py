"""How often graded throughput errs: conv2d's solution against itself, as the driver judges it.

    python benchmarks/course/speed.py --framework torch --runs 100 --neighbour

Each run takes fresh workers. "twin": the reference in a worker of its own, as graders have it. "same process": in the
student's worker. --neighbour keeps one core busy meanwhile. A run has failed at a bound if all of its interval lies
below it.
"""

import argparse
import math
import multiprocessing
import statistics
import time
from contextlib import suppress

import numpy as np

from katagrad.authoring import speed
from katagrad.authoring.expect import image, kernel
from katagrad.boundary import Implementation, Pool
from katagrad.boundary.transport import Transport
from katagrad.grading.submission import Submission
from katagrad.topics import FRAMEWORKS, root, topics
from katagrad.worker.wire import WithLayout

BOUNDS = (0.8, 0.9, 0.95, 1.0)
SIZES = {"images": (2, 36, 40, 3), "kernels": (3, 3, 3, 8)}
SECONDS = 60.0


def busy():
    """A neighbour: products of matrices that do not fit into the caches, without end."""
    a = np.ones((1500, 1500))
    while True:
        a @ a


def once(pools, framework, generator):
    """One comparison; pools: the student's, and the reference's, which may be the same worker's."""
    source = Submission(root() / "solutions" / framework, framework).source(topics()["conv2d"])
    made = {id(pool): Transport(pool, source) for pool in pools}
    weights = generator.standard_normal((2, 34, 38, 8)).astype(np.float32)
    sides = []
    try:
        for pool in pools:
            transport = made[id(pool)]
            if transport.worker is None:
                transport.begin(0, SECONDS)
            send = Implementation(transport)._send
            sides.append(speed.Side(transport, "conv2d", send, WithLayout(weights, "image")))

        def draw(count):
            return [
                (
                    image(generator.standard_normal(SIZES["images"])),
                    kernel(generator.standard_normal(SIZES["kernels"])),
                    generator.standard_normal(8),
                )
                for _ in range(count)
            ]

        until = time.monotonic() + SECONDS
        return speed.compare(*sides, draw, lambda *_: None, math.inf, until)
    finally:
        for transport in made.values():
            transport.close()


def main():
    """Print a line for each design."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--framework", choices=FRAMEWORKS, required=True)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--neighbour", action="store_true")
    parser.add_argument("--only", choices=("twin", "same process"), help="one design alone")
    given = parser.parse_args()
    neighbour = multiprocessing.get_context("spawn").Process(target=busy, daemon=True)
    if given.neighbour:
        neighbour.start()
    pool, generator = Pool(), np.random.default_rng(0)
    designs = {"twin": lambda: (pool, pool.twin()), "same process": lambda: (pool, pool)}
    found = {name: [] for name in designs if given.only in (None, name)}
    with suppress(KeyboardInterrupt):  # prints what was measured so far
        for _ in range(given.runs):  # in turn, so that both designs meet the same machine
            for name, runs in found.items():
                runs.append(once(designs[name](), given.framework, generator))
    pool.close()
    for name, runs in found.items():
        if len(runs) < 2:
            continue
        medians = [one.median for one in runs]
        wide = statistics.median(one.high - one.low for one in runs)
        failed = ", ".join(f"{sum(one.below(b) for one in runs)} at {b}" for b in BOUNDS)
        print(
            f"{given.framework}, {name}, {'beside a neighbour' if given.neighbour else 'alone'}: ratio "
            f"{statistics.mean(medians):.3f}, sd {statistics.stdev(medians):.3f}, {min(medians):.3f} to "
            f"{max(medians):.3f}; interval {wide:.3f} wide; of {len(runs)} runs failed: {failed}"
        )


if __name__ == "__main__":
    main()
