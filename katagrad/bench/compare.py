"""`kata bench compare`: result files side by side, as times on one machine, as shares of a ceiling across machines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from katagrad.bench import quantities
from katagrad.bench.files import Results, load, machine_label, positive

# With the value that is assumed for files of earlier versions, which do not state it.
SAME_RUN = {
    "device": "cpu", "precision": "float32", "threads": None, "mode": "eager", "size": None, "items": None,
    "backward": False, "protocol": 1,
}  # fmt: skip
# Of these, what may differ between two machines: it is said once, since a machine is compared at its own settings.
OF_THE_MACHINE = ("device", "precision", "threads")
# Benchmarks that a line names; it counts the others.
NAMED = 3


class NothingToCompare(Exception):
    """No benchmark of one file can be compared with one of another. problems: lines that say why."""

    def __init__(self, problems: list[str], why: str = "") -> None:
        needed = "two result files that can be read are needed"
        super().__init__(f"nothing to compare: {why or needed}")
        self.problems = problems


def compare(files: Sequence[Path]) -> list[str]:
    """The lines of a comparison of two or more result files; the first is the reference. Raises NothingToCompare."""
    loaded, lines = [], []
    for path in files:
        found, problems = load(path)
        lines += problems
        if found is None:
            continue
        if found.figures:
            loaded.append(found)
        else:
            reason = found.not_run[0].reason
            lines.append(f"{path}: holds no figure: {len(found.not_run)} not run: {reason}")
    if len(loaded) < 2:
        raise NothingToCompare(lines)
    first = loaded[0]
    compared = 0
    for other in loaded[1:]:
        ratios, count = _pair(first, other)
        compared += count
        lines += ["", f"{other.name} against {first.name}", *ratios]
    if not compared:
        raise NothingToCompare(lines, "no two benchmarks have the same name and settings")
    return lines


def _across_frameworks(a: Results, b: Results) -> bool:
    """Whether each file holds one framework, and the frameworks differ."""
    one, other = ({framework for _, framework in results.figures} for results in (a, b))
    return len(one) == len(other) == 1 and one != other


def _pair(a: Results, b: Results) -> tuple[list[str], int]:
    """(lines, the number of benchmarks that were compared)."""
    if _across_frameworks(a, b):
        lines = [f"{_framework(b)} against {_framework(a)}, by the names of the benchmarks"]
        a, b = _unnamed(a), _unnamed(b)
    else:
        lines = []
    alike = a.machine == b.machine
    if alike:
        headline = "same machine: ratios of medians, above 1 is slower than the reference; not a judgement of noise"
    else:
        names = f"{machine_label(a.machine)} and {machine_label(b.machine)}"
        headline = (
            f"other hardware ({names}): throughput by that of the reference, above 1 is faster; "
            "and shares of each machine's own measured ceiling"
        )
    lines.append(headline)
    lines += _versions(a, b)
    compared = 0
    shared = [key for key in a.figures if key in b.figures]
    settings: dict[str, None] = {}
    rates: list[float] = []
    apart: dict[str, list[str]] = {}  # why benchmarks have no ratio: their names
    for key in shared:
        (stats_a, info_a), (stats_b, info_b) = a.figures[key], b.figures[key]
        name = _name(key)
        fields = {
            field: f"{field} {info_a.get(field, usual)} and {info_b.get(field, usual)}"
            for field, usual in SAME_RUN.items()
            if info_a.get(field, usual) != info_b.get(field, usual)
        }
        if not alike:
            settings |= dict.fromkeys(fields.pop(k) for k in OF_THE_MACHINE if k in fields)
        differing = ", ".join(fields.values())
        if differing:
            apart.setdefault(f"not comparable: {differing}", []).append(name)
            continue
        compared += 1
        if alike:
            spread = max(s["iqr"] / s["median"] for s in (stats_a, stats_b))
            ratio = stats_b["median"] / stats_a["median"]
            lines.append(
                f"  {name}: {ratio:6.3f}  ({_seconds(stats_a['median'])} -> "
                f"{_seconds(stats_b['median'])}, IQR {spread:.0%})"
            )
        else:
            # Above 1, the other machine handles more items a second: the inverse of a ratio of times.
            rate = stats_a["median"] / stats_b["median"]
            rates.append(rate)
            lines.append(f"  {name}: {rate:6.3f} x  ({_shares(info_a)} -> {_shares(info_b)})")
    if settings:
        lines.insert(1 + lines.index(headline), f"other settings: {'; '.join(settings)}")
    if len(rates) > 1:
        mean = math.exp(math.fsum(map(math.log, rates)) / len(rates))
        lines.append(f"  geometric mean of {len(rates)} ratios of throughput: {mean:.3f} x")
    for key in sorted(set(a.figures) ^ set(b.figures)):
        where = a.name if key in a.figures else b.name
        apart.setdefault(f"only in {where}", []).append(_name(key))
    for reason, left in apart.items():
        more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
        lines.append(f"  {', '.join(left[:NAMED])}{more}: {reason}")
    return lines, compared


def _framework(results: Results) -> str:
    return next(framework for _, framework in results.figures)


def _unnamed(results: Results) -> Results:
    """The same figures, by the name of the benchmark alone."""
    return replace(results, figures={(name, ""): one for (name, _), one in results.figures.items()})


def _name(key: tuple[str, str]) -> str:
    return f"{key[0]} [{key[1]}]" if key[1] else key[0]


def _versions(a: Results, b: Results) -> list[str]:
    """A line if the versions of libraries differ, since that may explain a ratio."""
    found: list[dict[str, Any]] = [{}, {}]
    for side, results in zip(found, (a, b), strict=True):
        for _, info in results.figures.values():
            versions = info.get("versions")
            side.update(versions if isinstance(versions, dict) else {})
    one, other = found
    apart = [f"{k} {one[k]} and {other[k]}" for k in one if k in other and one[k] != other[k]]
    return [f"other versions: {', '.join(apart)}"] if apart else []


def _shares(info: dict[str, Any]) -> str:
    found = [
        f"{info[f'share_of_{kind}']:.1%} of {name}"
        for kind, name in (("flops", "FLOP/s"), ("bytes", "bandwidth"))
        if positive(info, f"share_of_{kind}")
    ]
    if found:
        return ", ".join(found)
    throughput = positive(info, "throughput")
    unit = str(info.get("unit", ""))
    shown = f"unknown {unit}/s"
    if throughput:
        shown = quantities.rate(throughput, unit)
    return f"{shown.replace(quantities.THIN, ' ')} (no ceiling known)"


def _seconds(value: float) -> str:
    # A terminal may lack the characters that a page shows.
    return quantities.seconds(value).replace(quantities.THIN, " ").replace("\N{MICRO SIGN}s", "us")
