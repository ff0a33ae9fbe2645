"""Bytes in use: of a GPU where one is used, else the resident pages of this process."""

from __future__ import annotations

from contextlib import suppress
from ctypes import CDLL
from pathlib import Path
from typing import Any


def peak(adapter: Any) -> int | None:
    """The most bytes in use since the peak was reset: of the device, where the adapter counts those."""
    held = adapter.device_memory()
    return int(held[1]) if held else _status("VmHWM:")


def beyond(most: int | None, before: int | None) -> int | None:
    """How far a peak is above what was in use before; None if either is unknown."""
    return None if most is None or before is None else max(0, most - before)


def pages_afresh() -> int | None:
    """Return free memory to the system, and reset the peak of this process. Returns the bytes in use."""
    with suppress(OSError, AttributeError):
        # glibc: free memory left by earlier calls would hide what the next call needs.
        CDLL(None).malloc_trim(0)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # 5 resets the peak resident set, see proc(5)
        return _status("VmRSS:")
    return None


def _status(name: str) -> int | None:
    """A size from /proc/self/status, in bytes."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return None
