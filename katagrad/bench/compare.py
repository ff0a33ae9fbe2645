"""`kata bench compare`: result files side by side, as times on one machine, as shares of a ceiling across machines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from katagrad.bench import quantities
from katagrad.bench.files import Results, load, machine_label

# With what holds where a file of an earlier version does not say.
SAME_RUN = {
    "device": "cpu", "precision": "float32", "threads": None, "mode": "eager", "size": None, "items": None,
    "backward": False, "protocol": 1,
}  # fmt: skip


def compare(files: Sequence[Path]) -> list[str]:
    """The lines of a comparison of two or more result files; the first is the reference."""
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
        names = f"{machine_label(a.machine)} and {machine_label(b.machine)}"
        lines.append(f"other hardware ({names}): shares of each machine's own measured ceiling")
    shared = [key for key in a.figures if key in b.figures]
    for key in shared:
        (stats_a, info_a), (stats_b, info_b) = a.figures[key], b.figures[key]
        name = f"{key[0]} [{key[1]}]"
        told = ", ".join(
            f"{name} {info_a.get(name, usual)} and {info_b.get(name, usual)}"
            for name, usual in SAME_RUN.items()
            if info_a.get(name, usual) != info_b.get(name, usual)
        )
        if told:
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
        if isinstance(info.get(f"share_of_{kind}"), float)
    ]
    if found:
        return ", ".join(found)
    throughput = info.get("throughput")
    told = f"{throughput:.3g}" if isinstance(throughput, (int, float)) else "unknown"
    return f"{told} {info.get('unit', '')}/s (no ceiling known)"


def _seconds(value: float) -> str:
    # A terminal need not know the signs that a page shows.
    return quantities.seconds(value).replace(quantities.THIN, " ").replace("\N{MICRO SIGN}s", "us")
