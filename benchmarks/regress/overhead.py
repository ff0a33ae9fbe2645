"""What does katagrad's plugin cost in somebody's project that times nothing? Start, collection and run of its tests.

    python benchmarks/regress/overhead.py --python ENVIRONMENT/bin/python

The interpreter is that of an environment with katagrad installed, whose entry point loads the plugin into every run of
pytest. Runs with the plugin and without it (-p no:katagrad) take turns, in a project of its own with files of tests,
and with files bench_*.py that no run names. CPU seconds are compared, since they bear other programs better.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TEST = "".join(f"def test_{k}():\n    assert {k} + 1 > {k}\n\n\n" for k in range(10))
WHAT = {"one file": ["test_0.py"], "collection": ["--collect-only"], "all": []}
BENCH = "def bench_nothing(bench):\n    bench(len, ())\n"


def seconds(python: str, folder: Path, words: list[str]) -> float:
    """CPU seconds of one run of pytest, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    subprocess.run(command, cwd=folder, env=plain, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--runs", type=int, default=15, help="of each (default: 15)")
    parser.add_argument("--files", type=int, default=100, help="of tests, and of benchmarks")
    parser.add_argument("--only", choices=WHAT, help="default: all three")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="katagrad-overhead-") as room:
        folder = Path(room)
        (folder / "pytest.ini").write_text("[pytest]\n")
        for number in range(given.files):
            (folder / f"test_{number}.py").write_text(TEST)
            (folder / f"bench_{number}.py").write_text(BENCH)
        for label in [given.only] if given.only else WHAT:
            words = WHAT[label]
            times: dict[str, list[float]] = {"with": [], "without": []}
            for turn in range(given.runs + 1):
                for name in sorted(times, reverse=bool(turn % 2)):
                    off = [] if name == "with" else ["-p", "no:katagrad"]
                    spent = seconds(given.python, folder, [*words, *off])
                    if turn:  # the first run fills the caches
                        times[name].append(spent)
            ratios = [a / b for a, b in zip(times["with"], times["without"], strict=True)]
            low, _, high = statistics.quantiles(ratios, n=4)
            print(
                f"{label:10s}  without {statistics.median(times['without']):.3f} s, with "
                f"{statistics.median(times['with']):.3f} s of CPU; ratio {statistics.median(ratios):.3f} "
                f"(quartiles {low:.3f} to {high:.3f}) in {given.runs} pairs",
                flush=True,
            )


if __name__ == "__main__":
    main()
