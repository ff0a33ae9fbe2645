"""How often does `kata bench regress` err? Measured, on this machine: with planted slowdowns, and with none.

    python benchmarks/regress/rates.py collect --framework torch --out rates.jsonl            # an idle machine
    python benchmarks/regress/rates.py collect --framework torch --out rates.jsonl --busy     # beside a neighbour
    python benchmarks/regress/rates.py report rates.jsonl                                     # the rule's rates
    python benchmarks/regress/rates.py rules whole.jsonl                                      # rules beside each other
    python benchmarks/regress/rates.py synthetic                 # by how launches scatter, of normal draws: no clock

`collect` times four lanes of the same solutions side by side: the base, the same again, and two in which every block
is drawn out by 5 and 10 %. Each launch of each benchmark is a line of the file; started again, it goes on where it
stopped. `--busy` keeps another process computing on one core meanwhile. `report` replays rules on those lines, in many
orders in which the launches might have come: first several rules beside each other, then katagrad's own by condition
and framework. A rule that was chosen by a file flatters itself on that file: judge it by others.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

from katagrad.bench.regress.collection import collect
from katagrad.bench.regress.rule import CANNOT, FASTER, MORE, SAME, SLOWER, Rule, ratio
from katagrad.bench.regress.twins import ROUNDS, Conditions, Lane, Launch, Unmeasurable
from katagrad.topics import root

PLANTED = {"same": 0.0, "+5 %": 0.05, "+10 %": 0.10}
NEIGHBOUR = (
    "import os; os.environ.update(OPENBLAS_NUM_THREADS='1', OMP_NUM_THREADS='1')\n"
    "import numpy as np\n"
    "a = np.ones((512, 512), np.float32); b = np.ones(8_000_000)\n"
    "while True:\n    a @ a; b.copy(); sum(range(20_000))\n"
)


def gather(given: argparse.Namespace) -> None:
    condition = "busy" if given.busy else "idle"
    kept: dict[str, dict[int, dict[str, list[float]]]] = defaultdict(dict)
    for line in read(given.out):
        if (line["condition"], line["framework"]) == (condition, given.framework):
            kept[line["benchmark"]][line["launch"]] = line["blocks"]
    left_out: set[str] = set()
    folder = root() / "solutions" / given.framework
    lanes = [Lane("base", folder)]
    lanes += [Lane(name, folder, slower=share) for name, share in PLANTED.items()]
    found = collect(root(), given.topics, "small", given.framework)
    named = {f"{one.topic.name}::{one.name}": one for one in found[:: given.every]}
    neighbour = subprocess.Popen([sys.executable, "-c", NEIGHBOUR]) if given.busy else None
    started = time.monotonic()
    try:
        for number in range(given.launches or Rule().most):
            wanted = {
                name: (benchmark, lanes_left)
                for name, benchmark in named.items()
                if name not in left_out
                and number not in kept[name]
                and (lanes_left := list(PLANTED) if given.whole else still_open(kept[name], number))
            }
            if not wanted:
                continue
            launch = Launch(lanes, Conditions(given.framework, given.threads), number)
            for name, (benchmark, lanes_left) in wanted.items():
                if time.monotonic() - started > given.minutes * 60:
                    print("the time is over; start it again to go on", file=sys.stderr)
                    launch.close()
                    return
                try:
                    only = [i for i, lane in enumerate(lanes) if lane.name in ("base", *lanes_left)]
                    times = launch.time(benchmark, given.rounds, only)
                except Unmeasurable as reason:
                    print(f"{name}: {reason}", file=sys.stderr)
                    left_out.add(name)
                    continue
                if min(times[0]) > given.longest:
                    left_out.add(name)
                    continue
                blocks = {
                    lane.name: [float(f"{s:.5g}") for s in seconds]
                    for lane, seconds in zip(lanes, times, strict=True)
                    if seconds
                }
                kept[name][number] = blocks
                line = {
                    "condition": condition,
                    "framework": given.framework,
                    "benchmark": name,
                    "launch": number,
                    "blocks": blocks,
                }
                with given.out.open("a") as file:
                    file.write(json.dumps(line) + "\n")
            launch.close()
            print(
                f"launch {number + 1}: {len(wanted)} benchmarks, {time.monotonic() - started:.0f} s in all",
                flush=True,
            )
    finally:
        if neighbour is not None:
            neighbour.kill()


def still_open(launches: dict[int, dict[str, list[float]]], count: int) -> list[str]:
    """The lanes that the rule has not judged by the first `count` launches."""
    several = [launches[number] for number in range(count) if number in launches]
    return [name for name in PLANTED if verdict(Rule(), ratios(several, name)) == MORE]


def ratios(launches: list[dict[str, list[float]]], name: str, figure=ratio) -> list[float]:
    """The figures of a lane against the base, of the launches in which it was timed."""
    return [figure(one["base"], one[name]) for one in launches if name in one]


def read(path: Path) -> list[dict]:
    """The whole lines of the file; a torn last one is left out."""
    lines = []
    for text in path.read_text().splitlines() if path.exists() else ():
        try:
            lines.append(json.loads(text))
        except ValueError:
            continue
    return lines


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[int(share * (len(ordered) - 1))]


FIGURES = {
    "three fastest": ratio,
    "fastest block": lambda base, head: min(head) / min(base),
    "lower decile": lambda base, head: quantile(head, 0.1) / quantile(base, 0.1),
    "lower quartile": lambda base, head: quantile(head, 0.25) / quantile(base, 0.25),
    "median": lambda base, head: quantile(head, 0.5) / quantile(base, 0.5),
    "median of pairs": lambda base, head: quantile(
        [h / b for b, h in zip(base, head, strict=True)], 0.5
    ),
}


def verdict(rule: Rule, found: list[float]) -> str:
    """What the rule says when it is fed launches as it asks for them; MORE where there are not enough."""
    for count in range(len(found) + 1):
        if rule.asks(count) and (word := rule.judge(found[:count])) != MORE:
            return word
    return MORE


def grouped(lines: list[dict]) -> dict[tuple[str, str, str], list[dict[str, list[float]]]]:
    """The launches of each (condition, framework, benchmark), in the order in which they were made."""
    launches = defaultdict(list)
    for line in sorted(lines, key=lambda line: line["launch"]):
        launches[line["condition"], line["framework"], line["benchmark"]].append(line["blocks"])
    return launches


def as_they_came(lines: list[dict]) -> dict[str, dict[str, float]]:
    """By lane, how many benchmarks got each verdict of katagrad's rule.

    A benchmark with an open lane counts as MORE: to leave it out would favour those that are easily judged.
    """
    counts: dict[str, dict[str, float]] = {name: defaultdict(float) for name in PLANTED}
    for several in grouped(lines).values():
        words = {name: verdict(Rule(), ratios(several, name)) for name in PLANTED}
        for name, word in words.items():
            counts[name][word if MORE not in words.values() else MORE] += 1
    return counts


def replayed(lines: list[dict], rule: Rule, figure, draws: int = 40) -> dict[str, dict[str, float]]:
    """By lane, the share of each verdict over benchmarks and over orders in which their launches might have come."""
    counts: dict[str, dict[str, float]] = {name: defaultdict(float) for name in PLANTED}
    draw = random.Random(5)
    for several in grouped(lines).values():
        if min(len(ratios(several, name)) for name in PLANTED) < rule.most:
            continue
        for name in PLANTED:
            found = ratios(several, name, figure)
            for _ in range(draws):
                draw.shuffle(found)
                counts[name][verdict(rule, found)] += 1 / draws
    return counts


def summary(counts: dict[str, dict[str, float]]) -> str:
    """One line. A benchmark that cannot be judged is neither an alarm nor a catch."""
    parts = []
    for name, found in counts.items():
        total = sum(found.values()) - found[MORE]
        if not total:
            return "no benchmark with enough launches"
        if name == "same" and found[MORE]:
            parts.append(
                f"NOT WHOLE: {found[MORE]:.0f} benchmarks are still open; go on with collect"
            )
        share = {word: found[word] / total for word in (SAME, SLOWER, FASTER, CANNOT)}
        if name == "same":
            parts.append(f"{total:.0f} benchmarks; false alarms {share[SLOWER]:.1%}, faster {share[FASTER]:.1%}, "
                         f"cannot judge {share[CANNOT]:.1%}")  # fmt: skip
        else:
            parts.append(
                f"{name} caught {share[SLOWER]:.1%}, missed {share[SAME] + share[FASTER]:.1%}"
            )
    return "; ".join(parts)


def report(given: argparse.Namespace) -> None:
    lines = [line for path in given.files for line in read(path)]
    print(f"{Rule()}, on the three fastest blocks, launches as they came:")
    for kind in sorted({(line["condition"], line["framework"]) for line in lines}):
        some = [one for one in lines if (one["condition"], one["framework"]) == kind]
        print(f"  {kind[0]} {kind[1]:10s} {summary(as_they_came(some))}")
    print(f"  {'all':15s} {summary(as_they_came(lines))}")
    several = [len(one) for one in grouped(lines).values()]
    print(
        f"  {sum(several) / max(1, len(several)):.1f} launches a benchmark, {max(several)} at most"
    )


def rules(given: argparse.Namespace) -> None:
    lines = [line for path in given.files for line in read(path)]
    kinds = {f"line {line}": Rule(line=line, most=given.most) for line in (1.0275, 1.035)}
    kinds["3 launches > 1.04"] = Rule(
        line=1.04, first=3, most=3, believed=3, sure=0.0, enough=0.0, floor=0.0, widest=1.0
    )
    for name, figure in FIGURES.items():
        for words, rule in kinds.items():
            print(f"  {name:16s} {words:18s} {summary(replayed(lines, rule, figure))}")


def synthetic(given: argparse.Namespace) -> None:
    """What the rule says of launches that scatter as a normal distribution, in log ratios."""
    draw, rule = random.Random(21), Rule()
    for scatter in given.noise:
        print(f"ratios of launches scatter by {scatter:.1%} (standard deviation)")
        for planted in (0.0, 0.03, 0.05, 0.10):
            counts: Counter[str] = Counter()
            for _ in range(given.trials):
                ratios: list[float] = []
                word = MORE
                while word == MORE:
                    ratios.append((1 + planted) * draw.lognormvariate(0.0, scatter))
                    word = rule.judge(ratios) if rule.asks(len(ratios)) else MORE
                counts[word] += 1
            said = ", ".join(f"{word} {n / given.trials:.1%}" for word, n in counts.most_common())
            print(f"  {planted:.0%} slower: {said}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ways = parser.add_subparsers(required=True)
    one = ways.add_parser("collect", help="time the lanes")
    one.add_argument("--framework", required=True, choices=("torch", "tensorflow"))
    one.add_argument("--out", required=True, type=Path)
    one.add_argument(
        "--busy", action="store_true", help="beside a process that computes on one core"
    )
    one.add_argument(
        "--whole", action="store_true", help="all launches, though the rule has judged"
    )
    one.add_argument("--launches", type=int, help="at most; the rule's own number by default")
    one.add_argument("--rounds", type=int, default=ROUNDS, help="blocks of a lane in a launch")
    one.add_argument("--threads", type=int, default=1)
    one.add_argument("--every", type=int, default=1, help="only every so many benchmarks")
    one.add_argument(
        "--longest", type=float, default=0.1, help="leave out what takes more seconds a call"
    )
    one.add_argument("--minutes", type=float, default=600.0)
    one.add_argument("--topics", nargs="*", default=())
    one.set_defaults(run=gather)
    two = ways.add_parser("report", help="how often the rule erred")
    two.add_argument("files", nargs="+", type=Path)
    two.set_defaults(run=report)
    three = ways.add_parser("rules", help="replay rules on whole collections")
    three.add_argument("files", nargs="+", type=Path)
    three.add_argument("--most", type=int, default=9, help="launches at most: as many as were made")
    three.set_defaults(run=rules)
    four = ways.add_parser("synthetic", help="trials of the rule on normal draws")
    four.add_argument("--noise", type=float, nargs="*", default=(0.01, 0.025, 0.05, 0.10, 0.15))
    four.add_argument("--trials", type=int, default=4000)
    four.set_defaults(run=synthetic)
    given = parser.parse_args()
    given.run(given)


if __name__ == "__main__":
    main()
