"""`kata bench compare`: result files side by side, as times on one machine, as shares of a ceiling across machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What must agree for two times to be of one kind. Load and clock rate may differ; they are told, not compared.
SAME_MACHINE = ("cpu", "cores", "architecture")
SAME_RUN = ("device", "threads", "mode", "size", "items", "backward")


@dataclass(frozen=True)
class Results:
    """One result file. figures: benchmark's full name and framework -> (statistics, extra_info)."""

    name: str
    machine: tuple[Any, ...]
    figures: dict[tuple[str, str], tuple[dict[str, float], dict[str, Any]]]


def load(path: Path) -> tuple[Results | None, list[str]]:
    """(results, problems): what cannot be read is a line, and the rest is kept."""
    problems: list[str] = []
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        listed = raw["benchmarks"]
    except OSError as error:
        return None, [f"{path}: cannot be read: {error.strerror}"]
    except (ValueError, KeyError, TypeError):
        return None, [
            f"{path}: is no result file of pytest-benchmark, or is torn; write one with --benchmark-json"
        ]
    figures: dict[tuple[str, str], tuple[dict[str, float], dict[str, Any]]] = {}
    machine: tuple[Any, ...] = ()
    for one in listed if isinstance(listed, list) else ():
        try:
            info, stats = one["extra_info"], one["stats"]
            key = (f"{info['topic']}::{one['name']}", str(info["framework"]))
            figures[key] = ({name: float(stats[name]) for name in ("min", "median", "iqr")}, info)
            machine = tuple(info["machine"][name] for name in SAME_MACHINE)
        except (KeyError, TypeError, ValueError) as error:
            name = one.get("name", "?") if isinstance(one, dict) else "?"
            problems.append(
                f"{path}: {name} lacks {error}; was it written by another version of katagrad?"
            )
    if not figures:
        return None, [*problems, f"{path}: holds no benchmark that can be compared"]
    return Results(path.name, machine, figures), problems


def compare(files: Sequence[Path]) -> list[str]:
    """The lines of a comparison of two or more result files; the first is the reference."""
    loaded, lines = [], []
    for path in files:
        found, problems = load(path)
        lines += problems
        if found is not None:
            loaded.append(found)
    if len(loaded) < 2:
        return [*lines, "nothing to compare: two result files that can be read are needed"]
    first = loaded[0]
    for other in loaded[1:]:
        lines += ["", f"{other.name} against {first.name}", *_pair(first, other)]
    return lines


def _pair(a: Results, b: Results) -> list[str]:
    alike = a.machine == b.machine
    lines = []
    if alike:
        lines.append(
            "same machine: ratios of medians, above 1 is slower than the reference; not a judgement of noise"
        )
    else:
        lines.append(
            f"other hardware ({a.machine[0]} and {b.machine[0]}): shares of each machine's own measured ceiling"
        )
    shared = [key for key in a.figures if key in b.figures]
    for key in shared:
        (stats_a, info_a), (stats_b, info_b) = a.figures[key], b.figures[key]
        name = f"{key[0]} [{key[1]}]"
        differs = [f for f in SAME_RUN if info_a.get(f) != info_b.get(f)]
        if differs:
            told = ", ".join(f"{f} {info_a.get(f)} and {info_b.get(f)}" for f in differs)
            lines.append(f"  {name}: not comparable: {told}")
        elif alike:
            spread = max(s["iqr"] / s["median"] for s in (stats_a, stats_b))
            ratio = stats_b["median"] / stats_a["median"]
            lines.append(
                f"  {name}: {ratio:6.3f}  ({_seconds(stats_a['median'])} -> "
                f"{_seconds(stats_b['median'])}, IQR {spread:.0%})"
            )
        else:
            lines.append(f"  {name}: {_shares(info_a)} -> {_shares(info_b)}")
    for key in sorted(set(a.figures) ^ set(b.figures)):
        lines.append(f"  {key[0]} [{key[1]}]: only in {a.name if key in a.figures else b.name}")
    return lines


def _shares(info: dict[str, Any]) -> str:
    found = [
        f"{info[f'share_of_{kind}']:.1%} of {name}"
        for kind, name in (("flops", "FLOP/s"), ("bytes", "bandwidth"))
        if f"share_of_{kind}" in info
    ]
    return (
        ", ".join(found)
        or f"{info.get('throughput', float('nan')):.3g} {info.get('unit', '')}/s (no ceiling known)"
    )


def _seconds(value: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if value * scale >= 1:
            return f"{value * scale:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"
