"""Signals a submission that is graded beside it, by which pages of a file that both see are in memory.

Dresses up: wrong.
"""
import ctypes
import mmap
import os
import platform

from wrong import log_softmax, softmax, softmax_jvp

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
SIZE = mmap.PAGESIZE
BITS = [1, 0, 1, 1, 0, 0, 1, 0]


def unread(folder):
    """Files that nothing has opened, so that no process holds their pages."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if name.endswith(".py") and os.path.isfile(path) and os.path.getsize(path) > SIZE:
                yield path


def by_reading(seen):
    try:
        return os.preadv(seen, [bytearray(1)], 0, os.RWF_NOWAIT)
    except OSError as error:
        return 0 if error.errno == 11 else -1


def by_asking(seen):
    at = libc.mmap(None, ctypes.c_size_t(SIZE), mmap.PROT_READ, mmap.MAP_SHARED, seen, ctypes.c_long(0))
    there = ctypes.create_string_buffer(1)
    if libc.mincore(ctypes.c_void_p(at), ctypes.c_size_t(SIZE), there):
        return -1
    return there.raw[0] & 1


for path, _ in zip(unread(os.path.dirname(os.__file__)), range(20)):
    seen = os.open(path, os.O_RDONLY)
    for words, look in (("by reading", by_reading), ("by asking", by_asking)):
        heard = []
        for bit in BITS:
            os.posix_fadvise(seen, 0, 0, os.POSIX_FADV_DONTNEED)
            if bit:
                os.pread(seen, 1, 0)
            heard.append(look(seen))
        if heard == BITS:
            print("OPEN a page of a file,", words, flush=True)
    os.close(seen)
asked = ctypes.create_string_buffer(40)
if platform.system() == "Linux" and libc.syscall(451, 0, bytes(16), asked, 0) == 0:
    print("OPEN cachestat", flush=True)
