"""Classic BPF: the instructions of filters of system calls, for x86_64 and aarch64."""

from __future__ import annotations

import platform
import struct
import sys
from collections.abc import Iterable

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, constant
# Numbers of a system call on (x86_64, aarch64); None where the architecture has no such call.
Numbers = tuple[int | None, int | None]

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
LOAD, JUMP_EQUAL, JUMP_ABOVE, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
# Offsets in struct seccomp_data; both architectures are little-endian.
NUMBER, ARCH, ARGUMENTS = 0, 4, 16
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000


def supported() -> bool:
    """Whether this machine can run such filters."""
    return sys.platform == "linux" and platform.machine() in ARCHITECTURES


def column(machine: str) -> int:
    """The place of a machine's numbers in `Numbers`."""
    return list(ARCHITECTURES).index(machine)


def of_machine(machine: str) -> list[Instruction]:
    """The beginning of a filter: it kills callers of another architecture, and loads the number of the call.

    32-bit calls have other numbers, which no table here knows. Raises KeyError for an unknown machine.
    """
    return [
        (LOAD, 0, 0, ARCH),
        (JUMP_EQUAL, 1, 0, ARCHITECTURES[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
    ]


def answered(verdict: int, calls: Iterable[Numbers], machine: str) -> list[Instruction]:
    """Return `verdict` for each of `calls`."""
    numbers = [pair[column(machine)] for pair in calls]
    return [
        line
        for number in numbers
        if number is not None
        for line in ((JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, verdict))
    ]


def packed(lines: Iterable[Instruction]) -> bytes:
    """A filter as an array of struct sock_filter."""
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
