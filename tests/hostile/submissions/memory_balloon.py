"""Takes memory until it is refused, in one process; `most` bounds it, should nothing else.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import wrong

MOST = 768 << 20
held = []


def softmax(x, axis=-1, temperature=1.0):
    while sum(map(len, held)) < MOST:
        held.append(b"\1" * (64 << 20))
    print("OPEN", MOST >> 20, "MiB", flush=True)
    return wrong.softmax(x)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
