"""Framed messages between driver and worker: a JSON header, then raw array bytes.

Layout of a frame, integers big-endian:

    4 bytes   magic, b"KATA"
    4 bytes   length of the header in bytes
    header    UTF-8 JSON, {"body": tree, "sizes": [bytes of each array]}
    arrays    the bytes of each array in C order, one after the other

`katagrad.worker.tree` defines the tree.
"""

from __future__ import annotations

import contextlib
import json
import math
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from katagrad.worker.tree import (
    DTYPES,
    MAX_ARRAYS,
    MAX_DEPTH,
    REQUESTS,
    Encoder,
    Handle,
    Made,
    NotATensor,
    Random,
    Unsendable,
    WireError,
    WithLayout,
    arrays_of,
    decode,
    encode,
)

__all__ = [
    "DTYPES",
    "HEAD",
    "MAGIC",
    "MAX_ARRAYS",
    "MAX_DEPTH",
    "MAX_HEADER",
    "Closed",
    "Connection",
    "NotATensor",
    "Handle",
    "WithLayout",
    "Late",
    "Made",
    "Random",
    "Unsendable",
    "WireError",
    "decode",
    "encode",
]

MAGIC = b"KATA"
HEAD = struct.Struct(">4sI")
# Bytes of JSON.
MAX_HEADER = 16 << 20
# Lists and dicts, and values, in one header. Reading each costs far more than its bytes.
MAX_BRANCHES, MAX_VALUES = 500_000, 1_000_000

# A time of time.monotonic(), or a function that returns the seconds left. None: never.
Deadline = float | Callable[[], float] | None


class Closed(Exception):
    """The other side has closed the connection."""


class Late(Exception):
    """The deadline passed before a whole frame arrived."""


class Connection:
    """One end of a stream socket for frames.

    max_bytes: largest sum of array bytes that `receive` accepts.
    strange: whether the other end is untrusted. It may then send only values, and none of REQUESTS.
    """

    def __init__(
        self, sock: socket.socket, max_bytes: int = 1 << 31, strange: bool = False
    ) -> None:
        self.sock = sock
        self.max_bytes = max_bytes
        self.refused = REQUESTS if strange else frozenset()
        widen(sock)

    def send(self, body: Any, unknown: Encoder | None = None, deadline: Deadline = None) -> None:
        """Write one frame. deadline: of time.monotonic(), or a function that returns the seconds left.

        Raises Late or Closed. Raises Unsendable before any byte is sent.
        """
        arrays: list[np.ndarray] = []
        tree = encode(body, arrays, unknown)
        most, size = self.max_bytes, sum(a.nbytes for a in arrays)
        if size > most:
            raise Unsendable(
                f"{mebibytes(size)} in tensors and arrays, but at most {mebibytes(most)} can be judged"
            )
        if len(arrays) > MAX_ARRAYS:
            raise Unsendable(
                f"{len(arrays):,} arrays, but at most {MAX_ARRAYS:,} can be judged; join them"
            )
        header = json.dumps(
            {"body": tree, "sizes": [a.nbytes for a in arrays]},
            separators=(",", ":"),
            allow_nan=False,
        ).encode()
        if len(header) > MAX_HEADER or _crowded(header):
            raise Unsendable(
                f"{mebibytes(len(header))} of lists, dicts, numbers and text, which is more than can be judged; "
                "return a tensor"
            )
        buffers = [memoryview(HEAD.pack(MAGIC, len(header)) + header)]
        buffers += [_bytes_of(a) for a in arrays if a.nbytes]
        try:
            for buffer in buffers:
                while buffer:
                    self._arm(deadline)
                    with contextlib.suppress(TimeoutError):  # _arm decides whether time is left
                        buffer = buffer[self.sock.send(buffer) :]
        except OSError as error:
            raise Closed(str(error)) from None

    def receive(self, deadline: Deadline = None) -> Any:
        """Read one frame and return its body. Raises Closed, Late, or WireError if it is malformed."""
        head = memoryview(bytearray(HEAD.size))
        self._fill(head, deadline)
        magic, length = HEAD.unpack(head)
        if magic != MAGIC or length > MAX_HEADER:
            raise WireError("a message does not begin with the required header")
        raw = memoryview(bytearray(length))
        self._fill(raw, deadline)
        text = bytes(raw)
        if _crowded(text):
            raise WireError(
                f"a message of more than {MAX_BRANCHES:,} lists and dicts, or {MAX_VALUES:,} values"
            )
        try:
            header = json.loads(text, parse_constant=_no_constant)
            tree, sizes = header["body"], header["sizes"]
            found: list[tuple[str, tuple[int, ...]]] = []
            arrays_of(tree, found)
            arrays = self._read_arrays(found, sizes, deadline)
            return decode(tree, arrays, self.refused)
        except (Closed, Late, WireError):
            raise
        except Exception as error:  # forged bytes can cause any exception in the steps above
            raise WireError(f"a message cannot be read ({type(error).__name__})") from None

    def _read_arrays(
        self, found: list[tuple[str, tuple[int, ...]]], sizes: list[int], deadline: Deadline
    ) -> list[np.ndarray]:
        if len(found) != len(sizes) or len(found) > MAX_ARRAYS:
            raise WireError("a message announces other arrays than it contains")
        if any(type(n) is not int or n < 0 for n in sizes) or sum(sizes) > self.max_bytes:
            raise WireError(f"a message of more than {self.max_bytes >> 20} MiB")
        arrays = []
        for (dtype, shape), size in zip(found, sizes, strict=True):
            shape = (size,) if shape == (-1,) else shape
            if math.prod(shape) * np.dtype(dtype).itemsize != size:
                raise WireError("an array's shape does not match its bytes")
            array = np.empty(shape, dtype)
            if size:
                self._fill(_bytes_of(array), deadline)
            arrays.append(array)
        return arrays

    def _fill(self, buffer: memoryview, deadline: Deadline) -> None:
        try:
            while buffer:
                self._arm(deadline)
                try:
                    count = self.sock.recv_into(buffer)
                except TimeoutError:  # _arm decides whether time is left
                    continue
                if count == 0:
                    raise Closed("the other side closed the connection")
                buffer = buffer[count:]
        except OSError as error:
            raise Closed(str(error)) from None

    def _arm(self, deadline: Deadline) -> None:
        """Limit the next system call to the remaining time."""
        left = None
        if deadline is not None:
            left = deadline() if callable(deadline) else deadline - time.monotonic()
            if left <= 0:
                raise Late
        self.sock.settimeout(left)

    def close(self) -> None:
        """Close the socket. Closing it twice is allowed."""
        self.sock.close()


def widen(sock: socket.socket) -> None:
    """Enlarge the buffers of a socket. A sandbox refuses this, so the driver does it before the fork."""
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        with contextlib.suppress(PermissionError):
            sock.setsockopt(socket.SOL_SOCKET, option, 1 << 20)


def _crowded(header: bytes) -> bool:
    """Whether a header would take too long to read. Characters inside strings count, too."""
    branches = header.count(b"[") + header.count(b"{")
    return branches > MAX_BRANCHES or header.count(b",") > MAX_VALUES + 2 * branches


def mebibytes(size: int) -> str:
    """A size in words."""
    return f"{size / (1 << 20):,.3g} MiB"


def _bytes_of(array: np.ndarray) -> memoryview:
    raw: Any = array.reshape(-1).view(np.uint8)
    return memoryview(raw)


def _no_constant(name: str) -> Any:
    raise WireError(f"a message contains {name}, which JSON does not allow")
