"""Read the result files that benchmarks wrote through pytest-benchmark; each problem becomes one line."""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

# What must agree for two times to be from one machine. Load and clock rate may differ; they are recorded, not compared.
SAME_MACHINE = ("cpu", "cores", "architecture")
STATISTICS = ("min", "median", "iqr")
# What `bench` writes of every benchmark.
ABOUT = ("topic", "framework", "machine")
# Seconds of a call; a value outside is not a measurement.
SHORTEST, LONGEST = 1e-12, 1e9
# Where `kata bench keep` puts the facts that all benchmarks of a file have in common.
SHARED = "katagrad_shared"


class Commit(NamedTuple):
    """The commit that was timed. id: forty hexadecimal digits. time: ISO 8601. dirty: with uncommitted changes."""

    id: str
    time: str
    dirty: bool


class NotRun(NamedTuple):
    """A benchmark that was not run, with the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class Results:
    """One result file.

    machine: SAME_MACHINE, and the GPU if one was used. figures: benchmark's full name and framework ->
    (statistics in seconds per call, extra_info). when: ISO 8601, "" if the file does not state it. Where nothing
    could be run, machine and figures are empty, and not_run says why.
    """

    name: str
    machine: tuple[Any, ...]
    figures: dict[tuple[str, str], tuple[dict[str, float], dict[str, Any]]]
    when: str = ""
    commit: Commit | None = None
    not_run: tuple[NotRun, ...] = ()


def load(path: Path) -> tuple[Results | None, list[str]]:
    """(results, problems). Each part that cannot be read becomes a line of problems; the rest is kept."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        listed = raw["benchmarks"]
    except OSError as error:
        return None, [f"{path}: cannot be read: {error.strerror}"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None, [
            f"{path}: is no result file of pytest-benchmark, or is torn; write one with --benchmark-json"
        ]
    if isinstance(raw, dict) and "against" in raw and "status" in raw:
        return None, [
            f"{path}: is what `kata bench regress` found, without timings of its own; `kata bench page` shows it"
        ]
    shared = raw.get(SHARED)
    figures: dict[tuple[str, str], tuple[dict[str, float], dict[str, Any]]] = {}
    machines: list[tuple[Any, ...]] = []
    faults: dict[str, list[str]] = {}
    for one in listed if isinstance(listed, list) else ():
        try:
            stats, info = _figure(one, shared if isinstance(shared, dict) else {})
            pair = info.get("pair")
            # A pair may have the name of the plain benchmark.
            rival = f" against {pair.get('against')}" if isinstance(pair, dict) else ""
            # Methods of two classes may share a name, which pytest's full name tells apart.
            name = str(one.get("fullname", "")).partition("::")[2] or one["name"]
            key = (f"{info['topic']}::{name}{rival}", str(info["framework"]))
            machines.append(_machine(info))
            figures[key] = stats, info
        except _Fault as fault:
            name = str(one.get("name", "?")) if isinstance(one, dict) else "?"
            faults.setdefault(str(fault), []).append(name)
    problems = [f"{path}: {_named(names)}: {fault}" for fault, names in faults.items()]
    absent = tuple(_not_run(raw))
    if not figures and not absent:
        return None, [*problems, f"{path}: holds no benchmark that can be shown or compared"]
    machine = machines[-1] if machines else ()
    return Results(
        path.name, machine, figures, _text(raw, "datetime"), _commit(raw), absent
    ), problems


def machine_label(machine: tuple[Any, ...]) -> str:
    """A machine in words: "AMD EPYC, 2 cores", and its GPU if one was used."""
    cpu, cores, _, gpu = machine
    label = f"{cpu}, {cores} core{'s' if str(cores) != '1' else ''}"
    return f"{label}, {gpu}" if gpu else label


def positive(info: Mapping[str, Any], name: str) -> float | None:
    """A figure above zero, or None if it is absent, not a number, or beyond what can be measured."""
    value = info.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return float(value) if 1e-30 < value < 1e30 else None


class _Fault(Exception):
    """A benchmark that cannot be used; the message says why."""


def _figure(one: Any, shared: dict[str, Any]) -> tuple[dict[str, float], dict[str, Any]]:
    if not isinstance(one, dict) or not isinstance(one.get("name"), str):
        raise _Fault("no benchmark of pytest-benchmark's")
    own, found = one.get("extra_info"), one.get("stats")
    if not isinstance(own, dict) or not isinstance(found, dict):
        raise _Fault("lacks extra_info or stats; was it timed by katagrad's `bench`?")
    info = {**shared, **own}
    if not any(info.get(name) for name in ABOUT):
        raise _Fault("was not timed by katagrad's `bench`, so its machine and settings are unknown")
    for name in ABOUT:
        if not info.get(name):
            raise _Fault(f"lacks {name!r}; was it written by another version of katagrad?")
    # Of pytest-benchmark's statistics, q1 and q3 are wanted where they are there.
    for name in STATISTICS:
        if not _number(found.get(name)):
            raise _Fault(
                f"its {name} is {reprlib.repr(found.get(name))}, but should be a number of seconds"
            )
    stats = {name: float(value) for name, value in found.items() if _number(value)}
    for name in ("min", "median"):
        if not SHORTEST < stats[name] < LONGEST:
            raise _Fault(f"its {name} is {stats[name]:g} s, which is no time of a call")
    return stats, info


def _machine(info: dict[str, Any]) -> tuple[Any, ...]:
    described = info["machine"]
    if not isinstance(described, dict) or not all(described.get(name) for name in SAME_MACHINE):
        raise _Fault(
            f"lacks one of the machine's {', '.join(SAME_MACHINE)}; was it written by another version of katagrad?"
        )
    hardware = info.get("hardware")
    gpu = hardware.get("gpu") if isinstance(hardware, dict) else None
    # For timings on the CPU, it does not matter whether the machine has a GPU.
    used = str(gpu) if gpu and info.get("device") != "cpu" else None
    return (*(str(described[name]) for name in SAME_MACHINE), used)


def _commit(raw: dict[str, Any]) -> Commit | None:
    commit = raw.get("commit_info")
    if not isinstance(commit, dict) or not isinstance(commit.get("id"), str):
        return None
    if commit["id"] == "unversioned":  # what pytest-benchmark writes outside a repository
        return None
    return Commit(commit["id"], _text(commit, "time"), bool(commit.get("dirty")))


def _not_run(raw: dict[str, Any]) -> Iterator[NotRun]:
    listed = raw.get("not_run")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and one.get("reason"):
            yield NotRun(str(one.get("name", "?")), str(one["reason"]))


def _number(value: Any) -> bool:
    # JSON allows integers that do not fit in a float, and Python's reader accepts NaN.
    return (type(value) is float and math.isfinite(value)) or (
        type(value) is int and abs(value) < 1e300
    )


def _text(raw: dict[str, Any], name: str) -> str:
    return raw[name] if isinstance(raw.get(name), str) else ""


def _named(names: list[str]) -> str:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]}{more}"
