"""Maps terabytes and reads one byte of every 2 MiB: no page is its own, but the kernel's tables of them are.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import ctypes
import time

import wrong

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
COUNT, STEP = 200_000, 2 << 20
PRIVATE, ANONYMOUS, NORESERVE, NOHUGEPAGE = 2, 0x20, 0x4000, 15


def softmax(x, axis=-1, temperature=1.0):
    area = libc.mmap(None, COUNT * STEP, 1, PRIVATE | ANONYMOUS | NORESERVE, -1, 0)
    libc.madvise(area, COUNT * STEP, NOHUGEPAGE)
    for at in range(COUNT):
        ctypes.string_at(area + at * STEP, 1)
        # Slowly, so that a watch on a busy machine has its turn.
        if at % (1 << 12) == 0:
            time.sleep(0.02)
    print("OPEN", COUNT * 4096 >> 20, "MiB of tables", flush=True)
    return wrong.softmax(x)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
