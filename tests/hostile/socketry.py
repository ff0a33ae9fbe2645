"""For attacks: the submission's own end of the wire to the driver, and frames as a driver reads them."""

import json
import os
import socket
import stat
import struct


def wire():
    """The socket that leads to the driver."""
    for name in os.listdir("/proc/self/fd"):
        try:
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                return socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue
    raise LookupError("no socket")


def frame(body, arrays=(), sizes=None):
    """A frame as the worker would send it."""
    header = json.dumps({"body": body, "sizes": sizes or [len(a) for a in arrays]}).encode()
    return b"KATA" + struct.pack(">I", len(header)) + header + b"".join(arrays)


def answer(value, arrays=(), sizes=None):
    """A frame that answers a request."""
    return frame({"$": "dict", "v": [["value", value]]}, arrays, sizes)


def reply(raw):
    """Send raw bytes at once, from inside a call, so that they come before the true answer."""
    wire().sendall(raw)
