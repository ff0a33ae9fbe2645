"""Why is it slow? A page for one benchmark: a flame graph of its operators, and a table of them."""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from katagrad.bench import quantities
from katagrad.files import write_whole

WIDTH, ROW = 1200, 18
# Pixels below which a frame is left out, and below which it has no text.
LEAST, TEXT = 0.5, 30
# Pixels of a character.
LETTER = 6.6
ROWS = 40
# The frame that holds what a GPU did (`katagrad.worker.adapters.torch_profile`).
KERNELS = "kernels of the GPU"
# Characters of a file's name.
LONGEST = 120

HEAD = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,"><title>{title}</title><style>
body {{ font: 14px system-ui, sans-serif; margin: 1.5rem auto; max-width: 1240px; padding: 0 1rem }}
svg {{ width: 100%; height: auto }} svg text {{ font: 11px monospace; pointer-events: none }}
table {{ border-collapse: collapse }} th, td {{ padding: .15rem .8rem .15rem 0; text-align: left }}
td.n {{ text-align: right; font-variant-numeric: tabular-nums }}
</style></head><body>
<h1>{title}</h1>
<p>{words}</p>
"""


@dataclass
class Frame:
    """An operator where it was called. seconds: with everything inside it; own: without."""

    name: str
    own: float = 0.0
    count: int = 0
    inner: dict[str, Frame] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Its time, with everything inside it."""
        return self.own + sum(frame.seconds for frame in self.inner.values())

    @property
    def depth(self) -> int:
        """Frames below it, at most."""
        return 1 + max((frame.depth for frame in self.inner.values()), default=0)


def tree(stacks: Sequence[Sequence[Any]]) -> Frame:
    """The frames of a profile. stacks: (names, own seconds, count)."""
    root = Frame("all")
    for names, seconds, count in stacks:
        frame = root
        for name in names:
            frame = frame.inner.setdefault(str(name), Frame(str(name)))
        frame.own += float(seconds)
        frame.count += int(count)
    return root


def flame(root: Frame) -> str:
    """The flame graph as SVG: what called is above what it called, and the width is time."""
    whole = root.seconds or 1.0
    shapes: list[str] = []

    def draw(frame: Frame, left: float, level: int) -> None:
        width = WIDTH * frame.seconds / whole
        if width < LEAST:
            return
        share = quantities.percent(frame.seconds / whole)
        name = html.escape(frame.name)
        hue = zlib.crc32(frame.name.encode()) % 60
        y = level * ROW
        shapes.append(
            f'<g><title>{name}: {share}, {quantities.seconds(frame.seconds)}</title><rect x="{left:.1f}" y="{y}" '
            f'width="{max(width - 0.5, 0.5):.1f}" height="{ROW - 1}" fill="hsl({hue} 75% 70%)"/>'
        )
        if width > TEXT:
            short = html.escape(frame.name[: int(width / LETTER)])
            shapes.append(f'<text x="{left + 3:.1f}" y="{y + 13}">{short}</text>')
        shapes.append("</g>")
        for inner in sorted(frame.inner.values(), key=lambda one: -one.seconds):
            draw(inner, left, level + 1)
            left += WIDTH * inner.seconds / whole

    draw(root, 0.0, 0)
    height = root.depth * ROW
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="flame graph">{"".join(shapes)}</svg>'


def operators(root: Frame) -> list[tuple[str, float, int]]:
    """(name, seconds in the operator itself, count) wherever it was called, the longest first."""
    found: dict[str, list[float]] = {}
    waiting = list(root.inner.values())
    while waiting:
        frame = waiting.pop()
        kept = found.setdefault(frame.name, [0.0, 0])
        kept[0] += frame.own
        kept[1] += frame.count
        waiting += frame.inner.values()
    listed = [(name, seconds, int(count)) for name, (seconds, count) in found.items()]
    return sorted(listed, key=lambda one: -one[1])


def page(title: str, found: dict[str, Any]) -> str:
    """The HTML of one profile. found: what the worker returned."""
    root, calls = tree(found["stacks"]), max(int(found["calls"]), 1)
    whole = root.seconds or 1.0
    words = (
        f"{calls} warm calls under the framework's profiler, which makes them slower: read the shares, and take times "
        "from the benchmark. Width is time in operators, the time between them is left out. Point at a frame for its "
        "name and share."
    )
    if KERNELS in root.inner:
        words += f" The {KERNELS} run beside the operators that start them: their time is not part of a call's."
    rows = [
        f'<tr><td>{html.escape(name)}</td><td class="n">{quantities.percent(seconds / whole)}</td>'
        f'<td class="n">{quantities.seconds(seconds / calls)}</td>'
        f'<td class="n">{quantities.digits(count / calls)}</td></tr>'
        for name, seconds, count in operators(root)[:ROWS]
    ]
    head = HEAD.format(title=html.escape(title), words=words)
    table = (
        "<table><thead><tr><th>operator</th><th>own time</th><th>a call</th><th>times a call</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    return f"{head}<h2>Flame graph</h2>{flame(root)}<h2>Operators</h2>{table}</body></html>\n"


def write(folder: Path, title: str, found: dict[str, Any]) -> Path:
    """Write a profile's page, and return its path. Raises OSError where `folder` cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    # The checksum distinguishes titles that differ only in characters that a file's name cannot hold.
    name = re.sub(r"[^A-Za-z0-9_]+", "-", title).strip("-")[:LONGEST]
    path = folder / f"{name}-{zlib.crc32(title.encode()):08x}.html"
    write_whole(path, page(title, found))
    return path
