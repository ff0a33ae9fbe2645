"""Asks the kernel for what a submission has no use for: namespaces, mounts, tracing, new subsystems, real-time priority.

Dresses up: wrong.
"""
import ctypes
import os
import platform

from wrong import log_softmax, softmax, softmax_jvp

libc = ctypes.CDLL(None, use_errno=True)
INTEL = platform.machine() == "x86_64"
ATTR = ctypes.create_string_buffer(256)
CALLS = {  # name: (number, arguments), harmless where they succeed
    "unshare": (272 if INTEL else 97, 0x10000000),
    "userfaultfd": (323 if INTEL else 282, 1),
    "io_uring": (425, 4, ATTR),
    "keyctl": (250 if INTEL else 219, 0, -3, 1),
    "open_tree": (428, -100, b"/", 1),
    "fsopen": (430, b"tmpfs", 0),
    "name_to_handle": (303 if INTEL else 264, -100, b"/", ATTR, ATTR, 0),
}
for name, (number, *arguments) in CALLS.items():
    if libc.syscall(number, *arguments) >= 0:
        print("OPEN", name)
pid = os.fork()
if pid == 0:
    os._exit(0 if libc.unshare(0x10020000) == 0 and libc.mount(b"x", b"/tmp", b"tmpfs", 0, None) == 0 else 1)
if os.waitpid(pid, 0)[1] == 0:
    print("OPEN mounted in a namespace of its own")
try:
    os.setpriority(os.PRIO_PROCESS, 0, -20)
    print("OPEN priority")
except OSError:
    pass
