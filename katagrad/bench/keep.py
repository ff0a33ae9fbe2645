"""`kata bench keep`: store result files in a repository: by machine, small, and without the host's name."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from katagrad.bench.files import SHARED, Results, load, machine_label
from katagrad.files import write_whole

# Significant digits of a time; the blocks of one run differ in the third.
DIGITS = 6
# The parts of pytest-benchmark's description of a machine that are kept: neither its name nor its list of CPU flags.
MACHINE = ("machine", "system", "release", "python_implementation", "python_version")
CPU = ("arch", "brand_raw", "count", "hz_advertised_friendly", "l2_cache_size", "l3_cache_size")


def keep(files: Sequence[Path], into: Path) -> tuple[list[Path], list[str]]:
    """Write `into`/<machine>/<date>-<framework>-<device>.json for each file: (what was written, problems).

    Facts that all benchmarks share are written once, and times have six digits. A run that is kept already stays as it
    is; another one of the same day and settings is given a number. Raises OSError where `into` cannot be written.
    """
    written, problems = [], []
    for path in files:
        found, faults = load(path)
        problems += faults
        if found is None:
            continue
        if not found.figures:
            problems.append(f"{path}: holds no figure, so there is nothing to keep")
            continue
        if found.commit is None or found.commit.dirty:
            problems.append(
                f"{path}: kept, but it was made with uncommitted changes and cannot be repeated"
            )
        text = compact(json.loads(path.read_text(encoding="utf-8")))
        target = _target(into / folder(found.machine), name(found), text)
        write_whole(target, text)
        written.append(target)
    return written, problems


def folder(machine: tuple[Any, ...]) -> str:
    """The name of a machine's folder: "amd-epyc-2-cores"."""
    return _slug(re.sub(r"\((R|TM)\)", " ", machine_label(machine), flags=re.IGNORECASE))


def name(run: Results) -> str:
    """The name of a run's file without its ending: "2026-11-20-torch-cpu", and settings that are not the default."""
    _, info = next(iter(run.figures.values()))
    parts = [run.when[:10] or "undated", str(info["framework"]), str(info.get("device", "cpu"))]
    if info.get("mode", "eager") != "eager":
        parts.append(str(info["mode"]))
    if info.get("precision", "float32") != "float32":
        parts.append(str(info["precision"]))
    if info.get("threads", 1) != 1:
        parts.append(f"{info['threads']}-threads")
    return _slug("-".join(parts))


def compact(raw: dict[str, Any]) -> str:
    """A result file's text with a line for each benchmark, to be read by `load` and by pytest-benchmark."""
    listed = [one for one in raw["benchmarks"] if isinstance(one, dict)]
    infos = [one["extra_info"] for one in listed if isinstance(one.get("extra_info"), dict)]
    shared = _dict(raw.get(SHARED))
    if infos and not shared:
        shared = {
            key: value
            for key, value in infos[0].items()
            if all(key in info and info[key] == value for info in infos)
        }
    lines = []
    for one in listed:
        own = one.get("extra_info")
        if isinstance(own, dict):
            one["extra_info"] = {k: v for k, v in own.items() if k not in shared or v != shared[k]}
        one.pop("options", None)
        lines.append(_text(_rounded(one)))
    machine, commit = (_dict(raw.get(key)) for key in ("machine_info", "commit_info"))
    head: dict[str, Any] = {
        "machine_info": _machine(machine),
        "commit_info": {key: value for key, value in commit.items() if key != "project"},
        **{key: raw[key] for key in ("datetime", "version", "not_run") if key in raw},
        SHARED: _rounded(shared),
    }
    fields = [f"{_text(key)}: {_text(value)}" for key, value in head.items()]
    body = ",\n".join(lines)
    return "{\n" + ",\n".join([*fields, f'"benchmarks": [\n{body}\n]']) + "\n}\n"


def _target(place: Path, stem: str, text: str) -> Path:
    """The first file name that is free, or whose file has this text already."""
    number = 1
    while True:
        target = place / (f"{stem}.json" if number == 1 else f"{stem}-{number}.json")
        if not target.exists() or target.read_text(encoding="utf-8") == text:
            return target
        number += 1


def _machine(info: dict[str, Any]) -> dict[str, Any]:
    cpu = _dict(info.get("cpu"))
    kept = {key: info[key] for key in MACHINE if key in info}
    return {**kept, "cpu": {key: cpu[key] for key in CPU if key in cpu}}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:100]  # a file system allows 255


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
