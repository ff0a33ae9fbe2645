"""Leaves messages for the next submission: files, attributes, shared memory, queues, keys, sockets, modules.

Dresses up: wrong.
"""
import ctypes
import os
import platform
import socket
import sys

from loot import place, tried
from wrong import log_softmax, softmax, softmax_jvp

libc = ctypes.CDLL(None, use_errno=True)
INTEL = platform.machine() == "x86_64"


def must(result):
    if result < 0:
        raise OSError(ctypes.get_errno())
    return result


def write(path):
    with open(path, "w") as file:
        file.write("left")


for folder in ("/tmp", "/dev/shm"):
    write(f"{folder}/left")
    os.makedirs(f"{folder}/left-folder/a/b/c")
    try:
        os.setxattr(folder, "user.left", b"left")
    except OSError:
        pass
os.symlink("/", "/tmp/left-link")
tried("shmget", lambda: must(libc.shmget(0x1EF7, 4096, 0o1666)))
tried("semget", lambda: must(libc.semget(0x1EF7, 1, 0o1666)))
tried("msgget", lambda: must(libc.msgget(0x1EF7, 0o1666)))
tried("mq_open", lambda: must(libc.mq_open(b"/left", os.O_CREAT | os.O_RDWR, 0o666, None)))
tried("add_key", lambda: must(libc.syscall(248 if INTEL else 217, b"user", b"left", b"left", 4, -3)))
tried("memfd_create", lambda: must(libc.syscall(319 if INTEL else 279, b"left", 0)))
keep = socket.socket(socket.AF_UNIX)
keep.bind("\0left")
os.environ["LEFT"] = "left"
for module in ("json", "socket", "katagrad.worker.session"):
    sys.modules[module].left = True
    name = sys.modules[module].__file__
    for path in (name, os.path.join(os.path.dirname(name), "__pycache__", "left.pyc"), os.path.join(os.path.dirname(name), "left.pth")):
        tried(f"wrote {path}", write, path)
for path in ("/left", "/katagrad/left", "/dev/left", "/etc/left", "/usr/lib/left"):
    tried(f"wrote {path}", write, path)
