"""The check that is running: its random numbers, and the data that it used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import numpy as np


def derive(seed: int, *names: str) -> int:
    """A 63-bit seed derived from `seed` and `names` by SHA-256, from which `seed` cannot be recovered."""
    digest = hashlib.sha256("\0".join([str(seed), *names]).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


@dataclass
class CheckContext:
    """One run of one check.

    full_size: whether full-size sets such as MNIST may be used if present. used: the sets that were used.
    notes: remarks of a check that passed.
    """

    seed: int
    full_size: bool = True
    used: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.generator = np.random.default_rng(self.seed)


_current: ContextVar[CheckContext | None] = ContextVar("check", default=None)


def current() -> CheckContext:
    """The check that is running; outside of checks, a context with a fixed seed."""
    found = _current.get()
    if found is None:
        found = CheckContext(0)
        _current.set(found)
    return found


@contextmanager
def running(check: CheckContext) -> Iterator[CheckContext]:
    """Make `check` the current one."""
    token = _current.set(check)
    try:
        yield check
    finally:
        _current.reset(token)
