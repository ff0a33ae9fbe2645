"""Makes empty files, each of which costs the kernel memory and counts towards no size.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import os
import time

import wrong


def softmax(x, axis=-1, temperature=1.0):
    os.mkdir("many")
    for i in range(150_000):
        os.close(os.open(f"many/{i}", os.O_CREAT))
    time.sleep(0.3)
    print("OPEN 150000 files", flush=True)
    return wrong.softmax(x)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
