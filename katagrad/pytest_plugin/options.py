"""The command-line options of a grading."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable

import pytest

from katagrad.errors import BadOption, at_least_one, one_of
from katagrad.grading.session import ISOLATION, check_device
from katagrad.topics import FRAMEWORKS
from katagrad.worker.limits import Limits


def word(kind: str, words: Iterable[str]) -> Callable[[str], str]:
    """A type for argparse: one of `words`."""
    return checked(lambda text: one_of(kind, text, words))


def checked(read: Callable[[str], str]) -> Callable[[str], str]:
    """A type for argparse, from a function that raises BadOption."""

    def convert(text: str) -> str:
        try:
            return read(text)
        except BadOption as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


def limits_help() -> str:
    """The limits with their defaults, as they are written on the command line."""
    of = {
        "wall": "s, for a check without its own limit",
        "cpu": "s, for a topic",
        "memory": "beyond the framework's own",
        "processes": "including threads",
        "file": "for one file",
        "output": "printed",
        "message": "for one answer",
    }
    return ", ".join(
        f"{name}={_written(value)} ({of[name]})" for name, value in Limits().plain().items()
    )


def _written(value: float) -> str:
    for unit, size in (("g", 1 << 30), ("m", 1 << 20)):
        if value >= size and value % size == 0:
            return f"{value // size:g}{unit}"
    return f"{value:g}"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of a grading."""
    group = parser.getgroup("katagrad", "grading of submissions")
    add = group.addoption
    add(
        "--submission",
        metavar="DIR",
        help="folder of <topic>.py files to grade (default: exercises)",
    )
    add(
        "--framework",
        type=word("framework", FRAMEWORKS),
        metavar="|".join(FRAMEWORKS),
        help="framework of the submission (default: what its files import)",
    )
    add(
        "--seed",
        type=int,
        metavar="N",
        help="hidden seed of all inputs (default: a random seed, shown at the end)",
    )
    add("--results", metavar="FILE.json", help="write verdicts, points and messages to FILE.json")
    add(
        "--isolation",
        type=word("isolation", ISOLATION),
        metavar="|".join(ISOLATION),
        default="process",
        help="how a submission is isolated; auto: the strongest that works (default: process)",
    )
    add(
        "--in-process",
        action="store_true",
        help="run the submission inside pytest, so that breakpoint() works; the result is not a grade",
    )
    add(
        "--start-method",
        type=word("start method", ("fork", "spawn")),
        metavar="fork|spawn",
        help="how workers start (default: fork if the system supports it)",
    )
    add(
        "--threads",
        type=at_least_one,
        default=1,
        metavar="N",
        help="threads of the framework in a worker (default: 1, for repeatable results)",
    )
    add(
        "--device",
        type=checked(check_device),
        default="cpu",
        metavar="NAME",
        help="cpu, cuda, or cuda:1 for the second GPU (default: cpu)",
    )
    add(
        "--data",
        type=word("choice of data", ("auto", "embedded")),
        metavar="auto|embedded",
        default="auto",
        help="embedded: never grade on full-size data sets such as MNIST (default: auto)",
    )
    add(
        "--speed",
        action="store_true",
        help="also grade throughput, in topics that have such checks (default: off)",
    )
    add("--patience", type=float, default=1.0, metavar="X", help="multiply every time limit by X")
    add(
        "--limit",
        action="append",
        metavar="NAME=VALUE",
        help=f"set a limit; sizes are in bytes, or with k, m or g. Defaults: {limits_help()}",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the checks that grade throughput unless --speed asks for them."""
    if config.getoption("--speed"):
        return
    marks = [item.get_closest_marker("grade") for item in items]
    left = [i for i, mark in zip(items, marks, strict=True) if mark and mark.kwargs.get("speed")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
