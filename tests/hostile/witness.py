"""Grades next on the same server, answers rightly, and reports whatever an earlier submission left behind."""

import os
import platform
import sys

import numpy as np
from right import log_softmax, softmax, softmax_jvp

left = []
home = os.path.dirname(os.path.abspath(__file__))
for folder in ("/tmp", "/dev/shm"):
    left += [
        f"{folder}/{name}"
        for name in os.listdir(folder)
        # The interpreter itself may be installed below /tmp, as a clone's environment is.
        if f"{folder}/{name}" != home and not f"{sys.prefix}/".startswith(f"{folder}/{name}/")
    ]
    left += [f"attribute {name}" for name in os.listxattr(folder)]
    left += [f"mode of {folder}"] if os.stat(folder).st_mode & 0o7777 != 0o1777 else []
for table in ("shm", "sem", "msg"):
    left += open(f"/proc/sysvipc/{table}").read().splitlines()[1:]
left += [
    line
    for line in open("/proc/net/unix").read().splitlines()
    if "@left" in line or "/left" in line
]
left += [line for line in open("/proc/keys").read().splitlines() if "left" in line]
ours = {1, os.getpid(), os.getppid()}
left += [f"process {pid}" for pid in os.listdir("/proc") if pid.isdigit() and int(pid) not in ours]
left += [f"module {name}" for name in sys.modules if name in ("evil", "loot", "socketry")]
left += [f"variable {name}" for name in os.environ if "LEFT" in name]
left += ["numpy is patched"] if np.allclose(1, 2) else []
for fd in os.listdir("/proc/self/fd"):
    try:
        target = os.readlink(f"/proc/self/fd/{fd}")
        left += [f"descriptor {fd} {target}"] if "left" in target else []
    except OSError:
        pass
try:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    left += ["message queue"] if libc.mq_open(b"/left", os.O_RDONLY) >= 0 else []
    asked = libc.syscall(31 if platform.machine() == "aarch64" else 252, 1, 0)
    left += ["priority at the disk"] if asked >> 13 == 3 else []
except AttributeError:
    pass
for line in left:
    print("LEFTOVER", line, flush=True)
