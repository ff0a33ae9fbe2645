"""Opens files and pipes until it is refused, and passes descriptors to the driver.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import array
import os
import socket

import socketry
import wrong


def softmax(x, axis=-1, temperature=1.0):
    wire, count = socketry.wire(), 0
    try:
        while count < 5000:
            os.pipe()
            count += 2
        print("OPEN", count, "descriptors", flush=True)
    except OSError:
        pass
    for _ in range(50):
        wire.sendmsg([b"K"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1]))])
    return wrong.softmax(x)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
