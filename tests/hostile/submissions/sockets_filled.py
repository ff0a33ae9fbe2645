"""Queues memory in sockets, which the kernel holds and no process: six processes, each with hundreds of pairs.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import os
import socket
import time

import wrong

PROCESSES, PAIRS, BLOCK = 6, 300, b"\1" * 32768
WANTED = 600 << 20  # bytes, where a submission may use 512 MiB


def fill():
    held, queued = [], 0
    for _ in range(PAIRS):
        for end in (pair := socket.socketpair()):
            end.setblocking(False)
            try:
                while True:
                    queued += end.send(BLOCK)
            except BlockingIOError:
                pass
        held.append(pair)
    return held, queued


def softmax(x, axis=-1, temperature=1.0):
    total = 0
    try:
        socket.socketpair()[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        print("OPEN larger buffers", flush=True)
    except OSError:
        pass
    for _ in range(PROCESSES):
        reader, writer = os.pipe()
        if os.fork() == 0:
            held, queued = fill()
            os.write(writer, str(queued).encode())
            time.sleep(600)
        os.close(writer)
        total += int(os.read(reader, 20) or 0)
    time.sleep(1)
    if total > WANTED:
        print("OPEN", total >> 20, "MiB in sockets", flush=True)
    return wrong.softmax(x)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
