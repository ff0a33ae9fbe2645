"""How often does `kata bench regress` err on other people's functions? Three of them, with planted slowdowns and none.

    python benchmarks/regress/functions.py --trials 30 --minutes 60 --out trials.jsonl

They are of three kinds: scipy.special.expit of a million numbers; a training step of scikit-learn's MLPClassifier; and
an epoch of torch's DataLoader over small rows. A project that calls them is made in a temporary folder, and its
benchmarks are timed as `regress` times a project's own: in lanes side by side, of which one is drawn out by nothing and
others by 3, 5 and 10 %. Each trial starts afresh, and goes on until the rule has judged each lane against the base.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from katagrad.bench import machine
from katagrad.bench.own.fixture import OwnLauncher
from katagrad.bench.own.regress import OwnBenchmark, collect
from katagrad.bench.regress.rule import MORE, Rule, ratio
from katagrad.bench.regress.twins import Conditions, Lane, Launch

PLANTED = {"same": 0.0, "3 % slower": 0.03, "5 % slower": 0.05, "10 % slower": 0.10}
FILES = {
    "pyproject.toml": '[project]\nname = "trial"\nversion = "0"\n',
    "trial/__init__.py": "",
    "trial/work.py": """
import numpy as np
from scipy.special import expit
from sklearn.neural_network import MLPClassifier

rng = np.random.default_rng(5)
NUMBERS = rng.normal(size=1_000_000).astype(np.float32)
ROWS, LABELS = rng.normal(size=(64, 32)), rng.integers(0, 4, 64)
MODEL = MLPClassifier((64,), random_state=5).partial_fit(ROWS, LABELS, classes=range(4))


def elementwise():
    return expit(NUMBERS)


def step():
    return MODEL.partial_fit(ROWS, LABELS)
""",
    "trial/loading.py": """
import torch
from torch.utils.data import DataLoader, TensorDataset

LOADER = DataLoader(TensorDataset(torch.zeros(512, 16), torch.zeros(512)), batch_size=32)


def epoch():
    return sum(len(x) for x, _ in LOADER)
""",
    "benchmarks/bench_numpy.py": """
import numpy
from trial.work import elementwise, step


def bench_elementwise(bench):
    bench(elementwise)


def bench_training_step(bench):
    bench(step)
""",
    "benchmarks/bench_loader.py": """
import torch
from trial.loading import epoch


def bench_loader(bench):
    bench(epoch)
""",
}


def trial(benchmark: OwnBenchmark, framework: str, folder: Path) -> dict[str, str]:
    """The verdict on each lane, by name."""
    rule = Rule()
    lanes = [Lane("base", folder), *(Lane(name, folder, slower=s) for name, s in PLANTED.items())]
    ratios: dict[str, list[float]] = {name: [] for name in PLANTED}
    verdicts = dict.fromkeys(PLANTED, MORE)
    for turn in range(rule.most):
        left = [name for name, word in verdicts.items() if word == MORE]
        if not left:
            break
        launch = Launch(lanes, Conditions(framework), turn, OwnLauncher)
        try:
            only = [i for i, lane in enumerate(lanes) if lane.name in ("base", *left)]
            blocks = launch.time(benchmark, only=only)
        finally:
            launch.close()
        for i, lane in enumerate(lanes):
            if lane.name in left:
                ratios[lane.name].append(ratio(blocks[0], blocks[i]))
                if rule.asks(turn + 1):
                    verdicts[lane.name] = rule.judge(ratios[lane.name])
    return verdicts


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=3, help="of each function (default: 3)")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no trial after so many")
    parser.add_argument("--out", type=Path, default=Path(os.devnull), help="a line for each trial")
    parser.add_argument("-k", dest="select", default="", help="only functions whose names match")
    given = parser.parse_args()
    out, started = given.out.resolve(), time.monotonic()
    counts: dict[str, dict[str, Counter[str]]] = {}
    with tempfile.TemporaryDirectory(prefix="katagrad-functions-") as room:
        folder = Path(room).resolve()
        for name, text in FILES.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.lstrip(), encoding="utf-8")
        os.chdir(folder)
        found = collect(["benchmarks"], given.select, None)
        # In turn, so that each function meets the same neighbours, and a run that is stopped has tried all.
        for number, benchmark in itertools.product(range(given.trials), found):
            if time.monotonic() - started > given.minutes * 60:
                break
            words = trial(benchmark, benchmark.code.framework, folder)
            load = machine.load().get("load")
            line = {"function": benchmark.label, "trial": number, "load": load, **words}
            with out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            print(json.dumps(line), file=sys.stderr, flush=True)
            kept = counts.setdefault(benchmark.label, {name: Counter() for name in PLANTED})
            for name, word in words.items():
                kept[name][word] += 1
    for label, lanes in counts.items():
        for name, said in lanes.items():
            summary = ", ".join(f"{word} {count}" for word, count in said.most_common())
            print(f"{label}  {name:12s} {summary}")


if __name__ == "__main__":
    main()
