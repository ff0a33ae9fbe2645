"""Signals a submission that is graded beside it, by locks and by notices of a file that both see.

Dresses up: wrong.
"""
import ctypes
import fcntl
import os
import platform

from wrong import log_softmax, softmax, softmax_jvp

seen = os.open(os.__file__, os.O_RDONLY)
fcntl.flock(seen, fcntl.LOCK_EX | fcntl.LOCK_NB)
if os.fork() == 0:  # a second open file, as a second submission would have
    other = os.open(os.__file__, os.O_RDONLY)
    try:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        print("OPEN flock", flush=True)
    os._exit(0)
os.wait()
fcntl.lockf(seen, fcntl.LOCK_SH | fcntl.LOCK_NB)
if os.fork() == 0:
    asked = fcntl.fcntl(seen, fcntl.F_GETLK, b"\1" + b"\0" * 31)  # F_WRLCK, from the first byte on
    if asked[0] != 2:  # F_UNLCK
        print("OPEN a lock of a range", flush=True)
    os._exit(0)
os.wait()
libc = ctypes.CDLL(None, use_errno=True)
if platform.machine() == "x86_64":
    notices = libc.inotify_init1(os.O_NONBLOCK)
    if notices >= 0 and libc.inotify_add_watch(notices, os.__file__.encode(), 0x20) >= 0:
        open(os.__file__).close()
        if os.read(notices, 1000):
            print("OPEN inotify", flush=True)
try:
    fcntl.fcntl(os.open(os.path.dirname(os.__file__), os.O_RDONLY), fcntl.F_NOTIFY, 1)
    print("OPEN dnotify", flush=True)
except OSError:
    pass
