"""Leaves daemons behind that hold on: in sessions of their own, deaf to signals, holding the wire and the prints.

Dresses up: wrong.
"""
import os
import signal
import time

from wrong import log_softmax, softmax, softmax_jvp

for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(1, 65):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
            while True:
                time.sleep(0.01)
                try:
                    open("/tmp/left", "a").close()
                except OSError:
                    pass
        os._exit(0)
