"""Takes memory that no limit of one process counts: shared mappings, and a share in each of many processes.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import mmap
import os
import time

import wrong

held = []


def softmax(x, axis=-1, temperature=1.0):
    for _ in range(4):
        if os.fork() == 0:
            held.append(b"\1" * (150 << 20))
            time.sleep(600)
    for _ in range(5):
        held.append(mmap.mmap(-1, 100 << 20))
        held[-1].write(b"\1" * (100 << 20))
    time.sleep(1)
    print("OPEN 1.1 GiB", flush=True)
    return wrong.softmax(x)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
