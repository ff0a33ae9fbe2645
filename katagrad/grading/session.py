"""A grading run: the pool of workers, the submission, and one transport per topic."""

from __future__ import annotations

import math
import os
import secrets
from bdb import BdbQuit
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from katagrad.boundary.implementation import Transport
from katagrad.boundary.process import Launcher, PlainLauncher, Pool
from katagrad.errors import BadOption, one_of
from katagrad.grading.checks import Rules
from katagrad.grading.submission import Submission
from katagrad.topics import Topic
from katagrad.worker.limits import Limits

ISOLATION = ("namespace", "process", "auto")
DEVICES = ("cpu", "cuda")
UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
SIZES = ("memory", "file", "output", "message")
# Below these, every answer fails, whatever it is: a size was meant in other units.
LEAST = Limits(0.1, 1, 64 << 20, 8, 64 << 10, 1 << 10, 1 << 20)


def parse_limits(options: list[str]) -> Limits:
    """Limits from options such as "memory=2g" and "wall=30". Raises BadOption."""
    limits = Limits()
    known = {f.name: type(getattr(limits, f.name)) for f in fields(Limits)}
    for option in options:
        name, _, text = option.partition("=")
        one_of("limit", name, known)
        unit = UNITS.get(text[-1:].lower(), 1)
        try:
            value = float(text[:-1] if unit > 1 else text) * unit
        except ValueError:
            usual = written(name, getattr(limits, name))
            raise BadOption(f"the limit {option!r} is not a number; write {name}={usual}") from None
        if not 0 < value < float("inf"):
            raise BadOption(f"the limit {option!r} must be a number above 0")
        least = getattr(LEAST, name)
        if value < least:
            size = "; sizes are bytes, or written as 512m or 2g" if name in SIZES else ""
            least = written(name, least)
            raise BadOption(f"the limit {option!r} fails every answer; write {least} or more{size}")
        limits = replace(limits, **{name: known[name](value)})
    return limits


def written(name: str, value: float) -> str:
    """A limit as it is written in an option. A size is in the largest unit that divides it, such as 64m."""
    unit = max((u for u in UNITS.values() if value % u == 0), default=0) if name in SIZES else 0
    return (
        f"{value // unit:g}{next(k for k in UNITS if UNITS[k] == unit)}" if unit else f"{value:g}"
    )


def launcher_for(isolation: str) -> Launcher:
    """The launcher of an isolation level: "process", "namespace", or "auto", the strongest that works here.

    Raises BadOption for any other word, and if namespaces are required but not available.
    """
    one_of("isolation", isolation, ISOLATION)
    if isolation == "process":
        return PlainLauncher()
    from katagrad.isolation.sandbox import launcher

    return launcher(required=isolation == "namespace")


def check_options(options: Mapping[str, Any]) -> None:
    """Raise BadOption for options that are invalid or not available here, before anything is graded."""
    parse_limits(options.get("limit") or [])
    one_of("isolation", options.get("isolation") or "process", ISOLATION)
    check_device(options.get("device") or "cpu")
    if not 0 < float(options.get("patience") or 1) < float("inf"):
        raise BadOption(
            f"--patience {options['patience']} is no factor; write 2 for twice the time"
        )
    if options.get("isolation") == "namespace" and not options.get("in_process"):
        if (options.get("device") or "cpu") != "cpu":
            raise BadOption(
                "a sandbox has no access to a GPU; use --isolation process with that device"
            )
        launcher_for("namespace")


def check_device(device: str) -> str:
    """`device`, if it is cpu, cuda, or cuda:N. Raises BadOption."""
    kind, colon, number = device.partition(":")
    if kind == "cuda" and colon and number.isdecimal():
        return device
    return one_of("device", device, DEVICES)


def check_patience(factor: float) -> None:
    """Raise BadOption unless the factor is a positive number."""
    if not 0 < factor < float("inf"):
        raise BadOption(f"--patience {factor:g} gives no time; write 2 for twice as much")


def draw_seed() -> int:
    """A hidden seed that nobody can guess."""
    return secrets.randbits(48)


@dataclass
class Grading:
    """A grading of a submission. Close it at the end."""

    submission: Submission
    rules: Rules
    pool: Any
    isolation: str = "process"
    transports: dict[str, Transport] = field(default_factory=dict)

    def transport(self, topic: Topic) -> Transport:
        """The transport of a topic. It ends the worker of any other topic, since a server has one child."""
        if topic.name not in self.transports:
            for other in self.transports.values():
                other.close()
            self.transports.clear()
            self.transports[topic.name] = Transport(self.pool, self.submission.source(topic))
        return self.transports[topic.name]

    def close(self) -> None:
        """End all workers."""
        for transport in self.transports.values():
            transport.close()
        self.pool.close()


def start(folder: Path, options: Mapping[str, Any], seed: int) -> Grading:
    """Start a grading of `folder` with the command-line options (see `katagrad.pytest_plugin.options`)."""
    patience, full_size = float(options.get("patience") or 1.0), options.get("data") != "embedded"
    rules = Rules(seed, patience, full_size, bool(options.get("speed")))
    submission = Submission(folder, options.get("framework"))
    if options.get("in_process"):
        import pytest

        from katagrad.boundary.local import LocalPool

        # A debugger may stop the submission for any time; its `q` ends the run.
        local = LocalPool(folder, (KeyboardInterrupt, BdbQuit, pytest.exit.Exception))
        unhurried = replace(rules, patience=math.inf)
        return Grading(submission, unhurried, local, "none (in-process: not a grade)")
    check_options(options)
    limits = parse_limits(options.get("limit") or [])
    device = options.get("device") or "cpu"
    isolation = options.get("isolation") or "process"
    launcher = launcher_for("process" if device != "cpu" else isolation)
    method = options.get("start_method") or None
    pool = Pool(
        limits,
        launcher,
        method,
        int(options.get("threads") or 1),
        device,
        os.environ.get("KATAGRAD_TRANSPORT") or None,
    )
    return Grading(submission, rules, pool, launcher.name)
