"""How often does the search of `kata bench history` err? On steps planted into noise that was recorded here.

    python benchmarks/regress/search_rates.py record --framework torch --out noise.jsonl
    python benchmarks/regress/search_rates.py report noise.jsonl
    python benchmarks/regress/search_rates.py synthetic       # noise of normal draws instead: takes no clock

`record` times lanes of the same solutions side by side. What each lane's figure is off the mean of its launch is one
launch's noise: a line of the file. `report` searches histories of 33 revisions with one planted step, or none. Each
launch of such a search is a recorded one of the same benchmark, drawn at random, whose lanes are dealt out at random.
Launches are drawn again and again, so that the rates are as good as the recorded launches are many.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

from katagrad.bench.regress.collection import collect
from katagrad.bench.regress.rule import FASTEST, MORE, Rule
from katagrad.bench.regress.search import Judged, Step, search, spread
from katagrad.bench.regress.twins import Conditions, Lane, Launch, Unmeasurable
from katagrad.topics import root

LANES = 5  # as many as the search times at once
REVISIONS = 33
PLANTED = (0.0, 0.05, 0.10)


def record(given: argparse.Namespace) -> None:
    folder = root() / "solutions" / given.framework
    found = collect(root(), given.topics, "small", given.framework, given.select)
    for number in range(given.launches):
        lanes = [Lane(str(k), folder) for k in range(LANES)]
        launch = Launch(lanes, Conditions(given.framework), number)
        try:
            for one in found:
                try:
                    times = launch.time(one, given.rounds)
                except Unmeasurable as reason:
                    print(f"{one.label}: {reason}", file=sys.stderr)
                    continue
                logs = [math.log(sum(sorted(blocks)[:FASTEST])) for blocks in times]
                noise = [round(x - sum(logs) / LANES, 6) for x in logs]
                line = {"framework": given.framework, "benchmark": one.label, "noise": noise}
                with given.out.open("a") as file:
                    file.write(json.dumps(line) + "\n")
        finally:
            launch.close()
        print(f"launch {number + 1}: {len(found)} benchmarks", flush=True)


def timer(levels: list[float], launches: list[list[float]], draw: random.Random):
    """Judges revisions as `kata bench history` would, by recorded launches."""

    def judge(places) -> Judged:
        judged = Judged()
        pairs = list(pairwise(places))
        pairs += [(places[0], places[-1])] if len(places) > 2 else []
        for pair in pairs:
            judged.verdicts[pair], judged.ratios[pair] = MORE, []
        for launch in range(Rule().most):
            noise = draw.sample(draw.choice(launches), len(places))
            seen = {p: levels[p] * math.exp(n) for p, n in zip(places, noise, strict=True)}
            for pair in pairs:
                if judged.verdicts[pair] == MORE:
                    judged.ratios[pair].append(seen[pair[1]] / seen[pair[0]])
                    if Rule().asks(launch + 1):
                        judged.verdicts[pair] = Rule().judge(judged.ratios[pair])
        return judged

    return judge


def outcome(steps: list[Step], unsure: bool, at: int, planted: float) -> str:
    """What a search came to."""
    if not steps and unsure:
        return "cannot judge"
    if not steps:
        return "none found" if planted else "right"
    placed = [step for step in steps if step.after - step.before == 1]
    if any(step.after != at or not planted for step in placed):
        return "a wrong commit"
    if placed:
        return "right"
    holds = all(step.before < at <= step.after for step in steps)
    return "a range around it" if planted and holds else "a wrong range"


def report(given: argparse.Namespace) -> None:
    launches = defaultdict(list)
    for line in given.file.read_text().splitlines():
        one = json.loads(line)
        launches[one["framework"], one["benchmark"]].append(one["noise"])
    several = [len(found) for found in launches.values()]
    print(f"{len(launches)} benchmarks, {min(several)} to {max(several)} launches of each")
    rates(launches, given.searches)


def synthetic(given: argparse.Namespace) -> None:
    draw = random.Random(11)
    for spread_of in given.noise:
        # A ratio of two lanes has sqrt(2) times the noise of one.
        one = spread_of / math.sqrt(2)
        found = [[draw.gauss(0.0, one) for _ in range(LANES)] for _ in range(2_000)]
        print(f"ratios of launches scatter by {spread_of:.1%} (standard deviation)")
        rates({("none", "synthetic"): found}, given.searches)


def rates(launches, searches: int) -> None:
    draw = random.Random(7)
    for planted in PLANTED:
        counts: Counter[str] = Counter()
        for found in launches.values():
            for _ in range(searches):
                at = draw.randrange(1, REVISIONS)
                levels = [1.0] * at + [1 + planted] * (REVISIONS - at)
                time = timer(levels, found, draw)
                counts[outcome(*search(time(spread(REVISIONS)), time), at, planted)] += 1
        total = sum(counts.values())
        said = ", ".join(f"{word} {count / total:.1%}" for word, count in counts.most_common())
        print(f"  step of {planted:.0%}: {total} searches: {said}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ways = parser.add_subparsers(required=True)
    one = ways.add_parser("record", help="time the same code in several lanes")
    one.add_argument("--framework", required=True, choices=("torch", "tensorflow"))
    one.add_argument("--out", required=True, type=Path)
    one.add_argument("--launches", type=int, default=60)
    one.add_argument("--rounds", type=int, default=40)
    one.add_argument("--topics", nargs="*", default=())
    one.add_argument("-k", dest="select", default="")
    one.set_defaults(run=record)
    two = ways.add_parser("report", help="search planted steps")
    two.add_argument("file", type=Path)
    two.add_argument("--searches", type=int, default=200, help="of each benchmark and step")
    two.set_defaults(run=report)
    three = ways.add_parser("synthetic", help="search planted steps in normal noise")
    three.add_argument("--noise", type=float, nargs="*", default=(0.01, 0.025, 0.05, 0.10))
    three.add_argument("--searches", type=int, default=400)
    three.set_defaults(run=synthetic)
    given = parser.parse_args()
    given.run(given)


if __name__ == "__main__":
    main()
